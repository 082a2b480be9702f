"""How often somebody failed to sign in: one row for each name and place it was tried from."""

from datetime import datetime

from sqlmodel import Field

from app.store.base import Tenanted
from app.store.types import timestamp


class SignInAttempts(Tenanted, table=True):
    __tablename__ = "sign_in_attempts"

    key: bytes = Field(primary_key=True)
    """The digest of who was tried, and from where."""
    failures: int = 0
    last_at: datetime = timestamp()
    not_before: datetime = timestamp()
    """When the next one is looked at."""
