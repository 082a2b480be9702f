"""Taking events and interactions to the app: signed, within three seconds, and again if need be.

An interaction is tried once, while the person looks at the spinner. An event is tried at once, and
when that fails at once again, after a minute and after five more.
"""

import asyncio
import json
from collections import deque
from dataclasses import asdict, dataclass, field
from time import perf_counter, time
from typing import Final
from urllib.parse import urlencode

import aiohttp

from app.core.clock import Clock
from app.core.errors import SharedBoxError
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.signing import sign
from app.sandbox.slack.wire import JSON

RETRY_AFTER_SECONDS: Final = (0, 60, 300)
_LOG_LENGTH: Final = 5_000
_EVENTS_WAITING_AT_MOST: Final = 10_000
_AT_ONCE: Final = 20
_MOST_ANSWER_BYTES: Final = 1024 * 1024


class NotReachable(SharedBoxError):
    """The app did not answer the challenge at its request URL."""


@dataclass(slots=True)
class Delivery:
    """One line of the log."""

    number: int
    at: float
    kind: str
    status: int | None = None
    milliseconds: float = 0.0
    attempts: int = 0
    problem: str = ""
    delivered: bool = False
    answer: bytes = field(default=b"", repr=False)

    def as_json(self) -> JSON:
        told = asdict(self)
        del told["answer"]
        return told


class Courier:
    def __init__(
        self,
        changes: Changes,
        clock: Clock,
        signing_secret: str,
        *,
        ack_seconds: float = 3.0,
        time_scale: float = 1.0,
    ) -> None:
        self.request_url: str | None = None
        self.log: deque[Delivery] = deque(maxlen=_LOG_LENGTH)
        self._changes = changes
        self._clock = clock
        self._secret = signing_secret
        self.ack_seconds = ack_seconds
        self._time_scale = time_scale
        self._number = 0
        self._session: aiohttp.ClientSession | None = None
        self._events: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        self.drop_events()
        await asyncio.gather(*self._events, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def drop_events(self) -> None:
        """Forget what is still to be delivered."""
        for task in self._events:
            task.cancel()

    @property
    def outstanding(self) -> int:
        """Events that have neither been delivered nor given up."""
        return len(self._events)

    async def verify(self, url: str) -> None:
        """Ask the app to repeat a challenge, as Slack does before it trusts a request URL."""
        challenge = sign(self._secret, url, b"challenge")
        body = {"token": "unused", "challenge": challenge, "type": "url_verification"}
        self.request_url, before = url, self.request_url
        delivery = await self._once("url_verification", _json_body(body), "application/json")
        if not delivery.delivered or challenge.encode() not in delivery.answer:
            self.request_url = before
            raise NotReachable(
                f"{url} did not answer the challenge: {delivery.problem or delivery.status}.",
                fix="Start the app, and check its signing secret.",
            )

    async def interaction(self, payload: JSON) -> Delivery:
        """Deliver what somebody did, and wait for the acknowledgement."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self._once(payload["type"], body, "application/x-www-form-urlencoded")

    def event(self, envelope: JSON) -> None:
        """Deliver an event in the background."""
        if self.request_url is None:
            return
        event = envelope["event"]
        kind = ".".join(word for word in (event["type"], event.get("subtype")) if word)
        delivery = self._begin(kind)
        if len(self._events) >= _EVENTS_WAITING_AT_MOST:
            self._finish(delivery, "too many events are waiting; not delivered")
            return
        task = asyncio.create_task(self._with_retries(delivery, envelope), name=f"tell {kind}")
        self._events.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._events.discard(task)
        self._changes.tell("delivered")

    async def _with_retries(self, delivery: Delivery, envelope: JSON) -> None:
        body = _json_body(envelope)
        headers: dict[str, str] = {}
        for number, wait in enumerate((None, *RETRY_AFTER_SECONDS)):
            if wait is not None:
                await asyncio.sleep(wait * self._time_scale)
                reason = _reason(delivery)
                headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
            async with self._turns:
                stop = await self._attempt(delivery, body, "application/json", headers)
            delivery.answer = b""
            if delivery.delivered or stop:
                return

    async def _once(self, kind: str, body: bytes, content_type: str) -> Delivery:
        delivery = self._begin(kind)
        await self._attempt(delivery, body, content_type, {})
        return delivery

    async def _attempt(
        self, delivery: Delivery, body: bytes, content_type: str, more: dict[str, str]
    ) -> bool:
        """Try once and note the outcome; True where the app asked for no retry."""
        if self.request_url is None:
            self._finish(delivery, "no app is connected")
            return True
        delivery.attempts += 1
        delivery.status = None
        started = perf_counter()
        headers = {"Content-Type": content_type, **self._signed(body), **more}
        limit = aiohttp.ClientTimeout(total=self.ack_seconds)
        problem, stop = "", False
        try:
            async with self._open_session().post(
                self.request_url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                delivery.answer = await answer.content.read(_MOST_ANSWER_BYTES)
                delivery.status = answer.status
                stop = answer.headers.get("X-Slack-No-Retry") == "1"
        except TimeoutError:
            problem = f"no answer within {self.ack_seconds:g} s"
        except aiohttp.ClientConnectionError:
            problem = "the connection failed"
        except aiohttp.ClientError as error:
            problem = f"not an answer: {type(error).__name__}"
        delivery.milliseconds = round((perf_counter() - started) * 1000, 1)
        self._finish(delivery, problem)
        return stop

    def _begin(self, kind: str) -> Delivery:
        self._number += 1
        delivery = Delivery(self._number, self._clock.now().timestamp(), kind)
        self.log.append(delivery)
        return delivery

    def _finish(self, delivery: Delivery, problem: str) -> None:
        delivery.delivered = delivery.status is not None and 200 <= delivery.status < 300
        if delivery.status is not None and not delivery.delivered:
            problem = f"the app answered {delivery.status}"
        delivery.problem = problem
        self._changes.tell("delivery", delivery=delivery.as_json())

    def _signed(self, body: bytes) -> dict[str, str]:
        """By the true time, whatever the workspace's clock says: apps refuse what is old."""
        timestamp = str(int(time()))
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._secret, timestamp, body),
            "User-Agent": "LocalEmulator 1.0 (not Slack)",
        }

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        return self._session


def _json_body(value: JSON) -> bytes:
    return json.dumps(value).encode()


def _reason(delivery: Delivery) -> str:
    if delivery.status is not None:
        return "http_error"
    return "http_timeout" if "no answer" in delivery.problem else "connection_failed"
