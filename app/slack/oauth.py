"""Slack's OAuth, which installing the app and signing in both go through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urljoin

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from app.core.config import Settings
from app.core.crypto import Vault
from app.core.errors import NotAllowed, Unavailable
from app.core.logging import get_logger
from app.slack.client import web_client
from app.slack.installations import Installations
from app.slack.state import Kept, States
from app.store.unit_of_work import Store

_ANSWER_SECONDS: Final = 15
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    url: str
    """Slack's page, on which somebody agrees."""
    cookie: str


@dataclass(frozen=True, slots=True)
class SlackOAuth:
    """What is needed for either; one for the process."""

    settings: Settings
    store: Store
    vault: Vault
    installations: Installations
    http: aiohttp.ClientSession

    def states(self, purpose: str) -> States:
        return States(self.store, self.vault, purpose)

    def client(self, token: str | None = None) -> AsyncWebClient:
        return web_client(self.http, self.settings.slack_api_url, token)

    def address(self, path: str) -> str:
        """Where Slack sends the browser back to."""
        return self.settings.base_url.rstrip("/") + path

    def page(self, path: str, kept: Kept, redirect: str, **asked: str) -> str:
        """Slack's page at this path, with what is asked for there."""
        query = urlencode({
            **asked,
            "client_id": self.settings.slack_client_id,
            "redirect_uri": self.address(redirect),
            "state": kept.state,
        })  # fmt: skip
        return f"{urljoin(self.settings.slack_api_url, path)}?{query}"

    async def exchange(
        self, method: str, code: str, redirect: str, **more: str
    ) -> AsyncSlackResponse:
        """What Slack gives for the code. To be called within `answering`."""
        secret = self.settings.slack_client_secret
        return await self.client().api_call(
            method,
            data={
                "client_id": self.settings.slack_client_id,
                "client_secret": secret.get_secret_value() if secret else "",
                "code": code,
                "redirect_uri": self.address(redirect),
                **more,
            },
        )


@asynccontextmanager
async def answering(what: str, again: str) -> AsyncIterator[None]:
    """Say in words what Slack refuses (`NotAllowed`), or leaves unanswered (`Unavailable`)."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            yield
    except SlackApiError as error:
        code = str(error.response.get("error") or error.response.status_code)
        log.warning("slack.oauth_refused", what=what, code=code)
        raise NotAllowed(f"Slack refused the {what}: {code}.", fix=again) from error
    except (aiohttp.ClientError, SlackClientError, TimeoutError, ValueError) as error:
        log.warning("slack.oauth_not_reached", what=what, error=str(error) or type(error).__name__)
        raise Unavailable("Slack does not answer just now.", fix=again) from error
