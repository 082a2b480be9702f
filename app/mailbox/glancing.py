"""A glance over a connection that IMAPClient made: without a thread, and without blocking.

What `glance.py` wants to send and hear is carried between it and the socket. Afterwards IMAPClient
and imaplib know what they must: which IDLE is under way, and what was told in the meantime.
"""

import imaplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.mailbox import responses
from app.mailbox.errors import command_error
from app.mailbox.glance import Command, Glance, Step
from app.mailbox.guard import check_safe, without_waiting
from app.mailbox.hearing import OVERFLOW
from app.mailbox.port import Selected, ServerSpec
from app.mailbox.translated import Translated
from app.providers.base import Facts


class Glancing:
    """One glance. `client` is an IMAPClient, which has no types.

    Every method may raise `Transient`.
    """

    def __init__(self, client: Any, spec: ServerSpec, glance: Glance) -> None:  # noqa: ANN401
        self._client, self._spec, self.glance = client, spec, glance
        self._rest = b""

    @property
    def is_over(self) -> bool:
        return not self._rest and self.glance.is_over

    def send(self) -> bool:
        """Send what is to be sent; answers whether all of it is gone."""
        self._rest = self._rest or self.glance.to_send()
        sock = self._client.socket()
        with self._doing(), without_waiting(sock):
            while self._rest:
                self._rest = self._rest[sock.send(self._rest) :]
        return not self._rest

    def send_rest(self) -> None:
        """Send what the other side does not take in just now, however long that takes."""
        with self._doing():
            self._client.socket().sendall(self._rest)
        self._rest = b""

    def hear(self) -> None:
        """Take in what has come, where something has."""
        file, has_heard = self._client._imap.file, False  # noqa: SLF001 -- nothing public tells
        with self._doing(), without_waiting(self._client.socket()):
            while not self.glance.is_over and (heard := file.peek(1)):
                file.read(self.glance.hear(heard))
                has_heard = True
            if not has_heard:
                raise imaplib.IMAP4.abort(self.glance.farewell or "socket error: EOF")

    def end(self) -> None:
        """Leave the connection as commands would. Raises `CommandRefused` where one was refused."""
        glance, imap = self.glance, self._client._imap  # noqa: SLF001 -- nothing public tells
        for command in glance.commands:
            if command.step is Step.IDLE and glance.is_idling:
                self._client._idle_tag = command.tag  # noqa: SLF001
            else:
                imap.tagged_commands.pop(command.tag, None)
        for kind in glance.later | (set() if glance.is_open else glance.news):
            imap.untagged_responses.setdefault(kind, [b""])
        imap.untagged_responses.setdefault("STATUS", []).extend(glance.told)
        if glance.has_overflowed:
            imap.untagged_responses[OVERFLOW] = [b""]
        if glance.refused is not None:
            command, words = glance.refused
            raise command_error(imaplib.IMAP4.error(words), command.what)

    def _doing(self) -> Translated:
        return Translated(self._spec, self.glance.doing)


def status_items(*, has_modseq: bool) -> list[str]:
    """What we ask of a folder that is not open."""
    return ["MESSAGES", "UIDNEXT", "UIDVALIDITY", *(["HIGHESTMODSEQ"] if has_modseq else [])]


@dataclass(frozen=True, slots=True)
class How:
    """How a glance is taken: `leaves` and `idles` say whether it begins and ends in IDLE."""

    facts: Facts
    leaves: bool
    idles: bool
    has_modseq: bool


def begin(
    client: Any,  # noqa: ANN401 -- an IMAPClient, which has no types
    spec: ServerSpec,
    peeked: Sequence[Selected],
    opened: Selected,
    how: How,
) -> Glancing:
    """A glance that has sent nothing yet."""
    asked = tuple(_commands(client, peeked, opened, how))
    glance = Glance(asked, at_once=how.facts.takes_commands_ahead, has_modseq=how.has_modseq)
    return Glancing(client, spec, glance)


def _commands(
    client: Any,  # noqa: ANN401
    peeked: Sequence[Selected],
    opened: Selected,
    how: How,
) -> Iterator[Command]:
    """With tags of this connection."""

    def command(step: Step, words: bytes, folder: Selected | None = None) -> Command:
        tag = client._imap._new_tag()  # noqa: SLF001 -- nothing public gives one
        name = client.names.on_the_wire(folder.name) if folder else b""
        check_safe(name)
        line = words % responses.quoted(name) if folder else words
        return Command(step, tag, b"%s %s\r\n" % (tag, line), name, folder)

    if how.leaves:
        yield Command(Step.LEAVE, client._idle_tag, b"DONE\r\n")  # noqa: SLF001
    items = " ".join(status_items(has_modseq=how.has_modseq)).encode()
    for one in peeked:
        yield command(Step.PEEK, b"STATUS %%s (%s)" % items, one)
    yield command(
        Step.OPEN, b"SELECT %s" if how.facts.forgets_unselected else b"EXAMINE %s", opened
    )
    if how.idles:
        yield command(Step.IDLE, b"IDLE")
