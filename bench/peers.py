"""The programs that SharedBox is measured beside, each as its own documents say to use it."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.processes import Taken, peak_mb

_MODULES: Final = Path(__file__).parent / "peers_node"
_LONGEST: Final = 1800.0
_UNPRIVILEGED: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Source:
    """The mailbox all read from, by IMAP over TLS."""

    host: str
    port: int
    user: str
    password: str
    ca_file: Path


Peer = Callable[[Source, Path, int], Awaitable[Taken]]
"""Brings so many mails from the source into the folder."""


async def _mbsync(source: Source, folder: Path, mails: int) -> Taken:
    """A Maildir, each mail on the disk before it counts (FSync)."""
    config = folder / "mbsyncrc"
    config.write_text(
        f"""FSync yes

IMAPAccount bench
Host localhost
Port {source.port}
User {source.user}
Pass {source.password}
SSLType IMAPS
CertificateFile {source.ca_file}
Timeout 120

IMAPStore remote
Account bench

MaildirStore local
Path {folder}/
Inbox {folder}/INBOX

Channel bench
Far :remote:
Near :local:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""
    )
    taken = await _run(mails, "isync", "mbsync", "-q", "-c", str(config), "bench")
    return _checked(taken, folder / "INBOX")


async def _offlineimap(source: Source, folder: Path, mails: int) -> Taken:
    """A Maildir, with its own defaults."""
    config = folder / "offlineimaprc"
    config.write_text(
        f"""[general]
metadata = {folder}/metadata
accounts = bench
ui = quiet
socktimeout = 120

[Account bench]
localrepository = local
remoterepository = remote

[Repository local]
type = Maildir
localfolders = {folder}/mail

[Repository remote]
type = IMAP
remotehost = localhost
remoteport = {source.port}
remoteuser = {source.user}
remotepass = {source.password}
ssl = yes
sslcacertfile = {source.ca_file}
readonly = true
folderfilter = lambda name: name == 'INBOX'
"""
    )
    taken = await _run(mails, "offlineimap3", "offlineimap", "-o", "-c", str(config))
    return _checked(taken, folder / "mail" / "INBOX")


async def _getmail(source: Source, folder: Path, mails: int) -> Taken:
    """A Maildir, with its own defaults, one FETCH a mail.

    It delivers nothing as root, so where we are root it runs as a user who may do nothing else.
    """
    ca_file = Path(shutil.copy(source.ca_file, folder / "ca.pem"))
    for name in ("cur", "new", "tmp"):
        (folder / "mail" / name).mkdir(parents=True)
    (folder / "getmailrc").write_text(
        f"""[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = {source.port}
username = {source.user}
password = {source.password}
mailboxes = ("INBOX",)
ca_certs = {ca_file}
timeout = 120

[destination]
type = Maildir
path = {folder}/mail/

[options]
read_all = true
delete = false
verbose = 0
"""
    )
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    if user is not None:
        _give(folder, user)
    wanted = {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    taken = await _run(
        mails, "getmail6", "getmail", f"--getmaildir={folder}", environment=wanted, user=user
    )
    return _checked(taken, folder / "mail")


async def _imapflow(source: Source, folder: Path, mails: int) -> Taken:
    """imapflow and mailparser: the parsed mail as a JSON file, its attachments counted."""
    kept = folder / "kept"
    kept.mkdir()
    wanted = {
        "BENCH_HOST": "localhost",
        "BENCH_PORT": str(source.port),
        "BENCH_USER": source.user,
        "BENCH_PASSWORD": source.password,
        "BENCH_FOLDER": str(kept),
        "NODE_EXTRA_CA_CERTS": str(source.ca_file),
    }
    if not (_MODULES / "node_modules").is_dir():
        raise RuntimeError(f"imapflow is not installed: run npm ci in {_MODULES}")
    script = str(_MODULES / "imapflow.mjs")
    taken = await _run(mails, "nodejs", "node", script, environment=wanted)
    if (found := sum(1 for _ in kept.glob("*.eml"))) != mails:
        raise RuntimeError(f"imapflow kept {found} of {mails} mails")
    return taken


PEERS: Final[Mapping[str, Peer]] = {
    "mbsync": _mbsync,
    "offlineimap3": _offlineimap,
    "getmail6": _getmail,
    "imapflow": _imapflow,
}


def _checked(taken: Taken, maildir: Path) -> Taken:
    kept = sum(1 for part in ("new", "cur") for _ in (maildir / part).iterdir())
    if kept != taken.mails:
        raise RuntimeError(f"{maildir.name} holds {kept} of {taken.mails} mails")
    return taken


def _give(folder: Path, user: str) -> None:
    """Make a folder and all that lies in it another user's."""
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user)


async def _run(
    mails: int,
    package: str,
    program: str,
    *arguments: str,
    environment: Mapping[str, str] = {},
    user: str | None = None,
) -> Taken:
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"{program} is not installed (Debian: apt install {package})")
    return await asyncio.to_thread(_to_its_end, mails, [path, *arguments], environment, user)


def _to_its_end(
    mails: int, command: list[str], environment: Mapping[str, str], user: str | None
) -> Taken:
    """Run a program to its end, looking at it now and then."""
    peak, started = 0.0, time.perf_counter()
    group, others = (None, None) if user is None else (pwd.getpwnam(user).pw_gid, ())
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd="/",
        user=user,
        group=group,
        extra_groups=others,
    )
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        with contextlib.suppress(LookupError, OSError):
            peak = max(peak, peak_mb(process.pid))
        if time.perf_counter() - started > _LONGEST:
            process.kill()
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(mails, seconds, usage.ru_utime + usage.ru_stime, peak)
