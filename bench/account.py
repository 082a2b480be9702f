"""An account in a store, for measuring the sync stage without the processes around it."""

from app.core.clock import Clock
from app.core.ids import AccountId, ChannelId, new_id
from app.mailbox.port import Security
from app.rules.arrivals import Arrivals
from app.store.blobs import Blobs
from app.store.models import Account
from app.store.unit_of_work import Store
from app.sync.port import Parser, Syncing

LARGEST_MAIL = 64 * 1024 * 1024


async def new_account(store: Store, blobs: Blobs, parser: Parser, clock: Clock) -> Syncing:
    """A new account of its own, and what it takes to bring its mail in."""
    async with store.across_workspaces() as fleet:
        workspace_id = await fleet.default_workspace()
    account_id = AccountId(new_id())
    account = Account(
        workspace_id=workspace_id,
        id=account_id,
        address=f"{account_id}@example.com",
        channel_id=ChannelId("C0BENCH"),
        folders=["INBOX"],
        imap_host="127.0.0.1",
        imap_port=993,
        imap_security=Security.TLS,
        imap_username="bench",
        imap_secret=b"",
        fence=1,
    )
    async with store.begin(workspace_id) as uow:
        uow.accounts.add(account)
    return Syncing(
        store=store,
        blobs=blobs,
        parser=parser,
        clock=clock,
        announce=Arrivals(clock),
        workspace_id=workspace_id,
        account_id=account_id,
        fence=account.fence,
        largest_mail=LARGEST_MAIL,
    )
