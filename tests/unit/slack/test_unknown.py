"""What no listener is for is refused in words; what one of them is slow with is left to it."""

import json

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from app.core.errors import InvalidInput
from app.slack.listeners import unknown

CLICK = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "actions": [{"action_id": "assign", "block_id": "b", "type": "button", "value": "1"}],
}


class Clicked:
    """An app that nothing is known to but what a test adds, and what became of a click."""

    def __init__(self) -> None:
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

        self.app = AsyncApp(name="test", authorize=authorize, request_verification_enabled=False)
        self.app.error(self._note)
        self.failed: list[Exception] = []

    async def _note(self, error: Exception) -> None:
        self.failed.append(error)

    async def click(self) -> int:
        unknown.register(self.app)
        asked = AsyncBoltRequest(body=json.dumps(CLICK), mode="socket_mode")
        return (await self.app.async_dispatch(asked)).status


class TestRefuse:
    async def test_says_that_nothing_was_done(self) -> None:
        clicked = Clicked()

        await clicked.click()

        (error,) = clicked.failed
        assert isinstance(error, InvalidInput)

    async def test_says_nothing_where_another_listener_is_still_at_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(unknown, "_PATIENCE", 0)
        clicked = Clicked()

        assert await clicked.click() == 200

        assert clicked.failed == []
