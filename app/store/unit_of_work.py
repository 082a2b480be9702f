"""One request or job, one transaction.

`async with store.begin(workspace_id) as uow:` opens it; leaving the block commits, an exception
rolls back, and nothing else in the tree commits. What a transaction has to tell the world (events,
jobs, notices) is written by the transaction itself, so that it is told if and only if it happened.

No block may stay open across the network: read, leave, talk, enter, write.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import AccountId, ChannelId, ConversationId, WorkspaceId
from app.store.bulk import insert_pending, inserted_together
from app.store.engine import in_autocommit
from app.store.new import NewEvent
from app.store.notify import CHANNEL, Topic
from app.store.queue import Job, drain_channel, leave
from app.store.repositories.accounts import Accounts
from app.store.repositories.agenda import Agendas
from app.store.repositories.alarms import Alarms
from app.store.repositories.api_keys import APIKeys
from app.store.repositories.arriving import Arriving
from app.store.repositories.audit import AuditLog
from app.store.repositories.channels import Channels
from app.store.repositories.charts import Charts
from app.store.repositories.claiming import Claiming
from app.store.repositories.commands import Commands
from app.store.repositories.contacts import Contacts
from app.store.repositories.conversations import Conversations
from app.store.repositories.drafts import Drafts
from app.store.repositories.drawing import Drawing
from app.store.repositories.erasing import Erasing
from app.store.repositories.events import Events
from app.store.repositories.fleet import Fleet
from app.store.repositories.grants import Grants
from app.store.repositories.history_imports import HistoryImports
from app.store.repositories.homes import Homes
from app.store.repositories.idempotency import Idempotency
from app.store.repositories.installations import Installations
from app.store.repositories.ledger import Ledger
from app.store.repositories.list_exits import ListExits
from app.store.repositories.live import Live
from app.store.repositories.mailboxes import Mailboxes
from app.store.repositories.members import Members
from app.store.repositories.merging import Merging
from app.store.repositories.messages import Messages
from app.store.repositories.notes import Notes
from app.store.repositories.one_person import OnePerson
from app.store.repositories.outgoing import OutgoingMails
from app.store.repositories.past import Past
from app.store.repositories.posts import Posts
from app.store.repositories.reading import Reading
from app.store.repositories.reminders import Reminders
from app.store.repositories.renumbered import Renumbered
from app.store.repositories.rotations import Rotations
from app.store.repositories.routes import Routes
from app.store.repositories.rules import RuleRuns, Rules
from app.store.repositories.sight import Sight
from app.store.repositories.slack_requests import SlackRequests
from app.store.repositories.teammates import Teammates
from app.store.repositories.threads import Threads
from app.store.repositories.trials import Trials
from app.store.repositories.waiting import Waiting
from app.store.repositories.webhooks import Webhooks
from app.store.repositories.writing import Identities, Signatures, Templates

_NOTIFY: Final = text(
    "SELECT pg_notify(:channel, notice) FROM unnest(CAST(:notices AS text[])) AS notice"
)


class UnitOfWork:
    """The rows of one workspace, within one transaction."""

    def __init__(self, session: AsyncSession, workspace_id: WorkspaceId) -> None:
        self.session = session
        self.workspace_id = workspace_id
        self._events: list[NewEvent] = []
        self._notices: dict[str, None] = {}
        self._jobs: dict[str, Job] = {}

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.session, self.workspace_id)

    @cached_property
    def agendas(self) -> Agendas:
        return Agendas(self.session, self.workspace_id)

    @cached_property
    def alarms(self) -> Alarms:
        return Alarms(self.session, self.workspace_id)

    @cached_property
    def api_keys(self) -> APIKeys:
        return APIKeys(self.session, self.workspace_id)

    @cached_property
    def arriving(self) -> Arriving:
        return Arriving(self.session, self.workspace_id)

    @cached_property
    def audit(self) -> AuditLog:
        return AuditLog(self.session, self.workspace_id)

    @cached_property
    def channels(self) -> Channels:
        return Channels(self.session, self.workspace_id)

    @cached_property
    def charts(self) -> Charts:
        return Charts(self.session, self.workspace_id)

    @cached_property
    def claiming(self) -> Claiming:
        return Claiming(self.session, self.workspace_id)

    @cached_property
    def commands(self) -> Commands:
        return Commands(self.session, self.workspace_id)

    @cached_property
    def contacts(self) -> Contacts:
        return Contacts(self.session, self.workspace_id)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.session, self.workspace_id)

    @cached_property
    def drafts(self) -> Drafts:
        return Drafts(self.session, self.workspace_id)

    @cached_property
    def drawing(self) -> Drawing:
        return Drawing(self.session, self.workspace_id)

    @cached_property
    def erasing(self) -> Erasing:
        return Erasing(self.session, self.workspace_id)

    @cached_property
    def events(self) -> Events:
        return Events(self.session, self.workspace_id)

    @cached_property
    def grants(self) -> Grants:
        return Grants(self.session, self.workspace_id)

    @cached_property
    def idempotency(self) -> Idempotency:
        return Idempotency(self.session, self.workspace_id)

    @cached_property
    def identities(self) -> Identities:
        return Identities(self.session, self.workspace_id)

    @cached_property
    def imports(self) -> HistoryImports:
        return HistoryImports(self.session, self.workspace_id)

    @cached_property
    def installations(self) -> Installations:
        return Installations(self.session, self.workspace_id)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.session, self.workspace_id)

    @cached_property
    def list_exits(self) -> ListExits:
        return ListExits(self.session, self.workspace_id)

    @cached_property
    def live(self) -> Live:
        return Live(self.session, self.workspace_id)

    @cached_property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.session, self.workspace_id)

    @cached_property
    def members(self) -> Members:
        return Members(self.session, self.workspace_id)

    @cached_property
    def merging(self) -> Merging:
        return Merging(self.session, self.workspace_id)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self.session, self.workspace_id)

    @cached_property
    def notes(self) -> Notes:
        return Notes(self.session, self.workspace_id)

    @cached_property
    def one_person(self) -> OnePerson:
        return OnePerson(self.session, self.workspace_id)

    @cached_property
    def outgoing(self) -> OutgoingMails:
        return OutgoingMails(self.session, self.workspace_id)

    @cached_property
    def past(self) -> Past:
        return Past(self.session, self.workspace_id)

    @cached_property
    def posts(self) -> Posts:
        return Posts(self.session, self.workspace_id)

    @cached_property
    def routes(self) -> Routes:
        return Routes(self.session, self.workspace_id)

    @cached_property
    def rule_runs(self) -> RuleRuns:
        return RuleRuns(self.session, self.workspace_id)

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.session, self.workspace_id)

    @cached_property
    def sight(self) -> Sight:
        return Sight(self.session, self.workspace_id)

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.session, self.workspace_id)

    @cached_property
    def reminders(self) -> Reminders:
        return Reminders(self.session, self.workspace_id)

    @cached_property
    def renumbered(self) -> Renumbered:
        return Renumbered(self.session, self.workspace_id)

    @cached_property
    def rotations(self) -> Rotations:
        return Rotations(self.session, self.workspace_id)

    @cached_property
    def signatures(self) -> Signatures:
        return Signatures(self.session, self.workspace_id)

    @cached_property
    def homes(self) -> Homes:
        return Homes(self.session, self.workspace_id)

    @cached_property
    def slack_requests(self) -> SlackRequests:
        return SlackRequests(self.session, self.workspace_id)

    @cached_property
    def teammates(self) -> Teammates:
        return Teammates(self.session, self.workspace_id)

    @cached_property
    def templates(self) -> Templates:
        return Templates(self.session, self.workspace_id)

    @cached_property
    def threads(self) -> Threads:
        return Threads(self.session, self.workspace_id)

    @cached_property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.session, self.workspace_id)

    @cached_property
    def trials(self) -> Trials:
        return Trials(self.session, self.workspace_id)

    @cached_property
    def waiting(self) -> Waiting:
        return Waiting(self.session, self.workspace_id)

    def emit(
        self,
        type_: str,
        *,
        account_id: AccountId | None = None,
        conversation_id: ConversationId | None = None,
        **data: Any,  # noqa: ANN401 -- whatever JSON can say
    ) -> None:
        """Add a line to the event log. Ids and states only: the log is read by scripts."""
        self._events.append(
            NewEvent(self.workspace_id, 0, type_, account_id, conversation_id, data)
        )

    def wake(self, topic: Topic, key: object = "") -> None:
        """Have whoever waits for this subject look again once we have committed."""
        self._notices[f"{topic}:{key}"] = None

    def leave(self, job: Job) -> None:
        """Leave a job for later, once however often it is asked for."""
        self._jobs[job.subject] = job

    def feed_is_due(self, channel_id: ChannelId) -> None:
        """Have the channel's posts and refreshes taken to Slack."""
        self.leave(drain_channel(self.workspace_id, channel_id))
        self.wake(Topic.CHANNEL, f"{self.workspace_id}/{channel_id}")

    async def cards_are_stale(self, conversation_ids: Iterable[ConversationId]) -> None:
        """Have the cards of these conversations show what they are now."""
        for channel_id in await self.posts.mark_stale(conversation_ids):
            self.feed_is_due(channel_id)

    def inserted_together(self) -> AbstractAsyncContextManager[None]:
        """New mails and what belongs to them, written by one statement at the end of the block."""
        return inserted_together(self.session)

    async def insert_pending(self) -> None:
        """Write what the block has so far: for whoever has to find it."""
        await insert_pending(self.session)

    @property
    def leaves_nothing(self) -> bool:
        session = self.session
        has_rows = session.new or session.dirty or session.deleted
        return not (has_rows or self._jobs or self._events or self._notices)

    async def write_what_was_left(self) -> None:
        """Write the jobs, events and notices: last, because the events lock the counter."""
        await self.session.flush()
        if self._jobs:
            await leave(self.session, self._jobs.values())
        if self._events:
            await self.events.append(self._events, self._notices)
        elif self._notices:
            values = {"channel": CHANNEL, "notices": list(self._notices)}
            await (await self.session.connection()).execute(_NOTIFY, values)


class Store:
    """Where the stages meet: hands out units of work."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._without_transaction = in_autocommit(engine)

    @asynccontextmanager
    async def begin(self, workspace_id: WorkspaceId) -> AsyncIterator[UnitOfWork]:
        """A transaction on one workspace's rows."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            uow = UnitOfWork(session, workspace_id)
            yield uow
            await uow.write_what_was_left()

    @asynccontextmanager
    async def without_transaction(self, workspace_id: WorkspaceId) -> AsyncIterator[UnitOfWork]:
        """For questions, or one statement that changes something: each is committed by itself.

        A question sees the same within a transaction, which takes two more round trips. Nothing can
        be left for later here: no event, job or notice, and no row that was changed.
        """
        async with AsyncSession(self._without_transaction, expire_on_commit=False) as session:
            uow = UnitOfWork(session, workspace_id)
            yield uow
            assert uow.leaves_nothing

    @asynccontextmanager
    async def across_workspaces(self) -> AsyncIterator[Fleet]:
        """A transaction for the few questions that are asked of all workspaces at once."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            yield Fleet(session)

    @asynccontextmanager
    async def asking_all_workspaces(self) -> AsyncIterator[Fleet]:
        """The same as `without_transaction`, for what is asked of all of them again and again."""
        async with AsyncSession(self._without_transaction, expire_on_commit=False) as session:
            yield Fleet(session)
