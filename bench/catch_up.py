"""One catch-up of one mailbox, in a process of its own so that its CPU and memory are its own.

Run by `bench.bulk`. Reads its orders as JSON from the command line and prints what it took as JSON.
"""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import uvloop
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.logging import configure_logging
from app.jobs.indexing import index_mails
from app.mailbox.port import MailSession, Security, ServerSpec
from app.mailbox.sessions import IMAPServers
from app.store.blobs import Blobs
from app.store.engine import open_engine, parse_database_url
from app.store.unit_of_work import Store
from app.sync.folders import read_folders
from app.sync.parsing import ParserPool
from app.sync.poll import catch_up
from bench.account import LARGEST_MAIL, new_account
from bench.processes import Taken, children, cpu_seconds, peak_mb

PARSERS = 2
_WARM_UP = 300


@dataclass(frozen=True, slots=True)
class Orders:
    database_url: str
    blobs: str
    port: int
    user: str
    password: str
    ca_file: str
    mails: int


async def main(orders: Orders) -> Taken:
    """Bring in all mails of INBOX, as if they had come while the worker was away.

    Before, another account brings in the last few, and Postgres looks at its tables as it does
    every minute of its own accord: worker and database have been in use.
    """
    url = parse_database_url(orders.database_url)
    engine = open_engine(url)
    servers = IMAPServers(
        threads=4, largest_mail=LARGEST_MAIL, allow_private=True, ca_file=Path(orders.ca_file)
    )
    spec = ServerSpec("127.0.0.1", orders.port, Security.TLS, orders.user, orders.password)
    try:
        async with ParserPool(PARSERS) as parser, servers, servers.open(spec) as session:
            bench = _Bench(Store(engine), parser, Blobs(orders.blobs), session)
            await bench.bring_in(from_uid=max(orders.mails - _WARM_UP, 1))
            async with engine.begin() as connection:
                await connection.execute(text("ANALYZE"))
            return await bench.bring_in(from_uid=1)
    finally:
        await engine.dispose()


@dataclass(frozen=True, slots=True)
class _Bench:
    store: Store
    parser: ParserPool
    blobs: Blobs
    session: MailSession

    async def bring_in(self, from_uid: int) -> Taken:
        """A new account; its first look is taken to have been made before this UID came.

        What a worker does beside, every two seconds, comes at the end here: to index the mails.
        """
        syncing = await new_account(self.store, self.blobs, self.parser, SystemClock())
        folder, *_ = await read_folders(syncing, self.session)
        await catch_up(syncing, self.session, folder)
        async with self.store.begin(syncing.workspace_id) as uow:
            mailbox = await uow.mailboxes.get(folder)
            mailbox.watermark = mailbox.first_uid = from_uid
        processes = [os.getpid(), *children(os.getpid())]
        used, started = sum(map(cpu_seconds, processes)), time.perf_counter()
        found, look = 0, None
        while look is None or look.has_more:
            look = await catch_up(syncing, self.session, folder)
            found += look.found
        taken = Taken(
            mails=found,
            seconds=time.perf_counter() - started,
            cpu_seconds=sum(map(cpu_seconds, processes)) - used,
            peak_mb=sum(map(peak_mb, processes)),
        )
        await index_mails(self.store)
        return replace(taken, searchable_seconds=time.perf_counter() - started)


if __name__ == "__main__":
    configure_logging(process="bench", json=False, level="WARNING")
    print(json.dumps(asdict(uvloop.run(main(Orders(**json.loads(sys.argv[1])))))))
