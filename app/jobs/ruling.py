"""The job that applies a rule to older mail, page by page, beside everything else."""

import time
from typing import Final
from uuid import UUID

import procrastinate

from app.container import Container
from app.core.ids import RuleRunId, WorkspaceId
from app.rules.running import step
from app.store.queue import RULES_QUEUE, run_rule

_SECONDS: Final = 20.0
"""After so long the rest is left to a later job, so that others have a turn."""


def register(queue: procrastinate.App, container: Container) -> None:
    """Tell the queue what this job means."""

    @queue.task(name="rule.run", queue=RULES_QUEUE)
    async def apply_to_older_mail(workspace_id: str, run_id: str) -> None:
        workspace, run = WorkspaceId(UUID(workspace_id)), RuleRunId(UUID(run_id))
        until = time.monotonic() + _SECONDS
        while await step(container.store, container.blobs, container.clock, workspace, run):
            if time.monotonic() > until:
                async with container.store.begin(workspace) as uow:
                    uow.leave(run_rule(workspace, run))
                return
