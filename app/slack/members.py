"""Who somebody is and which channels they are in, as Slack said within the last minute.

It is asked at every click, while the person waits, and Slack allows each such question some fifty
times a minute (docs.slack.dev/apis/web-api/rate-limits). So its answers are kept: for a minute as
they are, and for ten where Slack cannot be asked just then. Who is not known to be in a channel is
asked for again at once, so that nobody who was just invited waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import NotAllowed
from app.core.ids import ChannelId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.slack.people import channels_of
from app.team.members import SWITCHED_OFF

FRESH_SECONDS: Final = 60.0
STALE_SECONDS: Final = 600.0
_JUST_ASKED_SECONDS: Final = 2.0
_MOST_KEPT: Final = 20_000
_ASK_SECONDS: Final = 5
log = get_logger(__name__)
Value = TypeVar("Value")
Who = tuple[WorkspaceId, SlackUserId]


@dataclass(frozen=True, slots=True)
class Standing:
    """What Slack says of a person's place in the workspace."""

    deleted: bool = False
    guest: bool = False
    """May see some channels only (`is_restricted`, `is_ultra_restricted`)."""
    stranger: bool = False
    """Comes from another workspace, by a channel that is shared with it."""
    admin: bool = False
    """An admin or owner of the Slack workspace."""

    @property
    def why_not_a_member(self) -> str:
        """What keeps them out of the admin, in a word; nothing for a full member."""
        if self.deleted:
            return SWITCHED_OFF
        if self.guest:
            return "guest"
        return "stranger" if self.stranger else ""


class _Kept(Generic[Value]):
    """Answers by person, the oldest forgotten first."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._answers: dict[Who, tuple[float, Value]] = {}

    def get(self, who: Who, within: float) -> Value | None:
        at, value = self._answers.get(who, (0.0, None))
        return value if value is not None and self._now() - at < within else None

    async def ask(self, who: Who, question: Callable[[], Awaitable[Value]]) -> Value:
        """Raises `NotAllowed` where Slack does not answer, and did not in the last minutes."""
        try:
            value = await question()
        except NotAllowed:
            if (known := self.get(who, STALE_SECONDS)) is None:
                raise
            return known
        self._answers.pop(who, None)
        self._answers[who] = (self._now(), value)
        if len(self._answers) > _MOST_KEPT:
            del self._answers[next(iter(self._answers))]
        return value

    def forget(self, who: Who) -> None:
        self._answers.pop(who, None)


class Members:
    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._channels: _Kept[frozenset[ChannelId]] = _Kept(now)
        self._standings: _Kept[Standing] = _Kept(now)

    async def channels(
        self, client: AsyncWebClient, who: Who, *, sought: frozenset[ChannelId] = frozenset()
    ) -> frozenset[ChannelId]:
        """The channels the person is in; asked for anew where none of those `sought` is among them.

        Raises `NotAllowed`.
        """
        known = self._channels.get(who, FRESH_SECONDS)
        if known is not None and sought and not known & sought:
            known = self._channels.get(who, _JUST_ASKED_SECONDS)
        if known is None:
            known = await self._channels.ask(who, lambda: channels_of(client, who[1]))
        return known

    def forget(self, who: Who) -> None:
        """They left a channel, or their place in the workspace changed: ask anew."""
        self._channels.forget(who)
        self._standings.forget(who)

    async def standing(
        self, client: AsyncWebClient, who: Who, *, team_id: str, enterprise_id: str | None
    ) -> Standing:
        """Raises `NotAllowed`."""
        if (known := self._standings.get(who, FRESH_SECONDS)) is not None:
            return known
        return await self._standings.ask(
            who, lambda: _standing_of(client, who[1], team_id, enterprise_id)
        )


async def _standing_of(
    client: AsyncWebClient, user_id: SlackUserId, team_id: str, enterprise_id: str | None
) -> Standing:
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            answer = await client.users_info(user=user_id)
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.standing_unknown", error=str(problem))
        raise NotAllowed(
            "Slack does not say who you are in this workspace, so nothing was done.",
            fix="Try again; if it stays so, whoever runs SharedBox should run “sharedbox doctor”: "
            "the app needs the scope users:read.",
        ) from problem
    return standing(answer.get("user") or {}, team_id, enterprise_id)


def standing(user: Mapping[str, Any], team_id: str, enterprise_id: str | None) -> Standing:
    """Read `users.info` (docs.slack.dev/reference/objects/user-object)."""
    within = user.get("enterprise_user") or {}
    homes = {user.get("team_id"), *(within.get("teams") or ())}
    is_ours = team_id in homes or (
        enterprise_id is not None
        and enterprise_id in {user.get("team_id"), within.get("enterprise_id")}
    )
    return Standing(
        deleted=bool(user.get("deleted")),
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        stranger=bool(user.get("is_stranger")) or not is_ours,
        admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
    )
