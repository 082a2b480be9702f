"""Channels, people, reactions, files, rates: the rest of the Web API."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.faults import FaultKind
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.rates import RateMode
from app.sandbox.slack.wire import JSON


async def told(http: aiohttp.ClientSession, slack: LocalSlack, method: str, **how: object) -> JSON:
    async with http.request("POST", slack.api_url + method, **how) as answer:  # type: ignore[arg-type]
        body: JSON = await answer.json()
        return body


class TestArguments:
    """The same call, however it is written."""

    @pytest.mark.parametrize(
        "how",
        [
            {"params": {"channel": "support", "text": "hi"}},
            {"data": {"channel": "support", "text": "hi"}},
            {"json": {"channel": "support", "text": "hi"}},
        ],
        ids=["query", "form", "json"],
    )
    async def test_are_taken(
        self, slack: LocalSlack, http: aiohttp.ClientSession, how: JSON
    ) -> None:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}

        assert (await told(http, slack, "chat.postMessage", headers=headers, **how))["ok"]

    async def test_are_taken_as_multipart_with_the_token_among_them(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        form = aiohttp.FormData({"channel": "support", "text": "hi", "token": slack.bot_token})
        form.add_field("blocks", '[{"type": "divider"}]', content_type="application/json")

        assert (await told(http, slack, "chat.postMessage", data=form))["ok"]

    async def test_a_token_never_reaches_the_ledger(
        self, slack: LocalSlack, http: aiohttp.ClientSession
    ) -> None:
        data = {"channel": "support", "text": "hi", "token": slack.bot_token}

        await told(http, slack, "chat.postMessage", data=data)

        assert slack.writes[0].arguments == {"channel": "support", "text": "hi"}

    async def test_what_is_no_json(self, slack: LocalSlack, http: aiohttp.ClientSession) -> None:
        headers = {"Content-Type": "application/json"}

        answer = await told(http, slack, "chat.postMessage", data=b"{", headers=headers)

        assert answer["error"] == "invalid_json"


class TestConversations:
    async def test_list_pages_and_types(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        first = await client.conversations_list(types="public_channel,private_channel", limit=2)
        cursor = first["response_metadata"]["next_cursor"]
        second = await client.conversations_list(
            types="public_channel,private_channel", limit=2, cursor=cursor
        )

        names = [one["name"] for one in first["channels"] + second["channels"]]
        assert names == ["support", "sales", "billing"]
        assert second["response_metadata"]["next_cursor"] == ""

    async def test_join_and_leave(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.remove_bot("support")
        channel = slack.channels["support"]

        joined = await client.conversations_join(channel=channel)
        again = await client.conversations_join(channel=channel)

        assert joined["channel"]["is_member"]
        assert again["response_metadata"]["warnings"] == ["already_in_channel"]

    async def test_info_and_members(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        channel = slack.channels["billing"]

        info = await client.conversations_info(channel=channel, include_num_members=True)
        members = await client.conversations_members(channel=channel)

        assert (info["channel"]["is_private"], info["channel"]["num_members"]) == (True, 3)
        assert set(members["members"]) == {
            slack.users["Ana"],
            slack.users["Ben"],
            slack.bot_user_id,
        }

    async def test_direct_messages_are_opened_once(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        first = await client.conversations_open(users=slack.users["Ana"])
        second = await client.conversations_open(users=slack.users["Ana"])

        assert first["channel"]["id"] == second["channel"]["id"]
        assert second["already_open"]

    async def test_of_the_bot(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.remove_bot("sales")

        mine = await client.users_conversations(types="public_channel,private_channel")

        assert [channel["name"] for channel in mine["channels"]] == ["support", "billing"]


class TestPeople:
    async def test_addresses_need_their_scope(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        token = slack.new_token(frozenset({"users:read"}))
        plain = AsyncWebClient(token=token, base_url=slack.api_url)
        ana = slack.users["Ana"]

        assert (await client.users_info(user=ana))["user"]["profile"]["email"] == "ana@acme.example"
        assert "email" not in (await plain.users_info(user=ana))["user"]["profile"]

    async def test_are_found_by_address(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        found = await client.users_lookupByEmail(email="ben@acme.example")

        assert found["user"]["id"] == slack.users["Ben"]

    async def test_the_app_knows_itself(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        me = await client.auth_test()
        bot = await client.bots_info(bot=me["bot_id"])
        team = await client.team_info()

        assert (me["team_id"], me["user_id"]) == (slack.team_id, slack.bot_user_id)
        assert bot["bot"]["app_id"] == slack.app_id
        assert team["team"]["name"] == "Acme"


class TestReactions:
    async def test_come_and_go(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        where: JSON = {
            "channel": slack.channels["support"],
            "timestamp": slack.post_as_user("Ana", "support", "x"),
        }

        await client.reactions_add(**where, name="eyes")
        shown = await client.reactions_get(**where)
        with pytest.raises(SlackApiError, match="already_reacted"):
            await client.reactions_add(**where, name="eyes")
        await client.reactions_remove(**where, name="eyes")
        with pytest.raises(SlackApiError, match="no_reaction"):
            await client.reactions_remove(**where, name="eyes")

        one = {"name": "eyes", "users": [slack.bot_user_id], "count": 1}
        assert shown["message"]["reactions"] == [one]


class TestFiles:
    async def test_are_shared_after_the_answer(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        channel = slack.channels["support"]
        head = slack.post_as_user("Ana", "support", "head")

        answer = await client.files_upload_v2(
            channel=channel, thread_ts=head, content="bytes", filename="a.eml", title="A mail"
        )
        shared = await slack.wait_for(lambda: slack.replies("support", head))

        file = (await client.files_info(file=answer["file"]["id"]))["file"]
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with http.get(file["url_private_download"], headers=headers) as download:
            assert await download.read() == b"bytes"
        async with http.get(file["url_private_download"]) as refused:
            assert refused.status == 403
        assert shared[0]["subtype"] == "file_share"
        assert file["shares"]["public"][channel] == [{"ts": shared[0]["ts"], "thread_ts": head}]
        assert slack.file_bytes(file["id"]) == b"bytes"

    async def test_sharing_needs_membership_whatever_the_scopes(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        slack.remove_bot("support")

        with pytest.raises(SlackApiError, match="not_in_channel"):
            await client.files_upload_v2(
                channel=slack.channels["support"], content="bytes", filename="a.eml"
            )

    async def test_an_upload_of_another_length_is_refused(
        self, slack: LocalSlack, client: AsyncWebClient, http: aiohttp.ClientSession
    ) -> None:
        begun = await client.files_getUploadURLExternal(filename="a.eml", length=5)

        async with http.post(begun["upload_url"], data=b"four") as answer:
            assert answer.status == 400
        with pytest.raises(SlackApiError, match="file_not_found"):
            await client.files_completeUploadExternal(files=[{"id": begun["file_id"]}])

    async def test_a_deleted_file_takes_its_empty_message_along(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        uploaded = await client.files_upload_v2(
            channel=slack.channels["support"], content="bytes", filename="a.eml"
        )
        await slack.wait_for(lambda: slack.messages("support"))

        await client.files_delete(file=uploaded["file"]["id"])

        assert slack.messages("support") == []
        with pytest.raises(SlackApiError, match="file_not_found"):
            await client.files_info(file=uploaded["file"]["id"])


class TestBlocksValidate:
    async def test_answers_in_slack_s_shape(self, client: AsyncWebClient) -> None:
        bad = [{"type": "section", "text": {"type": "odd", "text": "x"}}]

        good = await client.api_call("blocks.validate", data={"blocks": '[{"type": "divider"}]'})
        with pytest.raises(SlackApiError) as refused:
            await client.api_call("blocks.validate", json={"blocks": bad})

        assert good["ok"]
        answer = refused.value.response
        assert answer["error"] == "invalid_blocks"
        assert answer["errors"][0] == {
            "code": "failed_constraint",
            "message": "unsupported type: odd",
            "pointer": "/0/text/type",
            "constraint": {"type": "enum", "expected": ["plain_text", "mrkdwn"]},
        }

    async def test_one_subject_at_a_time(self, client: AsyncWebClient) -> None:
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            await client.api_call("blocks.validate", json={"blocks": [], "view": {}})


class TestRates:
    async def test_real_rates_answer_429_with_retry_after(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        slack.set_rate_mode(RateMode.REAL)
        with pytest.raises(SlackApiError) as refused:
            for _ in range(4):
                await client.chat_postMessage(channel=slack.channels["support"], text="x")

        answer = refused.value.response
        assert (answer.status_code, answer["error"]) == (429, "ratelimited")
        assert int(answer.headers["Retry-After"]) == 1
        assert len(slack.messages("support")) == 3

    async def test_on_request(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.fail_next("chat.postMessage", FaultKind.RATE_LIMITED, seconds=7)

        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel="support", text="x")
        await client.chat_postMessage(channel="support", text="x")

        assert refused.value.response.headers["Retry-After"] == "7"
        assert len(slack.messages("support")) == 1
