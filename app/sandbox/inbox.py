"""The demo's sample inbox: connected by the REST API, as any script would, and filled with mail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Self

import aiohttp

from app.core.clock import Clock
from app.core.errors import SharedBoxError, Unavailable
from app.sandbox.demo import Demo
from app.sandbox.samples import INBOX, load_samples

CHANNEL: Final = "support"
_LOOK_SECONDS: Final = 0.1
_CALL_SECONDS: Final = 15
_CARD_SECONDS: Final = 10


class InboxFailed(SharedBoxError):
    """SharedBox would not take the sample inbox."""


class SharedBoxAPI:
    """The few calls that a demo makes."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, api_key: str) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}"}

    @classmethod
    @asynccontextmanager
    async def of(cls, demo: Demo) -> AsyncIterator[Self]:
        limit = aiohttp.ClientTimeout(total=_CALL_SECONDS)
        async with aiohttp.ClientSession(timeout=limit, trust_env=False) as session:
            yield cls(session, demo.base_url, demo.api_key)

    async def is_ready(self) -> bool:
        try:
            async with self._session.get(f"{self._base_url}/readyz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def connect(self, demo: Demo) -> str:
        """Connect the sample inbox and answer the account's id. Raises `InboxFailed`."""
        mail = demo.mail
        server = {
            "host": mail.host,
            "port": mail.port,
            "security": mail.security,
            "username": mail.username,
            "password": mail.password,
        }
        wanted = {
            "address": INBOX,
            "imap": server,
            "smtp": {**server, "port": demo.submission.port, "security": "none"},
            "channel": demo.slack.channels[CHANNEL],
        }
        status, answer = await self._call("POST", "/accounts", wanted)
        if status != 201:
            raise InboxFailed(f"The sample inbox could not be connected: {answer.get('detail')}")
        return str(answer["id"])

    async def is_live(self, account_id: str) -> bool:
        """Whether the inbox is watched. Raises `InboxFailed` where its server refuses us."""
        _, account = await self._call("GET", f"/accounts/{account_id}")
        if account.get("state") == "refused":
            raise InboxFailed(f"The sample inbox refused SharedBox: {account.get('detail')}")
        return account.get("state") == "live"

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Raises `InboxFailed` where nobody answers."""
        url = f"{self._base_url}/api/v1{path}"
        try:
            async with self._session.request(
                method, url, json=body, headers=self._headers
            ) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise InboxFailed(f"SharedBox did not answer: {type(error).__name__}.") from None


async def deliver_samples(demo: Demo, clock: Clock, tell: Callable[[int, int], None]) -> None:
    """Deliver the sample mails, each when the one before it is seen in the channel.

    So they come one by one at the pace of the channel, and a mail that somebody writes meanwhile
    waits for one of them and not for all. `tell` hears how many of how many are there.
    """
    samples = load_samples(clock.now())
    messages = demo.slack.emulator.workspace.channel(CHANNEL).messages
    for number, sample in enumerate(samples, start=1):
        expected = len(messages) + 1
        await demo.mail.deliver(sample.raw, sender=sample.sender)
        there = partial(_has, messages, expected)
        with contextlib.suppress(Unavailable):  # then it comes later
            await demo.slack.wait_for(there, _CARD_SECONDS)
        tell(number, len(samples))


def _has(messages: Sized, count: int) -> bool:
    return len(messages) >= count


async def until(look: Callable[[], Awaitable[object]], *, within: float, otherwise: str) -> None:
    """Look until there is something to see. Raises `InboxFailed` with `otherwise`."""
    try:
        async with asyncio.timeout(within):
            while True:
                if await look():
                    return
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise InboxFailed(otherwise) from None
