"""Who is in a user group, and who of them is there.

(docs.slack.dev/reference/methods/dnd.teamInfo, users.getPresence)
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.core.ids import SlackUserId
from app.feed.port import Presence

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""A method that only reads, with its arguments."""
_AT_ONCE: Final = 50
"""So many people dnd.teamInfo tells of in one call."""


async def group_members(ask: Ask, group_id: str) -> list[SlackUserId]:
    answer = await ask("usergroups.users.list", {"usergroup": group_id})
    return [SlackUserId(str(one)) for one in answer.get("users") or ()]


async def resting(ask: Ask, users: Sequence[SlackUserId], now: datetime) -> frozenset[SlackUserId]:
    found: set[SlackUserId] = set()
    for at in range(0, len(users), _AT_ONCE):
        answer = await ask("dnd.teamInfo", {"users": ",".join(users[at : at + _AT_ONCE])})
        found |= {
            SlackUserId(user)
            for user, said in (answer.get("users") or {}).items()
            if _rests(said, now.timestamp())
        }
    return frozenset(found)


async def presence_of(ask: Ask, user: SlackUserId) -> Presence:
    answer = await ask("users.info", {"user": user})
    person = answer.get("user") or {}
    profile = person.get("profile") or {}
    seen = await ask("users.getPresence", {"user": user})
    return Presence(
        name=str(person.get("real_name") or person.get("name") or user),
        is_there=seen.get("presence") == "active",
        is_member=not (person.get("deleted") or person.get("is_bot")),
        status_emoji=str(profile.get("status_emoji") or ""),
        status_text=str(profile.get("status_text") or ""),
    )


def _rests(said: Mapping[str, Any], now: float) -> bool:
    if not said.get("dnd_enabled"):
        return False
    return float(said.get("next_dnd_start_ts", 0)) <= now < float(said.get("next_dnd_end_ts", 0))
