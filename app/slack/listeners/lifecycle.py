"""Our app is removed from a workspace, or its token is taken away.

The token is deleted, posting stops, and what waits to be posted is kept: it goes out when the app
is installed again. (docs.slack.dev/reference/events/app_uninstalled, …/tokens_revoked)
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncApp

from app.slack.installations import Installations

Body = Mapping[str, Any]


class Lifecycle:
    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    def register(self, app: AsyncApp) -> None:
        app.event("app_uninstalled")(self.uninstalled)
        app.event("tokens_revoked")(self.revoked)

    async def uninstalled(self, body: Body) -> None:
        await self._forget(body, "app_uninstalled")

    async def revoked(self, body: Body) -> None:
        """Tokens of people are none of ours; the bot's is the one we act by."""
        if (body["event"].get("tokens") or {}).get("bot"):
            await self._forget(body, "token_revoked")

    async def _forget(self, body: Body, reason: str) -> None:
        at = datetime.fromtimestamp(int(body["event_time"]), UTC)
        await self._installations.forget(str(body["team_id"]), at, reason)
