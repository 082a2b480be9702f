"""What Slack says of a person.

It is asked while somebody waits, so within a limit, and everything works without an answer.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.ids import SlackUserId
from app.core.logging import get_logger

_ASK_SECONDS: Final = 5
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
