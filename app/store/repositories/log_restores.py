"""What becomes of the event log where a database was restored from a backup.

Readers have heard of events that the restored log does not have, so the numbers of these may not
be given to others: who waits for what comes after 50 would not hear of a new 42. A restored
database is told by Postgres itself: it is another one, in another server, or on another timeline.
"""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_GO_ON: Final = text("""
WITH here AS (
    SELECT concat_ws('/', system.system_identifier, state.timeline_id, own.oid) AS mark
    FROM pg_control_system() AS system, pg_control_checkpoint() AS state, pg_database AS own
    WHERE own.datname = current_database()
), before AS (
    SELECT counter.workspace_id, counter.last_seq, counter.given_in
    FROM event_counters AS counter, here
    WHERE counter.given_in IS DISTINCT FROM here.mark
    ORDER BY counter.workspace_id
    FOR UPDATE OF counter
), moved AS (
    UPDATE event_counters AS counter
    SET given_in = here.mark, last_seq = CASE
        WHEN before.given_in IS NULL THEN before.last_seq
        ELSE greatest(before.last_seq + 1, extract(epoch FROM now())::bigint << 20)
    END
    FROM before, here
    WHERE counter.workspace_id = before.workspace_id
    RETURNING counter.workspace_id, counter.last_seq, before.last_seq AS was, before.given_in
)
INSERT INTO events (workspace_id, seq, type, data)
SELECT workspace_id, last_seq, 'log.restored', jsonb_build_object('after', was)
FROM moved WHERE given_in IS NOT NULL
RETURNING workspace_id
""")
"""By the time in seconds, a million numbers each: a backup may be restored more than once."""


async def go_on_after_restore(session: AsyncSession) -> int:
    """Begin the numbers anew where the log comes from a backup; in how many workspaces it does."""
    connection = await session.connection()
    return len((await connection.execute(_GO_ON)).all())
