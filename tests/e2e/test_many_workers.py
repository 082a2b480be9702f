"""Three workers on one Postgres that are killed and stopped at random, while mail comes in.

A stopped worker is the worst kind: it holds its locks and its connections, and when it wakes it
goes on in the middle of what it was doing, long after others have done it.

`pytest tests/e2e/test_many_workers.py --chaos-seconds 600 --chaos-seed 7` runs longer, otherwise.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.sandbox.slack.local import LocalSlack
from app.store.workers import LIVE
from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of
from tests.rig.faultfile import FaultFile
from tests.rig.nursery import Child

SILENT = 3
"""Seconds after which a worker counts as stopped, in these tests."""
CHANNELS = ("support", "sales")


@dataclass
class Company:
    """Workers that come and go, and what each inbox was sent."""

    stack: Stack
    inboxes: list[DovecotInbox]
    workers: list[Child] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    delivered: list[tuple[int, str]] = field(default_factory=list)
    """The number of the inbox, and the subject."""

    def hire(self, **environment: str) -> Child:
        worker = self.stack.fork_child(
            "worker", SHAREDBOX_WORKER_SILENT_SECONDS=str(SILENT), **environment
        )
        self.workers.append(worker)
        return worker

    async def are_at_work(self) -> None:
        """Wait until every worker has begun: a process takes its time to start."""

        async def look() -> bool:
            return len(await owned(self.stack)) >= len(self.workers)

        await eventually(look, within=60)

    async def connect_all(self) -> None:
        await self.are_at_work()
        for n, inbox in enumerate(self.inboxes):
            self.stack.inbox = inbox
            account = await self.stack.connect_account(CHANNELS[n % len(CHANNELS)])
            self.accounts[account["id"]] = inbox.username

    async def deliver(self, n: int, subject: str) -> None:
        raw = mail(subject, f"{subject.replace(' ', '-')}@acme.example")
        await self.inboxes[n].deliver(raw)
        self.delivered.append((n, subject))

    async def kill(self, worker: Child) -> None:
        worker.kill()
        await worker.wait()
        self.workers.remove(worker)

    def shown(self) -> Counter[str]:
        """How often each subject heads a card, over all channels."""
        cards = [card for channel in CHANNELS for card in self.stack.cards(channel)]
        return Counter(
            {
                subject: sum(subject in text_of(card) for card in cards)
                for _, subject in self.delivered
            }
        )

    async def each_is_shown_once(self, within: float) -> None:
        async def look() -> bool:
            return set(self.shown().values()) <= {1}

        try:
            await eventually(look, within)
        except TimeoutError:
            wrong = {subject: n for subject, n in self.shown().items() if n != 1}
            pytest.fail(f"not shown exactly once: {wrong}")

    async def ledger(self) -> Counter[str]:
        """How many mails of each account are accounted for; nothing may be missing."""
        accounted: Counter[str] = Counter()
        for account_id, username in self.accounts.items():
            account: dict[str, Any] = (await self.stack.api.get(f"/accounts/{account_id}")).json()
            (inbox,) = [one for one in account["mailboxes"] if one["name"] == "INBOX"]
            assert inbox["missing"] == 0
            accounted[username] = inbox["accounted"]
        return accounted


async def owned(stack: Stack) -> list[int]:
    """How many accounts each living worker owns, the least first."""
    connection = await psycopg.AsyncConnection.connect(stack.settings.database_url or "")
    async with connection:
        rows = await (await connection.execute(LIVE)).fetchall()
    return sorted(row[3] for row in rows)


async def until_owned(stack: Stack, *counts: int, within: float = 25) -> None:
    async def look() -> bool:
        return await owned(stack) == sorted(counts)

    await eventually(look, within)


@pytest.fixture
async def company(database: URL, tmp_path: Path, dovecot: Dovecot) -> AsyncIterator[Company]:
    inboxes = [dovecot.add_user(f"{tmp_path.name.lower()}-{n}@example.com", "pw") for n in range(3)]
    async with LocalSlack() as slack, Stack(database, tmp_path, inboxes[0], slack) as stack:
        await stack.start_web()
        yield Company(stack, inboxes)


class TestAFairShare:
    async def test_follows_the_workers_that_come_and_go(self, company: Company) -> None:
        company.hire()
        await company.connect_all()
        await until_owned(company.stack, 3)

        company.hire()
        company.hire()
        await company.are_at_work()
        await until_owned(company.stack, 1, 1, 1, within=30)

        await company.kill(company.workers[0])
        await until_owned(company.stack, 1, 2, within=10)

        company.workers[0].send_signal(signal.SIGTERM)
        assert await company.workers[0].wait() == 0
        await until_owned(company.stack, 3, within=10)

    async def test_leaves_no_account_to_a_worker_that_stands_still(self, company: Company) -> None:
        company.hire()
        company.hire()
        await company.connect_all()
        await until_owned(company.stack, 1, 2)

        company.workers[0].send_signal(signal.SIGSTOP)
        for n in range(3):
            await company.deliver(n, f"Sent to {n} meanwhile")
        await company.each_is_shown_once(within=25)
        await until_owned(company.stack, 3)

        company.workers[0].send_signal(signal.SIGCONT)
        await until_owned(company.stack, 1, 2)
        await company.each_is_shown_once(within=5)


class TestAPause:
    """A worker stops in the middle of something, and wakes when another one has done it."""

    @pytest.mark.parametrize("point", ["K09", "K11", "K12"])
    async def test_on_a_mails_way_in(self, company: Company, point: str) -> None:
        company.inboxes = company.inboxes[:1]
        pausing = self.hire_pausing(company, point)
        await company.connect_all()
        await company.deliver(0, "Invoice 4471")
        await self.until_paused(company)

        company.hire()
        await company.each_is_shown_once(within=40)
        pausing.send_signal(signal.SIGCONT)
        await until_owned(company.stack, 0, 1)

        await company.deliver(0, "The last mail")
        await company.each_is_shown_once(within=10)
        assert set((await company.ledger()).values()) == {2}

    @pytest.mark.parametrize("point", ["K20"])
    async def test_on_a_clicks_way_out(self, company: Company, point: str) -> None:
        company.inboxes = company.inboxes[:1]
        pausing = self.hire_pausing(company, point)
        await company.connect_all()
        await company.deliver(0, "Invoice 4471")
        ts = (await company.stack.card("Invoice 4471"))["ts"]
        await company.stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await self.until_paused(company)

        company.hire()
        await eventually(lambda: self.is_archived(company, ts), 40)
        pausing.send_signal(signal.SIGCONT)
        await until_owned(company.stack, 0, 1)

        (inbox,) = company.inboxes
        assert (len(mails(inbox)), len(mails(inbox, "Archive"))) == (0, 1)
        assert len(await company.stack.events("command.done")) == 1

    def hire_pausing(self, company: Company, point: str) -> Child:
        faults = FaultFile(company.stack.settings.data_dir)
        faults.arm(point, "stop")
        return company.hire(**faults.environment)

    async def until_paused(self, company: Company) -> None:
        await eventually(FaultFile(company.stack.settings.data_dir).has_struck)

    async def is_archived(self, company: Company, ts: str) -> bool:
        return "🗄 Archived" in text_of(company.stack.slack.message("support", ts))


class TestChaos:
    async def test_nothing_is_lost_and_nothing_doubled(
        self, company: Company, request: pytest.FixtureRequest
    ) -> None:
        seconds = request.config.getoption("--chaos-seconds")
        seed = request.config.getoption("--chaos-seed")
        chance = random.Random(seed)
        for _ in range(3):
            company.hire()
        await company.connect_all()

        async with asyncio.timeout(seconds + 120):
            nemesis = asyncio.create_task(_trouble(company, chance, seconds))
            n = 0
            while not nemesis.done():
                await company.deliver(chance.randrange(3), f"Mail number {n:04}.")
                n += 1
                await asyncio.sleep(chance.uniform(0.3, 1.5))
            await nemesis

        await company.each_is_shown_once(within=40)
        sent = Counter(company.inboxes[n].username for n, _ in company.delivered)
        assert await company.ledger() == sent
        for worker in list(company.workers):
            worker.send_signal(signal.SIGTERM)
            await worker.wait()
        await company.each_is_shown_once(within=0.1)


async def _trouble(company: Company, chance: random.Random, seconds: float) -> None:
    """Kill one, or stop one for longer than any limit; never the last one that works."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        await asyncio.sleep(chance.uniform(0.5, 2))
        victim = chance.choice(company.workers)
        if chance.random() < 0.5:
            await company.kill(victim)
            company.hire()
        else:
            victim.send_signal(signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(SILENT + 1, SILENT + 4))
            victim.send_signal(signal.SIGCONT)
