"""The few questions that are asked of all workspaces at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, exists, func, or_, text, tuple_, update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import (
    AccountId,
    ChannelId,
    ConversationId,
    MailboxId,
    TeammateId,
    WorkspaceId,
    first_id_of,
)
from app.store.models import (
    CLOSED_FOR,
    WAITING,
    Account,
    APIKey,
    Channel,
    ChannelState,
    Conversation,
    Draft,
    IdempotencyRecord,
    Mailbox,
    Outgoing,
    OutgoingState,
    Placement,
    Post,
    PostState,
    RuleApplication,
    SlackRequest,
    Workspace,
)
from app.store.queue import Stalled, stalled_jobs
from app.store.repositories import due as dues
from app.store.repositories.door import Door
from app.store.repositories.due import Due, Tended
from app.store.repositories.figures import Figures, figures
from app.store.repositories.folder_figures import FolderFigures, folder_figures
from app.store.repositories.grants import GrantsEverywhere
from app.store.repositories.homes import EveryHome
from app.store.repositories.log_restores import go_on_after_restore
from app.store.repositories.outgoing import IS_JUDGED
from app.store.repositories.searching import Indexing
from app.store.repositories.silence import (
    PausedAccount,
    SilentAccount,
    paused_accounts,
    silent_accounts,
)
from app.store.repositories.tenants import Tenants
from app.store.repositories.trials import forget_trials
from app.store.repositories.unneeded_blobs import UnneededBlobs
from app.store.repositories.webhooks import EveryWebhook
from app.store.workers import LIVE, LiveWorker

_UNSENT: Final = (PostState.WAITING, PostState.CLAIMED)
_BRIEFLY: Final = timedelta(hours=1)
_NOTE_CHECKS: Final = text("""
UPDATE mailboxes AS folder SET last_checked_at = look.checked, next_poll_at = look.due
FROM (
    SELECT free.workspace_id, free.id, done.checked, done.due
    FROM unnest(
        CAST(:workspaces AS uuid[]), CAST(:mailboxes AS uuid[]),
        CAST(:checked AS timestamptz[]), CAST(:due AS timestamptz[])
    ) AS done (workspace_id, id, checked, due)
    JOIN mailboxes AS free ON free.workspace_id = done.workspace_id AND free.id = done.id
    FOR NO KEY UPDATE OF free SKIP LOCKED
) AS look
WHERE folder.workspace_id = look.workspace_id AND folder.id = look.id
""")


@dataclass(frozen=True, slots=True)
class AccountRef:
    workspace_id: WorkspaceId
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class Check:
    """A folder was looked at."""

    workspace_id: WorkspaceId
    mailbox_id: MailboxId
    checked_at: datetime
    next_poll_at: datetime


def _unwatched_since() -> ColumnElement[datetime | None]:
    """When an account was last looked at.

    An owner who had it only briefly, or leaves posts of it unsent, has looked and not told the team
    of everything: what was so before him is so still.
    """
    looked = (
        select(func.max(func.coalesce(Mailbox.last_checked_at, Mailbox.started_at)))
        .where(
            col(Mailbox.workspace_id) == col(Account.workspace_id),
            col(Mailbox.account_id) == col(Account.id),
        )
        .scalar_subquery()
    )
    unsent = exists().where(
        col(Post.workspace_id) == col(Account.workspace_id),
        col(Post.channel_id) == col(Account.channel_id),
        col(Post.state).in_(_UNSENT),
    )
    # Wherever routes and rules send its mail: one hashed list for all accounts that are taken.
    elsewhere = tuple_(col(Account.workspace_id), col(Account.id)).in_(
        select(Post.workspace_id, func.coalesce(Conversation.account_id, Mailbox.account_id))
        .outerjoin(
            Conversation,
            (col(Conversation.workspace_id) == col(Post.workspace_id))
            & (col(Conversation.id) == col(Post.conversation_id)),
        )
        .outerjoin(
            Placement,
            (col(Placement.workspace_id) == col(Post.workspace_id))
            & (col(Placement.id) == col(Post.placement_id)),
        )
        .outerjoin(
            Mailbox,
            (col(Mailbox.workspace_id) == col(Post.workspace_id))
            & (col(Mailbox.id) == col(Placement.mailbox_id)),
        )
        .where(col(Post.state).in_(_UNSENT))
    )
    was_brief = col(Account.owned_since) > func.now() - _BRIEFLY
    before = func.least(col(Account.unwatched_since), looked)
    return case((or_(was_brief, unsent, elsewhere), before), else_=looked)


class Fleet(Tenants):
    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.door = Door(session)
        self.webhooks = EveryWebhook(session)
        self.homes = EveryHome(session)
        self.indexing = Indexing(session)
        self.unneeded_blobs = UnneededBlobs(session)

    async def silent_accounts(self) -> Sequence[SilentAccount]:
        """Mailboxes that nobody has looked at for twice as long as somebody should."""
        return await silent_accounts(self._session)

    async def paused_accounts(self) -> Sequence[PausedAccount]:
        """Mailboxes that nobody is to look at."""
        return await paused_accounts(self._session)

    async def api_key(self, prefix: str) -> APIKey | None:
        statement = select(APIKey).where(APIKey.prefix == prefix, col(APIKey.revoked_at).is_(None))
        return (await self._session.exec(statement)).one_or_none()

    async def note_use(self, key: APIKey) -> None:
        """Remember when a key was last used, to the minute."""
        await self._session.exec(
            update(APIKey)
            .where(
                col(APIKey.workspace_id) == key.workspace_id,
                col(APIKey.id) == key.id,
                func.coalesce(col(APIKey.last_used_at), func.to_timestamp(0))
                < func.now() - timedelta(minutes=1),
            )
            .values(last_used_at=func.now())
        )

    async def accounts(self, *, tended: bool = False) -> Sequence[AccountRef]:
        """All of them, or those that are to be tended: all but the paused ones."""
        statement = select(Account.workspace_id, Account.id).order_by(col(Account.id))
        if tended:
            statement = statement.where(col(Account.paused_at).is_(None))
        rows = await self._session.exec(statement)
        return [AccountRef(WorkspaceId(team), AccountId(account)) for team, account in rows]

    async def raise_fences(self, refs: Sequence[AccountRef]) -> dict[AccountId, int]:
        """New fences for accounts we have just taken.

        One is left out where it was removed meanwhile, and where its former owner stopped in the
        middle of a write: nobody may wait for that.
        """
        free = (
            select(Account.id)
            .where(
                tuple_(col(Account.workspace_id), col(Account.id)).in_(
                    [(ref.workspace_id, ref.account_id) for ref in refs]
                )
            )
            .with_for_update(key_share=True, skip_locked=True)
        )
        statement = (
            update(Account)
            .where(col(Account.id).in_(free))
            .values(
                fence=Account.fence + 1,
                owned_since=func.now(),
                unwatched_since=_unwatched_since(),
            )
            .returning(col(Account.id), col(Account.fence))
        )
        rows = await self._session.exec(statement)
        return {AccountId(account_id): fence for account_id, fence in rows}

    async def workers(self) -> list[LiveWorker]:
        """Every worker that lives."""
        connection = await self._session.connection()
        return [LiveWorker(*row) for row in await connection.execute(text(LIVE))]

    async def channels_with_work(self) -> Sequence[tuple[WorkspaceId, ChannelId]]:
        """Channels that have something to show, and may. A job for each should exist already."""
        statement = (
            select(Post.workspace_id, Post.channel_id)
            .where(
                col(Post.state).in_(_UNSENT)
                | ((col(Post.state) == PostState.SENT) & (col(Post.wanted) > col(Post.shown)))
            )
            .where(
                ~exists().where(
                    col(Channel.workspace_id) == col(Post.workspace_id),
                    col(Channel.id) == col(Post.channel_id),
                    or_(
                        col(Channel.state) == ChannelState.HELD,
                        col(Channel.reason).in_(CLOSED_FOR),
                    ),
                )
            )
            .distinct()
        )
        rows = await self._session.exec(statement)
        return [(WorkspaceId(team), ChannelId(channel)) for team, channel in rows]

    async def channels_to_look_at(
        self, *, only_closed: bool
    ) -> Sequence[tuple[WorkspaceId, ChannelId]]:
        """The channels that mail goes to, direct messages left out."""
        statement = select(Channel.workspace_id, Channel.id).where(~col(Channel.id).startswith("D"))
        if only_closed:
            statement = statement.where(col(Channel.state) != ChannelState.OPEN)
        rows = await self._session.exec(statement)
        return [(WorkspaceId(team), ChannelId(channel)) for team, channel in rows]

    async def accounts_with_mail_due(self) -> Sequence[AccountRef]:
        """Accounts with a mail to send whose time has come, or that was looked for since."""
        is_due = col(Outgoing.state).in_((*WAITING, OutgoingState.SENDING)) & (
            col(Outgoing.due_at) <= func.now()
        )
        statement = (
            select(Outgoing.workspace_id, Outgoing.account_id)
            .join(
                Account,
                (col(Account.workspace_id) == col(Outgoing.workspace_id))
                & (col(Account.id) == col(Outgoing.account_id)),
            )
            .where(is_due | IS_JUDGED, col(Account.paused_at).is_(None))
            .distinct()
        )
        rows = await self._session.exec(statement)
        return [AccountRef(WorkspaceId(team), AccountId(account)) for team, account in rows]

    async def sleepers_due(self, now: datetime) -> dict[WorkspaceId, list[ConversationId]]:
        """Conversations whose time to wake has come, the longest overdue first."""
        return await dues.conversations_due(self._session, col(Conversation.snoozed_until), now)

    async def follow_ups_due(self, now: datetime) -> dict[WorkspaceId, list[ConversationId]]:
        """Conversations whose answer has not come in time, the longest overdue first."""
        return await dues.conversations_due(self._session, col(Conversation.follow_up_at), now)

    async def summaries_due(self, now: datetime) -> dict[WorkspaceId, list[TeammateId]]:
        """People whose summary of the day is due, the longest overdue first."""
        return await dues.summaries_due(self._session, now)

    async def workspaces_to_remind(self, before: datetime) -> Sequence[WorkspaceId]:
        """Workspaces where something has stood still since before then, and nobody was told."""
        return await dues.workspaces_to_remind(self._session, before)

    async def workspaces_with_idle_writers(self) -> Sequence[WorkspaceId]:
        """Workspaces where somebody counts as writing who typed nothing for long."""
        statement = (
            select(Draft.workspace_id).where(col(Draft.writing_until) <= func.now()).distinct()
        )
        return [WorkspaceId(one) for one in (await self._session.exec(statement)).all()]

    @property
    def grants(self) -> GrantsEverywhere:
        return GrantsEverywhere(self._session)

    async def stalled_jobs(self) -> list[Stalled]:
        """Jobs that a dead worker left behind."""
        return await stalled_jobs(self._session)

    async def go_on_after_restore(self) -> int:
        """Begin the numbers of the log anew, should it come from a backup; in how many teams."""
        return await go_on_after_restore(self._session)

    async def due(self, now: datetime) -> Due:
        """Whether there is anything to do that only the clock brings about."""
        return await dues.due(self._session, now)

    async def unheard(self, tended: Sequence[Tended]) -> Sequence[AccountId]:
        """Those of these accounts for which there is something to do that a notice told of."""
        return await dues.unheard(self._session, tended)

    async def note_checks(self, checks: Sequence[Check]) -> None:
        """Write down when folders were looked at: one statement, since most looks find nothing.

        A folder that is being written to is left out: nobody waits for that, and whoever writes
        has just looked at it.
        """
        if not checks:
            return
        connection = await self._session.connection()
        await connection.execute(
            _NOTE_CHECKS,
            {
                "workspaces": [check.workspace_id for check in checks],
                "mailboxes": [check.mailbox_id for check in checks],
                "checked": [check.checked_at for check in checks],
                "due": [check.next_poll_at for check in checks],
            },
        )

    async def forget_old(self, *, requests: timedelta, answers: timedelta) -> None:
        """Drop what was kept only to recognise repetitions, and drafts of mails that have left."""
        await self._session.exec(
            delete(SlackRequest).where(col(SlackRequest.seen_at) < func.now() - requests)
        )
        await self._session.exec(
            delete(IdempotencyRecord).where(
                col(IdempotencyRecord.created_at) < func.now() - answers
            )
        )
        left = select(Outgoing.workspace_id, Outgoing.id).where(
            col(Outgoing.state) == OutgoingState.SENT,
            col(Outgoing.settled_at) < func.now() - answers,
        )
        await self._session.exec(
            delete(Draft).where(tuple_(col(Draft.workspace_id), col(Draft.outgoing_id)).in_(left))
        )
        await self.grants.forget(older=requests)
        await forget_trials(self._session, older=requests)

    async def forget_applications(self, before: datetime) -> None:
        """Drop what rules did before this moment; read along the primary key of each workspace."""
        await self._session.exec(
            delete(RuleApplication).where(
                col(RuleApplication.workspace_id) == col(Workspace.id),
                col(RuleApplication.id) < first_id_of(before),
            )
        )

    async def figures(self) -> Figures:
        """How the whole installation is doing."""
        return await figures(self._session)

    async def folder_figures(self) -> Sequence[FolderFigures]:
        """How each watched folder is doing."""
        return await folder_figures(self._session)
