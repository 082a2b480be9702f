"""The first words with a mail server, for a test that shows each step: TLS, and the greeting.

What the connection is used for afterwards is another one's business; this one is closed.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.mailbox.errors import MailServerError, Transient, connection_error
from app.mailbox.hosts import Endpoint
from app.mailbox.port import Security, ServerSpec

_SECONDS: Final = 10.0
_LONGEST: Final = 4096
_MOST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Greeting:
    """`expires_at` is when the certificate does; None without TLS."""

    words: str
    issuer: str
    expires_at: datetime | None


async def greet(
    spec: ServerSpec, endpoints: Sequence[Endpoint], context: ssl.SSLContext
) -> Greeting:
    """Connect to the first address that answers, secure it, and listen. Raises `Transient`."""
    failure: MailServerError = Transient(f"{spec.host} has no address.")
    for endpoint in endpoints[:2]:
        try:
            async with asyncio.timeout(_SECONDS):
                return await _greet(spec, endpoint, context)
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            failure = connection_error(error, spec.host, spec.port)
    raise failure


async def _greet(spec: ServerSpec, endpoint: Endpoint, context: ssl.SSLContext) -> Greeting:
    tls: dict[str, Any] = {}
    if spec.security is Security.TLS:
        tls = {"ssl": context, "server_hostname": spec.host}
    reader, writer = await asyncio.open_connection(
        endpoint.address, endpoint.port, limit=_LONGEST, **tls
    )
    try:
        words = await _line(reader)
        if spec.security is Security.STARTTLS:
            await _start_tls(spec, reader, writer, context)
        certificate = writer.get_extra_info("peercert") or {}
        return Greeting(words[:200], _issuer(certificate), _expiry(certificate))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _start_tls(
    spec: ServerSpec,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
) -> None:
    writer.write(b"a STARTTLS\r\n")
    await writer.drain()
    for _ in range(_MOST_LINES):
        line = await _line(reader)
        if line.startswith("a "):
            if not line.upper().startswith("A OK"):
                break
            await writer.start_tls(context, server_hostname=spec.host)
            return
    raise Transient(
        f"{spec.host}:{spec.port} does not offer STARTTLS.",
        fix="Choose TLS (usually port 993), or ask the server’s operator to offer STARTTLS.",
    )


async def _line(reader: asyncio.StreamReader) -> str:
    line = (await reader.readuntil(b"\n")).decode("ascii", "replace")
    return "".join(one if one.isprintable() else " " for one in line).strip()


def _issuer(certificate: dict[str, Any]) -> str:
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "")


def _expiry(certificate: dict[str, Any]) -> datetime | None:
    text = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None
