"""Mail that comes in for conversations while people merge them."""

import asyncio
from collections.abc import Mapping

from sqlmodel import select

from app.commands.merge import merge, take_apart
from app.core.access import Actor, Origin, Scope
from app.core.ids import ConversationId, MessageId, new_id
from app.mail.parse import parse
from app.mail.scan import header_of
from app.mailbox.port import Listing
from app.store.models import Conversation, Direction
from app.store.unit_of_work import UnitOfWork
from app.sync.own import sender_of
from app.sync.rows import Readable
from app.sync.threads import find_conversations
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.database import Workspace, are_waiting
from tests.fixtures.stack import eventually

ANSWER = (
    b"From: Dana <dana@customer.example>\r\nTo: support@example.com\r\n"
    b"Subject: Re: Invoice\r\nMessage-ID: <answer@customer.example>\r\n\r\nAnd mine?\r\n"
)


def answer() -> Readable:
    return Readable(
        MessageId(new_id()),
        Listing(uid=1, size=len(ANSWER), internaldate=MOMENT, flags=()),
        len(ANSWER),
        header_of(ANSWER),
        b"digest",
        parse(ANSWER),
    )


class Desk:
    """Three conversations in the order of their ids, the last two of one subject."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.actor = Actor(workspace.id, Origin.API, scopes=frozenset(Scope))
        self.account = factories.account(workspace.id)
        self.order, self.invoice, self.reminder = sorted(ConversationId(new_id()) for _ in range(3))

    async def open(self) -> None:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            uow.accounts.add(self.account)
            await uow.session.flush()
            self.folder = (await uow.mailboxes.named(self.account.id, "INBOX")).id
            for id_, subject in (
                (self.order, "Order"),
                (self.invoice, "Invoice"),
                (self.reminder, "Invoice"),
            ):
                row = factories.conversation(
                    self.workspace.id,
                    self.account.id,
                    id=id_,
                    subject=subject,
                    subject_key=subject.lower(),
                    participants=["dana@customer.example"],
                    message_count=1,
                    last_message_at=MOMENT,
                )
                await uow.conversations.add_all([row])
                mail = factories.message(self.workspace.id, self.account.id, id_, subject=subject)
                await uow.messages.add_all([mail])

    async def bring_in(self) -> ConversationId:
        """What `sync.ingest` does with a mail, in a transaction of its own."""
        mail = answer()
        async with self.workspace.store.begin(self.workspace.id) as uow:
            placed = await self._place(uow, mail)
        return placed[mail.message_id]

    async def _place(self, uow: UnitOfWork, mail: Readable) -> Mapping[MessageId, ConversationId]:
        around = await uow.arriving.owned(
            self.folder,
            self.account.id,
            self.account.fence,
            digests=[mail.digest],
            internet_message_ids=[],
        )
        placed = await find_conversations(
            uow,
            around.account,
            sender_of(around.account),
            [mail],
            directions={mail.message_id: Direction.INBOUND},
            history=False,
        )
        return placed.conversations


class TestFindingConversations:
    async def test_of_a_merged_one_finds_the_one_that_has_its_mails(
        self, workspace: Workspace
    ) -> None:
        desk = Desk(workspace)
        await desk.open()
        async with workspace.store.begin(workspace.id) as uow:
            for one in (desk.invoice, desk.reminder):
                await merge(uow, desk.actor, one, desk.order, now=MOMENT)

        placed = await desk.bring_in()

        assert placed == desk.order
        async with workspace.store.begin(workspace.id) as uow:
            assert (await uow.conversations.get(desk.order)).message_count == 4

    async def test_beside_an_undo_of_the_merge_neither_waits_for_ever(
        self, workspace: Workspace
    ) -> None:
        """Who brings in mail is held up between the merged one and the one that it points at."""
        desk = Desk(workspace)
        await desk.open()
        async with workspace.store.begin(workspace.id) as uow:
            command = await merge(uow, desk.actor, desk.invoice, desk.order, now=MOMENT)

        async def undo() -> None:
            async with workspace.store.begin(workspace.id) as uow:
                await take_apart(uow, desk.actor, await uow.commands.lock(command.id), now=MOMENT)

        async with asyncio.TaskGroup() as tasks, workspace.store.begin(workspace.id) as uow:
            await uow.conversations.lock(desk.reminder)
            coming = tasks.create_task(desk.bring_in())
            await eventually(lambda: are_waiting(workspace.store, 1))
            tasks.create_task(undo())
            await eventually(lambda: are_waiting(workspace.store, 2))

        assert coming.result() in {desk.order, desk.invoice, desk.reminder}
        async with workspace.store.begin(workspace.id) as uow:
            rows = (await uow.session.exec(select(Conversation))).all()
            assert [one.merged_into_id for one in rows] == [None] * 3

    async def test_beside_a_merge_of_what_it_was_merged_into_neither_waits_for_ever(
        self, workspace: Workspace
    ) -> None:
        """Invoice is in Order; while a mail for Invoice comes in, Order goes into Reminder."""
        desk = Desk(workspace)
        await desk.open()
        async with workspace.store.begin(workspace.id) as uow:
            await merge(uow, desk.actor, desk.invoice, desk.order, now=MOMENT)

        async def merge_on() -> None:
            async with workspace.store.begin(workspace.id) as uow:
                await merge(uow, desk.actor, desk.order, desk.reminder, now=MOMENT)

        async with asyncio.TaskGroup() as tasks, workspace.store.begin(workspace.id) as uow:
            await uow.conversations.lock(desk.reminder)
            tasks.create_task(merge_on())
            await eventually(lambda: are_waiting(workspace.store, 1))
            coming = tasks.create_task(desk.bring_in())
            await eventually(lambda: are_waiting(workspace.store, 2))

        assert coming.result() == desk.reminder
