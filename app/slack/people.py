"""What Slack says of a person.

It is asked while somebody waits, so within a limit. Without an answer a name or a time zone is done
without; what a person may see is not guessed.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import NotAllowed
from app.core.ids import ChannelId, SlackUserId
from app.core.logging import get_logger
from app.slack.availability import Ask

_ASK_SECONDS: Final = 5
_PAGE: Final = 200
_MOST_PAGES: Final = 10
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackPerson:
    name: str | None
    """As colleagues see it."""
    time_zone: str | None
    """By its name in the IANA database."""


async def look_up(client: AsyncWebClient, user_id: SlackUserId) -> SlackPerson:
    """With nothing in it where Slack does not tell in time, or may not be asked."""
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            answer = await client.users_info(user=user_id)
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.person_unknown", error=str(problem))
        return SlackPerson(None, None)
    user = answer.get("user") or {}
    profile = user.get("profile") or {}
    names = (user.get("real_name"), profile.get("display_name"), user.get("name"))
    return SlackPerson(next((one for one in names if one), None), user.get("tz") or None)


async def channels_of(client: AsyncWebClient, user_id: SlackUserId) -> frozenset[ChannelId]:
    """The channels that this person is a member of, of those the app can see.

    Raises `NotAllowed` where Slack does not tell: nobody sees mail on a guess.
    (docs.slack.dev/reference/methods/users.conversations)
    """

    async def ask(_: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await client.users_conversations(**values)
        return {name: answer.get(name) for name in ("channels", "response_metadata")}

    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await channels_by(ask, user_id)
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
        log.warning("slack.channels_unknown", error=str(problem))
        raise NotAllowed(
            "Slack does not say which channels you are in, so no mail is shown here.",
            fix="Try again; if it stays so, whoever runs SharedBox should run “sharedbox doctor”: "
            "the app needs the scopes channels:read and groups:read.",
        ) from problem


async def channels_by(ask: Ask, user_id: SlackUserId) -> frozenset[ChannelId]:
    """The same by any way of asking. Raises whatever `ask` raises."""
    found: set[ChannelId] = set()
    cursor = ""
    for _ in range(_MOST_PAGES):
        answer = await ask(
            "users.conversations",
            {
                "user": user_id,
                "types": "public_channel,private_channel",
                "limit": _PAGE,
                "cursor": cursor,
            },
        )
        found |= {ChannelId(str(one["id"])) for one in answer.get("channels") or ()}
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            break
    return frozenset(found)
