"""Bytes of an account or a workspace that is gone, which perhaps nobody needs any more."""

from datetime import datetime

from sqlmodel import Field

from app.store.base import Tenanted
from app.store.types import timestamp


class UnneededBlob(Tenanted, table=True):
    __tablename__ = "unneeded_blobs"

    sha256: bytes = Field(primary_key=True)
    set_aside_at: datetime | None = timestamp(default=None)
    """Until then the bytes lie where they always lay."""
