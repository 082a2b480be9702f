"""How a person of the team signs in to the admin without Slack."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Column, Index, LargeBinary, Uuid, text
from sqlmodel import Field

from app.core.ids import TeammateId
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import timestamp


class Login(Tenanted, table=True):
    __tablename__ = "logins"
    __table_args__ = (
        within_workspace("teammate_id", "teammates"),
        Index("uq_logins_email", text("lower(email)"), unique=True),
    )

    teammate_id: TeammateId = Field(primary_key=True, sa_type=Uuid)
    email: str
    """What they sign in by: of one person in all workspaces, however it is written."""
    password_hash: str
    """Argon2id, with its parameters and its salt in it."""
    totp_secret: bytes | None = None
    """Sealed by the vault. It counts once `totp_since` is set."""
    totp_since: datetime | None = timestamp(default=None)
    totp_step: int = Field(default=0, sa_type=BigInteger)
    """The step (RFC 6238) of the last code that was used: no code is taken twice."""
    recovery_digests: list[bytes] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(LargeBinary), nullable=False, server_default="{}"),
    )
    """Of the recovery codes that are left."""
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    password_changed_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
