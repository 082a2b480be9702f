"""What stands below a mail: for an inbox, for a person, or for a person in one inbox."""

from datetime import datetime

from sqlalchemy import Index, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, SignatureId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import timestamp


class Signature(Tenanted, table=True):
    """A person's comes first, the inbox's below it. Both may hold variables of templates."""

    __tablename__ = "signatures"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("teammate_id", "teammates"),
        Index("ix_signatures_teammate", "workspace_id", "teammate_id"),
    )

    id: SignatureId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    """None: in every inbox."""
    teammate_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    """None: for everybody."""
    text: str = ""
    html: str = ""
    updated_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
