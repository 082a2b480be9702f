"""One mail on one connection.

DATA is sent by us, line by line as aiosmtplib would, because it must be known what was said when a
connection breaks: up to the last line nothing is delivered, whatever happens; from there on only
the server knows.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import aiosmtplib

from app.core.faults import faultpoint
from app.mailbox.port import ServerSpec
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
from app.sending.smtp_line import Limits, Line, in_words
from app.sending.smtp_login import answer_of

_CHUNK: Final = 64 * 1024
_DOT: Final = re.compile(rb"(?m)^\.")


class Stale(Exception):
    """A connection that had taken mail before does not go on: it says nothing about this one.

    Nothing was delivered, so a new connection may be asked at once.
    """


class Attempt:
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
        self._is_used_line = False
        self._takes = 0
        self.is_over = False
        """The server has answered for the mail, one way or the other."""

    async def run(self, line: Line) -> Delivered:
        """Raises `Deferred`, `Refused`, `NobodyTaken`, `OutcomeUnknown`, and `Stale`.

        After `Stale` it may be run again, by a new line.
        """
        client = line.client
        self._is_used_line, self.is_over = line.mails > 0, False
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
            if self._is_used_line and not self._said_all:
                raise Stale from None
            raise self.cut_off(error) from None
        self.is_over = True
        self._check(answer, "the mail")
        if answer.code >= 300:
            raise OutcomeUnknown(f"{self._server.host} answered the mail with “{answer}”.")
        line.mails += 1
        return Delivered(accepted, refused, said=str(answer), takes=self._takes)

    def cut_off(self, error: Exception) -> Exception:
        """What a broken connection means at the point where it broke."""
        if self._said_all:
            return OutcomeUnknown(
                f"The connection to {self._server.host} was lost when the mail had been handed "
                "over and before it was answered for."
            )
        return in_words(self._server, error)

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
        answer = await self._say(client, "MAIL", *command)
        if self._is_used_line and answer.code >= 300:
            raise Stale  # too many mails on it, or its login has ended: a new one would be told
        self._check(answer, "the sender")

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
            if self._is_used_line:
                raise Stale  # perhaps an answer too many came before, and this is none to DATA
            self.is_over = ready.code != 421
            self._check(ready, "the mail")
            raise Deferred(
                f"{self._server.host} answered {ready} where it should ask for the mail."
            )
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        # What comes from here to the dot is dropped by the protocol; what came with the 354 is not.
        self._check_nothing_left(client)
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
        self._check_nothing_left(client)
        encoding = "utf-8" if self._envelope.needs_smtputf8 else "ascii"
        said = await client.execute_command(*(word.encode(encoding) for word in words))
        if said.code == aiosmtplib.SMTPStatus.domain_unavailable and self._is_used_line:
            raise Stale  # 421: it hangs up on whoever is there
        return answer_of(said)

    def _check_nothing_left(self, client: aiosmtplib.SMTP) -> None:
        """An answer that nobody asked for would be taken for the answer to what is said next.

        Raises `Deferred` and `Stale`: up to the dot nothing is delivered.
        """
        protocol = client.protocol
        if protocol is None or not protocol._buffer:  # noqa: SLF001 -- nothing public tells
            return
        if self._is_used_line:
            raise Stale
        raise Deferred(
            f"{self._server.host} answered before it was asked, so its answers mean nothing.",
            fix="It is tried again; if this goes on, tell the server’s operator.",
        )

    def _check(self, answer: Answer, what: str) -> None:
        """Raises `Deferred` or `Refused` for anything but a yes."""
        if 200 <= answer.code < 400:
            return
        if answer.is_for_good:
            raise Refused(f"{self._server.host} refused {what}: {answer}.", fix=_what_to_do(answer))
        raise Deferred(f"{self._server.host} does not take {what} just now: {answer}.")


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
