"""Commands that always fail, on a connection that is well and on one they break.

Neither may be tried in a hot loop, and neither may keep anybody waiting who comes behind it.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.commands.enqueue import enqueue_for_messages
from app.commands.settle import MOST_ATTEMPTS
from app.commands.types import Archive, Flag, MailIntent
from app.commands.undo import retry
from app.core.access import Origin, system
from app.core.ids import CommandId, MessageId
from app.mailbox.errors import Transient
from app.mailbox.port import Security
from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.store.models import Command, CommandState, CommandType, Message
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.faults import CutOn, Fault, Replace
from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

BEHIND = 100
MAILS = 6
WAITS = (10, 60, 300, 900)
ITS_MOVE = rb"UID MOVE 1 "
"""The first mail of the folder is the one nobody can move."""
NOT_UNDERSTOOD = Replace(ITS_MOVE, b"UID MOOVE 1 ")
"""Dovecot answers BAD, and the connection is fine."""


class Queue:
    """One poisoned command, and many that are not, behind it; a proxy that does the poisoning."""

    def __init__(self, sync: Sync, proxy: FaultProxy) -> None:
        self.sync, self.proxy = sync, proxy
        self.connections_lost = 0

    async def fill(self, behind: int) -> None:
        """The poisoned one, and so many that flag other mails."""
        for n in range(MAILS):
            await self.sync.inbox.deliver(mail(f"Mail {n}", f"{n}@acme.example"))
        await self.sync.look()
        messages = {one.subject: one.id for one in await self.sync.all(Message)}
        self.poison = await self.ask(messages["Mail 0"], Archive())
        for n in range(behind):
            await self.ask(messages[f"Mail {n % (MAILS - 1) + 1}"], Flag())

    async def ask(self, message_id: MessageId, intent: MailIntent) -> CommandId:
        async with self.sync.rows() as uow:
            actor = system(self.sync.workspace.id)
            return (await enqueue_for_messages(uow, actor, [message_id], intent)).id

    async def states(self) -> Counter[str]:
        return Counter(str(one.state) for one in await self.sync.all(Command))

    async def work(self) -> int:
        """Do what is due, with a new connection whenever one was lost, as the worker would."""
        attempts = 0
        while True:
            try:
                return attempts + await self.sync.run_commands()
            except Transient:
                attempts += 1
                self.connections_lost += 1
                assert self.connections_lost < 50, "a hot loop"

    async def poisoned(self) -> Command:
        async with self.sync.rows() as uow:
            return await uow.commands.get(self.poison)

    async def next_try_at(self) -> datetime | None:
        async with self.sync.rows() as uow:
            now = self.sync.clock.now()
            return (await uow.agendas.of(self.sync.syncing.account_id, now)).retry_at


@pytest.fixture
async def queue(
    make_sync: MakeSync, mail_user: DovecotInbox, dovecot: Dovecot
) -> AsyncIterator[Queue]:
    sync = await make_sync(mail_user)
    await sync.look()
    async with FaultProxy(mail_user.host, dovecot.imap_port) as proxy:
        sync.spec = replace(sync.spec, port=proxy.port, security=Security.NONE)
        yield Queue(sync, proxy)


@pytest.fixture(params=[NOT_UNDERSTOOD, CutOn(ITS_MOVE)], ids=["refused", "breaks connections"])
def poison(request: pytest.FixtureRequest) -> Fault:
    found: Fault = request.param
    return found


class TestAPoisonedCommand:
    async def test_keeps_nobody_waiting(self, queue: Queue, poison: Fault) -> None:
        await queue.fill(BEHIND)
        queue.proxy.set(to_server=poison)

        await queue.work()

        assert queue.proxy.fired.total() == (2 if isinstance(poison, CutOn) else 1)
        assert await queue.states() == {"done": BEHIND, "queued": 1}
        assert (await queue.poisoned()).state is CommandState.QUEUED

    async def test_is_tried_a_few_times_with_growing_waits_and_then_no_more(
        self, queue: Queue, poison: Fault
    ) -> None:
        await queue.fill(1)
        queue.proxy.set(to_server=poison)
        tried = [queue.sync.clock.now()]
        await queue.work()

        while (due := await queue.next_try_at()) is not None:
            queue.sync.clock.set(due - timedelta(seconds=1))
            assert await queue.work() == 0
            queue.sync.clock.set(due)
            tried.append(due)
            assert await queue.work() == 1

        waits = [(b - a).total_seconds() for a, b in pairwise(tried)]
        # A connection that breaks may have done so for a reason of its own: once, it is made anew.
        assert tuple(waits) == (WAITS[1:] if isinstance(poison, CutOn) else WAITS)
        command = await queue.poisoned()
        assert (command.state, command.attempts) == (CommandState.FAILED, MOST_ATTEMPTS)
        assert queue.proxy.fired.total() == MOST_ATTEMPTS
        assert command.detail

    async def test_can_be_brought_back_once_its_poison_is_gone(
        self, queue: Queue, poison: Fault
    ) -> None:
        await queue.fill(0)
        queue.proxy.set(to_server=poison)
        for _ in range(MOST_ATTEMPTS):
            await queue.work()
            queue.sync.clock.advance(hours=1)
        assert (await queue.poisoned()).state is CommandState.FAILED

        queue.proxy.set()
        async with queue.sync.rows() as uow:
            await retry(uow, queue.poison)
        await queue.work()

        assert (await queue.poisoned()).state is CommandState.DONE
        assert len(mails(queue.sync.inbox, "Archive")) == 1


class TestACommandThatIsHeldBack:
    async def test_by_an_earlier_one_is_not_waited_for(self, queue: Queue) -> None:
        now = queue.sync.clock.now()
        await queue.fill(0)
        async with queue.sync.rows() as uow:
            first = await uow.commands.lock(queue.poison)
            first.next_try_at = now + timedelta(minutes=5)
            second = Command(
                workspace_id=first.workspace_id,
                account_id=first.account_id,
                conversation_id=first.conversation_id,
                type=CommandType.FLAG,
                origin=Origin.SYSTEM,
                next_try_at=now - timedelta(minutes=5),
            )
            await uow.commands.add(second)

        assert await queue.work() == 0
        assert await queue.next_try_at() == now + timedelta(minutes=5)


class TestACommandThatWaits:
    async def test_longer_than_any_does_once_the_clock_was_set_back(self, queue: Queue) -> None:
        await queue.fill(0)
        async with queue.sync.rows() as uow:
            waiting = await uow.commands.lock(queue.poison)
            waiting.next_try_at = queue.sync.clock.now() + timedelta(hours=1)

        assert await queue.work() == 1

        assert (await queue.poisoned()).state is CommandState.DONE
