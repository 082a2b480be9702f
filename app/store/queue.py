"""Leaving work for later, in the same transaction as its reason.

The jobs themselves are procrastinate's; this module and `telling.py` name them, and `jobs/tasks.py`
runs them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import procrastinate
from sqlalchemy import URL, text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import (
    AccountId,
    ChannelId,
    ConversationId,
    IdentityId,
    ListExitId,
    MessageId,
    RuleRunId,
    TeammateId,
    TrialId,
    WebhookId,
    WorkspaceId,
)
from app.store.bulk import as_json
from app.store.engine import conninfo
from app.store.models import ReadPolicy
from app.store.queue_pool import pool_options

FEED_QUEUE: Final = "feed"
SENDING_QUEUE: Final = "sending"
RULES_QUEUE: Final = "rules"
WEBHOOK_QUEUE: Final = "webhooks"
TRIAL_QUEUE: Final = "trials"
_LEAVE: Final = text(
    """
    WITH wanted AS (
        SELECT * FROM json_to_recordset(CAST(:jobs AS json)) AS job(
            task text, queue text, lock text, subject text, args jsonb,
            not_before timestamptz, hurries boolean
        )
    ), waiting AS (
        INSERT INTO procrastinate_jobs AS known
            (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
        SELECT queue, task, lock, subject, args, not_before FROM wanted ORDER BY subject
        ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET scheduled_at = CASE
            WHEN (SELECT hurries FROM wanted WHERE subject = excluded.queueing_lock) THEN
                CASE WHEN known.scheduled_at > coalesce(excluded.scheduled_at, now())
                    THEN excluded.scheduled_at ELSE known.scheduled_at END
            WHEN known.task_name = 'feed.drain'
                AND known.scheduled_at > now() + interval '65 minutes' THEN NULL
            ELSE known.scheduled_at
        END
        RETURNING id, queue_name
    )
    SELECT pg_notify(
        'procrastinate_queue_v1#' || queue_name,
        json_build_object('type', 'job_inserted', 'job_id', id)::text
    )
    FROM waiting
    """
)
"""Leaves each job unless the same one waits, whose row is locked, and which is brought forward. One
that does not hurry is content with the time of the one that waits, but no channel waits for longer
than an hour: such a job was left before the clock was set back. The notice is the one of
procrastinate's own trigger, for jobs that waited already; Postgres sends it once."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and what must not be done beside it.

    `lock`: jobs that share it run one after the other. `subject`: of the jobs that share it only
    one ever waits; a second one would find nothing left to do.
    """

    task: str
    queue: str
    lock: str
    subject: str
    args: dict[str, Any]
    not_before: datetime | None = None
    hurries: bool = True
    """A job of the same subject that waits for a later moment is brought forward to ours."""


def drain_channel(
    workspace_id: WorkspaceId,
    channel_id: ChannelId,
    *,
    not_before: datetime | None = None,
    hurries: bool = True,
) -> Job:
    """Post and refresh what is due in one channel, in order."""
    subject = f"channel:{workspace_id}:{channel_id}"
    return Job(
        task="feed.drain",
        queue=FEED_QUEUE,
        lock=subject,
        subject=subject,
        args={"workspace_id": str(workspace_id), "channel_id": channel_id},
        not_before=not_before,
        hurries=hurries,
    )


def drain_outgoing(workspace_id: WorkspaceId, account_id: AccountId) -> Job:
    """Send what is due of one account, in order.

    Never for later: a job that waits for its time would hold back every other one of its account.
    """
    subject = f"outgoing:{workspace_id}:{account_id}"
    return Job(
        task="sending.drain",
        queue=SENDING_QUEUE,
        lock=subject,
        subject=subject,
        args={"workspace_id": str(workspace_id), "account_id": str(account_id)},
    )


def leave_list(
    workspace_id: WorkspaceId, exit_id: ListExitId, *, not_before: datetime | None = None
) -> Job:
    """Ask the server of a list to take us off it."""
    args = {"workspace_id": str(workspace_id), "exit_id": str(exit_id)}
    return _alone("list_exit.run", SENDING_QUEUE, exit_id, args, not_before)


def prove_identity(
    workspace_id: WorkspaceId, identity_id: IdentityId, *, not_before: datetime | None = None
) -> Job:
    """Send the mail that proves an address to be ours."""
    args = {"workspace_id": str(workspace_id), "identity_id": str(identity_id)}
    return _alone("identity.prove", SENDING_QUEUE, identity_id, args, not_before)


def look_at_channel(
    workspace_id: WorkspaceId, channel_id: ChannelId, *, not_before: datetime | None = None
) -> Job:
    """Ask Slack what kind of channel it is, and whether we are in it."""
    args = {"workspace_id": str(workspace_id), "channel_id": channel_id}
    return _alone("channel.look", FEED_QUEUE, channel_id, args, not_before)


def mark_read(
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    step: ReadPolicy,
    message_id: MessageId | None = None,
) -> Job:
    """Mark mail as read on its server, if its account wants that at this step."""
    about = message_id or conversation_id
    args: dict[str, Any] = {
        "workspace_id": str(workspace_id),
        "conversation_id": str(conversation_id),
        "step": step,
        "message_id": str(message_id) if message_id else None,
    }
    return _alone("mail.mark_read", FEED_QUEUE, f"{about}:{step}", args)


def run_rule(
    workspace_id: WorkspaceId, run_id: RuleRunId, *, not_before: datetime | None = None
) -> Job:
    """Apply a rule to mail that is there already."""
    args = {"workspace_id": str(workspace_id), "run_id": str(run_id)}
    return _alone("rule.run", RULES_QUEUE, run_id, args, not_before)


def _alone(
    task: str, queue: str, about: object, args: dict[str, Any], not_before: datetime | None = None
) -> Job:
    """One at a time of this task for what it is about, and one that waits."""
    subject = f"{task}:{args['workspace_id']}:{about}"
    return Job(task, queue, subject, subject, args, not_before)


def tell_admins(
    workspace_id: WorkspaceId,
    channel_id: ChannelId,
    change: int,
    *,
    not_before: datetime | None = None,
) -> Job:
    """Tell the admins that nothing can be posted in a channel, and why."""
    args = {"workspace_id": str(workspace_id), "channel_id": channel_id, "change": change}
    return _alone("channel.tell", FEED_QUEUE, channel_id, args, not_before)


def deliver_webhook(workspace_id: WorkspaceId, webhook_id: WebhookId) -> Job:
    """Tell one webhook's server of the events it has not had, in order."""
    args = {"workspace_id": str(workspace_id), "webhook_id": str(webhook_id)}
    return _alone("webhooks.deliver", WEBHOOK_QUEUE, webhook_id, args)


def assign_by_turns(
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    group_id: str,
    group: str,
    by: TeammateId | None,
    origin: str,
    key: str,
    *,
    not_before: datetime | None = None,
    since: datetime | None = None,
) -> Job:
    """Give a conversation to whoever's turn it is in a group: those of one group one by one.

    `since`: it was put off for want of Slack, for the first time then.
    """
    return Job(
        task="team.rotate",
        queue=FEED_QUEUE,
        lock=f"group:{workspace_id}:{group_id}",
        subject=f"turn:{workspace_id}:{key}",
        args={
            "workspace_id": str(workspace_id),
            "conversation_id": str(conversation_id),
            "group_id": group_id,
            "group": group,
            "by": str(by) if by else None,
            "origin": origin,
            "key": key,
            "since": since.isoformat() if since else None,
        },
        not_before=not_before,
    )


def run_trial(workspace_id: WorkspaceId, trial_id: TrialId) -> Job:
    """Make a live test of a mailbox's servers."""
    args = {"workspace_id": str(workspace_id), "trial_id": str(trial_id)}
    return _alone("accounts.try", TRIAL_QUEUE, trial_id, args)


def open_queue(url: URL) -> procrastinate.App:
    """The queue in our database. Its pool opens with the worker; deferring needs none."""
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(url), **pool_options())
    return procrastinate.App(connector=connector)


async def leave(session: AsyncSession, jobs: Collection[Job]) -> None:
    """Leave jobs on the session's own transaction, each unless the same one waits already.

    A waiting job is only as good as our own if it starts after we commit: started earlier, it would
    not see our rows, and nobody would look again. So we lock its row (workers skip locked rows)
    and, since they were told of it before, have them told once more when we commit. One that waits
    for a later moment would keep ours waiting with it, so it is brought forward. The rows are
    locked in the order of their subjects, so that nobody waits in a ring.
    """
    connection = await session.connection()
    await connection.execute(_LEAVE, {"jobs": as_json(list(jobs))})


WORKER_PRESENCE: Final = 0x5B0C
"""The class of the advisory locks by which workers of the queue show that they live."""
_STALLED: Final = text(
    """
    SELECT job.id, job.queueing_lock IS NOT NULL AND EXISTS (
        SELECT 1 FROM procrastinate_jobs AS waiting
        WHERE waiting.queueing_lock = job.queueing_lock AND waiting.status = 'todo'
    ) AS superseded
    FROM procrastinate_jobs AS job
    LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - interval '3 seconds')
      AND NOT EXISTS (
        SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2
          AND classid = :presence AND objid = job.worker_id
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      )
    """
)


@dataclass(frozen=True, slots=True)
class Stalled:
    """A job whose worker is dead. `superseded`: the same one waits anew already."""

    job_id: int
    superseded: bool


async def stalled_jobs(session: AsyncSession) -> list[Stalled]:
    """Jobs that a dead worker left behind.

    A worker holds a lock for as long as it lives, which Postgres takes away when its connection
    ends. So the death of a process is known at once, and a long job of a living one is left alone.
    """
    connection = await session.connection()
    rows = await connection.execute(_STALLED, {"presence": WORKER_PRESENCE})
    return [Stalled(job_id, superseded) for job_id, superseded in rows]
