"""A server as a child process: started, awaited, stopped and killed by its own id.

It gets a session of its own, so that Ctrl-C in the terminal reaches us alone and we stop it in our
order, and so that it can be ended together with its children. Where Linux' `setpriv` is at hand the
kernel stops it when we die without a word.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

import psutil

from app.sandbox.mail.server import LOOPBACK, MailServerFailed

_PORTS: Final = range(20_000, 32_000)
"""Below what systems hand out to outgoing connections, so that a port stays ours over a restart."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback nobody listens on just now."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            found.append(port)
        if len(found) == count:
            return found
    raise MailServerFailed(
        f"No {count} free ports between {_PORTS.start} and {_PORTS.stop}.",
        fix="Stop some of the servers that run on this machine.",
    )


class ServerProcess:
    """What `command` starts. What it says goes to `log`."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self._name = name
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; `until_greeting` tells when it can be used."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command line
                _dying_with_us(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def until_greeting(self, port: int, *, within: float = 20) -> None:
        """Wait for the first line a server says on this port."""
        try:
            async with asyncio.timeout(within):
                while not await _greets(port):
                    if not self.is_running:
                        raise MailServerFailed(f"{self._name} ended at once.{self._last_words()}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise MailServerFailed(
                f"{self._name} did not answer on port {port} within {within:g} s."
                f"{self._last_words()}"
            ) from None

    async def stop(self, *, within: float = 10) -> None:
        """Ask it to end; end it and all its children by force when that takes too long."""
        if self._process is None:
            return
        family = self._family()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, within)
        await self._end(self._process, family)

    async def kill(self) -> None:
        """End it and all its children this instant, as a power cut would."""
        if self._process is not None:
            await self._end(self._process, self._family())

    async def _end(self, process: subprocess.Popen[bytes], family: list[psutil.Process]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        self._process = None
        for _ in range(500):  # its children hold its ports until they are gone
            if not any(_lives(one) for one in family):
                return
            await asyncio.sleep(0.01)
        raise MailServerFailed(f"{self._name} has children that do not end.")

    def _family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._process is not None:
                return psutil.Process(self._process.pid).children(recursive=True)
        return []

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace").strip()
        return f" Its log ends:\n{text[-2000:]}" if text else ""


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _dying_with_us(command: list[str]) -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else command


async def _greets(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        return (await reader.readline()).endswith(b"\n")
    except OSError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
