"""What is carried to the app, and the way over HTTP: signed, to its request URL."""

import json
from dataclasses import dataclass
from enum import StrEnum
from time import time
from typing import Final, Protocol
from urllib.parse import urlencode

import aiohttp

from app.sandbox.slack.signing import sign
from app.sandbox.slack.wire import JSON

MOST_ANSWER_BYTES: Final = 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


class Envelope(StrEnum):
    """What kind of thing it is; the words are Socket Mode's."""

    EVENT = "events_api"
    INTERACTION = "interactive"
    COMMAND = "slash_commands"


@dataclass(frozen=True, slots=True)
class Retry:
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parcel:
    envelope: Envelope
    payload: JSON
    takes_answer: bool = False
    """Whether the app may say something with its acknowledgement."""
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of it. `status` is HTTP's; `problem` is empty where the app took it."""

    problem: str = ""
    status: int | None = None
    answer: bytes = b""
    no_retry: bool = False


class Transport(Protocol):
    @property
    def is_connected(self) -> bool: ...

    async def carry(self, parcel: Parcel, within: float) -> Carried:
        """Take it to the app, and wait so many seconds for the acknowledgement."""
        ...

    async def close(self) -> None: ...


class HTTPTransport:
    """By POST to the request URL."""

    def __init__(self, signing_secret: str) -> None:
        self.request_url: str | None = None
        self.signing_secret = signing_secret
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_connected(self) -> bool:
        return self.request_url is not None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def challenge(self, url: str) -> JSON:
        """What Slack asks before it trusts a request URL."""
        challenge = sign(self.signing_secret, url, b"challenge")
        return {"token": "unused", "challenge": challenge, "type": "url_verification"}

    async def carry(self, parcel: Parcel, within: float) -> Carried:
        if self.request_url is None:
            return Carried("no app is connected", no_retry=True)
        body, content_type = _body(parcel)
        headers = {"Content-Type": content_type, **self._signed(body), **_retry(parcel.retry)}
        limit = aiohttp.ClientTimeout(total=within)
        try:
            async with self._open_session().post(
                self.request_url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                said = await answer.content.read(MOST_ANSWER_BYTES)
                problem = "" if 200 <= answer.status < 300 else f"the app answered {answer.status}"
                no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
                return Carried(problem, answer.status, said, no_retry)
        except TimeoutError:
            return Carried(f"no answer within {within:g} s")
        except aiohttp.ClientConnectionError:
            return Carried("the connection failed")
        except aiohttp.ClientError as error:
            return Carried(f"not an answer: {type(error).__name__}")

    def _signed(self, body: bytes) -> dict[str, str]:
        """By the true time, whatever the workspace's clock says: apps refuse what is old."""
        timestamp = str(int(time()))
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self.signing_secret, timestamp, body),
            "User-Agent": "LocalEmulator 1.0 (not Slack)",
        }

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        return self._session


def _body(parcel: Parcel) -> tuple[bytes, str]:
    match parcel.envelope:
        case Envelope.EVENT:
            return json.dumps(parcel.payload).encode(), _JSON
        case Envelope.INTERACTION:
            return urlencode({"payload": json.dumps(parcel.payload)}).encode(), _FORM
        case Envelope.COMMAND:
            return urlencode(parcel.payload).encode(), _FORM


def _retry(retry: Retry | None) -> dict[str, str]:
    if retry is None:
        return {}
    return {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
