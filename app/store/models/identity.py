"""An address that an account may send from, beside its own."""

from datetime import datetime

from sqlalchemy import UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, IdentityId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import timestamp


class SenderIdentity(Tenanted, table=True):
    """An administrator vouches for it: the provider must let the account send from there."""

    __tablename__ = "identities"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        UniqueConstraint("workspace_id", "account_id", "address"),
    )

    id: IdentityId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId = Field(sa_type=Uuid)
    address: str
    """In lower case. The account's own address may stand here, too, for the sake of its name."""
    name: str = ""
    """What stands before the address; variables of templates may stand in it."""
    is_default: bool = False
    """Where nothing speaks for another one."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
