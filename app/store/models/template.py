"""A text that is written once and sent often."""

from datetime import datetime

from sqlalchemy import UniqueConstraint, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, TemplateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import timestamp


class Template(Tenanted, table=True):
    """`{{ customer.first_name }}` and the like are filled in when it is used."""

    __tablename__ = "templates"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        UniqueConstraint("workspace_id", "name"),
    )

    id: TemplateId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    """None: for every inbox."""
    name: str
    subject: str = ""
    text: str = ""
    html: str = ""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    updated_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
