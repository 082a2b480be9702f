"""A mail server that fails as it is told, and otherwise has one empty folder."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from app.mailbox.errors import MailServerError, Transient
from app.mailbox.port import Folder, Heard, Role, Selected, ServerSpec
from app.providers.generic import GENERIC
from app.store.notify import Waker

Script = Callable[[int], MailServerError | None]


class EmptyMailbox:
    """A session with nothing in it. `on_idle` is called whenever there is nothing left to do."""

    capabilities = frozenset({"IDLE"})
    provider = GENERIC
    open_folder = "INBOX"
    hears_of: frozenset[str] = frozenset()

    def __init__(self, on_idle: Callable[[float], MailServerError | None]) -> None:
        self._on_idle = on_idle

    async def folders(self) -> Sequence[Folder]:
        return [Folder("INBOX", Role.INBOX)]

    async def examine(self, folder: str, *, max_age: float = 0) -> Selected:
        return Selected(folder, uidvalidity=1, uidnext=1, exists=0)

    async def hear_of(self, folders: Sequence[str]) -> None:
        return None

    def take_heard(self) -> Heard:
        return Heard.NOTHING

    async def take_told(self) -> frozenset[str]:
        return frozenset()

    async def windows(self, first: int, last: int) -> list[range]:
        return [range(first, last + 1)] if first <= last else []

    async def uids_between(self, first: int, last: int) -> list[int]:
        return []

    async def uids_from(self, uid: int, *, uidnext: int | None) -> list[int]:
        return []

    async def idle(self, waker: Waker, seconds: float) -> bool:
        if error := self._on_idle(seconds):
            raise error
        return False


class ScriptedServers:
    """Implements `MailServers`. `attempts` are the moments at which somebody tried to connect.

    `script` answers what the n-th attempt (1 is the first) comes to: an error, or None for a
    session, which breaks as soon as it has nothing left to do unless `on_idle` says otherwise.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.script: Script = lambda _: None
        self.on_idle: Callable[[float], MailServerError | None] = _breaks
        self.attempts: list[datetime] = []

    @asynccontextmanager
    async def open(self, _spec: ServerSpec) -> AsyncIterator[Any]:
        self.attempts.append(self._now())
        if error := self.script(len(self.attempts)):
            raise error
        yield EmptyMailbox(self.on_idle)


def _breaks(_: float) -> MailServerError:
    return Transient("The connection broke.")
