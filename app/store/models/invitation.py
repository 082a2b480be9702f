"""A link that lets one person into the team, once."""

from datetime import datetime

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.access import Role
from app.core.ids import InvitationId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class Invitation(Tenanted, table=True):
    __tablename__ = "invitations"
    __table_args__ = (within_workspace("invited_by_id", "teammates", ondelete="SET NULL"),)

    id: InvitationId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    digest: bytes = Field(unique=True)
    """Of the secret in the link."""
    role: Role = enum_text(Role)
    note: str = ""
    """Whom it is for, in the words of whoever made it."""
    invited_by_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    """None for a link that SharedBox itself printed, for whoever runs it."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    expires_at: datetime = timestamp()
    used_at: datetime | None = timestamp(default=None)
    revoked_at: datetime | None = timestamp(default=None)
