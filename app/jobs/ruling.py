"""The job that applies a rule to older mail, page by page, beside everything else."""

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import procrastinate

from app.commands.enqueue import TooManyWaiting
from app.container import Container
from app.core.ids import RuleRunId, WorkspaceId
from app.core.logging import get_logger
from app.rules.running import step
from app.store.queue import RULES_QUEUE, run_rule

_SECONDS: Final = 20.0
"""After so long the rest is left to a later job, so that others have a turn."""
_UNTIL_THERE_IS_ROOM: Final = timedelta(minutes=1)
"""How long it waits for an account that has as many commands to carry out as it may."""
log = get_logger(__name__)


def register(queue: procrastinate.App, container: Container) -> None:
    """Tell the queue what this job means."""

    @queue.task(name="rule.run", queue=RULES_QUEUE)
    async def apply_to_older_mail(workspace_id: str, run_id: str) -> None:
        workspace, run = WorkspaceId(UUID(workspace_id)), RuleRunId(UUID(run_id))
        not_before = await apply_for_a_while(container, workspace, run)
        if not_before is not None:
            async with container.store.begin(workspace) as uow:
                uow.leave(run_rule(workspace, run, not_before=not_before))


async def apply_for_a_while(
    container: Container, workspace_id: WorkspaceId, run_id: RuleRunId
) -> datetime | None:
    """Apply it page by page; answers from when on a later job is to go on, None at the end."""
    until = time.monotonic() + _SECONDS
    try:
        while await step(container.store, container.blobs, container.clock, workspace_id, run_id):
            if time.monotonic() > until:
                return container.clock.now()
    except TooManyWaiting as error:
        log.info("rule.run_waits", run=str(run_id), why=str(error))
        return container.clock.now() + _UNTIL_THERE_IS_ROOM
    return None
