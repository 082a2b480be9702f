"""Bulk catch-up: all mails of one mailbox into durable storage, SharedBox and others by turns.

All read over TLS from the same Dovecot; `peers.py` says what the others do with the mail. SharedBox
writes raw mails to its blob store and everything else to Postgres, parsed, threaded and searchable.
"""

import asyncio
import contextlib
import imaplib
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.sandbox.mail.dovecot import Dovecot
from app.store.embedded import EmbeddedPostgres
from app.store.engine import conninfo
from app.store.migrate import migrate
from bench.catch_up import Orders
from bench.mails import Kind, make
from bench.peers import PEERS, Source
from bench.processes import Taken
from bench.report import table

_USER = "bench"


@dataclass(frozen=True, slots=True)
class _Side:
    """One contestant's rounds."""

    name: str
    taken: list[Taken]

    def per_second(self) -> float:
        return statistics.median(one.mails / one.seconds for one in self.taken)

    def searchable_per_second(self) -> float | None:
        took = [one.mails / one.searchable_seconds for one in self.taken if one.searchable_seconds]
        return statistics.median(took) if took else None

    def cpu_us(self) -> float:
        return statistics.median(1e6 * one.cpu_seconds / one.mails for one in self.taken)

    def peak_mb(self) -> float:
        return max(one.peak_mb for one in self.taken)


async def bulk(mails: int, rounds: int, kinds: Sequence[Kind], peers: Sequence[str]) -> str:
    """The table, for each kind of mail. They take turns, so that all meet the same machine."""
    rows = []
    for kind in kinds:
        sides = [_Side(name, []) for name in [*peers, "SharedBox"]]
        async with _full_mailbox(mails, kind) as dovecot:
            for _ in range(rounds):
                for side in sides:
                    side.taken.append(await _turn(side.name, dovecot, mails))
        rows += [_row(kind, side, sides[0]) for side in sides]
    kept = ["msgs/s", f"× {peers[0]}", "searchable msgs/s"]
    head = ["mails", "who", *kept, "client CPU µs/msg", "peak MB"]
    return table(head, rows)


async def _turn(name: str, dovecot: Dovecot, mails: int) -> Taken:
    if name == "SharedBox":
        return await _sharedbox(dovecot, mails)
    with _folder() as folder:
        source = Source(
            dovecot.host, dovecot.imaps_port, _USER, dovecot.password(_USER), dovecot.ca_file
        )
        return await PEERS[name](source, folder, mails)


def _row(kind: Kind, side: _Side, first: _Side) -> list[str]:
    ratio = side.per_second() / first.per_second()
    searchable = side.searchable_per_second()
    figures = [f"{side.per_second():.0f}", f"{ratio:.2f}"]
    figures += [f"{searchable:.0f}" if searchable else "", f"{side.cpu_us():.0f}"]
    return [kind, side.name, *figures, f"{side.peak_mb():.0f}"]


@asynccontextmanager
async def _full_mailbox(mails: int, kind: Kind) -> AsyncIterator[Dovecot]:
    async with Dovecot({_USER: "bench-password"}) as dovecot:
        await asyncio.to_thread(_fill, dovecot, mails, kind)
        yield dovecot


def _fill(dovecot: Dovecot, mails: int, kind: Kind) -> None:
    with imaplib.IMAP4(dovecot.host, dovecot.imap_port) as session:
        session.login(_USER, dovecot.password(_USER))
        for raw in make(mails, kind):
            session.append("INBOX", None, None, raw)


async def _sharedbox(dovecot: Dovecot, mails: int) -> Taken:
    with _folder() as folder:
        async with EmbeddedPostgres(folder / "postgres") as postgres:
            await asyncio.to_thread(migrate, postgres.url)
            orders = Orders(
                database_url=conninfo(postgres.url),
                blobs=(folder / "blobs").as_uri(),
                port=dovecot.imaps_port,
                user=_USER,
                password=dovecot.password(_USER),
                ca_file=str(dovecot.ca_file),
                mails=mails,
            )
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.catch_up", json.dumps(asdict(orders))),
                stdout=asyncio.subprocess.PIPE,
            )
            output, _ = await process.communicate()
            if process.returncode:
                raise RuntimeError("the catch-up failed; what it said stands above")
            return Taken(**json.loads(output))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sharedbox-bench-") as name:
        yield Path(name)
