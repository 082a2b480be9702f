"""A glance, as bytes: from IDLE to IDLE, asking whether some folders are as they were. Pure.

    DONE ─▶ STATUS of each folder that is peeked at ─▶ EXAMINE of the one that is open ─▶ IDLE

All of it goes in one write where the server is known to take commands so (RFC 3501 §5.5), else each
command when the one before is answered. It ends at the first folder that has changed; what was sent
by then is read to its end, so that the connection is of use to whoever comes next.
"""

import imaplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.mailbox import answers, responses
from app.mailbox.port import Selected

_OVERFLOW: Final = b"OK [NOTIFICATIONOVERFLOW]"


class Step(StrEnum):
    LEAVE = "stop waiting for mail"
    PEEK = "look into the folder"
    OPEN = "open the folder"
    IDLE = "wait for mail"


@dataclass(frozen=True, slots=True)
class Command:
    """One step; `wire_name` and `expected` are of its folder, where it has one."""

    step: Step
    tag: bytes
    line: bytes
    wire_name: bytes = b""
    expected: Selected | None = None

    @property
    def what(self) -> str:
        """What it is to do, in words."""
        return f"{self.step} {self.expected.name}" if self.expected else self.step


@dataclass(slots=True)
class _Answer:
    """What came of the answer to one command so far."""

    told: list[bytes] = field(default_factory=list)
    numbers: dict[bytes, int] = field(default_factory=dict)


class Glance:
    """`to_send` and `hear` until `is_over`; then the rest says what came of it."""

    def __init__(self, commands: Sequence[Command], *, at_once: bool, has_modseq: bool) -> None:
        self.commands = commands
        self._has_modseq = has_modseq
        self._at_once = at_once
        self._sent = self._answered = 0
        self._heard = bytearray()
        self._heard_in_all = 0
        self._answer = _Answer()
        self._has_differed = False
        self.same = 0
        """How many folders are as they were, before the first that is not."""
        self.is_open = False
        """Whether the folder that was to be opened is open, and as it was."""
        self.is_idling = False
        self.news: set[str] = set()
        """What the server told of changes in the open folder before it was opened anew."""
        self.told: list[bytes] = []
        """What it said by STATUS of folders it was not asked about then."""
        self.has_overflowed = False
        """Whether it tells of other folders no more."""
        self.later: set[str] = set()
        """The same of what it told after that."""
        self.refused: tuple[Command, bytes] | None = None
        self.farewell: bytes | None = None

    @property
    def is_over(self) -> bool:
        """Whether everything that was sent is answered, and nothing more is to be sent."""
        ended = self._has_differed or self.refused is not None
        return self._answered == (self._sent if ended else len(self.commands))

    @property
    def has_to_send(self) -> bool:
        """Whether it is our turn: everything that was sent is answered, and that is not all."""
        return self._answered == self._sent and not self.is_over

    @property
    def has_left(self) -> bool:
        """Whether the folder that was open before is open no more, or was opened anew."""
        return any(one.step is Step.OPEN for one in self.commands[: self._sent])

    @property
    def doing(self) -> str:
        """What is under way, in words."""
        return self.commands[min(self._answered, len(self.commands) - 1)].what

    def to_send(self) -> bytes:
        """What is to be sent now."""
        if not self.has_to_send:
            return b""
        upto = len(self.commands) if self._at_once else self._sent + 1
        portion, self._sent = self.commands[self._sent : upto], upto
        return b"".join(one.line for one in portion)

    def hear(self, data: bytes) -> int:
        """Take in what the server said; answers how many bytes were part of this.

        Raises `imaplib.IMAP4.abort` where an answer makes no sense, or has no end.
        """
        self._heard_in_all += len(data)
        if self._heard_in_all > responses.LONGEST:
            raise imaplib.IMAP4.abort(f"more than {responses.LONGEST} bytes came in one glance")
        self._heard += data
        while self._answered < self._sent and (said := responses.take(self._heard)) is not None:
            self._take_in(said)
        if not self.is_over:
            return len(data)
        rest = len(self._heard)
        self._heard.clear()
        return len(data) - rest

    def _take_in(self, said: bytes) -> None:
        command = self.commands[self._answered]
        if said[:1] == b"+" and command.step is Step.IDLE:
            self.is_idling = True
            self._answered += 1
        elif said[:2] == b"* ":
            self._note(command, said[2:])
        else:
            tag, _, words = said.strip().partition(b" ")
            if tag != command.tag:
                raise imaplib.IMAP4.abort(f"unexpected response: {said[:200]!r}")
            self._end(command, words)

    def _note(self, command: Command, said: bytes) -> None:
        """Whatever came without a tag, while this command is to be answered."""
        if (kind := responses.news(said)) is not None and command.step is not Step.OPEN:
            (self.later if command.step is Step.IDLE else self.news).add(kind)
        elif said[:7].upper() == b"STATUS ":
            self._answer.told.append(said[7:].strip())
        elif command.step is Step.OPEN and (number := responses.selected(said)) is not None:
            self._answer.numbers[number[0]] = number[1]
        elif said.startswith(_OVERFLOW):
            self.has_overflowed = True
        elif said[:4].upper() == b"BYE ":
            self.farewell = said[4:].strip()

    def _end(self, command: Command, words: bytes) -> None:
        self._answered += 1
        answer, self._answer = self._answer, _Answer()
        if words[:3].upper() != b"OK " and words.upper() != b"OK":
            self.refused = self.refused or (command, words.partition(b" ")[2])
        elif command.step is Step.PEEK:
            said, answer.told = responses.of_folder(command.wire_name, answer.told)
            self._compare(command, said, exists=said.get(b"MESSAGES", 0))
        elif command.step is Step.OPEN:
            said = answer.numbers
            self.is_open = self._compare(command, said, exists=said.get(b"EXISTS", 0))
        self.told += answer.told

    def _compare(self, command: Command, said: dict[bytes, int], *, exists: int) -> bool:
        assert command.expected is not None
        name = command.expected.name
        now = answers.selected(name, said, exists=exists, has_modseq=self._has_modseq)
        is_same = now == command.expected
        self._has_differed |= not is_same
        if not self._has_differed and self.refused is None:
            self.same += 1
        return is_same
