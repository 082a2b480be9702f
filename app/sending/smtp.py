"""SMTP submission (RFC 6409) by aiosmtplib: the one door to it, with its login, line and attempt.

A mail goes out by the connection that its account has kept (`sending.kept`), where there is one,
else by a new one. A kept connection that breaks or takes no more mail before this one is handed
over says nothing about it: the same attempt goes on by a new connection.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from app.core.ids import AccountId
from app.mailbox.errors import MailServerError, ServerForbidden
from app.mailbox.hosts import resolve
from app.mailbox.port import ServerSpec
from app.sending.kept import KeptLines
from app.sending.port import Deferred, Delivered, Envelope, Refused
from app.sending.smtp_attempt import Attempt, Stale
from app.sending.smtp_line import Limits, Line, dial, in_words

_ADDRESSES_TRIED: Final = 2
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f<>\u0085\u2028\u2029\ud800-\udfff]")


class SMTPTransport:
    """Implements `port.Transport`."""

    def __init__(
        self,
        *,
        allow_private: bool,
        ca_file: Path | None,
        limits: Limits | None = None,
        host_name: str = "localhost",
        kept: KeptLines | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._limits = limits or Limits()
        self._host_name = host_name
        self._kept = kept
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
        account_id: AccountId | None = None,
    ) -> Delivered:
        """See `port.Transport`."""
        _check_envelope(envelope)
        attempt = Attempt(server, self._limits, envelope, raw, before_the_end)
        try:
            async with asyncio.timeout(self._limits.total):
                if self._kept is None or account_id is None:
                    return await self._by_a_new_line(attempt, server)
                return await self._by_kept_line(attempt, server, self._kept, account_id)
        except TimeoutError:
            raise attempt.cut_off(TimeoutError()) from None

    async def _by_a_new_line(self, attempt: Attempt, server: ServerSpec) -> Delivered:
        line = await self._open(server)
        try:
            return await attempt.run(line)
        finally:
            await line.leave(polite=attempt.is_over)

    async def _by_kept_line(
        self, attempt: Attempt, server: ServerSpec, kept: KeptLines, account_id: AccountId
    ) -> Delivered:
        used = await kept.take(account_id, server)
        if used is not None:
            with contextlib.suppress(Stale):
                return await _by(used, attempt, server, kept, account_id)
        return await _by(await self._open(server), attempt, server, kept, account_id)

    async def try_login(self, server: ServerSpec) -> None:
        """Connect, secure and log in, and send nothing. Raises `Deferred` and `Refused`."""
        try:
            async with asyncio.timeout(self._limits.total):
                line = await self._open(server)
                await line.leave()
        except TimeoutError:
            raise in_words(server, TimeoutError()) from None

    async def _open(self, server: ServerSpec) -> Line:
        """A new connection, logged in. Raises `Deferred` and `Refused`."""
        line = await self._connect(server)
        try:
            await line.log_in(server)
        except BaseException:
            await line.leave(polite=False)
            raise
        return line

    async def _connect(self, server: ServerSpec) -> Line:
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
                return await dial(
                    server,
                    endpoint,
                    self._limits,
                    context=self._context,
                    host_name=self._host_name,
                )
            except (OSError, TimeoutError) as error:
                failure = error
        raise in_words(server, failure)


async def _by(
    line: Line,
    attempt: Attempt,
    server: ServerSpec,
    kept: KeptLines,
    account_id: AccountId,
) -> Delivered:
    """Hand the mail over by this line; only one that has taken it for everybody is kept."""
    is_kept = False
    try:
        delivered = await attempt.run(line)
        is_kept = not delivered.refused and kept.keep(account_id, server, line)
        return delivered
    finally:
        if not is_kept:
            await line.leave(polite=attempt.is_over)


def _check_envelope(envelope: Envelope) -> None:
    """The gate: no address may end its command and begin one of its own. Raises `Refused`."""
    for address in (envelope.sender, *envelope.recipients):
        quoted = address.startswith('"')
        text = address.replace(" ", "") if quoted else address
        is_sendable = address.isascii() or envelope.needs_smtputf8
        if not address or _UNSAFE.search(text) or not is_sendable:
            raise Refused("An address of this mail cannot be sent to.", fix="Check its addresses.")
