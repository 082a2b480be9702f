"""HTTP to an address that somebody typed, or that stood in a mail.

Such an address may point at a machine inside the operator's network, or at this one (server-side
request forgery). So its name is resolved once, its addresses are checked, and one of those is
connected to; nothing is followed to another address; and what comes back is read up to a limit.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from app.core.errors import SharedBoxError
from app.mailbox.errors import MailServerError, ServerForbidden
from app.mailbox.hosts import refuse_by_name, resolve

LONGEST_URL: Final = 2000
_SCHEMES: Final = frozenset({"https", "http"})
_MOST_BYTES: Final = 64 * 1024
_SECONDS: Final = 10.0


class OutsideError(SharedBoxError):
    """A server outside was not reached, or answered nothing that can be read."""


class AddressRefused(SharedBoxError):
    """An address that we do not ask: no URL of the web, or not a public one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` ends where the limit was."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def read_url(text: str, *, allow_private: bool, allow_http: bool = False) -> URL:
    """The URL that this text is, as far as that can be told without asking anybody.

    Raises `AddressRefused`.
    """
    try:
        url = URL(text.strip()) if len(text) <= LONGEST_URL else URL()
        host, scheme = url.host, url.scheme
        _ = url.port
    except ValueError:
        host, scheme, url = None, "", URL()
    if not host or scheme not in _SCHEMES or url.user is not None or url.password is not None:
        raise AddressRefused(
            "That is no address of the web.",
            fix="Write it whole, without a name or password: https://example.com/path.",
        )
    if scheme == "http" and not (allow_http or allow_private):
        raise AddressRefused("That address is not encrypted.", fix="Write one with https://.")
    try:
        refuse_by_name(host, allow_private=allow_private)
    except ServerForbidden:
        raise _not_public(host) from None
    return url


class OutsideHTTP:
    """Asks outside servers. Make it by `open_outside`."""

    def __init__(self, session: aiohttp.ClientSession, *, allow_private: bool) -> None:
        self._session = session
        self._allow_private = allow_private

    async def request(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = _SECONDS,
        most_bytes: int = _MOST_BYTES,
        allow_http: bool = False,
    ) -> Answer:
        """Ask once. A redirect is an answer, and is not followed.

        `seconds` limits all of it, from the name to the last byte. Raises `AddressRefused` and
        `OutsideError`.
        """
        url = read_url(address, allow_private=self._allow_private, allow_http=allow_http)
        host = url.host or ""
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                ) as answer,
            ):
                content = await _read(answer.content, most_bytes)
                return Answer(answer.status, dict(answer.headers), content)
        except TimeoutError:
            raise OutsideError(f"{host} did not answer within {seconds:g} seconds.") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if refusal := _refusal(error):
                raise refusal from None
            raise OutsideError(f"{host} was not reached: {_words(error)}.") from None


@asynccontextmanager
async def open_outside(*, allow_private: bool) -> AsyncIterator[OutsideHTTP]:
    """Connections are not kept: the next look at a name may find another address."""
    connector = aiohttp.TCPConnector(
        resolver=_Gate(allow_private=allow_private),
        use_dns_cache=False,
        force_close=True,
        limit=50,
        limit_per_host=4,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "SharedBox"},
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        yield OutsideHTTP(session, allow_private=allow_private)


class _Refused(OSError):
    """Carries a refusal through aiohttp, which lets errors of the system alone pass."""

    def __init__(self, refusal: SharedBoxError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class _Gate(AbstractResolver):
    """Resolves names to addresses that may be connected to."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await resolve(host, port, allow_private=self._allow_private)
        except ServerForbidden:
            raise _Refused(_not_public(host)) from None
        except MailServerError as error:
            raise _Refused(OutsideError(str(error))) from None
        return [
            ResolveResult(
                hostname=host,
                host=one.address,
                port=port,
                family=one.family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for one in found
            if family in {socket.AF_UNSPEC, one.family}
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    pieces: list[bytes] = []
    left = most
    while left > 0 and (piece := await content.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _refusal(error: BaseException) -> SharedBoxError | None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _Refused):
            return cause.refusal
        cause = cause.__cause__ or cause.__context__
    return None


def _words(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate does not hold ({error.certificate_error})"
        case aiohttp.ClientSSLError():
            return "it does not speak TLS as it should"
        case aiohttp.ClientConnectorError():
            return error.os_error.strerror or "no connection"
        case aiohttp.ServerDisconnectedError():
            return "it hung up"
        case _:
            return type(error).__name__


def _not_public(host: str) -> AddressRefused:
    return AddressRefused(
        f"{host} is not a public address.",
        fix="Only public addresses are asked, so that nobody looks into your network through us.",
    )
