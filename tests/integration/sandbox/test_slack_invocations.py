"""Slash commands, shortcuts and mentions: over HTTP and in Socket Mode, answered by Bolt."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncRespond

from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import AppSeed, CommandSeed, Seed, ShortcutSeed
from app.sandbox.slack.wire import Refused
from tests.integration.sandbox.bolt_app import BoltApp, form, words

SEED = Seed(
    app=AppSeed(
        commands=(CommandSeed("/inbox", "Your inbox", "[search]", escapes=True),),
        shortcuts=(
            ShortcutSeed("Compose e-mail", "compose"),
            ShortcutSeed("Create e-mail from message", "from_message", "message"),
        ),
    )
)


@pytest.fixture(params=["http", "socket"])
async def slack(request: pytest.FixtureRequest) -> AsyncIterator[LocalSlack]:
    async with LocalSlack(SEED, socket_mode=request.param == "socket") as local:
        yield local


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[BoltApp]:
    app = BoltApp(slack)
    way = app.serve_by_socket() if slack.emulator.courier.sockets.enabled else app.serve()
    async with way:
        yield app


class TestCommands:
    async def test_one_that_the_app_does_not_have(self, slack: LocalSlack) -> None:
        with pytest.raises(Refused, match="invalid_command"):
            await slack.run_command("Ana", "support", "/outbox")

    async def test_in_a_thread(self, slack: LocalSlack) -> None:
        head = slack.post_as_user("Ana", "support", "head")

        with pytest.raises(Refused, match="not_in_threads"):
            await slack.run_command("Ana", "support", "/inbox", head)

    async def test_in_a_channel_one_is_not_in(self, slack: LocalSlack) -> None:
        with pytest.raises(Refused, match="not_in_channel"):
            await slack.run_command("Dana", "billing", "/inbox")

    async def test_what_the_app_hears(self, slack: LocalSlack, app: BoltApp) -> None:
        heard: list[dict[str, Any]] = []

        @app.bolt.command("/inbox")
        async def note(ack: AsyncAck, command: dict[str, Any]) -> None:
            await ack()
            heard.append(command)

        assert (await slack.run_command("Ana", "support", "/inbox search <b> @ben #sales")).ok

        (command,) = heard
        ben, sales = slack.users["Ben"], slack.channels["sales"]
        assert command["text"] == f"search &lt;b&gt; <@{ben}|ben> <#{sales}|sales>"
        assert command["user_id"] == slack.users["Ana"]
        assert (command["command"], command["channel_name"]) == ("/inbox", "support")
        assert command["is_enterprise_install"] in ("false", False)
        assert slack.ephemerals("Ana", "support") == []

    async def test_words_at_once_are_for_whoever_asked(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        @app.bolt.command("/inbox")
        async def say(ack: AsyncAck) -> None:
            await ack("Nothing is yours.")

        await slack.run_command("Ana", "support", "/inbox")

        assert [one["text"] for one in slack.ephemerals("Ana", "support")] == ["Nothing is yours."]
        assert slack.messages("support") == []

    async def test_words_for_all(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.command("/inbox")
        async def say(ack: AsyncAck) -> None:
            blocks = [{"type": "section", "text": words("Bound.")}]
            await ack(text="Bound.", blocks=blocks, response_type="in_channel")

        await slack.run_command("Ana", "support", "/inbox here")

        assert [one["text"] for one in slack.messages("support")] == ["Bound."]

    async def test_words_later(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.command("/inbox")
        async def say(ack: AsyncAck, respond: AsyncRespond) -> None:
            await ack()
            await respond("Found 2.")

        await slack.run_command("Ana", "support", "/inbox search")

        (found,) = await slack.wait_for(lambda: slack.ephemerals("Ana", "support"))
        assert found["text"] == "Found 2."

    async def test_a_modal_by_its_trigger(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.command("/inbox")
        async def compose(ack: AsyncAck, command: dict[str, Any]) -> None:
            await ack()
            view = form("Compose")
            await app.client.views_open(trigger_id=command["trigger_id"], view=view)

        await slack.run_command("Ana", "support", "/inbox compose")

        (view,) = await slack.wait_for(lambda: slack.views("Ana"))
        assert view["title"]["text"] == "Compose"

    async def test_blocks_that_are_none(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.command("/inbox")
        async def say(ack: AsyncAck) -> None:
            await ack(text="x", blocks=[{"type": "nonsense"}])

        outcome = await slack.run_command("Ana", "support", "/inbox")

        assert (outcome.ok, "invalid_blocks" in outcome.problem) == (False, True)

    async def test_silence(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.command("/inbox")
        async def never(ack: AsyncAck) -> None:
            await asyncio.sleep(1)
            await ack()

        slack.emulator.courier.ack_seconds = 0.2

        outcome = await slack.run_command("Ana", "support", "/inbox")

        assert outcome.problem == "/inbox failed with the error “operation_timeout”."


class TestShortcuts:
    async def test_one_that_the_app_does_not_have(self, slack: LocalSlack) -> None:
        with pytest.raises(Refused, match="shortcut_not_found"):
            await slack.use_shortcut("Ana", "from_message")

    async def test_a_global_one(self, slack: LocalSlack, app: BoltApp) -> None:
        heard: list[dict[str, Any]] = []

        @app.bolt.shortcut({"type": "shortcut", "callback_id": "compose"})
        async def compose(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            heard.append(body)
            await app.client.views_open(trigger_id=body["trigger_id"], view=form("Compose"))

        assert (await slack.use_shortcut("Ana", "compose")).ok

        await slack.wait_for(lambda: slack.views("Ana"))
        assert heard[0]["user"]["id"] == slack.users["Ana"]
        assert not {"channel", "message", "response_url"} & heard[0].keys()

    async def test_one_on_a_message(self, slack: LocalSlack, app: BoltApp) -> None:
        heard: list[dict[str, Any]] = []

        @app.bolt.shortcut({"type": "message_action", "callback_id": "from_message"})
        async def take(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            await ack()
            heard.append(body)
            await respond("Taken.")

        ts = slack.post_as_user("Ben", "support", "Please order paper")

        assert (await slack.use_message_shortcut("Ana", "support", ts, "from_message")).ok
        (said,) = await slack.wait_for(lambda: slack.ephemerals("Ana", "support"))
        assert said["text"] == "Taken."
        (body,) = heard
        assert (body["message"]["text"], body["message_ts"]) == ("Please order paper", ts)
        assert body["channel"]["id"] == slack.channels["support"]


async def nothing(ack: AsyncAck) -> None:
    await ack()


class TestMentions:
    async def test_the_app_hears_that_it_is_spoken_to(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        heard: list[dict[str, Any]] = []

        @app.bolt.event("app_mention")
        async def note(event: dict[str, Any]) -> None:
            heard.append(event)

        app.bolt.event("message")(nothing)
        head = slack.post_as_user("Ana", "support", "a card")
        ts = slack.post_as_user("Ana", "support", "@sharedbox assign @ben", head)
        slack.post_as_user("Ana", "support", "nobody is meant")
        await slack.until_delivered()

        (event,) = heard
        assert event["text"] == f"<@{slack.bot_user_id}> assign <@{slack.users['Ben']}>"
        assert (event["ts"], event["thread_ts"]) == (ts, head)
