"""Which conversation a Message-ID belongs to, whether or not we ever saw that message."""

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.ids import AccountId, ConversationId
from app.store.base import Tenanted, within_workspace


class ThreadLink(Tenanted, table=True):
    __tablename__ = "thread_links"
    __table_args__ = (
        within_workspace("account_id", "accounts"),
        within_workspace("conversation_id", "conversations"),
    )

    account_id: AccountId = Field(primary_key=True, sa_type=Uuid)
    internet_message_id: str = Field(primary_key=True)
    conversation_id: ConversationId = Field(sa_type=Uuid, index=True)
