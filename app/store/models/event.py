"""The append-only log that everything reads: cursors, webhooks, live pages.

`seq` is taken from the workspace's counter row at the end of the writing transaction. The row lock
is held until that transaction commits, so numbers appear in commit order and without gaps: a reader
that has seen 41 will never find a 40 later. Only a database that was restored from a backup begins
again far above, for what came after the backup has had the numbers that would be next.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Uuid
from sqlmodel import Field

from app.core.ids import AccountId, ConversationId
from app.store.base import Tenanted, now_in_database
from app.store.types import json_object, timestamp


class EventCounter(Tenanted, table=True):
    __tablename__ = "event_counters"

    last_seq: int = Field(default=0, sa_type=BigInteger)
    given_in: str | None = None
    """The database that the numbers were given in; another one was restored from its backup."""


class Event(Tenanted, table=True):
    __tablename__ = "events"

    seq: int = Field(primary_key=True, sa_type=BigInteger)
    type: str
    at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    account_id: AccountId | None = Field(default=None, sa_type=Uuid)
    conversation_id: ConversationId | None = Field(default=None, sa_type=Uuid)
    data: dict[str, Any] = json_object(default_factory=dict)
