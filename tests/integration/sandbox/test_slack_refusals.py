"""What the Web API and the people's side refuse, and with which word."""

import pytest
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import Unavailable
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.wire import JSON, Refused
from tests.integration.sandbox.bolt_app import BoltApp, button, form, words

HOME: JSON = {"type": "home", "blocks": [{"type": "divider"}]}
NOT_THERE = "1700000000.000100"
THERE = {"channel": "support"}
TABLE: list[tuple[str, JSON, str]] = [
    ("api.test", {"error": "my_error"}, "my_error"),
    ("bots.info", {"bot": "B0NOWHERE00"}, "bot_not_found"),
    ("users.info", {"user": "U0NOWHERE00"}, "user_not_found"),
    ("users.lookupByEmail", {"email": "nobody@acme.example"}, "users_not_found"),
    ("users.list", {"limit": 0.5}, "invalid_limit"),
    ("users.list", {"limit": "many"}, "invalid_limit"),
    ("users.list", {"cursor": "not a cursor"}, "invalid_cursor"),
    ("conversations.list", {"types": "secret_channel"}, "invalid_types"),
    ("conversations.list", {"types": "mpim"}, "missing_scope"),
    ("conversations.info", {}, "invalid_arguments"),
    ("conversations.join", {"channel": "billing"}, "method_not_supported_for_channel_type"),
    ("conversations.open", {}, "invalid_arguments"),
    ("conversations.open", {"users": "U1,U2"}, "method_not_supported_for_channel_type"),
    ("conversations.open", {"users": "U1"}, "user_not_found"),
    ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    ("chat.postMessage", {"channel": "support", "attachments": ["x"]}, "invalid_attachments"),
    ("chat.postMessage", {"channel": "support", "attachments": [{}] * 101}, "too_many_attachments"),
    ("chat.postMessage", {"channel": "support", "markdown_text": "x" * 12_001}, "msg_too_long"),
    ("chat.postEphemeral", {"channel": "support", "text": "x", "user": "U1"}, "user_not_found"),
    ("chat.delete", {"channel": "support", "ts": NOT_THERE}, "message_not_found"),
    ("reactions.add", {**THERE, "timestamp": NOT_THERE, "name": "eyes"}, "message_not_found"),
    ("reactions.add", {**THERE, "timestamp": NOT_THERE, "name": "Not A Name"}, "invalid_name"),
    ("files.getUploadURLExternal", {"filename": "a", "length": "long"}, "invalid_arguments"),
    ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "invalid_arguments"),
    ("files.completeUploadExternal", {"files": []}, "invalid_arguments"),
    ("files.completeUploadExternal", {"files": ["F1"]}, "invalid_arguments"),
    ("files.completeUploadExternal", {"files": [{"id": "F1"}]}, "file_not_found"),
    ("views.open", {"trigger_id": "1.2.x"}, "invalid_arguments"),
    ("views.update", {"view": HOME}, "invalid_arguments"),
    ("views.update", {"view_id": "V1", "view": HOME}, "not_found"),
    ("views.update", {"external_id": "mine", "view": HOME}, "not_found"),
    ("views.publish", {"user_id": "U1", "view": HOME}, "user_not_found"),
    ("blocks.validate", {"view": {"type": "window"}}, "invalid_view"),
    ("blocks.validate", {"message": {"blocks": [{"type": "odd"}]}}, "invalid_message"),
]  # fmt: skip


class TestMethods:
    @pytest.mark.parametrize(("method", "arguments", "error"), TABLE)
    async def test_refuse_with_slack_s_word(
        self, client: AsyncWebClient, method: str, arguments: JSON, error: str
    ) -> None:
        with pytest.raises(SlackApiError) as refused:
            await client.api_call(method, json=arguments)

        assert refused.value.response["error"] == error

    async def test_a_body_that_is_no_object(self, client: AsyncWebClient) -> None:
        with pytest.raises(SlackApiError, match="json_not_object"):
            await client.api_call("auth.test", json=["x"])  # type: ignore[arg-type]

    async def test_an_archived_channel_is_inactive(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        ts = (await client.chat_postMessage(channel="support", text="x"))["ts"]
        slack.archive_channel("support")

        with pytest.raises(SlackApiError, match="is_inactive"):
            await client.chat_update(channel=slack.channels["support"], ts=ts, text="y")
        with pytest.raises(SlackApiError, match="is_archived"):
            await client.conversations_join(channel=slack.channels["support"])

    async def test_a_channel_one_is_not_in_is_not_read(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        slack.remove_bot("support")
        where = slack.channels["support"]

        with pytest.raises(SlackApiError, match="not_in_channel"):
            await client.conversations_history(channel=where)
        with pytest.raises(SlackApiError, match="not_in_channel"):
            await client.reactions_add(channel=where, timestamp=NOT_THERE, name="eyes")

    async def test_a_rich_text_message_stays_rich(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        run = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
        rich, plain = {"type": "rich_text", "elements": [run]}, {"type": "divider"}
        ts = (await client.chat_postMessage(channel="support", text="x", blocks=[rich]))["ts"]
        channel = slack.channels["support"]

        with pytest.raises(SlackApiError, match="block_mismatch"):
            await client.chat_update(channel=channel, ts=ts, text="x", blocks=[plain])
        await client.chat_update(channel=channel, ts=ts, text="x", blocks=[plain, rich])


class TestViews:
    async def test_an_external_id_names_one_view(self, slack: LocalSlack, app: BoltApp) -> None:
        give, ana, ben = slack.emulator.views.give_trigger, slack.users["Ana"], slack.users["Ben"]
        first = form("One", external_id="mine")
        await app.client.views_open(trigger_id=give(ana), view=first)

        await app.client.views_update(external_id="mine", view=form("Two", external_id="mine"))
        with pytest.raises(SlackApiError, match="duplicate_external_id"):
            await app.client.views_open(trigger_id=give(ben), view=first)

        assert slack.views("Ana")[0]["title"]["text"] == "Two"

    async def test_a_home_tab_is_published_again_with_its_hash(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        ana = slack.users["Ana"]
        first = (await client.views_publish(user_id=ana, view=HOME))["view"]

        second = await client.views_publish(user_id=ana, view=HOME, hash=first["hash"])
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await client.views_publish(user_id=ana, view=HOME, hash=first["hash"])

        assert second["view"]["id"] == first["id"]
        assert (slack.home("Ana") or {})["hash"] == second["view"]["hash"]
        assert slack.home("Ben") is None

    async def test_a_click_in_the_home_tab(self, slack: LocalSlack, app: BoltApp) -> None:
        app.bolt.action("compose")(app._note)
        accessory = button("Compose", "compose")
        section = {"type": "section", "text": words("x"), "accessory": accessory}
        view = {"type": "home", "blocks": [section]}
        published = await app.client.views_publish(user_id=slack.users["Ana"], view=view)
        home: JSON = published["view"]

        outcome = await slack.act_in_view("Ana", "compose", view_id=home["id"])

        assert outcome.ok
        assert app.heard[0]["container"] == {"type": "view", "view_id": home["id"]}
        assert app.heard[0]["view"]["type"] == "home"
        with pytest.raises(Refused, match="not_found"):
            await slack.act_in_view("Ben", "compose", view_id=home["id"])

    async def test_a_push_needs_the_modal_it_came_from(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        trigger = slack.emulator.views.give_trigger(slack.users["Ana"])

        with pytest.raises(SlackApiError, match="view_not_found"):
            await app.client.views_push(trigger_id=trigger, view=form("x"))

    async def test_nothing_is_open(self, slack: LocalSlack) -> None:
        with pytest.raises(Refused, match="not_found"):
            await slack.submit_view("Ana", {})

    async def test_an_answer_to_no_input(self, slack: LocalSlack, app: BoltApp) -> None:
        trigger = slack.emulator.views.give_trigger(slack.users["Ana"])
        await app.client.views_open(trigger_id=trigger, view=form("x"))

        with pytest.raises(Refused, match="element_not_found"):
            await slack.submit_view("Ana", {"nonsense": "x"})

    async def test_words_that_are_no_answer_are_a_problem(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        @app.bolt.view("form")
        async def chatty(ack: AsyncAck) -> None:
            await ack("thank you")

        trigger = slack.emulator.views.give_trigger(slack.users["Ana"])
        await app.client.views_open(trigger_id=trigger, view=form("x"))

        outcome = await slack.submit_view("Ana", {"text": "hi"})

        assert not outcome.ok
        assert "invalid_json" in outcome.problem


class TestPeople:
    async def test_may_not_do_everything(self, slack: LocalSlack) -> None:
        ts = slack.post_as_user("Ana", "support", "mine")
        slack.archive_channel("sales")

        for error, act in (
            ("is_archived", lambda: slack.post_as_user("Ana", "sales", "x")),
            ("not_in_channel", lambda: slack.post_as_user("Dana", "billing", "x")),
            ("thread_not_found", lambda: slack.post_as_user("Ana", "support", "x", NOT_THERE)),
            ("cant_update_message", lambda: slack.edit_as_user("Ben", "support", ts, "x")),
            ("cant_delete_message", lambda: slack.delete_as_user("Ben", "support", ts)),
            ("message_not_found", lambda: slack.delete_message("support", NOT_THERE)),
            ("user_not_found", lambda: slack.post_as_user("Nobody", "support", "x")),
        ):
            with pytest.raises(Refused, match=error):
                act()

    async def test_a_whisper_is_dismissed(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        ana = slack.users["Ana"]
        await client.chat_postEphemeral(channel="support", user=ana, text="psst")
        whisper = slack.ephemerals("Ana", "support")[0]
        assert slack.message("support", whisper["ts"])["is_ephemeral"]

        slack.delete_as_user("Ana", "support", whisper["ts"])

        assert slack.ephemerals("Ana", "support") == []


class TestWaiting:
    async def test_says_when_the_time_is_up(self, slack: LocalSlack) -> None:
        with pytest.raises(Unavailable, match=r"within 0\.05 s"):
            await slack.wait_for(lambda: slack.messages("support"), seconds=0.05)

    async def test_one_who_is_too_slow_is_cut_off(self, slack: LocalSlack) -> None:
        with slack.emulator.changes.watch() as watcher:
            for number in range(600):
                slack.post_as_user("Ana", "support", str(number))
            before = watcher.cut_off
            for number in range(600):
                slack.post_as_user("Ana", "support", str(number))

        assert (before, watcher.cut_off) == (False, True)
