"""The channels of a workspace, for whoever chooses one by its name.

Slack is asked while somebody waits, so within a limit, and no more than once a minute: it allows
this question some twenty times (docs.slack.dev/reference/methods/conversations.list). A name that
is not among the answers, or of a channel that we are not in, is asked for again: somebody may just
have invited us. Where Slack does not answer there is no list, and ids are typed.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackClientError

from app.core.crypto import SecretUnreadable
from app.core.ids import ChannelId, WorkspaceId
from app.core.logging import get_logger
from app.slack.client import http_session, web_client
from app.slack.installations import Installations

FRESH_SECONDS: Final = 60.0
_JUST_ASKED_SECONDS: Final = 2.0
_ASK_SECONDS: Final = 5
_PAGE: Final = 500
_MOST_PAGES: Final = 6
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListedChannel:
    id: ChannelId
    name: str
    is_private: bool
    is_shared: bool
    """With another organisation (Slack Connect)."""
    is_member: bool
    """Whether we are in it, without which nothing can be posted there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """By name. `is_whole`: there are no more of them than were asked for."""

    channels: tuple[ListedChannel, ...]
    is_whole: bool

    def is_outside(self, id_: ChannelId) -> bool:
        """Whether we are not in this channel: neither listed as ours, nor beyond the list's end."""
        found = next((one for one in self.channels if one.id == id_), None)
        return self.is_whole if found is None else not found.is_member

    def named(self, name: str) -> ListedChannel | None:
        return next((one for one in self.channels if one.name == name), None)


class ChannelDirectory:
    def __init__(
        self,
        api_url: str,
        installations: Installations,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_url = api_url
        self._installations = installations
        self._now = now
        self._known: dict[WorkspaceId, Listing | None] = {}
        self._asked_at: dict[WorkspaceId, float] = {}
        self._turns: defaultdict[WorkspaceId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def list(
        self, workspace_id: WorkspaceId, *, within: float = FRESH_SECONDS
    ) -> Listing | None:
        """The channels we see, as of so many seconds ago; None where Slack does not say."""
        async with self._turns[workspace_id]:
            asked_at = self._asked_at.get(workspace_id)
            if asked_at is None or self._now() - asked_at >= within:
                self._known[workspace_id] = await self._ask(workspace_id)
                self._asked_at[workspace_id] = self._now()
            return self._known[workspace_id]

    def known(self, workspace_id: WorkspaceId) -> Listing | None:
        """What Slack said last, however long ago, for who cannot wait; None where it did not."""
        return self._known.get(workspace_id)

    async def find(self, workspace_id: WorkspaceId, name: str) -> ListedChannel | None:
        """The channel of this name; asked for anew where we did not see it, or were not in it."""
        listing = await self.list(workspace_id)
        found = listing.named(name) if listing else None
        if found is not None and found.is_member:
            return found
        listing = await self.list(workspace_id, within=_JUST_ASKED_SECONDS)
        return listing.named(name) if listing else None

    async def _ask(self, workspace_id: WorkspaceId) -> Listing | None:
        try:
            token = await self._installations.token_of(workspace_id)
        except SecretUnreadable:
            return None
        if token is None:
            return None
        found: list[ListedChannel] = []
        cursor = ""
        try:
            async with asyncio.timeout(_ASK_SECONDS), http_session() as http:
                client = web_client(http, self._api_url, token)
                for _ in range(_MOST_PAGES):
                    answer = await client.conversations_list(
                        types="public_channel,private_channel",
                        exclude_archived=True,
                        limit=_PAGE,
                        cursor=cursor,
                    )
                    found += [_listed(one) for one in answer.get("channels") or ()]
                    cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
                    if not cursor:
                        break
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as problem:
            log.warning("slack.channels_not_listed", error=str(problem) or type(problem).__name__)
            return None
        by_name = tuple(sorted(found, key=lambda one: one.name))
        return Listing(by_name, is_whole=not cursor)


def _listed(told: dict[str, Any]) -> ListedChannel:
    return ListedChannel(
        id=ChannelId(str(told["id"])),
        name=str(told.get("name") or ""),
        is_private=bool(told.get("is_private")),
        is_shared=bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared")),
        is_member=bool(told.get("is_member")),
    )
