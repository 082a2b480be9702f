"""Postgres crashes at the worst moments, and the log cannot be written: mail is shown once."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
import pytest_asyncio

from app.sandbox.mail.dovecot import Dovecot
from app.sandbox.slack.local import LocalSlack
from tests.fixtures.mailservers import PASSWORD, mails
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of
from tests.rig.faultfile import FaultFile
from tests.rig.postgres import FragilePostgres

PATIENCE = 60


@dataclass
class Site:
    """All of SharedBox on a Postgres of its own that may crash."""

    stack: Stack
    postgres: FragilePostgres
    faults: FaultFile
    worker: asyncio.subprocess.Process

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(dovecot: Dovecot, folder: Path) -> AsyncIterator[Site]:
    inbox = dovecot.add_user("host-faults@example.com", PASSWORD)
    async with (
        FragilePostgres(folder / "postgres") as postgres,
        LocalSlack() as slack,
        Stack(postgres.url, folder, inbox, slack) as stack,
    ):
        faults = FaultFile(folder)
        await stack.start_web()
        worker = await stack.start_child("worker", **faults.environment)
        await stack.connect_account(within=PATIENCE)
        yield Site(stack, postgres, faults, worker)


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
        assert sum(subject.encode() in one for one in mails(site.stack.inbox, "Archive")) == 1
        assert sum(subject.encode() in one for one in mails(site.stack.inbox)) == 0


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
