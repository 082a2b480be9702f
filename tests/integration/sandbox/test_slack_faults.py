"""Every way in which a call can go wrong, and whether it was accepted."""

import asyncio
from time import perf_counter

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.faults import ANY_METHOD, FaultKind
from app.sandbox.slack.local import LocalSlack


class TestBeforeTheCallIsAccepted:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            (FaultKind.ERROR, SlackApiError),
            (FaultKind.HTTP, SlackApiError),
            (FaultKind.RATE_LIMITED, SlackApiError),
            (FaultKind.RATE_LIMITED_SILENTLY, SlackApiError),
            (FaultKind.DROP_BEFORE, aiohttp.ClientConnectionError),
        ],
    )
    async def test_nothing_is_posted(
        self,
        slack: LocalSlack,
        client: AsyncWebClient,
        kind: FaultKind,
        error: type[Exception],
    ) -> None:
        slack.fail_next("chat.postMessage", kind)

        with pytest.raises(error):
            await client.chat_postMessage(channel="support", text="x")

        assert slack.messages("support") == []
        assert slack.writes == []


class TestAfterTheCallIsAccepted:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            (FaultKind.DROP_AFTER, aiohttp.ClientConnectionError),
            (FaultKind.RESET_AFTER, aiohttp.ClientConnectionError),
            (FaultKind.HALF_BODY, aiohttp.ClientPayloadError),
            (FaultKind.HTTP_AFTER, SlackApiError),
        ],
    )
    async def test_the_message_is_there_all_the_same(
        self,
        slack: LocalSlack,
        client: AsyncWebClient,
        kind: FaultKind,
        error: type[Exception],
    ) -> None:
        slack.fail_next("chat.postMessage", kind)

        with pytest.raises(error):
            await client.chat_postMessage(channel="support", text="x")

        assert len(slack.messages("support")) == 1
        assert [write.answered for write in slack.writes] == [kind]

    async def test_an_answer_that_never_comes(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        slack.fail_next("chat.postMessage", FaultKind.HANG_AFTER)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.chat_postMessage(channel="support", text="x")

        assert len(slack.messages("support")) == 1

    async def test_a_hanging_answer_does_not_keep_the_workspace_from_stopping(self) -> None:
        async with LocalSlack() as slack:
            client = AsyncWebClient(
                token=slack.bot_token, base_url=slack.api_url, retry_handlers=[]
            )
            slack.fail_next("chat.postMessage", FaultKind.HANG_AFTER)
            call = asyncio.create_task(client.chat_postMessage(channel="support", text="x"))
            await slack.wait_for(lambda: slack.writes)
            started = perf_counter()

        with pytest.raises(aiohttp.ClientConnectionError):
            await call
        assert perf_counter() - started < 2


class TestHowOften:
    async def test_as_many_times_as_asked(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.fail_next("chat.update", FaultKind.ERROR, error="fatal_error", times=2)
        posted = await client.chat_postMessage(channel="support", text="x")
        card = {"channel": posted["channel"], "ts": posted["ts"], "text": "y"}

        for _ in range(2):
            with pytest.raises(SlackApiError, match="fatal_error"):
                await client.chat_update(**card)
        await client.chat_update(**card)

        assert slack.message("support", posted["ts"])["text"] == "y"

    async def test_any_method(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.fail_next(ANY_METHOD, FaultKind.HTTP, status=503)

        with pytest.raises(SlackApiError) as refused:
            await client.auth_test()
        await client.auth_test()

        assert refused.value.response.status_code == 503

    async def test_a_delay_delays_and_lets_pass(
        self, slack: LocalSlack, client: AsyncWebClient
    ) -> None:
        slack.fail_next("auth.test", FaultKind.DELAY, seconds=0.1)
        started = perf_counter()

        await client.auth_test()

        assert perf_counter() - started >= 0.1

    async def test_an_upload_can_fail_too(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.fail_next("upload", FaultKind.DROP_AFTER)

        with pytest.raises(aiohttp.ClientConnectionError):
            await client.files_upload_v2(channel="support", content="x", filename="a")

    async def test_reset_takes_them_back(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        slack.fail_next("auth.test", FaultKind.ERROR)

        slack.reset()

        assert (await client.auth_test())["ok"]
