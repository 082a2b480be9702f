"""A mail that search does not find by its index yet.

Postgres itself leaves the row where a mail is inserted without its words (the trigger
`note_mails_to_index`), and whoever finds the words for it takes the row away. The key is the order:
the newest mail of a workspace comes first.
"""

from datetime import datetime

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.ids import MessageId
from app.store.base import Tenanted
from app.store.types import timestamp


class MailToIndex(Tenanted, table=True):
    __tablename__ = "mails_to_index"

    received_at: datetime = timestamp(primary_key=True)
    message_id: MessageId = Field(primary_key=True, sa_type=Uuid)
