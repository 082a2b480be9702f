"""Bringing in what was in an account before we watched it: what was asked for, and how far it is.

requested ──▶ running ──▶ done
                 └──────▶ cancelled
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Uuid
from sqlmodel import Field

from app.core.ids import AccountId
from app.store.base import Tenanted, now_in_database, within_workspace
from app.store.types import enum_text, timestamp


class ImportState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class HistoryImport(Tenanted, table=True):
    """The latest import of an account. Which mails are in already, the ledger knows."""

    __tablename__ = "history_imports"
    __table_args__ = (within_workspace("account_id", "accounts"),)

    account_id: AccountId = Field(primary_key=True, sa_type=Uuid)
    days: int | None = None
    """How far it reaches back from the moment it was requested; if None, `since` tells."""
    since: datetime | None = timestamp(default=None)
    """Where it begins; everything where this and `days` are None."""
    mails_per_minute: int | None = None
    """The setting's number where this is None."""
    state: ImportState = enum_text(ImportState, default=ImportState.RUNNING)
    revision: int = 0
    """Raised by each request, so that whoever carries one out notices the next."""
    found: int | None = None
    """The mails in the window; None until they were counted."""
    done: int = 0
    failed: int = 0
    """Mails of the window that are in quarantine."""
    requested_at: datetime = timestamp(default=None, sa_column_kwargs=now_in_database())
    counted_at: datetime | None = timestamp(default=None)
    """When a worker last began with it, and how many were done or failed by then."""
    settled_when_counted: int = 0
    finished_at: datetime | None = timestamp(default=None)
