"""An address that an account may send from, beside its own.

Anybody could type in an address of somebody else's. So it is offered only once a mail that was sent
from it, by the account's own server, and to it, has come back into the account: then the provider
lets us send from there, and what is answered to it reaches us.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, Uuid, text
from sqlmodel import Field

from app.core.ids import AccountId, IdentityId, new_id
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class Proof(StrEnum):
    ASKED = "asked"
    """The mail that proves it is about to leave, or on its way."""
    VERIFIED = "verified"
    FAILED = "failed"
    """It could not be sent, or came back changed; `proof_detail` says why."""


class SenderIdentity(Tenanted, table=True):
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
    proof: Proof = enum_text(
        Proof, default=Proof.ASKED, sa_column_kwargs={"server_default": "verified"}
    )
    proof_detail: str = Field(default="", sa_column_kwargs={"server_default": ""})
    proof_digest: bytes | None = None
    """Of the secret that only the mail holds."""
    proof_attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """How often it was tried to send that mail, counted before each try."""
    proof_sent_at: datetime | None = timestamp(default=None)
    proof_expires_at: datetime | None = timestamp(default=None)
    """After which the secret proves nothing any more."""
    verified_at: datetime | None = timestamp(default=None)
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())

    @property
    def is_verified(self) -> bool:
        return self.proof is Proof.VERIFIED
