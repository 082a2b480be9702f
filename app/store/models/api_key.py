"""A key for the REST API. The secret itself is never stored, only its digest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from app.core.ids import APIKeyId, new_id
from app.store.base import Tenanted, now_in_database
from app.store.types import text_list, timestamp


class APIKey(Tenanted, table=True):
    __tablename__ = "api_keys"

    id: APIKeyId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    prefix: str = Field(unique=True)
    """The public part, by which the row is found."""
    digest: bytes
    name: str = ""
    scopes: list[str] = text_list()
    account_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid))
    created_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    last_used_at: datetime | None = timestamp(default=None)
    revoked_at: datetime | None = timestamp(default=None)
