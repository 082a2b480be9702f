"""One act that matters for security: who did it, when, from where, and to what."""

from datetime import datetime
from typing import Any

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.access import Origin
from app.core.ids import AuditEntryId, TeammateId, new_id
from app.store.base import Tenanted, now_in_database
from app.store.types import enum_text, json_object, timestamp


class AuditEntry(Tenanted, table=True):
    __tablename__ = "audit_entries"

    id: AuditEntryId = Field(primary_key=True, sa_type=Uuid, default_factory=new_id)
    at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    act: str
    """Such as `team.role_changed`."""
    about: str = ""
    """What it was done to, as people call it."""
    actor_id: TeammateId | None = Field(default=None, sa_type=Uuid)
    """No foreign key: what somebody did outlives them."""
    actor_name: str = ""
    origin: Origin = enum_text(Origin)
    address: str = ""
    """The network address it came from, where there is one."""
    data: dict[str, Any] = json_object(default_factory=dict)
    """Ids and plain facts, never a secret."""
