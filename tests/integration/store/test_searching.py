"""Search finds a mail from the moment it is kept; the index has many at once a little later."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from app.core.ids import AccountId, ConversationId, MessageId, WorkspaceId, new_id
from app.jobs.indexing import index_mails
from app.store.models import MailToIndex, Message
from app.store.new import NewMessage
from app.store.repositories import searching
from app.store.repositories.conversations import ConversationFilter
from app.store.repositories.searching import AT_ONCE, Indexing
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.database import Workspace

MANY = AT_ONCE + 1


class Box:
    """A mailbox of one workspace, each of its mails a conversation of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.store = workspace, workspace.store

    async def keep(self, count: int, **values: Any) -> list[NewMessage]:
        """So many mails, each a minute younger than the one before, in one transaction."""
        account = factories.account(self.workspace.id, address=f"{new_id()}@example.com")
        mails = []
        async with self.store.begin(self.workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()
            for n in range(count):
                talk = factories.conversation(self.workspace.id, account.id)
                await uow.conversations.add_all([talk])
                mails.append(self.mail(account.id, talk.id, n, **values))
            await uow.messages.add_all(mails)
        return mails

    def mail(self, account: AccountId, talk: ConversationId, n: int, **values: Any) -> NewMessage:
        moment = MOMENT + timedelta(minutes=n)
        usual = {"body": f"The number is n{n}.", "received_at": moment}
        return factories.message(self.workspace.id, account, talk, **{**usual, **values})

    async def found(self, query: str) -> list[ConversationId]:
        """The latest first."""
        async with self.store.begin(self.workspace.id) as uow:
            wanted = ConversationFilter(query=query)
            page = await uow.conversations.page(wanted, before=None, limit=100)
            assert await uow.conversations.count(wanted, limit=100) == len(page)
        return [one.id for one in page]

    async def waiting(self) -> list[MessageId]:
        """Mails that are to be indexed, the newest first."""
        async with self.store.begin(self.workspace.id) as uow:
            newest_first = col(MailToIndex.received_at).desc()
            rows = await uow.session.exec(select(MailToIndex.message_id).order_by(newest_first))
            return [MessageId(id_) for id_ in rows]


@pytest.fixture
def box(workspace: Workspace) -> Box:
    return Box(workspace)


class TestMailThatComesAlone:
    async def test_is_in_the_index_at_once(self, box: Box) -> None:
        (mail,) = await box.keep(1)

        assert await box.waiting() == []
        assert await box.found("n0") == [mail.conversation_id]


class TestMailThatIsMadeToTakeLong:
    """Read as they are, these texts take Postgres longer than a statement may take."""

    @pytest.mark.parametrize(
        ("unit", "count"), [("a_", 1), ("~/", 1), ("./", 1), ("<!-- a ", AT_ONCE)]
    )
    async def test_is_in_the_index_at_once(self, box: Box, unit: str, count: int) -> None:
        await box.keep(count, body=f"needle {unit * (100_000 // len(unit))}")

        assert await box.waiting() == []
        assert len(await box.found("needle")) == count


class TestManyMailsAtOnce:
    async def test_are_found_before_they_are_indexed(self, box: Box) -> None:
        mails = await box.keep(MANY)

        assert len(await box.waiting()) == MANY
        assert await box.found("n7") == [mails[7].conversation_id]
        assert await box.found("number -n7") == [
            one.conversation_id for one in reversed(mails) if one is not mails[7]
        ]

    async def test_are_found_by_what_their_words_begin_with(self, box: Box) -> None:
        mails = await box.keep(MANY)

        async with box.store.begin(box.workspace.id) as uow:
            wanted = ConversationFilter(words_beginning=("invo",))
            page = await uow.conversations.page(wanted, before=None, limit=100)

        assert len(page) == len(mails)

    async def test_are_found_beside_those_in_the_index(self, box: Box) -> None:
        (first,) = await box.keep(1)
        mails = await box.keep(MANY)

        assert set(await box.found("n0")) == {first.conversation_id, mails[0].conversation_id}

    async def test_beyond_what_search_reads_are_found_once_indexed(
        self, box: Box, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(searching, "_READ", 1)
        mails = await box.keep(MANY)
        assert await box.found("number") == [mails[-1].conversation_id]

        await index_mails(box.store)

        assert len(await box.found("number")) == MANY


class TestIndexMails:
    async def test_leaves_none_and_all_are_found_by_the_index(self, box: Box) -> None:
        mails = await box.keep(MANY)

        await index_mails(box.store)

        assert await box.waiting() == []
        assert await box.found("n7") == [mails[7].conversation_id]
        assert len(await box.found("number")) == MANY

    async def test_begins_with_the_newest(self, box: Box) -> None:
        mails = await box.keep(MANY)

        async with box.store.across_workspaces() as fleet:
            assert await fleet.indexing.index(box.workspace.id, limit=4) == 4

        assert await box.waiting() == [one.id for one in reversed(mails[:-4])]

    async def test_passes_over_what_another_worker_is_about(self, box: Box) -> None:
        await box.keep(MANY)
        async with box.store.across_workspaces() as other:
            await other.indexing.index(box.workspace.id, limit=1)

            await index_mails(box.store)

            assert len(await box.waiting()) == 1
        assert await box.waiting() == []

    async def test_takes_the_workspaces_in_turn(self, box: Box) -> None:
        elsewhere = WorkspaceId(new_id())
        await box.keep(MANY)
        async with box.store.begin(elsewhere) as uow:
            row = MailToIndex(
                workspace_id=elsewhere, received_at=MOMENT, message_id=MessageId(new_id())
            )
            uow.session.add(row)

        async with box.store.across_workspaces() as fleet:
            assert set(await fleet.indexing.behind(limit=9)) == {box.workspace.id, elsewhere}
        await index_mails(box.store)

        assert await box.waiting() == []

    async def test_goes_on_with_the_others_where_one_cannot_be_indexed(
        self, box: Box, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = WorkspaceId(UUID(int=1))
        await box.keep(MANY)
        stuck = MessageId(new_id())
        async with box.store.begin(first) as uow:
            uow.session.add(MailToIndex(workspace_id=first, received_at=MOMENT, message_id=stuck))
        index = Indexing.index

        async def fail(indexing: Indexing, team: WorkspaceId, *, limit: int) -> int:
            if team == first:
                await (await indexing._session.connection()).execute(text("SELECT 1 / 0"))
            return await index(indexing, team, limit=limit)

        monkeypatch.setattr(Indexing, "index", fail)

        await index_mails(box.store)

        assert await box.waiting() == [stuck]

    async def test_nothing_to_do(self, box: Box) -> None:
        await index_mails(box.store)

        assert await box.waiting() == []

    async def test_mail_of_a_former_release_is_indexed_too(self, box: Box) -> None:
        """It says nothing of the words, even for a single mail."""
        (first,) = await box.keep(1)
        values = {**mail_of(first), "id": MessageId(new_id()), "raw_sha256": b"another"}
        async with box.store.begin(box.workspace.id) as uow:
            uow.session.add(Message(**{**values, "body": "pamphlet"}))
        assert await box.waiting() == [values["id"]]

        await index_mails(box.store)

        assert await box.waiting() == []
        assert await box.found("pamphlet") == [first.conversation_id]


def mail_of(mail: NewMessage) -> dict[str, Any]:
    return {name: getattr(mail, name) for name in NewMessage.__dataclass_fields__}
