"""Our app is removed from the workspace: its token goes, what waits stays."""

import time

import pytest

from app.feed.port import WorkspaceRefused
from app.sandbox.slack.faults import FaultKind
from app.slack.client import http_session, web_client
from app.store.models import Installation, InstallationState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually


async def installation(door: SlackDoor) -> Installation:
    async with door.store.begin(door.feed.workspace.id) as uow:
        found = await uow.installations.current()
    assert found is not None
    return found


async def until_revoked(door: SlackDoor) -> None:
    async def look() -> bool:
        return (await installation(door)).state is InstallationState.REVOKED

    await eventually(look)


class TestRemoval:
    @pytest.mark.parametrize(
        "event",
        [
            {"type": "app_uninstalled"},
            {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U0BOT"]}},
        ],
    )
    async def test_deletes_the_token_stops_posting_and_keeps_the_queue(
        self, door: SlackDoor, event: dict[str, object]
    ) -> None:
        ts = await door.card("Invoice")
        await door.feed.mail("While we were away")
        payload = door.click(ts, "conversation.done", door.value("Invoice"))

        answer = await door.event(event, event_time=int(time.time()) + 1)

        assert answer.status_code == 200
        await until_revoked(door)
        assert (await installation(door)).bot_token == b""
        with pytest.raises(WorkspaceRefused):
            await door.draw()
        assert len(door.slack.messages("support")) == 1
        assert (await door.interaction(payload)).status_code == 200
        assert (await door.conversation("Invoice")).status == "open"
        assert [one.type for one in await door.events()] == ["slack.uninstalled"]

        async with http_session() as http:
            client = web_client(http, door.slack.api_url, door.slack.bot_token)
            await door.feed.installations.adopt(door.feed.workspace.id, client)
        await door.draw()
        assert door.feed.shown()[-1] == "Ana Ruiz - While we were away"

    async def test_a_notice_that_comes_after_a_new_installation_is_too_late(
        self, door: SlackDoor
    ) -> None:
        await door.event({"type": "app_uninstalled"}, event_time=int(time.time()) - 60)
        await door.event({"type": "app_uninstalled"}, event_time=int(time.time()) - 60)
        await door.card("Invoice")

        assert (await installation(door)).state is InstallationState.ACTIVE

    async def test_tokens_of_people_are_none_of_ours(self, door: SlackDoor) -> None:
        event = {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}

        assert (await door.event(event, event_time=int(time.time()) + 1)).status_code == 200

        await door.card("Invoice")
        assert (await installation(door)).state is InstallationState.ACTIVE

    async def test_of_a_workspace_we_do_not_know_does_nothing(self, door: SlackDoor) -> None:
        answer = await door.event({"type": "app_uninstalled"}, team_id="T0STRANGER")

        assert answer.status_code == 200
        assert (await installation(door)).state is InstallationState.ACTIVE


class TestARefusal:
    async def test_is_noted_once_in_the_log_of_events(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        error = FaultKind.ERROR
        door.slack.fail_next("chat.postMessage", error, error="token_revoked", times=2)
        await door.feed.mail("Unseen")

        for _ in range(2):
            with pytest.raises(WorkspaceRefused):
                await door.draw()

        assert [one.type for one in await door.events()] == ["slack.refused"]
        assert (await installation(door)).detail == "token_revoked"
        assert (await installation(door)).bot_token
