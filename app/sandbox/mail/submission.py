"""The demo's way from the world to the inbox and back: an SMTP server on the loopback.

What is addressed to the inbox is delivered to the mail server beside us, with the trace a real MX
leaves. What is addressed to anybody else goes nowhere: it is kept here, so that the demo can show
what a customer would have received, and no mail of a demo ever leaves the machine.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from email.utils import format_datetime, make_msgid
from typing import Final, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.core.clock import Clock, SystemClock
from app.core.crypto import same
from app.core.errors import SharedBoxError
from app.core.logging import get_logger
from app.sandbox.mail.process import free_ports
from app.sandbox.mail.server import LOOPBACK, MailServer

log = get_logger(__name__)

_HOST_NAME: Final = "mx.example.com"
_MOST_RECIPIENTS: Final = 100
_KEPT: Final = 100
_IDLE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class SentAway:
    """A mail that left for somebody who is not us."""

    recipients: tuple[str, ...]
    raw: bytes


class SubmissionServer:
    """Use as an async context manager; inside, `port` takes mail.

    `address` is the inbox; `sent_away` holds the last mails to anybody else, oldest first.
    """

    host: Final = LOOPBACK

    def __init__(
        self,
        address: str,
        inbox: MailServer,
        *,
        max_bytes: int = 25 * 1024 * 1024,
        clock: Clock | None = None,
    ) -> None:
        self.address = address
        self.sent_away: deque[SentAway] = deque(maxlen=_KEPT)
        self._inbox = inbox
        self._max_bytes = max_bytes
        self._clock = clock or SystemClock()
        self._sessions: WeakSet[SMTP] = WeakSet()
        [self.port] = free_ports(1)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for session in self._sessions:
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        await self._server.wait_closed()

    def _session(self) -> SMTP:
        session = SMTP(
            self,
            data_size_limit=self._max_bytes,
            hostname=_HOST_NAME,
            ident="SharedBox demo",
            timeout=_IDLE_SECONDS,
            authenticator=self._authenticate,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        """The inbox's own user and password; strangers need none to write to it."""
        known = (self._inbox.username.encode(), self._inbox.password.encode())
        is_known = isinstance(data, LoginPassword) and same(
            data.login + b"\0" + data.password, b"\0".join(known)
        )
        return AuthResult(success=is_known, handled=False)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = self._completed(envelope.original_content or b"")
        away = tuple(one for one in envelope.rcpt_tos if not self._is_inbox(one))
        try:
            if len(away) < len(envelope.rcpt_tos):
                trace = self._trace(session.host_name or LOOPBACK)
                await self._inbox.deliver(trace + raw, sender=envelope.mail_from or "")
        except SharedBoxError as error:
            log.warning("submission.not_delivered", error=str(error))
            return "451 4.3.0 The inbox does not take mail just now"
        if away:
            self.sent_away.append(SentAway(away, raw))
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        log.error("submission.failed", exc_info=error)
        return "451 4.3.0 Something went wrong here"

    def _is_inbox(self, address: str) -> bool:
        return address.casefold() == self.address.casefold()

    def _trace(self, client: str) -> bytes:
        """What an MX writes on top of a mail it takes in."""
        return (
            f"Delivered-To: {self.address}\r\n"
            f"Received: from {client} ({LOOPBACK})\r\n"
            f"\tby {_HOST_NAME} with ESMTP\r\n"
            f"\tfor <{self.address}>; {format_datetime(self._clock.now())}\r\n"
        ).encode()

    def _completed(self, raw: bytes) -> bytes:
        """The mail with the headers it cannot do without."""
        head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
        missing = b""
        if not re.search(rb"(?im)^date\s*:", head):
            missing += f"Date: {format_datetime(self._clock.now())}\r\n".encode()
        if not re.search(rb"(?im)^message-id\s*:", head):
            missing += f"Message-ID: {make_msgid(domain=_HOST_NAME)}\r\n".encode()
        return missing + raw
