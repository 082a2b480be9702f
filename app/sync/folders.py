"""Which folders an account has, as its server lists them."""

from collections.abc import Sequence

from app.core.ids import MailboxId
from app.mailbox.port import Folder as ListedFolder
from app.mailbox.port import MailSession
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork
from app.sync.port import Syncing


async def read_folders(syncing: Syncing, session: MailSession) -> list[MailboxId]:
    """Note what LIST says; answers the folders that are watched and there, in their order.

    A folder that is no longer listed keeps its history. An empty answer changes nothing: every
    account has an INBOX, so it can only be a server in trouble.
    """
    listed = await session.folders()
    async with syncing.store.begin(syncing.workspace_id) as uow:
        account = await uow.accounts.owned(syncing.account_id, syncing.fence)
        if listed:
            await _note(uow, account, listed)
        known = {one.name: one for one in await uow.mailboxes.of_account(account.id)}
        watched = [known[name] for name in account.folders if name in known]
        return [one.id for one in watched if one.listed and one.selectable]


async def _note(uow: UnitOfWork, account: Account, listed: Sequence[ListedFolder]) -> None:
    known = {one.name: one for one in await uow.mailboxes.of_account(account.id)}
    for folder in listed:
        mailbox = known.pop(folder.name, None) or await uow.mailboxes.named(account.id, folder.name)
        mailbox.role = folder.role
        mailbox.selectable = folder.selectable
        mailbox.watched = folder.name in account.folders
        mailbox.listed = True
    for vanished in known.values():
        vanished.listed = False
