"""Whoever waited for a row sees what was done to it meanwhile, though it was read before."""

from datetime import UTC, datetime

from app.core.ids import ChannelId, TeammateId, new_id
from app.store.models import Teammate
from app.team.members import suspend
from tests import factories
from tests.fixtures.database import Workspace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class TestALock:
    async def test_on_a_teammate_shows_what_was_done_meanwhile(self, workspace: Workspace) -> None:
        ana = await _teammate(workspace)
        async with workspace.store.begin(workspace.id) as late:
            read = await late.session.get(Teammate, (workspace.id, ana))
            assert read is not None
            assert read.barred_at is None
            async with workspace.store.begin(workspace.id) as early:
                await suspend(early, ana, "switched off", now=NOW)

            await suspend(late, ana, "switched off", now=NOW)

        async with workspace.store.begin(workspace.id) as uow:
            acts = [one.act for one in await uow.audit.page(before=None, limit=50)]
        assert acts == ["team.suspended"]

    async def test_on_an_account_shows_what_was_done_meanwhile(self, workspace: Workspace) -> None:
        account = factories.account(workspace.id, channel_id=ChannelId("C0SUPPORT"))
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)
        async with workspace.store.begin(workspace.id) as late:
            read = await late.accounts.get(account.id)
            async with workspace.store.begin(workspace.id) as early:
                (await early.accounts.lock(account.id)).channel_id = ChannelId("C0BILLING")

            assert (await late.accounts.lock(account.id)).channel_id == "C0BILLING"
            assert read.channel_id == "C0BILLING"


async def _teammate(workspace: Workspace) -> TeammateId:
    teammate = Teammate(id=TeammateId(new_id()), workspace_id=workspace.id, name="Ana")
    async with workspace.store.begin(workspace.id) as uow:
        uow.members.add(teammate)
    return teammate.id
