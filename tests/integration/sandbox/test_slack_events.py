"""Events: what is told, to whom, and how often it is tried."""

import pytest
from slack_bolt.async_app import AsyncAck

from app.sandbox.slack.delivery import NotReachable
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import AppSeed, Seed
from app.sandbox.slack.wire import JSON
from tests.integration.sandbox.bolt_app import BoltApp


@pytest.fixture
def events(app: BoltApp) -> list[JSON]:
    """The bodies of the events that the app has handled."""
    heard: list[JSON] = []

    async def take(body: JSON, ack: AsyncAck) -> None:
        heard.append(body)
        await ack()

    for name in ("message", "reaction_added", "reaction_removed", "app_home_opened",
                 "member_left_channel", "channel_rename", "channel_archive"):  # fmt: skip
        app.bolt.event(name)(take)
    for subtype in ("message_changed", "message_deleted"):
        app.bolt.event({"type": "message", "subtype": subtype})(take)
    return heard


class TestMessages:
    async def test_a_note_in_a_thread(self, slack: LocalSlack, events: list[JSON]) -> None:
        head = slack.post_as_user("Ana", "support", "head")
        note = slack.post_as_user("Ben", "support", "see <b> & @ana", head)

        await slack.wait_for(lambda: len(events) == 2)

        body = next(one for one in events if one["event"]["ts"] == note)
        event = body["event"]
        assert (event["type"], event["channel_type"]) == ("message", "channel")
        assert (event["user"], event["team"]) == (slack.users["Ben"], slack.team_id)
        assert (event["thread_ts"], event["event_ts"]) == (head, note)
        assert event["text"] == f"see &lt;b&gt; &amp; <@{slack.users['Ana']}>"
        assert event["client_msg_id"]
        assert body["authorizations"][0]["user_id"] == slack.bot_user_id
        assert (body["team_id"], body["api_app_id"]) == (slack.team_id, slack.app_id)
        assert body["event_id"].startswith("Ev")

    async def test_a_change_and_a_deletion(self, slack: LocalSlack, events: list[JSON]) -> None:
        ts = slack.post_as_user("Ana", "support", "before")
        slack.edit_as_user("Ana", "support", ts, "after")
        slack.delete_as_user("Ana", "support", ts)

        await slack.wait_for(lambda: len(events) == 3)

        told = {body["event"].get("subtype", ""): body["event"] for body in events}
        assert told["message_changed"]["previous_message"]["text"] == "before"
        assert told["message_changed"]["message"]["text"] == "after"
        assert told["message_deleted"]["deleted_ts"] == ts
        assert told["message_deleted"]["previous_message"]["text"] == "after"

    async def test_the_app_s_own_messages_are_told_and_bolt_drops_them(
        self, slack: LocalSlack, app: BoltApp, events: list[JSON]
    ) -> None:
        await app.post_card()

        await slack.until_delivered()

        assert [one.kind for one in slack.deliveries] == ["url_verification", "message"]
        assert slack.deliveries[-1].status == 200
        assert events == []

    async def test_a_channel_the_bot_is_not_in_tells_nothing(
        self, slack: LocalSlack, app: BoltApp
    ) -> None:
        slack.remove_bot("support")
        await slack.until_delivered()
        before = len(slack.deliveries)

        slack.post_as_user("Ana", "support", "among ourselves")

        assert len(slack.deliveries) == before

    async def test_only_what_was_subscribed_to(self) -> None:
        seed = Seed(app=AppSeed(events=frozenset({"message.groups"})))
        async with LocalSlack(seed) as slack, BoltApp(slack).serve():
            slack.post_as_user("Ana", "support", "public")
            slack.post_as_user("Ana", "billing", "private")

            kinds = [delivery.kind for delivery in slack.deliveries]

        assert kinds == ["url_verification", "message"]


class TestOthers:
    async def test_each_is_told(self, slack: LocalSlack, events: list[JSON]) -> None:
        ts = slack.post_as_user("Ana", "support", "x")
        slack.react_as_user("Ben", "support", ts, "eyes")
        slack.react_as_user("Ben", "support", ts, "eyes", remove=True)
        slack.open_home("Ana")
        slack.rename_channel("sales", "trade")
        slack.archive_channel("trade")
        slack.remove_bot("support")

        await slack.wait_for(lambda: len(events) == 7)

        told = {body["event"]["type"]: body["event"] for body in events}
        item = {"type": "message", "channel": slack.channels["support"], "ts": ts}
        assert told["reaction_added"]["item"] == item
        assert told["reaction_removed"]["reaction"] == "eyes"
        assert told["app_home_opened"]["tab"] == "home"
        assert told["channel_rename"]["channel"]["name"] == "trade"
        assert told["channel_archive"]["channel"] == slack.channels["trade"]
        assert told["member_left_channel"]["user"] == slack.bot_user_id

    async def test_a_revoked_token_is_told(self, slack: LocalSlack, app: BoltApp) -> None:
        slack.revoke_token()

        assert slack.deliveries[-1].kind == "tokens_revoked"


class TestRetries:
    async def test_four_attempts_in_all(self, slack: LocalSlack, app: BoltApp) -> None:
        app.status = 500

        slack.post_as_user("Ana", "support", "x")
        await slack.until_delivered()

        retries = [one["headers"].get("x-slack-retry-num") for one in app.heard]
        reasons = {one["headers"].get("x-slack-retry-reason") for one in app.heard[1:]}
        assert retries == [None, "1", "2", "3"]
        assert reasons == {"http_error"}
        delivery = slack.deliveries[-1]
        assert (delivery.attempts, delivery.status, delivery.delivered) == (4, 500, False)

    async def test_an_app_that_recovers_hears_of_it(
        self, slack: LocalSlack, app: BoltApp, events: list[JSON]
    ) -> None:
        app.status = 500
        slack.post_as_user("Ana", "support", "x")
        await slack.wait_for(lambda: slack.deliveries[-1].attempts == 2)

        app.status = 200
        await slack.until_delivered()

        assert slack.deliveries[-1].delivered
        assert len(events) == 1

    async def test_an_app_that_is_down_is_tried_again(self, slack: LocalSlack) -> None:
        slack.request_url = "http://127.0.0.1:9/slack/events"

        slack.post_as_user("Ana", "support", "x")
        await slack.until_delivered()

        assert slack.deliveries[-1].attempts == 4
        assert slack.deliveries[-1].problem == "the connection failed"


class TestConnect:
    async def test_an_app_that_does_not_answer_is_refused(self, slack: LocalSlack) -> None:
        with pytest.raises(NotReachable):
            await slack.connect("http://127.0.0.1:9/slack/events")

        assert slack.request_url is None

    async def test_an_app_with_another_secret_is_refused(self, slack: LocalSlack) -> None:
        async with LocalSlack() as other:
            app = BoltApp(other)
            async with app.serve():
                with pytest.raises(NotReachable, match="401"):
                    await slack.connect(other.request_url or "")
