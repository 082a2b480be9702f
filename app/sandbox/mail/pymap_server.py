"""The mail server of the demo where Dovecot is missing: pymap, which comes by pip.

It keeps mail in memory only, knows one user and no special-use folders, and says nothing of a
folder's changes but the number of mails. It is enough to look around.
"""

import asyncio
import imaplib
import importlib.metadata
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from app.sandbox.mail.process import ServerProcess, free_ports
from app.sandbox.mail.server import ANYBODY, LOOPBACK, MailServerFailed, Security

FOLDERS: Final = ("Archive", "Sent", "Drafts", "Junk", "Trash")

_IMAP_ALONE: Final = ("admin", "managesieve", "swim")
"""Services that would listen beside IMAP, managesieve on every address of the machine."""


class PymapServer:
    """Use as an async context manager: a `MailServer` with one user and an empty inbox."""

    host: Final = LOOPBACK
    security: Security = "none"
    ca_file: Path | None = None

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self.password = password
        [self.port] = free_ports(1)

    @staticmethod
    def is_installed() -> bool:
        return importlib.util.find_spec("pymap") is not None

    @property
    def name(self) -> str:
        return f"pymap {importlib.metadata.version('pymap')}"

    async def __aenter__(self) -> Self:
        if not self.is_installed():
            raise MailServerFailed(
                "pymap is not installed.", fix="Run pip install 'sharedbox[demo]'."
            )
        self._folder = Path(tempfile.mkdtemp(prefix="sharedbox-pymap-"))
        self._process = ServerProcess("pymap", self._command(), self._folder / "pymap.log")
        try:
            self._process.start()
            await self._process.until_greeting(self.port)
            await self._talk(_create_folders)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._process.stop()
        await asyncio.to_thread(shutil.rmtree, self._folder)

    async def deliver(self, raw: bytes, *, sender: str = ANYBODY) -> None:
        """Put a mail into the inbox by APPEND: pymap takes none by LMTP."""
        delivered = b"Return-Path: <%s>\r\n" % sender.encode() + raw
        await self._talk(lambda client: _expect_ok(client.append("INBOX", "", "", delivered)))

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-P", str(Path(__file__).with_name("pymap_main.py"))),
            *(word for name in _IMAP_ALONE for word in ("--no-service", name)),
            *("--host", self.host, "--port", str(self.port), "--no-tls"),
            *("dict", f"--demo-user={self.username}", f"--demo-password={self.password}"),
        ]

    async def _talk(self, what: Callable[[imaplib.IMAP4], None], *, within: float = 30) -> None:
        try:
            async with asyncio.timeout(within):
                await asyncio.to_thread(self._log_in_and, what)
        except (imaplib.IMAP4.error, OSError) as error:  # TimeoutError is one of the latter
            raise MailServerFailed(f"pymap did not do as it was told: {error}") from error

    def _log_in_and(self, what: Callable[[imaplib.IMAP4], None]) -> None:
        with imaplib.IMAP4(self.host, self.port, timeout=10) as client:
            client.login(self.username, self.password)
            what(client)


def _create_folders(client: imaplib.IMAP4) -> None:
    for folder in FOLDERS:
        _expect_ok(client.create(folder))
        _expect_ok(client.subscribe(folder))


def _expect_ok(answer: tuple[str, Sequence[object]]) -> None:
    status, words = answer
    if status != "OK":
        raise MailServerFailed(f"pymap refused: {words!r}")
