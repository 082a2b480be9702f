"""Mail is parsed in a few long-lived child processes, each with limits of time and memory.

A child that oversteps them, or dies, is replaced, and only the mail it was reading is lost to the
parser: `ParseFailed` says why, and the caller counts it. Nothing is queued here: whoever comes when
all children are busy waits, and so does its mail, where it is.

The children are started as programs and not forked, so it does not matter which threads we have,
and they import nothing but `app.mail`: a new one is there in a tenth of a second.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from app.core.errors import SharedBoxError
from app.core.faults import faultpoint
from app.core.logging import get_logger
from app.mail.packed import NotUnpacked, parsed_mail, shown_mail, two_words
from app.mail.parse import MailUnreadable
from app.mail.parsed import ParsedMail
from app.mail.shown import ShownMail
from app.sync import parser_child
from app.sync.parser_child import HEAD

SECONDS: Final = 10
"""For one mail, by the clock and by the processor alike."""
MEMORY: Final = 512 * 1024 * 1024
"""Of a child, in bytes, where the system can limit it."""
_SECONDS_TO_START: Final = 60
_SECONDS_TO_STOP: Final = 2
_PATIENCE: Final = 300.0
"""How many seconds a mail waits for a child that does not start."""
_AGAIN_SECONDS: Final = 1.0
_SHARE_MAILS: Final = 20
_SHARE_BYTES: Final = 1024 * 1024
_SEND_BUFFER: Final = 1024 * 1024
_MAX_ANSWER: Final = 16 * 1024 * 1024
"""In bytes: several times what the limits of `app.mail` allow."""
_BEFORE_APP: Final = Path(__file__).resolve().parents[2]
_ENVIRONMENT: Final = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
)
"""What a child inherits: what it takes to start, and none of our secrets."""
log = get_logger(__name__)


class ParseFailed(SharedBoxError):
    """The parser did not get to the end of a mail. The same mail may pass later, or never."""

    def __init__(self, what: str) -> None:
        super().__init__(what, fix="The raw mail is kept; process it again after an update.")


Parsed = ParsedMail | ParseFailed | MailUnreadable
Answer = Parsed | ShownMail


class ParserPool:
    """`async with ParserPool(2) as pool: mails = await pool.parse_many(raws)`.

    `late`: the processes are started when they are first needed.
    """

    def __init__(
        self,
        processes: int,
        *,
        seconds: int = SECONDS,
        memory: int = MEMORY,
        late: bool = False,
    ) -> None:
        self._children = [_Child(seconds, memory) for _ in range(processes)]
        self._idle: asyncio.LifoQueue[_Child] = asyncio.LifoQueue(maxsize=processes)
        self._late = late
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for child in self._children:
                stack.push_async_callback(child.stop)
                if not self._late:
                    await child.start()
                self._idle.put_nowait(child)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def parse(self, raw: bytes) -> ParsedMail:
        """Raises `MailUnreadable` if there is nothing in the mail, and `ParseFailed`."""
        (found,) = await self.parse_many([raw])
        if isinstance(found, SharedBoxError):
            raise found
        return found

    async def parse_many(self, raws: Sequence[bytes]) -> list[Parsed]:
        """Each mail, in order, or why it could not be read."""
        shares = [self._parse_share(share) for share in _shares(raws)]
        return [one for share in await asyncio.gather(*shares) for one in share]

    async def show(self, raw: bytes, *, load_remote: bool) -> ShownMail:
        """A mail's HTML, safe to be framed. Raises `MailUnreadable` and `ParseFailed`."""
        wanted = parser_child.SHOW_WITH_REMOTE if load_remote else parser_child.SHOW
        child = await self._idle.get()
        try:
            (found,) = await child.read([raw], wanted)
        finally:
            self._idle.put_nowait(child)
        if isinstance(found, SharedBoxError):
            raise found
        assert isinstance(found, ShownMail)
        return found

    async def _parse_share(self, raws: Sequence[bytes]) -> list[Parsed]:
        """In one child; where it does not survive a mail, others come before the rest."""
        found: list[Parsed] = []
        while len(found) < len(raws):
            child = await self._idle.get()
            try:
                read = await child.read(raws[len(found) :], parser_child.MAIL)
            finally:
                self._idle.put_nowait(child)
            await asyncio.sleep(0)  # whoever waits for the child wakes before we ask for it again
            for one in read:
                assert not isinstance(one, ShownMail)
                found.append(one)
        return found


def _shares(raws: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Few mails for each child at a time, so that a single mail of somebody else has its turn."""
    start, size = 0, 0
    for at, raw in enumerate(raws):
        if at > start and (at - start >= _SHARE_MAILS or size + len(raw) > _SHARE_BYTES):
            yield raws[start:at]
            start, size = at, 0
        size += len(raw)
    if start < len(raws):
        yield raws[start:]


@dataclass(frozen=True, slots=True)
class _Running:
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_gone(self) -> bool:
        return self.process.returncode is not None

    def send(self, raws: Sequence[bytes], wanted: bytes) -> None:
        """Have mails read one after the other; an answer comes for each.

        They are not waited for here: the child may have to be rid of its answers first.
        """
        for raw in raws:
            self.writer.write(HEAD.pack(wanted, len(raw)))
            self.writer.write(raw)
        faultpoint("K08")

    async def answer(self) -> tuple[bytes, bytes]:
        kind, length = HEAD.unpack(await self.reader.readexactly(HEAD.size))
        if length > _MAX_ANSWER:
            raise ConnectionError
        return kind, await self.reader.readexactly(length)

    async def end(self, *, patience: float) -> None:
        """Wait until it has ended; kill it if it does not do so by itself."""
        self.writer.close()
        try:
            async with asyncio.timeout(patience):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):  # it has ended just now
                self.process.kill()
            await self.process.wait()


def _read(kind: bytes, content: bytes) -> Answer:
    """Raises `NotUnpacked`."""
    if kind == parser_child.SHOWN:
        return shown_mail(content)
    if kind == parser_child.PARSED:
        return parsed_mail(content)
    if kind == parser_child.UNREADABLE:
        what, fix = two_words(content)
        return MailUnreadable(what, fix=fix)
    return ParseFailed(f"The parser failed ({content.decode()}).")


class _Child:
    """One process, or the place for one: whoever uses it next starts it if it is gone."""

    def __init__(self, seconds: int, memory: int) -> None:
        self._seconds = seconds
        self._memory = memory
        self._running: _Running | None = None

    async def read(self, raws: Sequence[bytes], wanted: bytes) -> list[Answer]:
        """What is wanted of each mail, or why it could not be read.

        Up to the one that the process did not survive: at least one. Those after that one were
        not begun.
        """
        if self._running is not None and self._running.is_gone:
            await self.stop()
        try:
            running = self._running or await self._start_patiently()
        except ParseFailed as error:
            return [error] * len(raws)
        found: list[Answer] = []
        is_well = False
        try:
            running.send(raws, wanted)
            for _ in raws:
                async with asyncio.timeout(self._seconds):
                    found.append(_read(*await running.answer()))
            is_well = True
        except TimeoutError:
            found.append(ParseFailed(f"The parser took longer than {self._seconds} seconds."))
        except NotUnpacked:
            found.append(ParseFailed("What the parser answered makes no sense."))
        except (asyncio.IncompleteReadError, ConnectionError):
            await running.end(patience=_SECONDS_TO_STOP)
            found.append(ParseFailed(self._why(running.process.returncode or 0)))
        finally:
            if not is_well:
                await self.stop(patience=0)
        return found

    def _why(self, code: int) -> str:
        if code == parser_child.OUT_OF_MEMORY:
            return f"The parser needed more than {self._memory >> 20} MB of memory."
        if code == -signal.SIGXCPU:
            return f"The parser used more than {self._seconds} seconds of processor time."
        if code < 0:
            return f"The parser process was ended by {signal.Signals(-code).name}."
        return f"The parser process ended with code {code}."

    async def _start_patiently(self) -> _Running:
        """Start it, even if the host has no process, memory or file to spare just now.

        No mail is to be blamed for that: it waits, and is not counted, for as long as may pass.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while True:
            try:
                return await self.start()
            except ParseFailed as error:
                if loop.time() >= until:
                    raise
                log.warning("parser.not_started", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)

    async def start(self) -> _Running:
        """Answers when the process is ready to read mail."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise ParseFailed(f"The parser process did not start: {error}.") from error
        with theirs:
            try:
                process = await self._spawn(theirs.fileno())
            except OSError as error:
                ours.close()
                raise ParseFailed(f"The parser process did not start: {error}.") from error
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._running = running = _Running(process, *await asyncio.open_connection(sock=ours))
        try:
            async with asyncio.timeout(_SECONDS_TO_START):
                await running.answer()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            await self.stop(patience=0)
            raise ParseFailed("The parser process did not start.") from None
        return running

    async def _spawn(self, descriptor: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-s", "-m", parser_child.__name__),
            *(str(self._seconds), str(self._memory)),
            stdin=descriptor,
            stdout=descriptor,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=_BEFORE_APP,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )

    async def stop(self, *, patience: float = _SECONDS_TO_STOP) -> None:
        """A child that is asked to stop has nothing to lose."""
        running, self._running = self._running, None
        if running is not None:
            await running.end(patience=patience)
