"""One connection to a server for sending: dialled, secured, greeted, used and left."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass

import aiosmtplib

from app.mailbox.errors import connection_error
from app.mailbox.hosts import Endpoint
from app.mailbox.port import Security, ServerSpec
from app.sending.port import Deferred, Refused
from app.sending.smtp_login import answer_of, log_in

_GOODBYE_SECONDS = 2.0


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


class Line:
    """A connection that was greeted; `log_in` before the first mail."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.opened_at = asyncio.get_running_loop().time()
        self.mails = 0
        """How many it has taken."""

    @property
    def is_open(self) -> bool:
        return self.client.is_connected

    async def log_in(self, server: ServerSpec) -> None:
        """Raises `Deferred` and `Refused`."""
        try:
            await log_in(self.client, server)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise in_words(server, error) from None

    async def is_ready(self, seconds: float) -> bool:
        """Whether it still answers, and nothing is left in it of the mail before."""
        protocol = self.client.protocol
        if protocol is None or protocol._buffer:  # noqa: SLF001 -- an answer nobody asked for
            return False
        try:
            async with asyncio.timeout(seconds):
                said = await self.client.execute_command(b"RSET")
        except (aiosmtplib.SMTPException, OSError):
            return False
        return said.code == aiosmtplib.SMTPStatus.completed

    async def leave(self, *, polite: bool = True) -> None:
        """Say goodbye if there is somebody to hear it. Whatever comes of that changes nothing."""
        try:
            if polite and self.is_open:
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    async with asyncio.timeout(_GOODBYE_SECONDS):
                        await self.client.quit()
        finally:
            self.client.close()


async def dial(
    server: ServerSpec,
    endpoint: Endpoint,
    limits: Limits,
    *,
    context: ssl.SSLContext,
    host_name: str,
) -> Line:
    """Connect to this address and no other.

    Raises `OSError` where nobody answers, and `Deferred` for everything that goes wrong after that.
    """
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(limits.connect):
            await asyncio.get_running_loop().sock_connect(sock, (endpoint.address, endpoint.port))
    except BaseException:
        sock.close()
        raise
    client = _Client(
        hostname=server.host,
        sock=sock,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=context,
        timeout=limits.answer,
        local_hostname=host_name,
    )
    try:
        await client.connect()
        await client._ehlo_or_helo_if_needed()  # noqa: SLF001 -- EHLO, and HELO where it must be
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise in_words(server, error) from None
    except BaseException:
        client.close()
        raise
    return Line(client)


def in_words(server: ServerSpec, error: Exception) -> Exception:
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
