"""The bytes of an account that was removed are deleted, unless somebody has them after all."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.accounts.connect import remove
from app.core.access import Origin
from app.core.ids import AccountId, ConversationId
from app.jobs.sweeping import sweep
from app.store.blobs import BlobMissing, Blobs
from app.store.models import (
    Outgoing,
    OutgoingFile,
    OutgoingMode,
    OutgoingState,
    PlacementState,
    UnneededBlob,
)
from app.store.repositories.ledger import Entry, Place
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.database import Workspace


class Attic:
    """Accounts, the bytes of their mail, and the hour that passes."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.store = workspace, workspace.store
        self.blobs = Blobs(folder.as_uri())

    async def account(self, address: str) -> tuple[AccountId, ConversationId]:
        account = factories.account(self.workspace.id, address=address)
        talk = factories.conversation(self.workspace.id, account.id)
        async with self.store.begin(self.workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()
            await uow.conversations.add_all([talk])
        return account.id, talk.id

    async def mail(self, account: tuple[AccountId, ConversationId], raw: bytes) -> bytes:
        digest = await self.blobs.put(raw)
        await self.name(account, digest)
        return digest

    async def name(self, account: tuple[AccountId, ConversationId], digest: bytes) -> None:
        """Write the row that names bytes, some time after they were kept."""
        async with self.store.begin(self.workspace.id) as uow:
            row = factories.message(self.workspace.id, *account, raw_sha256=digest)
            await uow.messages.add_all([row])

    async def set_aside(self, account: tuple[AccountId, ConversationId], digest: bytes) -> None:
        async with self.store.begin(self.workspace.id) as uow:
            inbox = await uow.mailboxes.named(account[0], "INBOX")
            entry = Entry(Place(inbox.id, 1, 70), PlacementState.QUARANTINED, raw_sha256=digest)
            await uow.ledger.record([entry])

    async def send(
        self, account: tuple[AccountId, ConversationId], digest: bytes, file: bytes
    ) -> None:
        outgoing = Outgoing(
            workspace_id=self.workspace.id,
            account_id=account[0],
            conversation_id=account[1],
            mode=OutgoingMode.NEW,
            origin=Origin.API,
            from_address="sales@example.com",
            internet_message_id="<1@example.com>",
            raw_sha256=digest,
            size=1,
            state=OutgoingState.SENT,
            due_at=MOMENT,
        )
        async with self.store.begin(self.workspace.id) as uow:
            uow.session.add(outgoing)
            await uow.session.flush()
            uow.session.add(
                OutgoingFile(
                    workspace_id=self.workspace.id,
                    outgoing_id=outgoing.id,
                    n=0,
                    filename="invoice.pdf",
                    content_type="application/pdf",
                    size=1,
                    sha256=file,
                )
            )

    async def remove(self, account: tuple[AccountId, ConversationId]) -> None:
        async with self.store.begin(self.workspace.id) as uow:
            await remove(uow, account[0])

    async def sweep(self) -> None:
        await sweep(self.store, self.blobs)

    async def after_an_hour(self) -> None:
        async with self.store.begin(self.workspace.id) as uow:
            await uow.session.exec(
                update(UnneededBlob).values(
                    set_aside_at=col(UnneededBlob.set_aside_at) - timedelta(hours=1)
                )
            )

    async def has(self, digest: bytes) -> bool:
        try:
            await self.blobs.get(digest)
        except BlobMissing:
            return False
        return True


@pytest.fixture
def attic(workspace: Workspace, tmp_path: Path) -> Attic:
    return Attic(workspace, tmp_path)


class TestSweeping:
    async def test_leaves_what_nobody_removed(self, attic: Attic) -> None:
        digest = await attic.mail(await attic.account("support@example.com"), b"mail")

        await attic.sweep()

        assert await attic.has(digest)

    async def test_deletes_what_only_the_removed_account_had(self, attic: Attic) -> None:
        account = await attic.account("support@example.com")
        sent, file, unreadable = [await attic.blobs.put(one) for one in (b"s", b"f", b"u")]
        digests = [await attic.mail(account, b"mail"), sent, file, unreadable]
        await attic.send(account, sent, file)
        await attic.set_aside(account, unreadable)
        await attic.remove(account)
        await attic.sweep()
        assert [await attic.has(one) for one in digests] == [True] * 4  # for an hour still

        await attic.after_an_hour()
        await attic.sweep()

        assert [await attic.has(one) for one in digests] == [False] * 4

    async def test_leaves_what_another_account_has(self, attic: Attic) -> None:
        going = await attic.account("support@example.com")
        staying = await attic.account("sales@example.com")
        digests = [await attic.mail(going, one) for one in (b"both", b"sent", b"file", b"unread")]
        await attic.name(staying, digests[0])
        await attic.send(staying, digests[1], digests[2])
        await attic.set_aside(staying, digests[3])
        await attic.remove(going)

        await attic.sweep()
        await attic.after_an_hour()
        await attic.sweep()

        assert [await attic.has(one) for one in digests] == [True] * 4

    async def test_beside_another_account_that_found_the_bytes_there(self, attic: Attic) -> None:
        """It kept them just before they were set aside, and names them just after."""
        going = await attic.account("support@example.com")
        staying = await attic.account("sales@example.com")
        digest = await attic.mail(going, b"mail")
        await attic.remove(going)
        await attic.blobs.put(b"mail")
        await attic.sweep()
        await attic.name(staying, digest)
        assert await attic.has(digest)

        await attic.after_an_hour()
        await attic.sweep()

        assert await attic.has(digest)

    async def test_beside_another_account_that_keeps_them_anew(self, attic: Attic) -> None:
        going = await attic.account("support@example.com")
        digest = await attic.mail(going, b"mail")
        await attic.remove(going)
        await attic.sweep()
        await attic.blobs.put(b"mail")
        await attic.after_an_hour()

        await attic.sweep()
        await attic.name(await attic.account("sales@example.com"), digest)

        assert await attic.has(digest)

    async def test_that_was_broken_off_goes_on(self, attic: Attic) -> None:
        """The bytes were set aside, and deleted, by workers that died before they said so."""
        account = await attic.account("support@example.com")
        digest = await attic.mail(account, b"mail")
        await attic.remove(account)
        await attic.blobs.set_aside(digest)
        await attic.sweep()
        await attic.blobs.forget(digest)
        await attic.after_an_hour()

        await attic.sweep()

        async with attic.store.across_workspaces() as fleet:
            assert await fleet.unneeded_blobs.due(older=timedelta(0), limit=10) == []
