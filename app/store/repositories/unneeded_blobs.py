"""Which bytes are to be swept from the blob store, of all workspaces: a digest knows no tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import WorkspaceId

_DUE: Final = text("""
SELECT blob.workspace_id, blob.sha256, blob.set_aside_at IS NOT NULL AS is_aside,
    EXISTS (SELECT FROM messages WHERE raw_sha256 = blob.sha256)
    OR EXISTS (SELECT FROM outgoing WHERE raw_sha256 = blob.sha256)
    OR EXISTS (SELECT FROM outgoing_files AS file WHERE file.sha256 = blob.sha256)
    OR EXISTS (SELECT FROM placements
        WHERE raw_sha256 = blob.sha256 AND state = 'quarantined') AS is_needed
FROM unneeded_blobs AS blob
WHERE blob.set_aside_at IS NULL OR blob.set_aside_at < now() - :older
LIMIT :limit
""")
_NOTE_SET_ASIDE: Final = text("""
INSERT INTO unneeded_blobs (workspace_id, sha256, set_aside_at)
SELECT blob.workspace_id, blob.sha256, now()
FROM unnest(CAST(:workspaces AS uuid[]), CAST(:digests AS bytea[])) AS blob (workspace_id, sha256)
ORDER BY blob.workspace_id, blob.sha256
ON CONFLICT (workspace_id, sha256) DO UPDATE SET set_aside_at = now()
""")
_FORGET: Final = text("""
DELETE FROM unneeded_blobs AS blob
USING unnest(CAST(:workspaces AS uuid[]), CAST(:digests AS bytea[])) AS done (workspace_id, sha256)
WHERE blob.workspace_id = done.workspace_id AND blob.sha256 = done.sha256
""")


@dataclass(frozen=True, slots=True)
class Unneeded:
    """`is_needed`: somebody has these bytes after all."""

    workspace_id: WorkspaceId
    sha256: bytes
    is_aside: bool
    is_needed: bool


class UnneededBlobs:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def due(self, *, older: timedelta, limit: int) -> list[Unneeded]:
        """Those that lie where they lay, and those that were set aside long enough ago."""
        connection = await self._session.connection()
        rows = await connection.execute(_DUE, {"older": older, "limit": limit})
        return [Unneeded(WorkspaceId(team), bytes(digest), *more) for team, digest, *more in rows]

    async def note_set_aside(self, blobs: Sequence[Unneeded]) -> None:
        connection = await self._session.connection()
        await connection.execute(_NOTE_SET_ASIDE, _keys(blobs))

    async def forget(self, blobs: Sequence[Unneeded]) -> None:
        connection = await self._session.connection()
        await connection.execute(_FORGET, _keys(blobs))


def _keys(blobs: Sequence[Unneeded]) -> dict[str, object]:
    return {
        "workspaces": [blob.workspace_id for blob in blobs],
        "digests": [blob.sha256 for blob in blobs],
    }
