"""Hand one mail to a mail server by LMTP (RFC 2033)."""

import asyncio
import contextlib
import re

from app.core.errors import InvalidInput
from app.sandbox.mail.server import MailServerFailed


async def deliver_by_lmtp(
    host: str, port: int, raw: bytes, *, recipient: str, sender: str = "", within: float = 30
) -> None:
    """Deliver, or raise `MailServerFailed` with the server's own words. `within` is for it all."""
    if re.search(r"[\x00-\x20\x7f<>]", recipient + sender):
        raise InvalidInput("An address holds a space, a bracket or a control character.")
    try:
        async with asyncio.timeout(within):
            await _converse(host, port, raw, recipient, sender)
    except TimeoutError:
        raise MailServerFailed(f"The mail was not taken within {within:g} s.") from None
    except OSError as error:
        raise MailServerFailed(f"The mail was not taken: {error}") from error


async def _converse(host: str, port: int, raw: bytes, recipient: str, sender: str) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        await _expect(reader, "220")
        for line, code in [
            ("LHLO localhost", "250"),
            (f"MAIL FROM:<{sender}>", "250"),
            (f"RCPT TO:<{recipient}>", "250"),
            ("DATA", "354"),
        ]:
            writer.write(f"{line}\r\n".encode())
            await _expect(reader, code)
        writer.write(_as_data(raw))
        await writer.drain()
        await _expect(reader, "250")
        writer.write(b"QUIT\r\n")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _expect(reader: asyncio.StreamReader, code: str) -> None:
    """Read one answer, which may have several lines."""
    while True:
        line = (await reader.readline()).decode(errors="replace").rstrip()
        if not line.startswith(code):
            raise MailServerFailed(f"The server would not take the mail: {line or 'it hung up'}")
        if line[3:4] != "-":
            return


def _as_data(raw: bytes) -> bytes:
    """The mail with CRLF line ends, dots doubled and the final dot (RFC 5321 §4.5.2)."""
    lines = re.sub(rb"\r?\n", b"\r\n", raw).removesuffix(b"\r\n")
    return re.sub(rb"(?m)^\.", b"..", lines) + b"\r\n.\r\n"
