"""What it costs to look where nothing is new, and to prove that nothing is missing, by size."""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from app.core.clock import SystemClock
from app.core.ids import MailboxId
from app.mailbox.port import Security, ServerSpec
from app.mailbox.sessions import IMAPServers
from app.sandbox.mail.dovecot import Dovecot
from app.store.blobs import Blobs
from app.store.embedded import EmbeddedPostgres
from app.store.engine import open_engine
from app.store.migrate import migrate
from app.store.models import PlacementState
from app.store.repositories.ledger import Entry, Place
from app.store.unit_of_work import Store
from app.sync.folders import read_folders
from app.sync.parsing import ParserPool
from app.sync.poll import catch_up
from app.sync.port import Syncing
from app.sync.reconcile import Reconciler
from bench.account import new_account
from bench.maildir import fill
from bench.processes import cpu_seconds
from bench.report import table

_LOOKS: Final = 300
_ROWS_AT_ONCE: Final = 5000
_PASSWORD: Final = "bench-password"  # noqa: S105 -- of a server that lives for a minute


async def growth(largest: int) -> str:
    """The table: sizes from a thousand mails up, ten times as many each time."""
    sizes = [1000]
    while sizes[-1] * 10 <= largest:
        sizes.append(sizes[-1] * 10)
    rows = []
    with tempfile.TemporaryDirectory(prefix="sharedbox-bench-") as name:
        async with (
            EmbeddedPostgres(Path(name) / "postgres") as postgres,
            Dovecot({f"size{size}": _PASSWORD for size in sizes}) as dovecot,
        ):
            await asyncio.to_thread(migrate, postgres.url)
            engine = open_engine(postgres.url)
            store = Store(engine)
            for size in sizes:
                await asyncio.to_thread(fill, dovecot, f"size{size}", size)
                rows.append(
                    await _measure(store, Blobs((Path(name) / "b").as_uri()), dovecot, size)
                )
            await engine.dispose()
    return table(
        ["mails in the folder", "ms a look", "our CPU ms a look", "s a reconciliation", "CPU s"],
        rows,
    )


async def _measure(store: Store, blobs: Blobs, dovecot: Dovecot, size: int) -> list[str]:
    user = f"size{size}"
    servers = IMAPServers(
        threads=2, largest_mail=1_000_000, allow_private=True, ca_file=dovecot.ca_file
    )
    spec = ServerSpec("127.0.0.1", dovecot.imaps_port, Security.TLS, user, _PASSWORD)
    async with ParserPool(1) as parser, servers, servers.open(spec) as session:
        syncing = await new_account(store, blobs, parser, SystemClock())
        folder, *_ = await read_folders(syncing, session)
        assert (await session.examine("INBOX")).exists == size
        await catch_up(syncing, session, folder)
        used, started = cpu_seconds(os.getpid()), time.perf_counter()
        for _ in range(_LOOKS):
            await catch_up(syncing, session, folder, peek=True)
        took, used = time.perf_counter() - started, cpu_seconds(os.getpid()) - used
        await _know_all(syncing, folder, size)
        before, began = cpu_seconds(os.getpid()), time.perf_counter()
        assert await Reconciler(syncing, session).step() == folder
        proven, worked = time.perf_counter() - began, cpu_seconds(os.getpid()) - before
        async with store.begin(syncing.workspace_id) as uow:
            assert (await uow.mailboxes.get(folder)).missing == 0
    looks = (f"{1000 * took / _LOOKS:.2f}", f"{1000 * used / _LOOKS:.2f}")
    return [f"{size:,}", *looks, f"{proven:.2f}", f"{worked:.2f}"]


async def _know_all(syncing: Syncing, mailbox_id: MailboxId, size: int) -> None:
    """Fill the ledger as if every mail of the folder had been brought in."""
    async with syncing.store.begin(syncing.workspace_id) as uow:
        mailbox = await uow.mailboxes.get(mailbox_id)
        mailbox.first_uid, mailbox.next_reconcile_at = 1, None
        assert mailbox.uidvalidity is not None
        for start in range(1, size + 1, _ROWS_AT_ONCE):
            uids = range(start, min(start + _ROWS_AT_ONCE, size + 1))
            places = [Place(mailbox_id, mailbox.uidvalidity, uid) for uid in uids]
            await uow.ledger.record([Entry(place, PlacementState.STORED) for place in places])
