"""The job that makes a live test somebody asked for, and writes down each step as it comes.

A worker that dies in the middle leaves it to another, which begins anew: nothing of it lasts.
"""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import procrastinate

from app.accounts.connect import ServerLogin
from app.accounts.trials import Servers, read_servers
from app.core.crypto import Vault
from app.core.errors import NotFound, SharedBoxError
from app.core.ids import TrialId, WorkspaceId
from app.core.logging import get_logger
from app.jobs.checking import Checker, Progress, Step, StepState, WhatToCheck
from app.mailbox.port import AccessTokens, Sasl, ServerSpec
from app.store.models import TrialState
from app.store.notify import Topic
from app.store.queue import TRIAL_QUEUE
from app.store.unit_of_work import Store

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trying:
    """What it takes to make a test."""

    store: Store
    vault: Vault
    tokens: AccessTokens
    checker: Checker


def register_trials(queue: procrastinate.App, on: Trying) -> None:
    """Tell the queue what its job means."""

    @queue.task(name="accounts.try", queue=TRIAL_QUEUE)
    async def try_a_mailbox(workspace_id: str, trial_id: str) -> None:
        await run(on, WorkspaceId(UUID(workspace_id)), TrialId(UUID(trial_id)))


async def run(on: Trying, workspace_id: WorkspaceId, trial_id: TrialId) -> None:
    """Make the test, if it is still to be made."""
    try:
        async with on.store.begin(workspace_id) as uow:
            trial = await uow.trials.lock(trial_id)
            if trial.state is TrialState.DONE or trial.servers is None:
                return
            trial.state, trial.steps = TrialState.RUNNING, []
            servers = read_servers(trial.servers, on.vault)
            grant_id = trial.grant_id
            what = (trial.address, trial.with_loop)
        try:
            token = await on.tokens.get(workspace_id, grant_id) if grant_id else None
        except SharedBoxError as error:
            step = Step("sign_in", "Sign-in", StepState.FAILED, str(error), error.fix)
            await _write(on, workspace_id, trial_id, [asdict(step)], {}, is_done=True)
            return
        wanted = what_to_check(*what, servers, token)
        progress: Progress | None = None
        async for progress in on.checker.check(wanted):
            steps = [asdict(step) for step in progress.steps.values()]
            await _write(on, workspace_id, trial_id, steps, progress.found, is_done=False)
        if progress is not None:
            steps = [asdict(step) for step in progress.steps.values()]
            await _write(on, workspace_id, trial_id, steps, progress.found, is_done=True)
    except NotFound:
        log.info("trial.gone", trial=str(trial_id))


def what_to_check(
    address: str, with_loop: bool, servers: Servers, token: str | None
) -> WhatToCheck:
    return WhatToCheck(
        address,
        _spec(servers.imap, token),
        _spec(servers.smtp, token) if servers.smtp else None,
        with_loop=with_loop,
    )


async def _write(
    on: Trying,
    workspace_id: WorkspaceId,
    trial_id: TrialId,
    steps: list[dict[str, Any]],
    found: dict[str, Any],
    *,
    is_done: bool,
) -> None:
    async with on.store.begin(workspace_id) as uow:
        trial = await uow.trials.lock(trial_id)
        trial.steps, trial.found = steps, dict(found)
        if is_done:
            trial.state, trial.servers = TrialState.DONE, None
            trial.finished_at = await uow.grants.time()
        uow.wake(Topic.TRIAL, trial_id)


def _spec(login: ServerLogin, token: str | None) -> ServerSpec:
    return ServerSpec(
        login.host,
        login.port,
        login.security,
        login.username,
        login.password if token is None else token,
        Sasl.PASSWORD if token is None else Sasl.TOKEN,
    )
