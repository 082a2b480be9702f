"""One folder of an account, and how far we are in it."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, MailboxId, new_id
from app.store.base import Tenanted, within_workspace
from app.store.types import timestamp, timestamp_list


class Mailbox(Tenanted, table=True):
    __tablename__ = "mailboxes"
    __table_args__ = (
        UniqueConstraint("workspace_id", "account_id", "name"),
        within_workspace("account_id", "accounts"),
    )

    id: MailboxId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    name: str
    """As the server lists it, decoded from modified UTF-7."""
    role: str | None = None
    """Its special use (RFC 6154): inbox, archive, sent, drafts, trash, junk."""
    selectable: bool = True
    watched: bool = False
    listed: bool = True
    """Whether the last LIST named it."""
    detail: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Why it cannot be watched although it should, in words."""
    parked_until: datetime | None = timestamp(default=None)
    """The server lists it and does not open it: when we try again."""

    uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    shown_uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    """What the server showed when UIDVALIDITY was last seen to change; None before the first
    change. It may not be adopted yet."""
    uidvalidity_changes: list[datetime] = timestamp_list()
    """When it was seen to change lately, the latest last."""
    unstable_since: datetime | None = timestamp(default=None)
    """It changes again and again, so the folder is let be: since when."""
    watermark: int | None = Field(default=None, sa_type=BigInteger)
    """The UID from which we look for new mail: every lower UID is settled in the ledger."""
    first_uid: int | None = Field(default=None, sa_type=BigInteger)
    """Where we began: mail below it was there before us."""
    started_at: datetime | None = timestamp(default=None)
    """When we began to watch. After a reset of the UIDs, older mail is not news."""
    exists_at_server: int | None = None
    """EXISTS when what others changed was last compared; None before the first comparison."""
    uidnext: int | None = Field(default=None, sa_type=BigInteger)
    """UIDNEXT at the same moment."""
    highestmodseq: int | None = Field(default=None, sa_type=BigInteger)
    """HIGHESTMODSEQ (RFC 7162) at the same moment: the flags are known up to it."""
    missing: int = 0
    """UIDs the server showed at the last look that the ledger has not settled."""
    last_checked_at: datetime | None = timestamp(default=None)
    next_poll_at: datetime | None = timestamp(default=None)
    untold_at: datetime | None = timestamp(default=None)
    """When mail was found that the server should have announced; None while it is believed."""

    uids_on_server: int | None = None
    """How many mails the folder held when it was last reconciled with the ledger."""
    older: int | None = None
    """How many of these were there before us and are none of ours."""
    last_reconciled_at: datetime | None = timestamp(default=None)
    next_reconcile_at: datetime | None = timestamp(default=None)
    """None: at once."""
