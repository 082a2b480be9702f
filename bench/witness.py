"""A bare client that waits in IDLE beside SharedBox, to know when the server says something."""

import imaplib
import ssl
import time
from pathlib import Path
from typing import Self


class Witness:
    """Use as a context manager. It opens INBOX and does nothing but wait."""

    def __init__(self, port: int, ca_file: Path, user: str, password: str) -> None:
        trusted = ssl.create_default_context(cafile=ca_file)
        self._client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trusted)
        self._client.login(user, password)
        self._client.select(readonly=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.logout()

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
