"""The answer a creating request was given, kept so that its repetition gets the same."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from app.store.base import Tenanted, now_in_database
from app.store.types import json_object, timestamp


class IdempotencyRecord(Tenanted, table=True):
    __tablename__ = "idempotency_records"

    key: str = Field(primary_key=True)
    """The caller's `Idempotency-Key`, behind the id of the API key it came with."""
    request_digest: bytes
    status: int
    body: dict[str, Any] = json_object(default_factory=dict)
    created_at: datetime = timestamp(default=None, index=True, sa_column_kwargs=now_in_database())
