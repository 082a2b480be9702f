"""Keeps Home tabs that somebody may be looking at as they should be.

Slack tells when a tab is opened, never when it is left: for an hour from then on it is drawn anew
when something happened in its workspace, four times a minute at most, and published where it shows
something else than before. The rows decide whose turn it is, so any number of processes may do it.
(docs.slack.dev/reference/methods/views.publish)
"""

import asyncio
import json
from datetime import timedelta
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from app.container import Container
from app.core.crypto import digest
from app.core.errors import SharedBoxError
from app.core.logging import get_logger
from app.slack.client import web_client
from app.slack.gate import Gate
from app.slack.home_drawing import HomeDrawing
from app.slack.installations import Installations
from app.slack.members import Members
from app.store.engine import TROUBLE
from app.store.models import HomeView

_LOOK_SECONDS: Final = 5.0
_LOOKED_AT: Final = timedelta(hours=1)
_REST: Final = timedelta(seconds=15)
_AT_ONCE: Final = 8
_BUSY: Final = frozenset({"ratelimited", "rate_limited", "internal_error", "service_unavailable"})
log = get_logger(__name__)


class HomeKeeper:
    def __init__(
        self, container: Container, installations: Installations, http: aiohttp.ClientSession
    ) -> None:
        self._store = container.store
        self._clock = container.clock
        self._installations = installations
        self._http = http
        self._api_url = container.settings.slack_api_url
        self._members = Members()
        gate = Gate(container.store, installations, self._members)
        self._drawing = HomeDrawing(container.store, container.clock, gate, container.settings)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except TROUBLE as error:
                log.warning("home.database", error=str(error))
            except Exception:
                # Of a tab that cannot be drawn, the others and the next look know nothing.
                log.exception("home.failed")
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self, rest: timedelta = _REST) -> None:
        """Draw what is due, one after the other."""
        now = self._clock.now()
        async with self._store.across_workspaces() as fleet:
            due = await fleet.homes.claim(
                opened_after=now - _LOOKED_AT, drawn_before=now - rest, now=now, limit=_AT_ONCE
            )
        for one in due:
            await self._draw(one)

    async def _draw(self, shown: HomeView) -> None:
        workspace_id, user_id = shown.workspace_id, shown.slack_user_id
        try:
            token = await self._installations.token_of(workspace_id)
            if token is None:
                return
            client = web_client(self._http, self._api_url, token)
            channels = await self._members.channels(client, (workspace_id, user_id))
            view = await self._drawing.view(client, workspace_id, user_id, user_id, channels)
            shows = digest(json.dumps(view, sort_keys=True))
            if shows == shown.digest:
                return
            await client.views_publish(user_id=user_id, view=view)
        except (SharedBoxError, SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            log.info("home.not_drawn", user=user_id, error=str(error))
            async with self._store.begin(workspace_id) as uow:
                if _is_for_good(error):
                    await uow.homes.forget(user_id)
                else:
                    await uow.homes.put_off(user_id)
            return
        async with self._store.begin(workspace_id) as uow:
            await uow.homes.shows(user_id, shows)


def _is_for_good(error: Exception) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") not in _BUSY
