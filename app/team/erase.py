"""Erasing a workspace: all that is known of one team, so that nothing is left to find.

    closed ──▶ emptied, table by table ──▶ nameless ──an hour later, by a worker──▶ gone

Closing comes first: nobody gets in, nobody tends its mailboxes, nothing is posted or sent. Then the
rows go in portions, each a transaction of its own, so that no lock is held for long and a call that
was broken off goes on where it was. Processes remember for a minute who may come in, and what they
had begun may still write a row: what comes in so late goes with the last row an hour later, when
everybody has ended. The same tick goes on with what was broken off.

The bytes of its mail are swept like those of an account that was removed: another team may have the
same (see `jobs/sweeping.py`).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.store.notify import Topic
from app.store.repositories.erasing import CLOSING, TABLES
from app.store.unit_of_work import Store

_PORTION: Final = 2000
_GRACE: Final = timedelta(hours=1)
"""Nobody who was let in before it was closed is at work for so long."""
_LOOKS: Final = 60
_LOOK_SECONDS: Final = 0.5
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Portion:
    table: str
    rows: int


async def erase(store: Store, workspace_id: WorkspaceId) -> AsyncIterator[Portion]:
    """Delete all rows of a workspace but its own, which then tells nothing any more.

    May be broken off anywhere and called again.
    """
    await _close(store, workspace_id)
    await _until_nothing_is_under_way(store, workspace_id)
    for table in TABLES:
        total = 0
        while rows := await _delete_some(store, workspace_id, table):
            total += rows
            yield Portion(table, rows)
        if total >= _PORTION:
            async with store.without_transaction(workspace_id) as uow:
                await uow.erasing.tidy(table)
    async with store.begin(workspace_id) as uow:
        await uow.erasing.forget_name()


async def _delete_some(store: Store, workspace_id: WorkspaceId, table: str) -> int:
    async with store.begin(workspace_id) as uow:
        return await uow.erasing.delete_some(table, most=_PORTION)


async def finish_erasures(store: Store) -> None:
    """Take what came in late, and the workspaces themselves; go on with what was broken off."""
    async with store.asking_all_workspaces() as fleet:
        due = await fleet.erasing(for_longer_than=_GRACE)
    for workspace_id in due:
        rows = 0
        async for portion in erase(store, workspace_id):
            rows += portion.rows
        async with store.begin(workspace_id) as uow:
            is_gone = await uow.erasing.finish()
        what = "workspace.erased" if is_gone else "workspace.erasing"
        log.info(what, workspace=str(workspace_id), rows=rows)


async def _close(store: Store, workspace_id: WorkspaceId) -> None:
    for step in CLOSING:
        async with store.begin(workspace_id) as uow:
            await uow.erasing.close(step)
    async with store.begin(workspace_id) as uow:
        for account_id in await uow.erasing.let_accounts_go():
            uow.wake(Topic.ACCOUNT, account_id)
            uow.wake(Topic.LOGIN, account_id)


async def _until_nothing_is_under_way(store: Store, workspace_id: WorkspaceId) -> None:
    """Let jobs end that had begun, such as a mail that is being sent; but wait for no dead one."""
    for _ in range(_LOOKS):
        async with store.without_transaction(workspace_id) as uow:
            if not await uow.erasing.jobs_under_way():
                return
        await asyncio.sleep(_LOOK_SECONDS)
