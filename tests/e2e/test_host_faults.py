"""Postgres crashes or lets nobody in, and the host has nothing left: mail is shown once."""

import contextlib
import resource
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
import pytest
import pytest_asyncio

from app.sandbox.mail.dovecot import Dovecot
from app.sandbox.slack.local import LocalSlack
from app.store.engine import conninfo
from tests.e2e.test_answering import reply
from tests.fixtures.mailservers import PASSWORD, mails
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import Stack, eventually, text_of
from tests.rig.disk import NOT_PERMITTED, Disk
from tests.rig.faultfile import FaultFile
from tests.rig.nursery import Child
from tests.rig.postgres import FragilePostgres

PATIENCE = 60
SOON = "0.5 2@600 2"
"""What failed while nothing was left is tried again long before we lose patience."""
ROOM = "1g"
NO_MORE = 3
"""A process that may have three descriptors keeps those it has, and gets no other."""


@dataclass
class Site:
    """All of SharedBox on a Postgres of its own that may crash."""

    stack: Stack
    postgres: FragilePostgres
    faults: FaultFile
    worker: Child
    smtp: ScriptedSMTP
    disk: Disk
    """What Postgres writes to."""

    async def card(self, subject: str) -> str:
        async def find() -> str | None:
            found = [one["ts"] for one in self.stack.cards() if subject in text_of(one)]
            return found[0] if found else None

        ts: str = await eventually(find, PATIENCE)
        return ts

    async def crash_at(self, point: str) -> None:
        """Once the worker stands still at the point, crash Postgres, and let both go on."""
        await eventually(self.faults.has_struck, PATIENCE)
        await self.postgres.restart()
        self.worker.send_signal(signal.SIGCONT)

    def times_shown(self, subject: str) -> int:
        return sum(subject in text_of(card) for card in self.stack.cards())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's own: as root, Postgres runs as a user of its own and must get in."""
    with tempfile.TemporaryDirectory(prefix="sharedbox-host-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture(scope="module")
def disk(folder: Path) -> Iterator[Disk]:
    made = Disk(folder / "disk")
    made.mount(f"size={ROOM},mode=755")
    yield made
    made.unmount()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(dovecot: Dovecot, folder: Path, disk: Disk) -> AsyncIterator[Site]:
    inbox = dovecot.add_user(f"host-faults-{folder.name}@example.com", PASSWORD)
    async with (
        FragilePostgres(disk.folder / "postgres") as postgres,
        LocalSlack() as slack,
        Stack(postgres.url, folder, inbox, slack) as stack,
        ScriptedSMTP() as smtp,
    ):
        faults = FaultFile(folder)
        await stack.start_web()
        worker = stack.fork_child("worker", SHAREDBOX_RETRY_LADDER=SOON, **faults.environment)
        by = {
            "host": "127.0.0.1",
            "port": smtp.port,
            "security": "none",
            "username": inbox.username,
            "password": PASSWORD,
        }
        await stack.connect_account(within=PATIENCE, smtp=by)
        yield Site(stack, postgres, faults, worker, smtp, disk)


@pytest.mark.asyncio(loop_scope="module")
class TestPostgresCrashes:
    @pytest.mark.parametrize("point", ["K07", "K09", "K10", "K12"])
    async def test_while_a_mail_comes_in(self, site: Site, point: str) -> None:
        subject = f"Crash at {point}"
        site.faults.arm(point, "stop")

        await site.stack.inbox.deliver(mail(subject, f"{point}@acme.example"))
        await site.crash_at(point)
        await site.stack.inbox.deliver(mail(f"After {point}", f"after-{point}@acme.example"))

        await site.card(f"After {point}")
        await site.card(subject)
        assert site.times_shown(subject) == 1

    async def test_while_a_click_goes_out(self, site: Site) -> None:
        subject = "Crash at K21"
        await site.stack.inbox.deliver(mail(subject, "k21@acme.example"))
        ts = await site.card(subject)
        site.faults.arm("K21", "stop")

        await site.stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await site.crash_at("K21")

        async def is_archived() -> bool:
            return "🗄 Archived" in text_of(site.stack.slack.message("support", ts))

        await eventually(is_archived, PATIENCE)
        assert (archived(site, subject), inboxed(site, subject)) == (1, 0)

    async def test_when_a_reply_was_taken(self, site: Site) -> None:
        """Whoever sent it may still note that, or nobody knows and a person is asked."""
        await site.stack.inbox.deliver(mail("Crash at K27", "k27@acme.example"))
        await site.card("Crash at K27")
        found = (await site.stack.api.get("/conversations", params={"q": "K27"})).json()["items"]
        site.faults.arm("K27", "stop")

        outgoing = await reply(site.stack, found[0])
        await site.crash_at("K27")

        async def is_settled() -> bool:
            row = (await site.stack.api.get(f"/outgoing/{outgoing['id']}")).json()
            return row.get("state") in {"sent", "unknown"} and row["settled_at"] is not None

        await eventually(is_settled, PATIENCE)
        assert len(site.smtp.taken) == 1


@pytest.mark.asyncio(loop_scope="module")
class TestNothingIsLeft:
    async def test_of_connections_to_postgres(self, site: Site) -> None:
        await site.postgres.set(max_connections=50)
        await site.postgres.restart()
        with contextlib.ExitStack() as others:
            take_every_connection(site, others)
            await site.stack.inbox.deliver(mail("No connection", "connections@acme.example"))

        await site.card("No connection")
        assert site.times_shown("No connection") == 1

    async def test_of_the_disk_that_postgres_writes_to(self, site: Site) -> None:
        if not site.disk.is_mounted:
            pytest.skip(NOT_PERMITTED)
        await site.stack.inbox.deliver(mail("Before it is full", "room@acme.example"))
        ts = await site.card("Before it is full")
        site.disk.fill()
        await eventually(site.postgres.is_out_of_room, PATIENCE)
        await site.stack.inbox.deliver(mail("No room", "no-room@acme.example"))
        click = await site.stack.slack.choose_overflow("Ana", "support", ts, "Archive")

        site.disk.remount(f"size={ROOM}")
        await site.postgres.start()

        await site.card("No room")
        assert [site.times_shown(one) for one in ("Before it is full", "No room")] == [1, 1]

        async def is_archived() -> bool:
            return not click.ok or archived(site, "Before it is full") == 1

        await eventually(is_archived, PATIENCE)
        assert archived(site, "Before it is full") + inboxed(site, "Before it is full") == 1

    @pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are set by prlimit")
    async def test_of_file_descriptors(self, site: Site) -> None:
        pid = site.worker.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (NO_MORE, before[1]))
        await site.stack.inbox.deliver(mail("No descriptor", "descriptors@acme.example"))
        await site.stack.inbox.server.doveadm("kick", site.stack.inbox.username)

        async def in_trouble() -> str | None:
            (account,) = (await site.stack.api.get("/accounts")).json()["items"]
            is_told = "Too many open files" in account["detail"]
            return str(account["id"]) if is_told else None

        account_id = await eventually(in_trouble, PATIENCE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

        await site.stack.api.post(f"/accounts/{account_id}/retry")
        await site.card("No descriptor")
        assert site.times_shown("No descriptor") == 1


def archived(site: Site, subject: str) -> int:
    return sum(subject.encode() in one for one in mails(site.stack.inbox, "Archive"))


def inboxed(site: Site, subject: str) -> int:
    return sum(subject.encode() in one for one in mails(site.stack.inbox))


def take_every_connection(site: Site, others: contextlib.ExitStack) -> None:
    """Have sessions of somebody else in every place that Postgres has, ours included."""
    ours = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'sharedbox %'"
    )
    first = others.enter_context(psycopg.connect(conninfo(site.postgres.url), autocommit=True))
    for _ in range(3):
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                others.enter_context(psycopg.connect(conninfo(site.postgres.url)))
        first.execute(ours)


@pytest.fixture
def full() -> Iterator[IO[bytes]]:
    """A file on a disk that has no room left."""
    with Path("/dev/full").open("wb") as file:
        yield file


class TestALogThatCannotBeWritten:
    async def test_stops_nothing(self, stack: Stack, full: IO[bytes]) -> None:
        await stack.connect_account()
        await stack.stop_worker()
        await stack.start_child("worker", full, SHAREDBOX_LOG_LEVEL="DEBUG")
        await stack.inbox.deliver(mail("Unlogged", "1@acme.example"))

        await stack.card("Unlogged")
