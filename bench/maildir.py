"""Folders with many mails in them, from one moment to the next."""

import os
from collections.abc import Iterator
from typing import Final

from app.sandbox.mail.dovecot import Dovecot
from bench.mails import make

_DISTINCT: Final = 50


def fill(dovecot: Dovecot, user: str, count: int, folder: str = "INBOX") -> None:
    """Write the mails straight into the Maildir: a hundred thousand APPENDs take their time."""
    home = dovecot.folder / "mail" / user
    owner = home.stat()
    root = home / "mail"
    maildir = root if folder == "INBOX" else root / f".{folder}"
    for part in (root, maildir, *(maildir / name for name in ("cur", "new", "tmp"))):
        part.mkdir(exist_ok=True)
        os.chown(part, owner.st_uid, owner.st_gid)
    raws = list(make(_DISTINCT, "small"))
    for number, raw in zip(range(count), _again_and_again(raws), strict=False):
        file = maildir / "cur" / f"{1_700_000_000 + number}.M{number}.bench:2,"
        file.write_bytes(raw)
        os.chown(file, owner.st_uid, owner.st_gid)


def _again_and_again(raws: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from raws
