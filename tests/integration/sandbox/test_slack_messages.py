"""Posting, editing, deleting and reading, as Slack's own client sees it."""

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import AppSeed, ChannelSeed, Seed
from app.sandbox.slack.wire import JSON
from tests.fixtures.clock import ManualClock

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "a card"}}
HERE = {"channel": "support", "text": "x"}
TOO_DEEP = {"event_type": "x", "event_payload": {"a": {"b": {}}}}
METADATA = {"event_type": "sharedbox.post", "event_payload": {"post_id": "1"}}


async def refusal(call: Awaitable[Any]) -> JSON:
    """What a call was refused with."""
    with pytest.raises(SlackApiError) as error:
        await call
    answer: JSON = error.value.response.data
    return answer


class TestPost:
    async def test_answers_what_slack_answers(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        answer = await client.chat_postMessage(
            channel=slack.channels["support"], text="fallback", blocks=[SECTION]
        )

        message = answer["message"]
        assert answer["channel"] == slack.channels["support"]
        assert message["ts"] == answer["ts"]
        assert (message["type"], message["team"]) == ("message", slack.team_id)
        assert (message["user"], message["bot_id"]) == (slack.bot_user_id, slack.bot_id)
        assert message["app_id"] == message["bot_profile"]["app_id"] == slack.app_id
        assert message["blocks"][0]["block_id"]
        assert answer.headers["X-Slack-Req-Id"]
        assert "chat:write" in answer.headers["X-OAuth-Scopes"]

    async def test_every_ts_is_later_than_the_one_before(self, clock: ManualClock) -> None:
        async with LocalSlack(clock=clock) as slack:
            stamps = [slack.post_as_user("Ana", "support", "hi") for _ in range(20)]

        assert sorted(set(stamps)) == stamps

    async def test_a_reply_counts_on_its_head(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        channel = slack.channels["support"]
        head = await client.chat_postMessage(channel=channel, text="head")
        reply = await client.chat_postMessage(channel=channel, text="r", thread_ts=head["ts"])

        shown = slack.messages("support")
        assert [message["ts"] for message in shown] == [head["ts"]]
        assert (shown[0]["reply_count"], shown[0]["latest_reply"]) == (1, reply["ts"])

    async def test_text_over_40_000_is_cut_with_a_warning(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        answer = await client.chat_postMessage(channel=slack.channels["support"], text="x" * 40_001)

        assert len(answer["message"]["text"]) == 40_000
        assert answer["response_metadata"]["warnings"] == ["message_truncated"]

    async def test_a_name_of_its_own_makes_a_bot_message(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        answer = await client.chat_postMessage(
            channel=slack.channels["support"], text="x", username="Mira"
        )

        assert answer["message"]["subtype"] == "bot_message"
        assert "user" not in answer["message"]

    async def test_a_person_s_id_means_direct_messages(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        answer = await client.chat_postMessage(channel=slack.users["Ana"], text="x")

        assert answer["channel"].startswith("D")

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"channel": "C0NOWHERE00", "text": "x"}, "channel_not_found"),
            ({"channel": "support", "text": ""}, "no_text"),
            ({"channel": "support", "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
            ({"channel": "support", "text": "x", "blocks": [{"type": "odd"}]}, "invalid_blocks"),
            ({"channel": "support", "text": "x", "blocks": [SECTION] * 51}, "invalid_blocks"),
            ({"channel": "support", "text": "x", "thread_ts": "1.2"}, "invalid_thread_ts"),
            ({**HERE, "thread_ts": "1700000000.000100"}, "thread_not_found"),
            ({**HERE, "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
            ({**HERE, "metadata": TOO_DEEP}, "invalid_metadata_schema"),
            ({"channel": "support", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ],
    )  # fmt: skip
    async def test_refusals(
        self, slack: LocalSlack, client: AsyncWebClient, arguments: JSON, error: str
    ) -> None:
        answer = await refusal(client.api_call("chat.postMessage", json=arguments))

        assert answer["error"] == error
        assert slack.messages("support") == []
        assert slack.writes == []

    async def test_a_reply_to_a_reply_is_refused(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        head = slack.post_as_user("Ana", "support", "head")
        reply = slack.post_as_user("Ana", "support", "reply", head)

        answer = await refusal(
            client.chat_postMessage(channel="support", text="x", thread_ts=reply)
        )

        assert answer["error"] == "cannot_reply_to_message"


class TestAccess:
    SEED = Seed(
        channels=(
            ChannelSeed("open", bot=False),
            ChannelSeed("closed", private=True, bot=False),
        )
    )

    async def test_a_public_channel_is_open_with_write_public_only(self) -> None:
        async with LocalSlack(self.SEED) as slack:
            some = slack.new_token(frozenset({"chat:write"}))
            allowed = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
            barred = AsyncWebClient(token=some, base_url=slack.api_url)

            await allowed.chat_postMessage(channel=slack.channels["open"], text="x")
            answer = await refusal(barred.chat_postMessage(channel="open", text="x"))

            assert answer["error"] == "not_in_channel"
            assert len(slack.messages("open")) == 1

    async def test_a_private_channel_without_the_bot_does_not_exist_for_it(self) -> None:
        async with LocalSlack(self.SEED) as slack:
            client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)

            answer = await refusal(client.chat_postMessage(channel="closed", text="x"))
            listed = await client.conversations_list(types="public_channel,private_channel")

            assert answer["error"] == "channel_not_found"
            assert [channel["name"] for channel in listed["channels"]] == ["open"]

    async def test_an_archived_channel(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.archive_channel("support")

        answer = await refusal(client.chat_postMessage(channel="support", text="x"))

        assert answer["error"] == "is_archived"

    async def test_tokens(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        nobody = AsyncWebClient(base_url=slack.api_url)
        stranger = AsyncWebClient(token="xoxb-not-ours", base_url=slack.api_url)

        assert (await refusal(nobody.auth_test()))["error"] == "not_authed"
        assert (await refusal(stranger.auth_test()))["error"] == "invalid_auth"
        slack.revoke_token()
        assert (await refusal(client.auth_test()))["error"] == "token_revoked"

    async def test_a_missing_scope_is_named(self) -> None:
        app = AppSeed(scopes=frozenset({"chat:write"}))
        async with LocalSlack(Seed(app=app)) as slack:
            client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)

            answer = await refusal(client.conversations_history(channel=slack.channels["support"]))

            assert answer["error"] == "missing_scope"
            assert (answer["needed"], answer["provided"]) == ("channels:history", "chat:write")

    async def test_an_unknown_method(self, client: AsyncWebClient) -> None:
        assert (await refusal(client.api_call("chat.sing")))["error"] == "unknown_method"


class TestUpdate:
    async def post(self, client: AsyncWebClient) -> JSON:
        answer = await client.chat_postMessage(
            channel="support", text="before", blocks=[SECTION], metadata=METADATA
        )
        return {"channel": answer["channel"], "ts": answer["ts"]}

    async def test_text_without_blocks_takes_the_blocks_away(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        card = await self.post(client)

        await client.chat_update(**card, text="after")

        message = slack.message("support", card["ts"])
        assert message["text"] == "after"
        assert "blocks" not in message

    async def test_metadata_is_kept_when_it_is_left_out(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        card = await self.post(client)

        await client.chat_update(**card, text="after", blocks=[SECTION])
        assert slack.message("support", card["ts"])["metadata"] == METADATA

        await client.chat_update(**card, text="after", metadata={})
        assert "metadata" not in slack.message("support", card["ts"])

    async def test_it_is_marked_as_edited(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        card = await self.post(client)

        await client.chat_update(**card, text="after", blocks=[SECTION])

        assert slack.message("support", card["ts"])["edited"]["user"] == slack.bot_user_id

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"text": "x" * 4_001}, "msg_too_long"),
            ({}, "no_text"),
            ({"text": "x", "blocks": [{"type": "odd"}]}, "invalid_blocks"),
            ({"text": "x", "ts": "1700000000.000100"}, "message_not_found"),
        ],
    )
    async def test_refusals(self, client: AsyncWebClient, arguments: JSON, error: str) -> None:
        card = await self.post(client)

        answer = await refusal(client.api_call("chat.update", json={**card, **arguments}))

        assert answer["error"] == error

    async def test_somebody_else_s_message(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        ts = slack.post_as_user("Ana", "support", "mine")
        where: JSON = {"channel": slack.channels["support"], "ts": ts}

        assert (await refusal(client.chat_update(**where, text="x")))[
            "error"
        ] == "cant_update_message"
        assert (await refusal(client.chat_delete(**where)))["error"] == "cant_delete_message"


class TestDelete:
    async def test_a_message_goes(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        answer = await client.chat_postMessage(channel="support", text="x")

        await client.chat_delete(channel=slack.channels["support"], ts=answer["ts"])

        assert slack.messages("support") == []

    async def test_the_head_of_a_thread_leaves_a_tombstone(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        head = (await client.chat_postMessage(channel="support", text="x"))["ts"]
        slack.post_as_user("Ana", "support", "a note", head)

        await client.chat_delete(channel=slack.channels["support"], ts=head)

        message = slack.message("support", head)
        assert (message["subtype"], message["reply_count"]) == ("tombstone", 1)
        again = await refusal(client.chat_update(channel="support", ts=head, text="x"))
        assert again["error"] == "message_not_found"

    async def test_a_reply_no_longer_counts(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        head = slack.post_as_user("Ana", "support", "head")
        reply = await client.chat_postMessage(channel="support", text="x", thread_ts=head)

        await client.chat_delete(channel=slack.channels["support"], ts=reply["ts"])

        assert "reply_count" not in slack.message("support", head)


class TestHistory:
    async def test_metadata_only_when_it_is_asked_for(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        channel = slack.channels["support"]
        await client.chat_postMessage(channel=channel, text="x", metadata=METADATA)

        plain = await client.conversations_history(channel=channel)
        whole = await client.conversations_history(channel=channel, include_all_metadata=True)

        assert "metadata" not in plain["messages"][0]
        assert whole["messages"][0]["metadata"] == METADATA

    async def test_pages_follow_one_another_newest_first(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        stamps = [slack.post_as_user("Ana", "support", str(n)) for n in range(5)]
        seen: list[str] = []
        cursor: str | None = None

        while cursor != "":
            page = await client.conversations_history(
                channel=slack.channels["support"], limit=2, cursor=cursor
            )
            seen += [message["ts"] for message in page["messages"]]
            metadata: JSON = page.get("response_metadata", {})
            cursor = metadata.get("next_cursor", "")

        assert seen == stamps[::-1]

    async def test_between_two_moments(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        stamps = [slack.post_as_user("Ana", "support", str(n)) for n in range(4)]
        ends: JSON = {"oldest": stamps[1], "latest": stamps[2]}
        channel = slack.channels["support"]

        without = await client.conversations_history(channel=channel, **ends)
        included = await client.conversations_history(channel=channel, inclusive=True, **ends)

        assert without["messages"] == []
        assert [one["ts"] for one in included["messages"]] == stamps[2:0:-1]

    async def test_a_thread_is_read_by_its_head(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        head = slack.post_as_user("Ana", "support", "head")
        replies = [slack.post_as_user("Ben", "support", str(n), head) for n in range(3)]
        channel = slack.channels["support"]

        answer = await client.conversations_replies(channel=channel, ts=head)
        later = await client.conversations_replies(channel=channel, ts=head, oldest=replies[0])

        assert [one["ts"] for one in answer["messages"]] == [head, *replies]
        assert [one["ts"] for one in later["messages"]] == [head, *replies[1:]]

    async def test_a_thread_that_is_not_there(self, client: AsyncWebClient) -> None:
        answer = await refusal(client.conversations_replies(channel="support", ts="1.2"))

        assert answer["error"] == "thread_not_found"


class TestEphemerals:
    async def test_are_seen_by_one_person_and_in_no_history(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        channel = slack.channels["support"]
        await client.chat_postEphemeral(channel=channel, user=slack.users["Ana"], text="psst")

        assert [one["text"] for one in slack.ephemerals("Ana", "support")] == ["psst"]
        assert slack.ephemerals("Ben", "support") == []
        assert (await client.conversations_history(channel=channel))["messages"] == []

    async def test_for_one_who_is_not_in_the_channel(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        answer = await refusal(
            client.chat_postEphemeral(channel="billing", user=slack.users["Dana"], text="x")
        )

        assert answer["error"] == "user_not_in_channel"


class TestPermalinks:
    async def test_name_the_message_and_its_thread(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        channel = slack.channels["support"]
        head = slack.post_as_user("Ana", "support", "head")
        reply = slack.post_as_user("Ana", "support", "reply", head)

        to_head = await client.chat_getPermalink(channel=channel, message_ts=head)
        to_reply = await client.chat_getPermalink(channel=channel, message_ts=reply)

        assert to_head["permalink"].endswith(f"/archives/{channel}/p{head.replace('.', '')}")
        assert f"thread_ts={head}" in to_reply["permalink"]
