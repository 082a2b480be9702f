"""One file that came with a mail."""

from sqlalchemy import BigInteger, Uuid
from sqlmodel import Field

from app.core.ids import MessageId
from app.store.base import Tenanted, within_workspace


class Attachment(Tenanted, table=True):
    __tablename__ = "attachments"
    __table_args__ = (within_workspace("message_id", "messages"),)

    message_id: MessageId = Field(primary_key=True, sa_type=Uuid)
    n: int = Field(primary_key=True)
    """Its place in the mail, from 1."""
    filename: str
    content_type: str
    size: int = Field(sa_type=BigInteger)
    """Decoded, in bytes; worked out from the encoded length."""
    content_id: str | None = None
    inline: bool = False
    offset: int = Field(sa_type=BigInteger)
    """Where its encoded body begins in the raw mail, from which it is cut when somebody asks."""
    length: int = Field(sa_type=BigInteger)
    encoding: str = ""
    """Its Content-Transfer-Encoding."""
