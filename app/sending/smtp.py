"""SMTP submission (RFC 6409) by aiosmtplib: the only module that imports it.

Every mail takes a connection of its own. A connection that is kept for the next one saves a second
and brings back every doubt about what the last mail left behind in it; people send tens of mails an
hour, not thousands.

DATA is sent by us, line by line as aiosmtplib would, because it must be known what was said when a
connection breaks: up to the last line nothing is delivered, whatever happens; from there on only
the server knows.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiosmtplib

from app.core.faults import faultpoint
from app.mailbox.errors import MailServerError, ServerForbidden, connection_error
from app.mailbox.hosts import Endpoint, resolve
from app.mailbox.port import Security, ServerSpec
from app.sending.port import (
    Answer,
    Deferred,
    Delivered,
    Envelope,
    NobodyTaken,
    OutcomeUnknown,
    Refused,
    TooLarge,
)
from app.sending.smtp_login import answer_of, log_in

_CHUNK: Final = 64 * 1024
_ADDRESSES_TRIED: Final = 2
_DOT: Final = re.compile(rb"(?m)^\.")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f<>\u0085\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one attempt, in seconds."""

    connect: float = 15
    answer: float = 60
    """For each answer, the greeting included; RFC 5321 §4.5.3.2 wants more than people would."""
    end: float = 300
    """For the answer to the last line, when the server has the mail and thinks about it."""
    total: float = 900


class _Client(aiosmtplib.SMTP):
    AUTH_METHODS = ("plain", "login")


class SMTPTransport:
    """Implements `port.Transport`."""

    def __init__(
        self,
        *,
        allow_private: bool,
        ca_file: Path | None,
        limits: Limits | None = None,
        host_name: str = "localhost",
    ) -> None:
        self._allow_private = allow_private
        self._limits = limits or Limits()
        self._host_name = host_name
        self._context = ssl.create_default_context()
        if ca_file is not None:
            self._context.load_verify_locations(ca_file)

    async def deliver(
        self,
        server: ServerSpec,
        envelope: Envelope,
        raw: bytes,
        *,
        before_the_end: Callable[[], Awaitable[None]],
    ) -> Delivered:
        """See `port.Transport`."""
        _check_envelope(envelope)
        attempt = _Attempt(server, self._limits, envelope, raw, before_the_end)
        try:
            async with asyncio.timeout(self._limits.total):
                client = await self._connect(server)
                try:
                    await self._log_in(client, server)
                    return await attempt.run(client)
                finally:
                    await _leave(client, polite=attempt.is_over)
        except TimeoutError:
            raise attempt.cut_off(TimeoutError()) from None

    async def try_login(self, server: ServerSpec) -> None:
        """Connect, secure and log in, and send nothing. Raises `Deferred` and `Refused`."""
        try:
            async with asyncio.timeout(self._limits.total):
                client = await self._connect(server)
                try:
                    await self._log_in(client, server)
                finally:
                    await _leave(client, polite=True)
        except TimeoutError:
            raise _in_words(server, TimeoutError()) from None

    async def _log_in(self, client: aiosmtplib.SMTP, server: ServerSpec) -> None:
        try:
            await log_in(client, server)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _in_words(server, error) from None

    async def _connect(self, server: ServerSpec) -> aiosmtplib.SMTP:
        """Connect to an address that was checked, and to no other. Raises `Deferred`, `Refused`."""
        try:
            endpoints = await resolve(server.host, server.port, allow_private=self._allow_private)
        except ServerForbidden as error:
            raise Refused(str(error), fix=error.fix) from None
        except MailServerError as error:
            raise Deferred(str(error), fix=error.fix) from None
        failure: Exception = OSError("no address")
        for endpoint in endpoints[:_ADDRESSES_TRIED]:
            try:
                return await self._dial(server, endpoint)
            except (OSError, TimeoutError) as error:
                failure = error
        raise _in_words(server, failure)

    async def _dial(self, server: ServerSpec, endpoint: Endpoint) -> aiosmtplib.SMTP:
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(self._limits.connect):
                await asyncio.get_running_loop().sock_connect(
                    sock, (endpoint.address, endpoint.port)
                )
        except BaseException:
            sock.close()
            raise
        client = _Client(
            hostname=server.host,
            sock=sock,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._context,
            timeout=self._limits.answer,
            local_hostname=self._host_name,
        )
        try:
            await client.connect()
            await client._ehlo_or_helo_if_needed()  # noqa: SLF001 -- EHLO, and HELO where it must be
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise _in_words(server, error) from None
        except BaseException:
            client.close()
            raise
        return client


class _Attempt:
    """One mail on one connection."""

    def __init__(
        self,
        server: ServerSpec,
        limits: Limits,
        envelope: Envelope,
        raw: bytes,
        before_the_end: Callable[[], Awaitable[None]],
    ) -> None:
        self._server = server
        self._limits = limits
        self._envelope = envelope
        self._raw = raw
        self._before_the_end = before_the_end
        self._said_all = False
        self._takes = 0
        self.is_over = False
        """The server has answered for the mail, one way or the other."""

    async def run(self, client: aiosmtplib.SMTP) -> Delivered:
        try:
            self._check_extensions(client)
            await self._mail_from(client)
            accepted, refused = await self._recipients(client)
            if not accepted:
                self.is_over = True
                raise NobodyTaken(_nobody(refused), refused)
            faultpoint("K24")
            answer = await self._data(client)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self.cut_off(error) from None
        self.is_over = True
        self._check(answer, "the mail")
        if answer.code >= 300:
            raise OutcomeUnknown(f"{self._server.host} answered the mail with “{answer}”.")
        return Delivered(accepted, refused, said=str(answer), takes=self._takes)

    def cut_off(self, error: Exception) -> Exception:
        """What a broken connection means at the point where it broke."""
        if self._said_all:
            return OutcomeUnknown(
                f"The connection to {self._server.host} was lost when the mail had been handed "
                "over and before it was answered for."
            )
        return _in_words(self._server, error)

    def _check_extensions(self, client: aiosmtplib.SMTP) -> None:
        if self._envelope.needs_smtputf8 and not client.supports_extension("smtputf8"):
            self.is_over = True
            raise Refused(
                f"{self._server.host} cannot send to addresses with letters beyond ASCII.",
                fix="Use another address of the recipient.",
            )
        stated = client.esmtp_extensions.get("size", "").split()
        self._takes = int(stated[0]) if stated and re.fullmatch("[0-9]{1,18}", stated[0]) else 0
        if self._takes and len(self._raw) > self._takes:
            self.is_over = True
            raise TooLarge(
                f"The mail has {_megabytes(len(self._raw))} and {self._server.host} takes at most "
                f"{_megabytes(self._takes)}.",
                self._takes,
            )

    async def _mail_from(self, client: aiosmtplib.SMTP) -> None:
        options = []
        if client.supports_extension("size"):
            options.append(f"SIZE={len(self._raw)}")
        if client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME" if not self._raw.isascii() else "BODY=7BIT")
        if self._envelope.needs_smtputf8:
            options.append("SMTPUTF8")
        if client.supports_extension("dsn"):
            options.append("RET=HDRS")
        command = [f"FROM:<{self._envelope.sender}>", *options]
        self._check(await self._say(client, "MAIL", *command), "the sender")

    async def _recipients(self, client: aiosmtplib.SMTP) -> tuple[list[str], dict[str, Answer]]:
        options = ["NOTIFY=FAILURE,DELAY"] if client.supports_extension("dsn") else []
        accepted, refused = [], {}
        for address in self._envelope.recipients:
            answer = await self._say(client, "RCPT", f"TO:<{address}>", *options)
            if 200 <= answer.code < 300:
                accepted.append(address)
            elif answer.code == 421:
                raise Deferred(f"{self._server.host} hung up: {answer}.")
            else:
                refused[address] = answer
        return accepted, refused

    async def _data(self, client: aiosmtplib.SMTP) -> Answer:
        """The whole mail. Answers what the server says to the last line."""
        ready = await self._say(client, "DATA")
        if ready.code != 354:
            self.is_over = ready.code != 421
            self._check(ready, "the mail")
            raise Deferred(
                f"{self._server.host} answered {ready} where it should ask for the mail."
            )
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        for chunk in _chunks(_DOT.sub(b"..", self._raw)):
            protocol.write(chunk)
            async with asyncio.timeout(self._limits.answer):
                await protocol._drain_helper()  # noqa: SLF001 -- nothing public waits for it
            faultpoint("K25")
        await self._before_the_end()
        protocol.write(b".\r\n")  # raises where the connection is known to be gone already
        self._said_all = True
        faultpoint("K26")
        said = await protocol.read_response(timeout=self._limits.end)
        return answer_of(said)

    async def _say(self, client: aiosmtplib.SMTP, *words: str) -> Answer:
        encoding = "utf-8" if self._envelope.needs_smtputf8 else "ascii"
        said = await client.execute_command(*(word.encode(encoding) for word in words))
        return answer_of(said)

    def _check(self, answer: Answer, what: str) -> None:
        """Raises `Deferred` or `Refused` for anything but a yes."""
        if 200 <= answer.code < 400:
            return
        if answer.is_for_good:
            raise Refused(f"{self._server.host} refused {what}: {answer}.", fix=_what_to_do(answer))
        raise Deferred(f"{self._server.host} does not take {what} just now: {answer}.")


async def _leave(client: aiosmtplib.SMTP, *, polite: bool) -> None:
    """Say goodbye if there is somebody to hear it. Whatever comes of that changes nothing."""
    if polite and client.is_connected:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=2)
    client.close()


def _in_words(server: ServerSpec, error: Exception) -> Exception:
    """Why a connection could not be made, or did not last, before anything was handed over."""
    if isinstance(error, Deferred | Refused):
        return error
    cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPConnectError) else None
    if isinstance(error, aiosmtplib.SMTPResponseException):
        answer = answer_of(aiosmtplib.SMTPResponse(error.code, error.message))
        return Deferred(f"{server.host} does not take mail just now: {answer}.")
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        cause = TimeoutError()
    if type(error) is aiosmtplib.SMTPException and server.security is Security.STARTTLS:
        return Deferred(
            f"{server.host}:{server.port} does not offer STARTTLS.",
            fix="Choose TLS (usually port 465), or ask the server’s operator to offer STARTTLS.",
        )
    cause = cause or error
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLCertVerificationError):
        return Deferred(
            f"{server.host}:{server.port} did not answer in TLS.",
            fix="Check the port and the security setting: TLS is usual on 465, STARTTLS on 587.",
        )
    explained = connection_error(cause, server.host, server.port)
    return Deferred(str(explained), fix=explained.fix)


def _check_envelope(envelope: Envelope) -> None:
    """The gate: no address may end its command and begin one of its own. Raises `Refused`."""
    for address in (envelope.sender, *envelope.recipients):
        quoted = address.startswith('"')
        text = address.replace(" ", "") if quoted else address
        is_sendable = address.isascii() or envelope.needs_smtputf8
        if not address or _UNSAFE.search(text) or not is_sendable:
            raise Refused("An address of this mail cannot be sent to.", fix="Check its addresses.")


def _chunks(data: bytes) -> Iterator[bytes]:
    """Never the whole mail at once, so that a connection that breaks does so in the middle."""
    size = min(_CHUNK, len(data) // 2 + 1)
    for at in range(0, len(data), size):
        yield data[at : at + size]


def _nobody(refused: dict[str, Answer]) -> str:
    return "; ".join(f"{address}: {answer}" for address, answer in refused.items())[:1000]


def _what_to_do(answer: Answer) -> str:
    if answer.code == 552 or answer.words.startswith(("5.2.3", "5.3.4")):
        return "Send it without the largest files, or send a link to them."
    return "Change what the server objects to, or ask its operator; then try again."


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
