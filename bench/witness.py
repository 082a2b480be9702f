"""Bare clients beside SharedBox, to know when the server says, or has done, something."""

import imaplib
import ssl
import time
from pathlib import Path
from typing import Final, Self

_LOOK_SECONDS: Final = 0.003


class _Client:
    def __init__(self, port: int, ca_file: Path, user: str, password: str) -> None:
        trusted = ssl.create_default_context(cafile=ca_file)
        self._client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trusted)
        self._client.login(user, password)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.logout()


class Witness(_Client):
    """Use as a context manager. It opens INBOX and does nothing but wait."""

    def __enter__(self) -> Self:
        self._client.select(readonly=True)
        return self

    def wait(self, longest: float) -> float:
        """The moment (of `time.time`) at which the server announces mail. Raises `TimeoutError`."""
        self._client.sock.settimeout(longest)
        self._client.send(b"W IDLE\r\n")
        while b"EXISTS" not in self._client.readline():
            pass
        heard = time.time()
        self._client.send(b"DONE\r\n")
        while not self._client.readline().startswith(b"W "):
            pass
        return heard


class Counter(_Client):
    """Use as a context manager. It opens no folder, and asks how many mails INBOX has."""

    def count(self) -> int:
        _, answer = self._client.status("INBOX", "(MESSAGES)")
        return int(answer[0].decode().rpartition("MESSAGES ")[2].rstrip(")"))

    def wait_for_fewer(self, before: int, longest: float) -> float:
        """The moment at which there are fewer. Raises `TimeoutError`."""
        until = time.time() + longest
        while self.count() >= before:
            if time.time() > until:
                raise TimeoutError(f"INBOX still has {before} mails after {longest:.0f} s.")
            time.sleep(_LOOK_SECONDS)
        return time.time()
