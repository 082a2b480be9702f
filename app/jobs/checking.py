"""The live test of a mailbox's servers, one visible step after the other.

    name ─▶ TLS ─▶ greeting ─▶ login ─▶ capabilities ─▶ folders ─▶ mail to import
    name of the server for sending ─▶ its login ─▶ a mail to itself ─▶ received, and removed

What cannot be tried because an earlier step failed is skipped, and says so. Nothing in the mailbox
is changed but the test's own mail.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from app.core.errors import SharedBoxError
from app.core.findings import counted
from app.mailbox.greeting import Greeting, greet
from app.mailbox.hosts import Endpoint, resolve
from app.mailbox.port import Folder, Identity, MailServers, MailSession, Role, Security, ServerSpec
from app.sending.port import Envelope, OutcomeUnknown
from app.sending.smtp import SMTPTransport

WINDOWS: Final = (7, 30, 90, 365)
_LOOP_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 2.0
_EXPIRES_SOON: Final = timedelta(days=14)
_ROLES: Final = (Role.ARCHIVE, Role.SENT, Role.TRASH, Role.JUNK)


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    OK = "ok"
    NOTE = "note"
    """It works, and there is something to know."""
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """`detail` says what was seen, `fix` what to do about it."""

    key: str
    title: str
    state: StepState = StepState.WAITING
    detail: str = ""
    fix: str = ""
    seconds: float | None = None


_TITLES: Final = {
    "name": "The server’s name",
    "tls": "Encryption",
    "greeting": "The server’s greeting",
    "login": "Login",
    "capabilities": "What the server can",
    "folders": "Folders",
    "history": "Mail that is there",
    "smtp": "Server for sending",
    "loop": "A mail to itself",
}
_NEEDS: Final = {
    "tls": "name", "greeting": "tls", "login": "greeting", "capabilities": "login",
    "folders": "login", "history": "login", "loop": "smtp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhatToCheck:
    address: str
    imap: ServerSpec
    smtp: ServerSpec | None = None
    with_loop: bool = False


@dataclass(slots=True)
class Progress:
    """The steps as they are, and what was found for a person to choose from."""

    steps: dict[str, Step]
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not any(one.state is StepState.FAILED for one in self.steps.values())


class Checker:
    """Tries servers as the worker would use them."""

    def __init__(
        self,
        servers: MailServers,
        transport: SMTPTransport,
        *,
        allow_private: bool,
        ca_file: Path | None,
        loop_seconds: float = _LOOP_SECONDS,
    ) -> None:
        self._servers = servers
        self._transport = transport
        self._allow_private = allow_private
        self._loop_seconds = loop_seconds
        self._context = ssl.create_default_context()
        if ca_file is not None:
            self._context.load_verify_locations(ca_file)

    async def check(self, what: WhatToCheck) -> AsyncIterator[Progress]:
        """Go through the steps; answers the progress whenever one has begun or ended."""
        run = _Run(what, self._servers, self._transport, self._loop_seconds)
        run.context, run.allow_private = self._context, self._allow_private
        async with AsyncExitStack() as stack:
            run.stack = stack
            async for progress in run.steps():
                yield progress


class _Run:
    """One test."""

    context: ssl.SSLContext
    allow_private: bool
    stack: AsyncExitStack

    def __init__(
        self, what: WhatToCheck, servers: MailServers, transport: SMTPTransport, loop_seconds: float
    ) -> None:
        self._what = what
        self._servers = servers
        self._transport = transport
        self._loop_seconds = loop_seconds
        self._session: MailSession | None = None
        self._endpoints: list[Endpoint] = []
        self._greeting: Greeting | None = None
        keys = [one for one in _TITLES if one not in {"smtp", "loop"}]
        keys += ["smtp"] if what.smtp else []
        keys += ["loop"] if what.smtp and what.with_loop else []
        self.progress = Progress({key: Step(key, _TITLES[key]) for key in keys})

    async def steps(self) -> AsyncIterator[Progress]:
        yield self.progress
        tries: dict[str, Callable[[], Awaitable[Step]]] = {
            "name": self._name,
            "tls": self._tls,
            "greeting": self._greet,
            "login": self._login,
            "capabilities": self._capabilities,
            "folders": self._folders,
            "history": self._history,
            "smtp": self._smtp,
            "loop": self._loop,
        }
        for key in list(self.progress.steps):
            step = self.progress.steps[key]
            needed = _NEEDS.get(key)
            if needed and self.progress.steps[needed].state in {
                StepState.FAILED,
                StepState.SKIPPED,
            }:
                self.progress.steps[key] = replace(step, state=StepState.SKIPPED)
                yield self.progress
                continue
            self.progress.steps[key] = replace(step, state=StepState.RUNNING)
            yield self.progress
            self.progress.steps[key] = await self._timed(step, tries[key])
            yield self.progress

    async def _timed(self, step: Step, attempt: Callable[[], Awaitable[Step]]) -> Step:
        began = time.monotonic()
        try:
            ended = await attempt()
        except SharedBoxError as error:
            ended = _ended(step.key, StepState.FAILED, str(error), error.fix)
        return replace(ended, seconds=round(time.monotonic() - began, 2))

    async def _name(self) -> Step:
        imap = self._what.imap
        self._endpoints = await resolve(imap.host, imap.port, allow_private=self.allow_private)
        addresses = ", ".join(dict.fromkeys(one.address for one in self._endpoints[:4]))
        return _ended("name", StepState.OK, f"{imap.host} is {addresses}.")

    async def _tls(self) -> Step:
        self._greeting = await greet(self._what.imap, self._endpoints, self.context)
        if self._what.imap.security is Security.NONE:
            return _ended(
                "tls",
                StepState.NOTE,
                "The connection is not encrypted: whoever is on the way reads the password.",
                "Choose TLS or STARTTLS where the server offers it.",
            )
        expires = self._greeting.expires_at
        issuer = f" by {self._greeting.issuer}" if self._greeting.issuer else ""
        until = f", until {expires:%Y-%m-%d}" if expires else ""
        detail = f"The certificate is for {self._what.imap.host}, issued{issuer}{until}."
        if expires is not None and expires - datetime.now(UTC) < _EXPIRES_SOON:
            return _ended(
                "tls", StepState.NOTE, detail, "It ends soon. The server’s operator renews it."
            )
        return _ended("tls", StepState.OK, detail)

    async def _greet(self) -> Step:
        assert self._greeting is not None
        words = self._greeting.words
        if not words.upper().startswith(("* OK", "* PREAUTH")):
            return _ended(
                "greeting",
                StepState.FAILED,
                f"It says “{words}”, which is no greeting of an IMAP server.",
                "Check the port: 993 and 143 are usual for IMAP.",
            )
        return _ended("greeting", StepState.OK, words)

    async def _login(self) -> Step:
        self._session = await self.stack.enter_async_context(self._servers.open(self._what.imap))
        provider = self._session.provider.title
        return _ended(
            "login", StepState.OK, f"{self._what.imap.username} is let in. It is: {provider}."
        )

    async def _capabilities(self) -> Step:
        assert self._session is not None
        has = self._session.capabilities
        lacks = []
        if "IDLE" not in has:
            lacks.append("it does not announce new mail, so it is looked at every minute (IDLE)")
        if "MOVE" not in has and "UIDPLUS" not in has:
            lacks.append("mail that is moved away stays behind, marked as deleted (MOVE, UIDPLUS)")
        self.progress.found["capabilities"] = sorted(has)
        if lacks:
            return _ended("capabilities", StepState.NOTE, f"It works, but {'; '.join(lacks)}.")
        return _ended("capabilities", StepState.OK, "It announces new mail and moves mail.")

    async def _folders(self) -> Step:
        assert self._session is not None
        folders = await self._session.folders()
        self.progress.found["folders"] = [_shown(one) for one in folders]
        by_role = {one.role: one.name for one in folders if one.role}
        said = [f"{role}: {by_role[role]}" for role in _ROLES if role in by_role]
        detail = f"{counted(len(folders), 'folder')}. {', '.join(said)}".strip()
        lacking = [str(role) for role in _ROLES[:3] if role not in by_role]
        if lacking:
            return _ended(
                "folders",
                StepState.NOTE,
                f"{detail}. None is known to be for: {', '.join(lacking)}.",
                "SharedBox makes the ones it needs, when it needs them.",
            )
        return _ended("folders", StepState.OK, f"{detail}.")

    async def _history(self) -> Step:
        assert self._session is not None
        inbox = await self._session.examine("INBOX")
        last = inbox.uidnext or 2**32 - 1
        counts: dict[str, int] = {}
        for days in WINDOWS:
            since = datetime.now(UTC) - timedelta(days=days)
            counts[str(days)] = len(await self._session.uids_below(last, since=since))
        counts["all"] = inbox.exists
        self.progress.found["history"] = counts
        return _ended(
            "history",
            StepState.OK,
            f"{counted(inbox.exists, 'mail')} in the inbox, {counts['7']:,} of the last 7 days, "
            f"{counts['30']:,} of the last 30. None is imported unless you ask for it.",
        )

    async def _smtp(self) -> Step:
        assert self._what.smtp is not None
        await self._transport.try_login(self._what.smtp)
        return _ended("smtp", StepState.OK, f"{self._what.smtp.host} takes mail from us.")

    async def _loop(self) -> Step:
        assert self._what.smtp is not None
        message_id, raw = _test_mail(self._what.address)
        began = time.monotonic()
        try:
            await self._transport.deliver(
                self._what.smtp,
                Envelope(
                    self._what.address,
                    [self._what.address],
                    needs_smtputf8=not self._what.address.isascii(),
                ),
                raw,
                before_the_end=_nothing,
            )
        except OutcomeUnknown as error:
            return _ended("loop", StepState.FAILED, str(error), "Test again in a moment.")
        if self._session is None:
            return _ended("loop", StepState.NOTE, "Sent; the inbox could not be looked into.")
        if not await self._receive(self._session, message_id, began + self._loop_seconds):
            return _ended(
                "loop",
                StepState.FAILED,
                f"Sent, but it did not arrive within {self._loop_seconds:g} seconds.",
                "Look for it in the junk folder, and whether mail for this address arrives at all.",
            )
        took = time.monotonic() - began
        return _ended("loop", StepState.OK, f"Sent and received within {took:.1f} seconds.")

    async def _receive(self, session: MailSession, message_id: str, deadline: float) -> bool:
        identity = Identity(message_id.strip("<>"), 0, datetime.now(UTC))
        while True:
            await session.select("INBOX")
            if uids := await session.find(identity):
                await session.discard(uids)
                return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)


async def _nothing() -> None:
    """Nobody else may be sending this mail."""


def _ended(key: str, state: StepState, detail: str, fix: str = "") -> Step:
    return Step(key, _TITLES[key], state, detail[:1000], fix)


def _shown(folder: Folder) -> dict[str, Any]:
    return {
        "name": folder.name,
        "role": str(folder.role) if folder.role else None,
        "selectable": folder.selectable,
    }


def _test_mail(address: str) -> tuple[str, bytes]:
    mail = EmailMessage()
    mail["From"] = mail["To"] = address
    mail["Subject"] = "SharedBox: a test of this mailbox"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id = make_msgid(domain=address.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        "SharedBox has sent this mail to see whether it arrives. It removes it again.\n"
    )
    return message_id, mail.as_bytes(policy=SMTP if address.isascii() else SMTPUTF8)
