"""The lists of pages and of the REST API are read by an index, however much there is."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from sqlalchemy import event, text

from app.core.ids import AccountId
from app.store.models import CommandState
from app.store.repositories.commands import CommandFilter
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork
from tests import factories
from tests.fixtures.database import Workspace

Ask = Callable[[UnitOfWork], Awaitable[object]]
_ROWS: Final = 20_000
_RARE: Final = 2_000
"""One in so many is what is looked for."""
_FILL: Final = (
    """
    INSERT INTO placements
        (workspace_id, mailbox_id, uidvalidity, uid, id, state, reason, seen_at, flags, attempts)
    SELECT :team, :mailbox, 1, n, gen_random_uuid(),
        CASE WHEN n % :rare = 0 THEN 'quarantined' ELSE 'stored' END, '',
        now() - n * interval '1 second', '{}', 0
    FROM generate_series(1, :rows) AS n
    """,
    """
    INSERT INTO conversations
        (workspace_id, id, account_id, subject, subject_key, participants, status, tags,
        message_count, first_message_at, last_message_at, version, snoozed_until_reply)
    SELECT :team, gen_random_uuid(), :account, 'Invoice', 'invoice', '{}', 'done',
        CASE WHEN n % :rare = 0 THEN ARRAY['vip'] ELSE ARRAY['usual'] END,
        1, now(), now() - n * interval '1 minute', 1, false
    FROM generate_series(1, :rows) AS n
    """,
    """
    INSERT INTO commands
        (workspace_id, id, account_id, type, params, inverse, origin, state, attempts, detail)
    SELECT :team, gen_random_uuid(), :account, 'archive', '{}', '{}', 'slack',
        CASE WHEN n % :rare = 0 THEN 'failed' ELSE 'done' END, 1, ''
    FROM generate_series(1, :rows) AS n
    """,
    "ANALYZE placements, conversations, commands",
)


@pytest.fixture
async def filled(workspace: Workspace) -> AccountId:
    """The account that has all of it."""
    account = factories.account(workspace.id)
    async with workspace.store.begin(workspace.id) as uow:
        uow.accounts.add(account)
        await uow.session.flush()
        inbox = await uow.mailboxes.named(account.id, "INBOX")
        await uow.session.flush()
        connection = await uow.session.connection()
        values = {"team": workspace.id, "mailbox": inbox.id, "account": account.id}
        for statement in _FILL:
            await connection.execute(text(statement), {**values, "rows": _ROWS, "rare": _RARE})
    return account.id


async def plan(workspace: Workspace, ask: Ask) -> str:
    """How Postgres answers the statement that this question comes to."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    engine = workspace.store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with workspace.store.begin(workspace.id) as uow:
            await ask(uow)
            (statement, parameters), *_ = asked
            connection = await uow.session.connection()
            rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            return "\n".join(rows.scalars())
    finally:
        event.remove(engine, "before_cursor_execute", note)


class TestAList:
    @pytest.mark.parametrize(
        ("ask", "index"),
        [
            pytest.param(
                lambda uow: uow.reading.quarantined(of_accounts=None, before=None, limit=50),
                "ix_placements_quarantined",
                id="quarantine",
            ),
            pytest.param(
                lambda uow: uow.conversations.page(
                    ConversationFilter(tag="vip"), before=None, limit=50
                ),
                "ix_conversations_tags",
                id="conversations-of-a-tag",
            ),
            pytest.param(
                lambda uow: uow.commands.page(CommandFilter(), before=None, limit=50),
                "ix_commands_latest",
                id="commands",
            ),
            pytest.param(
                lambda uow: uow.commands.page(
                    CommandFilter(state=CommandState.FAILED), before=None, limit=50
                ),
                "ix_commands_state",
                id="commands-that-failed",
            ),
        ],
    )
    async def test_is_read_by_an_index(
        self, workspace: Workspace, filled: AccountId, ask: Ask, index: str
    ) -> None:
        assert index in await plan(workspace, ask)
