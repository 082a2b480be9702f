"""What was done to the system in a run, and what was found afterwards, as plain values.

Nothing here asks SharedBox how it is doing: what was done is noted by whoever did it, with its
outcome as far as that is known (`UNKNOWN` is an outcome of its own, never a failure), and what was
found is read by clients of our own from Slack's ledger, the mail servers and the tables.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias


class Result(StrEnum):
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Nobody can say whether it happened: both must be right."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail was given to a server. Its token stands in Message-ID, subject and body."""

    at: float
    token: str
    account: str
    result: Result
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Interference:
    """Another mail client moved or deleted a mail: where it ends is no longer ours to say."""

    at: float
    token: str
    what: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked for something to be done with a mail."""

    at: float
    token: str
    what: str
    result: Result
    command_id: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, and how long it lasted. A `local` one strikes one mailbox and must hurt no other."""

    at: float
    until: float
    what: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process used at one moment; memory in bytes."""

    at: float
    process: str
    memory: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """A watermark was seen above a UID that was not settled."""

    at: float
    account: str
    folder: str
    watermark: int
    uid: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How many times as long as its processor time a piece of work took: 1 on an idle machine."""

    at: float
    slowness: float


Happened: TypeAlias = "Delivery | Interference | Asked | Trouble | Usage | Ahead | Pace"


@dataclass(frozen=True, slots=True)
class OnServer:
    """A mail as a client of our own finds it."""

    account: str
    folder: str
    uidvalidity: int
    uid: int
    token: str
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Folder:
    account: str
    name: str
    watched: bool
    uidvalidity: int
    watermark: int
    first_uid: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. `token` is the mail it is said to be."""

    account: str
    folder: str
    uidvalidity: int
    uid: int
    state: str
    token: str = ""
    post_id: str = ""
    """The post that tells people of a quarantine."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message row, and the posts that show it."""

    token: str
    account: str
    post_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    token: str
    what: str
    state: str
    told: bool = False
    """Whether the card or its thread says that it failed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A post that Slack accepted, by its metadata; `gone` is when it was deleted."""

    post_id: str
    channel: str
    ts: str
    at: float
    gone: float | None = None


@dataclass(slots=True)
class Findings:
    """The end of a run, from three sides."""

    mails: list[OnServer] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """Everything that was done, in order."""

    happened: list[Happened] = field(default_factory=list)

    def note(self, what: Happened) -> None:
        self.happened.append(what)

    @property
    def deliveries(self) -> list[Delivery]:
        return [one for one in self.happened if isinstance(one, Delivery)]

    @property
    def interferences(self) -> dict[str, Interference]:
        """The first of each mail."""
        found = [one for one in self.happened if isinstance(one, Interference)]
        return {one.token: one for one in reversed(found)}

    @property
    def asked(self) -> list[Asked]:
        return [one for one in self.happened if isinstance(one, Asked)]

    @property
    def troubles(self) -> list[Trouble]:
        return [one for one in self.happened if isinstance(one, Trouble)]

    @property
    def usages(self) -> list[Usage]:
        return [one for one in self.happened if isinstance(one, Usage)]

    @property
    def paces(self) -> list[Pace]:
        return [one for one in self.happened if isinstance(one, Pace)]

    @property
    def aheads(self) -> list[Ahead]:
        return [one for one in self.happened if isinstance(one, Ahead)]

    def write(self, path: Path) -> None:
        """Keep it, one event a line, for whoever has to find out what happened."""
        path.write_text("".join(f"{line}\n" for line in _lines(self.happened)))


def _lines(happened: Iterable[Happened]) -> Iterable[str]:
    for one in happened:
        yield json.dumps({"kind": type(one).__name__, **asdict(one)})
