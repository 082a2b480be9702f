"""How everything is doing, in numbers: a team's own are never those of another one."""

from datetime import UTC, datetime, timedelta

from app.accounts.pausing import pause
from app.core.ids import AccountId, WorkspaceId
from app.store.models import AccountState
from app.store.repositories.figures import Figures
from tests.fixtures.web import Web

LONG_AGO = timedelta(hours=5)


async def figures_of(
    web: Web, workspace_id: WorkspaceId, only: frozenset[AccountId] | None = None
) -> Figures:
    async with web.store.begin(workspace_id) as uow:
        return await uow.charts.figures(only=only)


async def trouble(web: Web, workspace_id: WorkspaceId, account_id: AccountId) -> None:
    """A folder with mail missing, that nobody has looked at for long."""
    async with web.store.begin(workspace_id) as uow:
        inbox = await uow.mailboxes.named(account_id, "INBOX")
        inbox.watched, inbox.missing, inbox.uids_on_server = True, 3, 40
        inbox.last_checked_at = inbox.last_reconciled_at = datetime.now(UTC) - LONG_AGO
        (await uow.accounts.get(account_id)).state = AccountState.REFUSED


class TestFigures:
    async def test_of_a_team_say_nothing_of_another_one(self, web: Web) -> None:
        theirs = await web.other_workspace()
        tenant = await web.tenant(theirs)
        await trouble(web, theirs, tenant.account_id)

        ours = await figures_of(web, web.workspace_id)
        seen = await figures_of(web, theirs)
        async with web.store.across_workspaces() as fleet:
            everything = await fleet.figures()

        assert ours.accounts == {}
        numbers = (ours.missing, ours.silent, ours.commands_open, ours.posts_unsent)
        assert (*numbers, ours.uids_on_server, ours.check_lag_seconds) == (0,) * 6
        assert (seen.missing, seen.silent, seen.commands_open) == (3, 1, 1)
        assert seen.check_lag_seconds > 3600
        assert (everything.missing, everything.accounts) == (3, {AccountState.REFUSED: 1})

    async def test_are_those_of_the_accounts_that_somebody_sees(self, web: Web) -> None:
        tenant = await web.tenant()
        await trouble(web, web.workspace_id, tenant.account_id)
        other = await web.account(address="sales@example.com")

        mine = await figures_of(web, web.workspace_id, frozenset({other}))
        whole = await figures_of(web, web.workspace_id, frozenset({tenant.account_id}))

        assert (mine.missing, mine.silent, mine.commands_open, mine.quarantined) == (0, 0, 0, 0)
        assert mine.accounts == {AccountState.CONNECTING: 1}
        assert (whole.missing, whole.silent, whole.commands_open) == (3, 1, 1)

    async def test_wait_for_no_account_that_is_paused(self, web: Web) -> None:
        tenant = await web.tenant()
        await trouble(web, web.workspace_id, tenant.account_id)
        async with web.store.begin(web.workspace_id) as uow:
            await pause(uow, tenant.account_id, by="Ana", now=datetime.now(UTC))

        found = await figures_of(web, web.workspace_id)

        assert (found.silent, found.check_lag_seconds, found.reconcile_lag_seconds) == (0, 0, 0)
        assert found.accounts == {AccountState.PAUSED: 1}
