"""Taking all of one workspace out of the database, a bounded number of rows at a time.

A table that a model tells of is found by itself: whatever is added later goes with the rest.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlmodel import col

from app.core.ids import AccountId
from app.store.base import metadata
from app.store.models import (
    WAITING,
    Account,
    APIKey,
    Conversation,
    Message,
    Note,
    Outgoing,
    Teammate,
    Webhook,
)
from app.store.repositories.base import Repository

_ERASING: Final = 0x5B0C_0003
_REMAINS: Final = frozenset({"workspaces", "event_counters", "unneeded_blobs"})
"""The first two go last; the digests go when their bytes do, and tell nothing of anybody."""
TABLES: Final[tuple[str, ...]] = tuple(
    table.name for table in reversed(metadata.sorted_tables) if table.name not in _REMAINS
)
"""Those that point at others first, so that no deletion brings about more of them."""
_ALL: Final = 1_000_000_000
_MARK: Final = """
UPDATE workspaces SET erasing_since = coalesce(erasing_since, now()), slack_team_id = NULL
WHERE id = :team
"""
_DOORS: Final[tuple[str, ...]] = (
    "installations",
    "api_keys",
    "browser_sessions",
    "invitations",
    "logins",
    "oauth_grants",
)
_LET_ACCOUNTS_GO: Final = """
UPDATE accounts SET fence = fence + 1, revision = revision + 1, state = 'paused',
    paused_at = coalesce(paused_at, now())
WHERE workspace_id = :team
RETURNING id
"""
_HOLD_CHANNELS: Final = """
UPDATE channels SET state = 'held', changes = changes + 1 WHERE workspace_id = :team
"""
_STOP_WEBHOOKS: Final = "UPDATE webhooks SET state = 'stopped' WHERE workspace_id = :team"
_FORGET_JOBS: Final = """
DELETE FROM procrastinate_jobs WHERE args ->> 'workspace_id' = :name AND status <> 'doing'
"""
CLOSING: Final[tuple[str, ...]] = (
    _MARK,
    *(f"DELETE FROM {table} WHERE workspace_id = :team" for table in _DOORS),  # noqa: S608
    _HOLD_CHANNELS,
    _STOP_WEBHOOKS,
    _FORGET_JOBS,
)
"""What lets nobody in any more, and begins nothing new. Each is a transaction of its own: whoever
is at work locks rows of several tables, and nobody may wait in a ring."""
_UNDER_WAY: Final = """
SELECT count(*) FROM procrastinate_jobs
WHERE args ->> 'workspace_id' = :name AND status = 'doing'
"""


@dataclass(frozen=True, slots=True)
class WorkspaceHoldings:
    """What would go with a workspace; `unsent` mails wait to be sent."""

    accounts: int
    mails: int
    conversations: int
    notes: int
    teammates: int
    keys: int
    webhooks: int
    unsent: int


class Erasing(Repository):
    async def close(self, step: str) -> None:
        """Take one of the steps of `CLOSING`. Twice is harmless."""
        await self._one_at_a_time()
        await self._run(step)

    async def let_accounts_go(self) -> list[AccountId]:
        """Nobody is to tend them; answers whose owners are to be woken.

        What is under way for one is refused at its next write, as its fence has changed.
        """
        await self._one_at_a_time()
        return [AccountId(id_) for id_ in (await self._run(_LET_ACCOUNTS_GO)).scalars()]

    async def delete_some(self, table: str, *, most: int) -> int:
        """Delete so many rows of a table; answers how many there were.

        The bytes that they name are left to be swept, where nobody else has them.
        """
        await self._one_at_a_time()
        return int((await self._run(_deletion(table), most=most)).scalar_one())

    async def tidy(self, table: str) -> None:
        """Have what was deleted from a table stand in nobody's way; not within a transaction.

        Whoever deletes what such rows pointed at would look through them again for each of its own.
        """
        await self._run(f"VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) {table}")

    async def forget_name(self) -> None:
        """All that a person could know it by."""
        await self._run("UPDATE workspaces SET name = '', ops_channel_id = NULL WHERE id = :team")

    async def jobs_under_way(self) -> int:
        """How many jobs of it are being run."""
        return int((await self._run(_UNDER_WAY)).scalar_one())

    async def finish(self) -> bool:
        """Delete what came in after all, and the workspace itself; whether that was possible.

        Whoever writes events waits until we commit, and writes none then.
        """
        await self._one_at_a_time()
        if await self.jobs_under_way():
            return False
        await self._run("SELECT FROM event_counters WHERE workspace_id = :team FOR UPDATE")
        for table in TABLES:
            await self._run(_deletion(table), most=_ALL)
        await self._run(_FORGET_JOBS)
        await self._run("DELETE FROM event_counters WHERE workspace_id = :team")
        gone = await self._run("DELETE FROM workspaces WHERE id = :team RETURNING id")
        return gone.first() is not None

    async def holdings(self) -> WorkspaceHoldings:
        """What people would miss."""
        is_unsent = col(Outgoing.state).in_(WAITING)
        return WorkspaceHoldings(
            accounts=await self._count(Account),
            mails=await self._count(Message),
            conversations=await self._count(Conversation),
            notes=await self._count(Note),
            teammates=await self._count(Teammate),
            keys=await self._count(APIKey),
            webhooks=await self._count(Webhook),
            unsent=await self._count(Outgoing, is_unsent),
        )

    async def rows(self) -> int:
        """How many rows there are in all."""
        ours = [metadata.tables[name].c.workspace_id == self._workspace_id for name in TABLES]
        counts = [select(func.count()).where(one) for one in ours]
        connection = await self._session.connection()
        return sum([(await connection.execute(one)).scalar_one() for one in counts])

    async def _count(self, kind: Any, *which: Any) -> int:  # noqa: ANN401 -- a table, conditions
        ours = kind.workspace_id == self._workspace_id
        statement = select(func.count()).select_from(kind).where(ours, *which)
        return int((await (await self._session.connection()).execute(statement)).scalar_one())

    async def _one_at_a_time(self) -> None:
        """A person and the clock may both be at it: each portion waits for the other's."""
        await self._run(
            "SELECT pg_advisory_xact_lock(hashtextextended(:name, :erasing))", erasing=_ERASING
        )

    async def _run(self, statement: str, **values: object) -> Any:  # noqa: ANN401 -- a result
        connection = await self._session.connection()
        known = {"team": self._workspace_id, "name": str(self._workspace_id)}
        named = {key: value for key, value in known.items() if f":{key}" in statement}
        return await connection.execute(text(statement), {**named, **values})


def _deletion(table: str) -> str:
    columns = metadata.tables[table].columns
    digest = next((one.name for one in columns if one.name.endswith("sha256")), None)
    some = (
        f"DELETE FROM {table} WHERE workspace_id = :team AND ctid = ANY(ARRAY("  # noqa: S608
        f"SELECT ctid FROM {table} WHERE workspace_id = :team LIMIT :most)) "
        f"RETURNING {digest or 'NULL::bytea'} AS sha256"
    )
    if digest is None:
        return f"WITH gone AS ({some}) SELECT count(*) FROM gone"  # noqa: S608
    return (
        f"WITH gone AS ({some}), noted AS ("  # noqa: S608
        "INSERT INTO unneeded_blobs (workspace_id, sha256) "
        "SELECT DISTINCT CAST(:team AS uuid), sha256 FROM gone WHERE sha256 IS NOT NULL ORDER BY 2 "
        "ON CONFLICT (workspace_id, sha256) DO UPDATE SET set_aside_at = NULL"
        ") SELECT count(*) FROM gone"
    )
