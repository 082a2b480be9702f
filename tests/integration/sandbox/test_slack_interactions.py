"""Clicks, menus, forms and suggestions, delivered to a Bolt app over HTTP."""

import asyncio
import json
from datetime import timedelta

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError

from app.core.clock import SystemClock
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.wire import JSON, Refused
from tests.fixtures.clock import ManualClock
from tests.integration.sandbox.bolt_app import CARD, BoltApp, button, form, words


async def modal(slack: LocalSlack, app: BoltApp) -> JSON:
    """Click *Reply* and wait for the modal."""
    await slack.click("Ana", "support", await app.post_card(), "reply")
    return (await slack.wait_for(lambda: slack.views("Ana")))[-1]


class TestClick:
    async def test_acknowledges_and_changes_the_card(self, slack: LocalSlack, app: BoltApp) -> None:
        ts = await app.post_card()

        outcome = await slack.click("Ana", "support", ts, "assign")

        assert (outcome.ok, outcome.status) == (True, 200)
        await slack.wait_for(lambda: slack.message("support", ts)["text"] == "assigned to ana")

    async def test_the_payload_is_slack_s(self, slack: LocalSlack, app: BoltApp) -> None:
        ts = await app.post_card()

        await slack.click("Ana", "support", ts, "assign")

        body = app.heard[0]
        assert body["type"] == "block_actions"
        assert body["team"] == {"id": slack.team_id, "domain": "acme"}
        assert body["user"]["id"] == slack.users["Ana"]
        assert body["api_app_id"] == slack.app_id
        assert body["channel"] == {"id": slack.channels["support"], "name": "support"}
        assert body["container"] == {
            "type": "message",
            "message_ts": ts,
            "channel_id": slack.channels["support"],
            "is_ephemeral": False,
        }
        assert body["message"]["ts"] == ts
        assert body["message"]["bot_id"] == slack.bot_id
        action = body["actions"][0]
        assert (action["type"], action["action_id"], action["value"]) == ("button", "assign", "42")
        assert action["block_id"] == body["message"]["blocks"][1]["block_id"]
        assert body["trigger_id"]
        assert body["response_url"].startswith(slack.page_url)

    async def test_silence_is_a_timeout(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.action("silent")
        async def never(ack: AsyncAck) -> None:
            await asyncio.sleep(1)
            await ack()

        slack.emulator.courier.ack_seconds = 0.2
        outcome = await slack.click("Ana", "support", await app.post_card(), "silent")

        assert (outcome.ok, outcome.status) == (False, None)
        assert outcome.problem == "no answer within 0.2 s"
        assert slack.deliveries[-1].attempts == 1

    async def test_nobody_listens(self, slack: LocalSlack, app: BoltApp) -> None:
        outcome = await slack.click("Ana", "support", await app.post_card(), "silent")

        assert (outcome.ok, outcome.status) == (False, 404)

    async def test_no_app_at_all(self, slack: LocalSlack, app: BoltApp) -> None:
        ts = await app.post_card()
        slack.request_url = None

        assert (await slack.click("Ana", "support", ts, "assign")).problem == "no app is connected"

    async def test_a_signature_by_another_secret_is_refused(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        ts = await app.post_card()
        slack.emulator.courier.http.signing_secret = "another"

        assert (await slack.click("Ana", "support", ts, "assign")).status == 401

    async def test_what_is_not_there_cannot_be_clicked(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        with pytest.raises(Refused, match="element_not_found"):
            await slack.click("Ana", "support", await app.post_card(), "nonsense")


class TestChoose:
    @pytest.mark.parametrize("option", ["Archive", "archive"])
    async def test_an_overflow_option_by_its_words_or_value(
        self, slack: LocalSlack, app: BoltApp, option: str
    ) -> None:
        await slack.choose_overflow("Ana", "support", await app.post_card(), option)

        action = app.heard[0]["actions"][0]
        assert action["type"] == "overflow"
        assert action["selected_option"] == CARD[0]["accessory"]["options"][0]

    async def test_a_select_is_in_the_state_as_well(self, slack: LocalSlack, app: BoltApp) -> None:
        app.bolt.action("who")(app._note)
        picker = {"type": "users_select", "action_id": "who"}
        blocks = [{"type": "actions", "block_id": "b", "elements": [picker]}]
        posted = await app.client.chat_postMessage(channel="support", text="x", blocks=blocks)

        await slack.choose("Ana", "support", posted["ts"], "who", slack.users["Ben"])

        body = app.heard[0]
        assert body["actions"][0]["selected_user"] == slack.users["Ben"]
        state = {"type": "users_select", "selected_user": slack.users["Ben"]}
        assert body["state"]["values"] == {"b": {"who": state}}


class TestModal:
    async def test_errors_then_success(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.view("form")
        async def check(ack: AsyncAck, view: JSON) -> None:
            text = view["state"]["values"]["body"]["text"]["value"]
            if text == "rude":
                await ack(response_action="errors", errors={"body": "Be kind."})
            else:
                await ack()

        view = await modal(slack, app)
        assert (view["callback_id"], view["app_id"]) == ("form", slack.app_id)

        refused = await slack.submit_view("Ana", {"text": "rude"})
        assert refused.errors == {"body": "Be kind."}
        assert slack.views("Ana") == [view]

        accepted = await slack.submit_view("Ana", {"text": "kind"})
        assert accepted.ok
        assert slack.views("Ana") == []

    async def test_what_is_required_is_asked_for_before_anything_is_sent(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        await modal(slack, app)
        delivered = len(slack.deliveries)

        outcome = await slack.submit_view("Ana")

        assert outcome.errors == {"body": "Please fill this in."}
        assert len(slack.deliveries) == delivered

    async def test_a_submission_carries_every_answer(self, slack: LocalSlack, app: BoltApp) -> None:
        app.bolt.view("form")(app._note)
        await modal(slack, app)
        offered = (await slack.suggest("Ana", "template", "ref")).options

        await slack.submit_view("Ana", {"text": "hi", "template": offered[0]})

        assert app.heard[0]["view"]["state"]["values"] == {
            "body": {"text": {"type": "plain_text_input", "value": "hi"}},
            "template": {"template": {"type": "external_select", "selected_option": offered[0]}},
        }

    @pytest.mark.parametrize(
        ("answer", "titles"),
        [
            ({"response_action": "update", "view": form("Next")}, ["Next"]),
            ({"response_action": "push", "view": form("Next")}, ["Reply", "Next"]),
            ({"response_action": "clear"}, []),
        ],
        ids=["update", "push", "clear"],
    )
    async def test_the_answer_moves_the_stack(
        self, slack: LocalSlack, app: BoltApp, answer: JSON, titles: list[str]
    ) -> None:
        @app.bolt.view("form")
        async def submitted(ack: AsyncAck) -> None:
            await ack(**answer)

        await modal(slack, app)

        outcome = await slack.submit_view("Ana", {"text": "hi"})

        assert outcome.ok
        assert [view["title"]["text"] for view in slack.views("Ana")] == titles

    @pytest.mark.parametrize(
        "answer",
        [
            {"response_action": "errors", "errors": {"nowhere": "!"}},
            {"response_action": "update", "view": form("x" * 25)},
            {"response_action": "sing"},
        ],
    )
    async def test_an_answer_slack_would_not_take_is_a_problem(
        self, slack: LocalSlack, app: BoltApp, answer: JSON
    ) -> None:
        @app.bolt.middleware
        async def submitted(body: JSON, next_: object, ack: AsyncAck) -> object:
            if body["type"] == "view_submission":
                response = await ack()
                response.body = json.dumps(answer)
                return response
            return await next_()  # type: ignore[operator]

        before = await modal(slack, app)

        outcome = await slack.submit_view("Ana", {"text": "hi"})

        assert not outcome.ok
        assert "could not be used" in outcome.problem
        assert slack.views("Ana") == [before]

    async def test_closing_is_told_where_it_was_asked_for(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        app.bolt.view_closed("form")(app._note)

        @app.bolt.action("open")
        async def open_(ack: AsyncAck, body: JSON) -> None:
            await ack()
            view = form("Draft", notify_on_close=True)
            await app.client.views_open(trigger_id=body["trigger_id"], view=view)

        blocks = [{"type": "actions", "elements": [button("Open", "open")]}]
        posted = await app.client.chat_postMessage(channel="support", text="x", blocks=blocks)
        await slack.click("Ana", "support", posted["ts"], "open")
        await slack.wait_for(lambda: slack.views("Ana"))

        outcomes = await slack.close_view("Ana")

        assert [outcome.ok for outcome in outcomes] == [True]
        assert app.heard[0]["type"] == "view_closed"
        assert app.heard[0]["is_cleared"] is False
        assert slack.views("Ana") == []


class TestSuggestions:
    async def test_follow_what_was_typed(self, slack: LocalSlack, app: BoltApp) -> None:
        await modal(slack, app)

        outcome = await slack.suggest("Ana", "template", "a")

        assert [option["value"] for option in outcome.options] == ["Thanks", "Apology"]

    async def test_too_many_options_are_a_problem(self, slack: LocalSlack, app: BoltApp) -> None:
        @app.bolt.options("many")
        async def many(ack: AsyncAck) -> None:
            await ack(options=[{"text": words(str(n)), "value": str(n)} for n in range(101)])

        picker = {"type": "external_select", "action_id": "many", "min_query_length": 0}
        blocks = [{"type": "actions", "elements": [picker]}]
        posted = await app.client.chat_postMessage(channel="support", text="x", blocks=blocks)

        outcome = await slack.suggest("Ana", "many", "", channel="support", ts=posted["ts"])

        assert not outcome.ok
        assert "no more than 100 items" in outcome.problem


class TestTriggers:
    async def test_open_one_modal_only(self, slack: LocalSlack, app: BoltApp) -> None:
        trigger = slack.emulator.views.give_trigger(slack.users["Ana"])

        await app.client.views_open(trigger_id=trigger, view=form("One"))
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await app.client.views_open(trigger_id=trigger, view=form("Two"))
        with pytest.raises(SlackApiError, match="invalid_trigger_id"):
            await app.client.views_open(trigger_id="1.2.x", view=form("Two"))

    async def test_last_three_seconds(self, clock: ManualClock) -> None:
        async with LocalSlack(clock=clock) as slack:
            app = BoltApp(slack)
            trigger = slack.emulator.views.give_trigger(slack.users["Ana"])

            clock.advance(seconds=3.1)

            with pytest.raises(SlackApiError, match="expired_trigger_id"):
                await app.client.views_open(trigger_id=trigger, view=form("Late"))

    async def test_a_stack_is_three_deep(self, slack: LocalSlack, app: BoltApp) -> None:
        views, ana = slack.emulator.views, slack.users["Ana"]
        await app.client.views_open(trigger_id=views.give_trigger(ana), view=form("1"))
        for title in ("2", "3"):
            trigger = views.give_trigger(ana, views.stack(ana)[-1].id)
            await app.client.views_push(trigger_id=trigger, view=form(title))

        trigger = views.give_trigger(ana, views.stack(ana)[-1].id)
        with pytest.raises(SlackApiError, match="push_limit_reached"):
            await app.client.views_push(trigger_id=trigger, view=form("4"))

        assert len({view["root_view_id"] for view in slack.views("Ana")}) == 1

    async def test_an_old_hash_conflicts(self, slack: LocalSlack, app: BoltApp) -> None:
        view = await modal(slack, app)
        where = {"view_id": view["id"], "hash": view["hash"]}

        await app.client.views_update(**where, view=form("New"))
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await app.client.views_update(**where, view=form("Newer"))

        assert slack.views("Ana")[0]["title"]["text"] == "New"

    async def test_an_invalid_view_says_where(self, slack: LocalSlack, app: BoltApp) -> None:
        trigger = slack.emulator.views.give_trigger(slack.users["Ana"])
        view = form("x")
        del view["submit"]

        with pytest.raises(SlackApiError) as refused:
            await app.client.views_open(trigger_id=trigger, view=view)

        answer = refused.value.response
        assert answer["error"] == "invalid_arguments"
        assert "[json-pointer:/view/blocks/0/input]" in answer["response_metadata"]["messages"][0]


class TestResponseURL:
    async def answered(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession, **body: object
    ) -> tuple[str, int, str]:
        """Click a card, post to its response_url; answers the card's ts and what came back."""
        ts = await app.post_card()
        await slack.choose_overflow("Ana", "support", ts, "Archive")
        url = app.heard[-1]["response_url"]
        async with http.post(url, json=body) as answer:
            return ts, answer.status, await answer.text()

    async def test_answers_only_the_one_who_acted(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        ts, status, text = await self.answered(slack, app, http, text="psst")

        assert (status, text) == (200, "ok")
        assert [one["text"] for one in slack.ephemerals("Ana", "support")] == ["psst"]
        assert [one["ts"] for one in slack.messages("support")] == [ts]

    async def test_can_speak_to_all(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        await self.answered(slack, app, http, text="hi", response_type="in_channel")

        assert slack.messages("support")[-1]["text"] == "hi"

    async def test_can_replace_the_original(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        ts, _, _ = await self.answered(slack, app, http, text="new", replace_original=True)

        assert slack.message("support", ts)["text"] == "new"

    async def test_can_delete_the_original(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        await self.answered(slack, app, http, delete_original=True)

        assert slack.messages("support") == []

    async def test_works_five_times(
        self, slack: LocalSlack, app: BoltApp, http: aiohttp.ClientSession
    ) -> None:
        await self.answered(slack, app, http, text="1")
        url = app.heard[-1]["response_url"]
        statuses = []
        for number in range(5):
            async with http.post(url, json={"text": str(number)}) as answer:
                statuses.append(answer.status)

        assert statuses == [200, 200, 200, 200, 404]

    async def test_lasts_half_an_hour(self, http: aiohttp.ClientSession) -> None:
        clock = ManualClock(SystemClock().now())
        async with LocalSlack(clock=clock) as slack:
            app = BoltApp(slack)
            async with app.serve():
                await self.answered(slack, app, http, text="1")
                clock.advance(seconds=timedelta(minutes=30, seconds=1).total_seconds())

                async with http.post(app.heard[-1]["response_url"], json={"text": "x"}) as answer:
                    assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")
