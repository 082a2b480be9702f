"""Sessions with mail servers: the blocking connection, run in threads, with a limit on each call.

    async with servers.open(spec) as session:
        selected = await session.examine("INBOX")

A bounded pool of threads serves all connections of a process; a connection that waits in IDLE uses
none, nor does one that takes a glance (`unchanged`): the event loop speaks and listens itself. When
a call's time is up its socket is cut, which frees the thread at once.
"""

import asyncio
import ssl
import time
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

from app.core.faults import faultpoint
from app.mailbox import idle, imap
from app.mailbox.dialling import DialGate, DialRate
from app.mailbox.errors import Transient, connection_error
from app.mailbox.glancing import Glancing
from app.mailbox.guard import KillSwitch, Route
from app.mailbox.hosts import resolve
from app.mailbox.port import (
    Copied,
    Folder,
    Heard,
    Identity,
    Listing,
    MailSession,
    Selected,
    ServerSpec,
)
from app.providers.base import Provider
from app.providers.registry import of_host
from app.store.notify import Waker

Answer = TypeVar("Answer")

LOGIN_SECONDS: Final = 14
"""From the first packet to the end of the login; with the look-up of the name before it, an answer
to "does this work?" takes less than fifteen seconds unless the name itself is slow."""
COMMAND_SECONDS: Final = 60
FETCH_SECONDS: Final = 300
IDLE_SECONDS: Final = 30
"""To begin IDLE, and to end it. With the time between, that is how long a half-open connection can
go unnoticed: two and a half minutes as the settings come."""
LOGOUT_SECONDS: Final = 2
DIALS_AT_ONCE: Final = 8
_ADDRESSES_TRIED: Final = 2


class _Threads:
    """A pool whose free places can be waited for, so that a call's time starts when it starts.

    A host that answers nobody holds each call for as long as it may take. However many accounts it
    has, a quarter of the places is left to the others.
    """

    def __init__(self, count: int) -> None:
        self.executor = ThreadPoolExecutor(count, thread_name_prefix="imap")
        self.free = asyncio.Semaphore(count)
        self._most = count - count // 4
        self._lines: weakref.WeakValueDictionary[str, asyncio.Semaphore] = (
            weakref.WeakValueDictionary()
        )

    def line(self, host: str) -> asyncio.Semaphore:
        """What a host's calls pass before they take a free place."""
        if (line := self._lines.get(host)) is None:
            line = self._lines[host] = asyncio.Semaphore(self._most)
        return line


class IMAPServers:
    """Opens sessions. `largest_mail` bounds, in bytes, what is read at once."""

    def __init__(
        self,
        *,
        threads: int,
        largest_mail: int,
        allow_private: bool,
        ca_file: Path | None,
        dials_per_second: float = 20,
    ) -> None:
        self._threads = _Threads(threads)
        self._gate = DialGate(DialRate(dials_per_second), at_once=min(DIALS_AT_ONCE, threads))
        self._largest_mail = largest_mail
        self._allow_private = allow_private
        self._context = ssl.create_default_context()
        if ca_file is not None:
            self._context.load_verify_locations(ca_file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._threads.executor.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def open(self, spec: ServerSpec) -> AsyncIterator[MailSession]:
        """Connect and log in. Raises `Transient`, `CredentialsRefused` or `ServerForbidden`."""
        at_once = of_host(spec.host).facts.dials_at_once
        async with self._gate.passage(spec.host, at_once=at_once):
            connection = await self._connect(spec)
        session = IMAPSession(connection, spec, self._threads)
        try:
            faultpoint("K01")
            yield session
        finally:
            await session.close()

    async def _connect(self, spec: ServerSpec) -> imap.IMAPConnection:
        endpoints = await resolve(spec.host, spec.port, allow_private=self._allow_private)
        switch = KillSwitch()
        routes = [
            Route(endpoint, self._context, self._largest_mail, switch)
            for endpoint in endpoints[:_ADDRESSES_TRIED]
        ]
        async with self._threads.line(spec.host), self._threads.free:
            dialling = asyncio.get_running_loop().run_in_executor(
                self._threads.executor, imap.connect, spec, routes
            )
            return await _within(LOGIN_SECONDS, dialling, switch.cut, spec)


class IMAPSession:
    """One connection. Calls are made one after the other, whoever makes them."""

    def __init__(
        self, connection: imap.IMAPConnection, spec: ServerSpec, threads: "_Threads"
    ) -> None:
        self._imap = connection
        self._spec = spec
        self._threads = threads
        self._line = threads.line(spec.host)
        self._turn = asyncio.Lock()
        self._selected: Selected | None = None
        self._examined_at = 0.0
        self._is_idling = False
        """Whether IDLE has not been ended yet: whatever comes next does that first."""
        self._heard_of_mail = Heard.NOTHING
        self._has_interrupted = False
        self._has_heard: bool | None = None
        """Of an IDLE that nobody has waited in yet: whether the server spoke at its beginning."""

    @property
    def capabilities(self) -> frozenset[str]:
        return self._imap.capabilities

    @property
    def provider(self) -> Provider:
        return self._imap.provider

    @property
    def open_folder(self) -> str | None:
        return self._selected.name if self._selected else None

    async def close(self) -> None:
        """Log out if the connection still answers, and let go of it in any case."""
        is_idling = self._leave_idle()

        def leave() -> None:
            if is_idling:
                self._imap.idle_done()
            self._imap.logout()

        try:
            await self._in_thread(leave, LOGOUT_SECONDS)
        except Transient:
            await asyncio.get_running_loop().run_in_executor(None, self._imap.close)

    async def folders(self) -> Sequence[Folder]:
        return await self._call(self._imap.folders)

    async def create(self, folder: str) -> str:
        return await self._call(lambda: self._imap.create(folder))

    async def examine(self, folder: str, *, max_age: float = 0) -> Selected:
        await self._end_idle()
        known = self._selected
        if known and known.name == folder and time.monotonic() - self._examined_at < max_age:
            return replace(known, uidnext=None, highestmodseq=None, is_fresh=False)
        selected = await self._open(folder, readonly=True)
        self._examined_at = time.monotonic()
        return selected

    @property
    def hears_of(self) -> frozenset[str]:
        return self._imap.hearing.folders

    async def hear_of(self, folders: Sequence[str]) -> None:
        if self._imap.hearing.is_to_ask(folders):
            await self._call(lambda: self._imap.hearing.ask(folders))

    def take_heard(self) -> Heard:
        heard, self._heard_of_mail = self._heard_of_mail, Heard.NOTHING
        return heard

    async def take_told(self) -> frozenset[str]:
        if self.hears_of:
            await self._end_idle()
        return self._imap.hearing.take()

    async def status(self, folder: str) -> Selected:
        return await self._call(lambda: self._imap.status(folder))

    async def unchanged(self, peeked: Sequence[Selected], opened: Selected) -> int:
        before, self._selected = self._selected, None
        async with self._turn:
            glancing = self._imap.glance(peeked, opened, leaves=self._leave_idle())
            await self._glance(glancing)
        glance = glancing.glance
        self._is_idling = glance.is_idling
        glancing.end()
        if glance.is_open:
            self._selected, self._examined_at = opened, time.monotonic()
            self._imap.exists = opened.exists
        elif not glance.has_left:
            self._selected = before
        if glance.same > len(peeked):
            has_told = self._imap.hearing.note()
            self._has_heard = has_told or bool(glance.later) or self._imap.has_buffered()
        else:
            self._note_news()
        return glance.same

    async def _glance(self, glancing: Glancing) -> None:
        """Within the time that the whole of a command may take. Whatever breaks it off cuts it."""
        try:
            await idle.glance(
                glancing,
                self._imap.socket,
                lambda: self._run(glancing.send_rest, COMMAND_SECONDS),
                quiet_seconds=IDLE_SECONDS,
                seconds=COMMAND_SECONDS,
            )
        except TimeoutError as error:
            self._imap.cut()
            raise connection_error(error, self._spec.host, self._spec.port) from None
        except asyncio.CancelledError:
            self._imap.cut()
            raise

    async def select(self, folder: str) -> Selected:
        self._examined_at = float("-inf")
        return await self._open(folder, readonly=False)

    async def _open(self, folder: str, *, readonly: bool) -> Selected:
        await self._end_idle()
        self._note_news()
        self._selected = None
        self._selected = await self._call(lambda: self._imap.open(folder, readonly=readonly))
        faultpoint("K02")
        return self._selected

    async def uids_from(self, uid: int, *, uidnext: int | None) -> list[int]:
        return await self._call(lambda: self._imap.uids_from(uid, uidnext=uidnext))

    async def windows(self, first: int, last: int) -> list[range]:
        return await self._call(lambda: self._imap.windows(first, last))

    async def uids_between(self, first: int, last: int) -> list[int]:
        return await self._call(lambda: self._imap.uids_between(first, last))

    async def changed_since(self, modseq: int, uid: int, *, uidnext: int) -> list[int]:
        return await self._call(lambda: self._imap.changed_since(modseq, uid, uidnext=uidnext))

    async def flags(self, uids: Sequence[int]) -> dict[int, tuple[str, ...] | None]:
        return await self._call(lambda: self._imap.flags(uids))

    async def uids_below(self, uid: int, *, since: datetime | None) -> list[int]:
        return await self._call(
            lambda: self._imap.uids_below(uid, since=since), seconds=FETCH_SECONDS
        )

    async def list_mails(self, uids: Sequence[int]) -> dict[int, Listing]:
        return await self._call(lambda: self._imap.list_mails(uids))

    async def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        return await self._call(lambda: self._imap.fetch(uids), seconds=FETCH_SECONDS)

    async def identify(self, uids: Sequence[int]) -> dict[int, Identity]:
        return await self._call(lambda: self._imap.identify(uids))

    async def find(self, identity: Identity) -> list[int]:
        return await self._call(lambda: self._imap.find(identity))

    async def move(self, uids: Sequence[int], folder: str) -> Copied | None:
        return await self._call(lambda: self._imap.move(uids, folder))

    async def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> None:
        await self._call(lambda: self._imap.append(folder, raw, flags, at), seconds=FETCH_SECONDS)

    async def discard(self, uids: Sequence[int]) -> None:
        await self._call(lambda: self._imap.discard(uids))

    async def add_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        await self._call(lambda: self._imap.add_flags(uids, flags))

    async def remove_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        await self._call(lambda: self._imap.remove_flags(uids, flags))

    async def idle(self, waker: Waker, seconds: float) -> bool:
        has_spoken, self._has_heard = self._has_heard, None
        if has_spoken is None and (await self._end_idle() or self._note_news()):
            return True
        if not self._imap.has("IDLE"):
            await waker.wait(seconds)
            return False
        until = time.monotonic() + seconds
        if has_spoken is None:
            has_spoken = await self._in_thread(self._imap.idle, IDLE_SECONDS)
            self._is_idling = True
        while not has_spoken:
            left = max(until - time.monotonic(), 0)
            if not await idle.wait(self._imap.socket, waker, left):
                break
            has_spoken = await self._in_thread(self._imap.has_news, IDLE_SECONDS)
            if waker.has_news:  # it came together with the server's word, and is noticed once
                break
        self._has_interrupted = has_spoken
        return has_spoken

    async def _end_idle(self) -> bool:
        """Answers whether the server spoke of changes until its end."""
        if not self._leave_idle():
            return False
        await self._in_thread(self._imap.idle_done, IDLE_SECONDS)
        return self._note_news()

    def _leave_idle(self) -> bool:
        """Whether IDLE is to be ended, by whoever asks: it counts as ended from now on."""
        is_idling, self._is_idling, self._has_heard = self._is_idling, False, None
        return is_idling

    def _note_news(self) -> bool:
        """Whether the server spoke of changes. More than new mail takes a fresh look."""
        news = self._imap.news()
        if news - {"EXISTS"}:
            self._examined_at = float("-inf")
        if "EXISTS" in news:
            in_time = self._has_interrupted or self._heard_of_mail is Heard.IN_IDLE
            self._heard_of_mail = Heard.IN_IDLE if in_time else Heard.LATE
            self._has_interrupted = False
        return self._imap.hearing.note() or bool(news)

    async def _call(
        self, call: Callable[[], Answer], *, seconds: float = COMMAND_SECONDS
    ) -> Answer:
        await self._end_idle()
        return await self._in_thread(call, seconds)

    async def _in_thread(self, call: Callable[[], Answer], seconds: float) -> Answer:
        async with self._turn:
            return await self._run(call, seconds)

    async def _run(self, call: Callable[[], Answer], seconds: float) -> Answer:
        async with self._line, self._threads.free:
            running = asyncio.get_running_loop().run_in_executor(self._threads.executor, call)
            return await _within(seconds, running, self._imap.cut, self._spec)


async def _within(
    seconds: float, running: asyncio.Future[Answer], cut: Callable[[], None], spec: ServerSpec
) -> Answer:
    """The answer of a call in a thread. If it takes longer, cut its socket and let it fail.

    The same if we are cancelled: the thread must not go on with a connection nobody waits for.
    """
    done, _ = await _watch(running, seconds, cut)
    if done:
        return running.result()
    cut()
    await asyncio.wait([running])
    running.exception()
    raise connection_error(TimeoutError(), spec.host, spec.port)


async def _watch(
    running: asyncio.Future[Answer], seconds: float, cut: Callable[[], None]
) -> tuple[set[asyncio.Future[Answer]], set[asyncio.Future[Answer]]]:
    try:
        return await asyncio.wait([running], timeout=seconds)
    except asyncio.CancelledError:
        cut()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
        raise
