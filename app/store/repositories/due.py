"""What the clock brings about, asked of all workspaces at once: one statement for all of it.

Mostly nothing is due, and every worker asks every few seconds. So this asks only whether there is
anything; who finds that there is asks for what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Mapped
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import AccountId, ConversationId, TeammateId, WorkspaceId
from app.store.models import Conversation, ConversationStatus, Teammate
from app.store.repositories.commands import LONGEST_WAIT

_AT_ONCE: Final = 200
_DUE: Final = text("""
SELECT
    (SELECT min(due_at) FROM outgoing
     WHERE state IN ('undo', 'scheduled', 'queued', 'sending')
        AND NOT EXISTS (SELECT FROM accounts AS account
            WHERE account.workspace_id = outgoing.workspace_id
                AND account.id = outgoing.account_id AND account.paused_at IS NOT NULL)
    ) AS mail_at,
    EXISTS (SELECT FROM outgoing WHERE state = 'unknown' AND settled_at IS NULL
        AND (seen_in_sent IS NOT NULL OR past_the_dot AND due_at <= now())) AS has_judged_mail,
    EXISTS (SELECT FROM conversations WHERE snoozed_until <= :now) AS has_sleepers,
    EXISTS (SELECT FROM conversations WHERE follow_up_at <= :now) AS has_follow_ups,
    EXISTS (SELECT FROM teammates WHERE summary_at <= :now) AS has_summaries,
    EXISTS (SELECT FROM drafts WHERE writing_until <= now()) AS has_idle_writers,
    EXISTS (SELECT FROM webhooks AS webhook
        JOIN event_counters AS counter ON counter.workspace_id = webhook.workspace_id
        WHERE webhook.state = 'active' AND webhook.cursor < counter.last_seq) AS has_webhooks,
    EXISTS (SELECT FROM mails_to_index) AS has_mails_to_index,
    EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'doing') AS has_running_jobs,
    now() AS now
""")
_UNHEARD: Final = text("""
SELECT tended.id
FROM unnest(CAST(:workspaces AS uuid[]), CAST(:accounts AS uuid[]), CAST(:revisions AS integer[]))
    AS tended (workspace_id, id, revision)
LEFT JOIN accounts AS account
    ON account.workspace_id = tended.workspace_id AND account.id = tended.id
WHERE account.revision IS DISTINCT FROM tended.revision
    OR EXISTS (
        SELECT FROM commands AS command
        WHERE command.workspace_id = tended.workspace_id AND command.account_id = tended.id
            AND command.state IN ('queued', 'running')
            AND (command.next_try_at IS NULL OR command.next_try_at <= now()
                OR command.next_try_at > now() + :longest_wait)
    )
    OR EXISTS (
        SELECT FROM history_imports AS import
        WHERE import.workspace_id = tended.workspace_id AND import.account_id = tended.id
            AND import.state = 'running'
    )
""")


@dataclass(frozen=True, slots=True)
class Due:
    """What there is to do for whom it may concern."""

    mail_at: datetime | None
    """When the first mail that waits to be sent is due; it may be long past."""
    has_judged_mail: bool
    """A mail in doubt was found in Sent, or not found there, or could not be looked for in time."""
    has_sleepers: bool
    has_follow_ups: bool
    has_summaries: bool
    """People whose summary of the day is due."""
    has_idle_writers: bool
    has_webhooks: bool
    """Webhooks with events that they have not had."""
    has_mails_to_index: bool
    has_running_jobs: bool
    """Jobs that are being done, or were when their worker died."""
    now: datetime
    """By the clock of Postgres."""

    @property
    def has_mail(self) -> bool:
        return self.has_judged_mail or (self.mail_at is not None and self.mail_at <= self.now)


@dataclass(frozen=True, slots=True)
class Tended:
    """An account that is tended, as it was when its connection was made."""

    workspace_id: WorkspaceId
    account_id: AccountId
    revision: int


async def due(session: AsyncSession, now: datetime) -> Due:
    connection = await session.connection()
    row = (await connection.execute(_DUE, {"now": now})).one()
    return Due(**row._asdict())


async def unheard(session: AsyncSession, tended: Sequence[Tended]) -> list[AccountId]:
    """Those of these accounts for which there is something to do that a notice told of."""
    connection = await session.connection()
    values = {
        "workspaces": [one.workspace_id for one in tended],
        "accounts": [one.account_id for one in tended],
        "revisions": [one.revision for one in tended],
        "longest_wait": LONGEST_WAIT,
    }
    return [AccountId(id_) for (id_,) in await connection.execute(_UNHEARD, values)]


async def conversations_due(
    session: AsyncSession, moment: Mapped[datetime | None], now: datetime
) -> dict[WorkspaceId, list[ConversationId]]:
    """Conversations for which this moment has come, the longest overdue first."""
    statement = (
        select(Conversation.workspace_id, Conversation.id)
        .where(moment <= now)
        .order_by(moment)
        .limit(_AT_ONCE)
    )
    found: dict[WorkspaceId, list[ConversationId]] = {}
    for team, conversation in await session.exec(statement):
        found.setdefault(WorkspaceId(team), []).append(ConversationId(conversation))
    return found


async def summaries_due(
    session: AsyncSession, now: datetime
) -> dict[WorkspaceId, list[TeammateId]]:
    """Whoever waits for their summary of the day, the longest overdue first."""
    statement = (
        select(Teammate.workspace_id, Teammate.id)
        .where(col(Teammate.summary_at) <= now)
        .order_by(col(Teammate.summary_at))
        .limit(_AT_ONCE)
    )
    found: dict[WorkspaceId, list[TeammateId]] = {}
    for team, teammate in await session.exec(statement):
        found.setdefault(WorkspaceId(team), []).append(TeammateId(teammate))
    return found


async def workspaces_to_remind(session: AsyncSession, before: datetime) -> list[WorkspaceId]:
    statement = (
        select(Conversation.workspace_id)
        .where(
            col(Conversation.status) == ConversationStatus.OPEN,
            col(Conversation.reminded_of).is_(None),
            (col(Conversation.waiting_since) <= before) | (col(Conversation.answered_at) <= before),
        )
        .distinct()
    )
    return [WorkspaceId(one) for one in (await session.exec(statement)).all()]
