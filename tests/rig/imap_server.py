"""An IMAP server that is honest until a script tells it otherwise.

    async with HostileServer() as server:
        server.deliver(raw)
        server.on("FETCH", cut(after=100))       # the next FETCH is cut short
        server.on("SELECT", bye("restarting"), times=None)   # each SELECT from here on

A script is a coroutine function that is given the `Call` and does what the server shall do instead;
`call.honest()` is the answer that would have been right. Every command it saw stands in `seen`, and
`fired` counts what struck: a case whose script never ran proves nothing. It speaks plain TCP, for
what goes wrong inside TLS is the proxy's affair.
"""

import asyncio
import base64
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from tests.rig.imap_answers import Answers, Refused, Reply
from tests.rig.imap_syntax import LITERAL, Words, text, words_of
from tests.rig.mailstore import Account, Mail

CAPABILITIES: Final = frozenset({
    "IDLE", "MOVE", "UIDPLUS", "CONDSTORE", "QRESYNC", "ENABLE", "ID", "LITERAL+", "SPECIAL-USE",
    "NAMESPACE", "UNSELECT",
})  # fmt: skip
_LOGGED_OUT: Final = frozenset({"CAPABILITY", "ID", "NOOP", "LOGIN", "AUTHENTICATE", "LOGOUT"})
_LONGEST_LINE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """One command, as it came. Passwords are not kept."""

    session: int
    name: str
    words: Words

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.words)])


@dataclass(eq=False)
class Call:
    """One command (or the GREETING) that a script answers."""

    session: "Session"
    tag: str
    name: str
    words: Words = field(default_factory=list)

    def honest(self) -> Reply:
        """Do what was asked, and answer what is right; to be called once."""
        return self.session.honest(self.name, self.words)

    async def send(self, *parts: bytes) -> None:
        self.session.writer.writelines(parts)
        await self.session.writer.drain()

    async def send_reply(self, reply: Reply, *, tag: str | None = None) -> None:
        await self.send(*reply.lines, f"{tag or self.tag} {reply.status}\r\n".encode())

    async def silence(self) -> None:
        """Say nothing more, for as long as the client keeps the connection."""
        while await self.session.reader.read(64 * 1024):
            pass

    def reset(self) -> None:
        """End the connection by RST."""
        sock = self.session.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.session.writer.transport.abort()


Script = Callable[[Call], Awaitable[None]]


@dataclass(slots=True)
class _Planned:
    script: Script
    times: int | None
    skip: int


class HostileServer:
    """One account on a server of our own. As a context manager it listens."""

    host: Final = "127.0.0.1"
    name: Final = "the hostile server"
    security: Final = "none"
    ca_file: Final = None

    def __init__(self, *, without: Iterable[str] = (), more: Iterable[str] = ()) -> None:
        self.username, self.password = "support@example.com", "correct-horse"
        self.capabilities = set(CAPABILITIES - set(without)) | set(more)
        self.account = Account()
        self.seen: list[Seen] = []
        self.fired: Counter[str] = Counter()
        self.connections = 0
        self._planned: dict[str, list[_Planned]] = {}
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._struck = asyncio.Event()
        self._port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, self.host, self._port, limit=_LONGEST_LINE
        )
        self._port = self.port
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def restart(self) -> None:
        """Drop every connection and listen again on the same port; nothing kept is lost."""
        await self.__aexit__()
        await self.__aenter__()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_connections(self) -> int:
        return len(self._sessions)

    async def deliver(self, raw: bytes, *, sender: str = "") -> None:
        """A `MailServer` takes mail in so."""
        self.put(raw)

    def put(self, raw: bytes, folder: str = "INBOX", **values: object) -> Mail:
        """A mail that comes in; `values` go to `Folder.add`."""
        return self.account.find(folder).add(raw, **values)  # type: ignore[arg-type]

    def on(self, name: str, script: Script, *, times: int | None = 1, skip: int = 0) -> None:
        """Have a script answer the next so many commands of a name, after `skip` honest ones.

        `UID` is left out of names. GREETING is the first line, DONE the end of an IDLE.
        """
        self._planned.setdefault(name, []).append(_Planned(script, times, skip))

    def heal(self) -> None:
        """Be honest again."""
        self._planned.clear()

    def commands(self, *names: str) -> list[str]:
        """What it saw, of these commands or of all, as text."""
        return [str(one) for one in self.seen if not names or one.name in names]

    async def until_fired(self, count: int = 1, *, within: float = 10) -> None:
        async with asyncio.timeout(within):
            while self.fired.total() < count:
                self._struck.clear()
                await self._struck.wait()

    def take_script(self, name: str) -> Script | None:
        planned = self._planned.get(name, [])
        if not planned:
            return None
        first = planned[0]
        if first.skip:
            first.skip -= 1
            return None
        if first.times is not None:
            first.times -= 1
            if not first.times:
                planned.pop(0)
        self.fired[name] += 1
        self._struck.set()
        return first.script

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, self.connections, reader, writer)
        self._sessions.add(session)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await session.run()
        finally:
            self._sessions.discard(session)
            self.account.listeners.discard(session.notice)
            writer.close()


class Session:
    """One connection."""

    def __init__(
        self,
        server: HostileServer,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server, self.number = server, number
        self.reader, self.writer = reader, writer
        self.answers = Answers(server.account, server.capabilities)
        self._authenticated = False
        self._news = asyncio.Event()
        server.account.listeners.add(self.notice)

    def notice(self) -> None:
        self._news.set()

    async def run(self) -> None:
        await self._answer(Call(self, "*", "GREETING"))
        while not self.writer.is_closing():
            call = await self._read_command()
            if call is None:
                return
            self._remember(call)
            await self._answer(call)
            if call.name == "LOGOUT":
                return

    def honest(self, name: str, words: Words) -> Reply:
        if name == "GREETING":
            return Reply(status="OK at your service")
        if name == "LOGOUT":
            return Reply([b"* BYE\r\n"], "OK bye")
        if not self._authenticated and name not in _LOGGED_OUT:
            return Reply(status="BAD Log in first")
        if name == "LOGIN":
            return self._log_in(text(words[0]), text(words[1]))
        try:
            reply = self.answers.to(name, words)
        except Refused as refused:
            return Reply(status=f"NO {refused}")
        except KeyError:
            return Reply(status="BAD Unknown command")
        if name not in {"FETCH", "STORE", "SEARCH", "EXAMINE", "SELECT"}:
            reply.lines += self.answers.news()
        return reply

    async def _answer(self, call: Call) -> None:
        script = self.server.take_script(call.name)
        if script is not None:
            await script(call)
        elif call.name == "IDLE":
            await self.idle(call)
        elif call.name == "AUTHENTICATE":
            await self._authenticate(call)
        else:
            await call.send_reply(call.honest())

    async def idle(self, call: Call) -> None:
        """Tell what happens until the client says DONE."""
        if "IDLE" not in self.server.capabilities:
            await call.send_reply(Reply(status="BAD Unknown command"))
            return
        await call.send(b"+ idling\r\n", *self.answers.news())
        done = asyncio.create_task(self.reader.readline())
        try:
            while not done.done():
                self._news.clear()
                await call.send(*self.answers.news())
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            done.cancel()
        if not (done.done() and done.result()):
            return
        script = self.server.take_script("DONE")
        await (script(call) if script else call.send_reply(Reply(self.answers.news())))

    async def _authenticate(self, call: Call) -> None:
        await call.send(b"+ \r\n")
        raw = base64.b64decode(await self.reader.readline())
        _, username, password = raw.decode().split("\0")
        await call.send_reply(self._log_in(username, password))

    def _log_in(self, username: str, password: str) -> Reply:
        if (username, password) != (self.server.username, self.server.password):
            return Reply(status="NO [AUTHENTICATIONFAILED] Wrong user name or password")
        self._authenticated = True
        return Reply(status="OK logged in")

    async def _read_command(self) -> Call | None:
        parts: list[bytes | str] = []
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                return None
            line = line.rstrip(b"\r\n")
            size = LITERAL.search(line)
            parts.append(line[: size.start()] if size else line)
            if size is None:
                break
            if not size[2]:
                self.writer.write(b"+ go on\r\n")
            parts.append((await self.reader.readexactly(int(size[1]))).decode("latin-1"))
        words = words_of(parts)
        tag, name = text(words.pop(0)), text(words.pop(0)).upper()
        if name == "UID":
            name = text(words.pop(0)).upper()
        return Call(self, tag, name, words)

    def _remember(self, call: Call) -> None:
        words = ["…"] if call.name in {"LOGIN", "AUTHENTICATE"} else call.words
        self.server.seen.append(Seen(self.number, call.name, list(words)))
