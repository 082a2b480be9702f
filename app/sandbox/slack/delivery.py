"""Taking events and interactions to the app: within three seconds, and again if need be.

An interaction is tried once, while the person looks at the spinner. An event is tried at once, and
when that fails at once again, after a minute and after five more. The way is HTTP or a socket, as
the app is set up.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field, fields, replace
from time import perf_counter
from typing import Final

from app.core.clock import Clock
from app.core.errors import SharedBoxError
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.sockets import Farewell, SocketLinks
from app.sandbox.slack.transport import Envelope, HTTPTransport, Parcel, Retry, Transport
from app.sandbox.slack.wire import JSON

RETRY_AFTER_SECONDS: Final = (0, 60, 300)
_LOG_LENGTH: Final = 5_000
_CONTENTS_KEPT: Final = 200
"""Of so many deliveries the log knows what was sent and answered."""
_EVENTS_WAITING_AT_MOST: Final = 10_000
_AT_ONCE: Final = 20
_ANSWERED_KINDS: Final = frozenset({"view_submission", "block_suggestion"})
"""Interactions to which an app may say more than that it has heard."""


class NotReachable(SharedBoxError):
    """The app did not answer the challenge at its request URL."""


@dataclass(slots=True)
class Delivery:
    """One line of the log."""

    number: int
    at: float
    kind: str
    about: str = ""
    """Which button, form or command it was."""
    status: int | None = None
    milliseconds: float = 0.0
    attempts: int = 0
    problem: str = ""
    delivered: bool = False
    sent: JSON | None = field(default=None, repr=False)
    answer: bytes = field(default=b"", repr=False)

    def as_json(self) -> JSON:
        return {name: getattr(self, name) for name in _TOLD}


_TOLD: Final = tuple(one.name for one in fields(Delivery) if one.name not in ("sent", "answer"))


class Courier:
    def __init__(
        self,
        changes: Changes,
        clock: Clock,
        http: HTTPTransport,
        sockets: SocketLinks,
        *,
        ack_seconds: float = 3.0,
        time_scale: float = 1.0,
    ) -> None:
        self.log: deque[Delivery] = deque(maxlen=_LOG_LENGTH)
        self.http = http
        self.sockets = sockets
        self.ack_seconds = ack_seconds
        self._changes = changes
        self._clock = clock
        self._time_scale = time_scale
        self._number = 0
        self._events: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        self.drop_events()
        await asyncio.gather(*self._events, return_exceptions=True)
        await self.http.close()

    def drop_events(self) -> None:
        """Forget what is still to be delivered."""
        for task in self._events:
            task.cancel()

    @property
    def outstanding(self) -> int:
        """Events that have neither been delivered nor given up."""
        return len(self._events)

    @property
    def is_connected(self) -> bool:
        return self._way.is_connected

    @property
    def _way(self) -> Transport:
        return self.sockets if self.sockets.enabled else self.http

    async def use_sockets(self, *, enabled: bool) -> None:
        """Turn Socket Mode on, so that nothing goes over HTTP any more, or off again."""
        self.sockets.enabled = enabled
        if not enabled:
            await self.sockets.disconnect(Farewell.DISABLED)

    async def verify(self, url: str) -> None:
        """Ask the app to repeat a challenge, as Slack does before it trusts a request URL."""
        body = self.http.challenge(url)
        self.http.request_url, before = url, self.http.request_url
        delivery = self._begin("url_verification", body)
        await self._attempt(delivery, Parcel(Envelope.EVENT, body, takes_answer=True), self.http)
        if not delivery.delivered or body["challenge"].encode() not in delivery.answer:
            self.http.request_url = before
            raise NotReachable(
                f"{url} did not answer the challenge: {delivery.problem or delivery.status}.",
                fix="Start the app, and check its signing secret.",
            )

    async def interaction(self, payload: JSON) -> Delivery:
        """Deliver what somebody did, and wait for the acknowledgement."""
        kind = payload["type"]
        delivery = self._begin(kind, payload)
        parcel = Parcel(Envelope.INTERACTION, payload, takes_answer=kind in _ANSWERED_KINDS)
        await self._attempt(delivery, parcel, self._way)
        return delivery

    async def command(self, payload: JSON) -> Delivery:
        """Deliver a slash command, and wait for the answer."""
        delivery = self._begin("slash_command", payload)
        await self._attempt(
            delivery, Parcel(Envelope.COMMAND, payload, takes_answer=True), self._way
        )
        return delivery

    def event(self, envelope: JSON) -> None:
        """Deliver an event in the background."""
        if not (self.sockets.enabled or self.http.is_connected):
            return
        event = envelope["event"]
        kind = ".".join(word for word in (event["type"], event.get("subtype")) if word)
        delivery = self._begin(kind, envelope)
        if len(self._events) >= _EVENTS_WAITING_AT_MOST:
            delivery.problem = "too many events are waiting; not delivered"
            self._changes.tell("delivery", delivery=delivery.as_json())
            return
        task = asyncio.create_task(self._with_retries(delivery, envelope), name=f"tell {kind}")
        self._events.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._events.discard(task)
        self._changes.tell("delivered")

    async def _with_retries(self, delivery: Delivery, envelope: JSON) -> None:
        parcel = Parcel(Envelope.EVENT, envelope)
        for number, wait in enumerate((None, *RETRY_AFTER_SECONDS)):
            if wait is not None:
                await asyncio.sleep(wait * self._time_scale)
                parcel = replace(parcel, retry=Retry(number, _reason(delivery)))
            async with self._turns:
                stop = await self._attempt(delivery, parcel, self._way)
            if delivery.delivered or stop:
                return

    async def _attempt(self, delivery: Delivery, parcel: Parcel, way: Transport) -> bool:
        """Try once and note the outcome; True where the app asked for no retry."""
        delivery.attempts += way.is_connected
        started = perf_counter()
        carried = await way.carry(parcel, self.ack_seconds)
        delivery.milliseconds = round((perf_counter() - started) * 1000, 1)
        delivery.status, delivery.answer = carried.status, carried.answer
        delivery.problem, delivery.delivered = carried.problem, not carried.problem
        self._changes.tell("delivery", delivery=delivery.as_json())
        return carried.no_retry

    def _begin(self, kind: str, payload: JSON) -> Delivery:
        self._number += 1
        at = self._clock.now().timestamp()
        delivery = Delivery(self._number, at, kind, _about(payload), sent=payload)
        self.log.append(delivery)
        if len(self.log) > _CONTENTS_KEPT:
            forgotten = self.log[-_CONTENTS_KEPT - 1]
            forgotten.sent, forgotten.answer = None, b""
        return delivery


def _about(payload: JSON) -> str:
    if actions := payload.get("actions"):
        return str(actions[0]["action_id"])
    if "command" in payload:
        return f"{payload['command']} {payload['text']}".strip()
    ids = (payload.get("action_id"), payload.get("callback_id"))
    view_id = (payload.get("view") or {}).get("callback_id")
    return str(next((one for one in (*ids, view_id) if one), ""))


def _reason(delivery: Delivery) -> str:
    if delivery.status is not None:
        return "http_error"
    return "http_timeout" if "no answer" in delivery.problem else "connection_failed"
