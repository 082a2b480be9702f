"""What stands between imaplib and the wire.

Only the address that was checked is connected to, no announced literal is believed beyond a limit,
no argument may carry a line break, and a connection that hangs can be cut from another thread.
"""

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.core.faults import faultpoint
from app.mailbox.errors import UnsafeArgument
from app.mailbox.hosts import Endpoint

CONNECT_SECONDS: Final = 5
_KEEP_ALIVE: Final = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPALIVE": 60,
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
}
"""Seconds of quiet before the first question (by either name), between two, and how many. Kernels
that know a name take its value; by default they would first ask after two hours."""
_BUFFER: Final = 2048
_LONGEST_LINE: Final = 1_000_000
_CHANGES: Final = frozenset({"MOVE", "COPY", "STORE", "EXPUNGE"})
_LONGEST_COMMAND: Final = 300
"""Of an APPEND, in bytes, without the mail itself; a shorter mail is not cut in two."""
_UNSAFE: Final = re.compile(rb"[\r\n\x00]")


def check_safe(argument: object) -> None:
    """Refuse whatever would end its line and begin a command of its own. Raises `UnsafeArgument`.

    A Message-ID is written by the sender of a mail; this is all that stands between it and ours.
    """
    raw = argument.encode(errors="replace") if isinstance(argument, str) else argument
    if isinstance(raw, bytes) and _UNSAFE.search(raw):
        raise UnsafeArgument("A value with a line break in it cannot be sent to a mail server.")


class KillSwitch:
    """Cuts a connection that is still being made, from another thread.

    It holds a second handle of the socket: the first one changes owner when TLS begins.
    """

    def __init__(self) -> None:
        self._sock: socket.socket | None = None

    def arm(self, sock: socket.socket) -> None:
        self.disarm()
        self._sock = sock.dup()

    def cut(self) -> None:
        if self._sock is not None:
            cut(self._sock)

    def disarm(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def cut(sock: socket.socket) -> None:
    """End both directions at once. On the plain socket: TLS would want to say goodbye."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def keep_alive(sock: socket.socket) -> None:
    """Have the kernel ask after two quiet minutes, in all, whether the other side is still there.

    Its answer is the first to notice a peer that vanished while we wait in IDLE.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


@contextlib.contextmanager
def without_waiting(sock: socket.socket) -> Iterator[None]:
    """What would have to wait for the other side is left out."""
    seconds = sock.gettimeout()
    sock.settimeout(0)
    try:
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            yield
    finally:
        sock.settimeout(seconds)


@dataclass(frozen=True, slots=True)
class Route:
    """How one connection is made: to which address, trusting whom, reading how much at once."""

    endpoint: Endpoint
    context: ssl.SSLContext
    largest_literal: int
    switch: KillSwitch


class GuardedIMAP4(imaplib.IMAP4):
    """imaplib's connection, over the guards."""

    _appends = False

    def __init__(self, host: str, port: int, route: Route) -> None:
        self.route = route
        super().__init__(host, port, CONNECT_SECONDS)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        sock = socket.socket(self.route.endpoint.family, socket.SOCK_STREAM)
        try:
            self.route.switch.arm(sock)
            sock.settimeout(timeout or CONNECT_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            keep_alive(sock)
            sock.connect((self.route.endpoint.address, self.route.endpoint.port))
            return self._secure(sock)
        except BaseException:
            sock.close()
            raise

    def _secure(self, sock: socket.socket) -> socket.socket:
        return sock

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        super().open(host, port, timeout)
        self.read_by_little()

    def read_by_little(self) -> None:
        """Keep a small buffer for what is read: thousands of connections mostly read nothing.

        What is large is read past it. To be called whenever the socket is another one.
        """
        self.file.close()
        self.file = self.sock.makefile("rb", _BUFFER)  # type: ignore[assignment] # is binary

    @contextlib.contextmanager
    def appending(self) -> Iterator[None]:
        """While this lasts, what is sent in bulk goes in two halves, so that it can break between.

        That is the worst moment for a connection to end, and a test must be able to choose it.
        """
        self._appends = True
        try:
            yield
        finally:
            self._appends = False

    def begin_idle(self) -> tuple[bytes, bool]:
        """Have IDLE begin; answers its tag, and whether the server said something before its "+".

        Outlook was seen to tell so of a mail that comes just then. IMAPClient would take that for a
        refusal.
        """
        tag, has_spoken = self._command("IDLE"), False
        answers: dict[bytes, Any] = self.tagged_commands
        while self._get_response() is not None:
            if (refusal := answers[tag]) is not None:
                del answers[tag]
                raise self.error(b" ".join(refusal[1]))
            has_spoken = True
        return tag, has_spoken

    def end_idle(self, tag: bytes) -> None:
        self.send(b"DONE\r\n")
        typ, data = self._get_tagged_response(tag)
        if typ != "OK":
            raise self.error(b" ".join(data))

    def send(self, data: Any) -> None:  # noqa: ANN401 -- imaplib's own
        if self._appends and len(data) > _LONGEST_COMMAND:
            half = len(data) // 2
            super().send(data[:half])
            faultpoint("K29")
            data = data[half:]
        super().send(data)

    def read(self, size: int) -> bytes:
        if size > self.route.largest_literal:
            raise self.abort(f"the server announced {size} bytes at once")
        faultpoint("K05")
        return super().read(size)

    def readline(self) -> bytes:
        """One line. A connection that ends after a BYE ends for the reason that the BYE gave.

        A line that is too long ends it, too: the rest is still to come, and would be read as the
        answer to the next command.
        """
        line: bytes = self.file.readline(_LONGEST_LINE + 1)  # type: ignore[assignment] # is binary
        if len(line) > _LONGEST_LINE:
            raise self.abort(f"the server sent a line of more than {_LONGEST_LINE} bytes")
        if not line and (farewell := self.untagged_responses.get("BYE")):
            raise self.abort(farewell[-1])
        return line

    def _log(self, line: str) -> None:
        """Keep nothing. imaplib would remember the last lines, and with LOGIN the password."""

    def _command(self, name: str, *args: Any) -> Any:  # noqa: ANN401 -- imaplib's own
        for argument in args:
            check_safe(argument)
        tag = super()._command(name, *args)  # type: ignore[misc] # typeshed knows no private names
        if name == "UID" and args[0] in _CHANGES:
            faultpoint("K20")
        return tag


class GuardedTLS(GuardedIMAP4):
    """The same over TLS from the first byte."""

    def _secure(self, sock: socket.socket) -> socket.socket:
        return self.route.context.wrap_socket(sock, server_hostname=self.host)
