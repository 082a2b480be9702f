"""Erasing a workspace: what is closed at once, what goes in portions, and what goes last."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.ids import AccountId, WorkspaceId
from app.jobs.sweeping import sweep
from app.store.blobs import BlobMissing, Blobs
from app.store.models import Account, Teammate
from app.store.repositories.accounts import OwnershipLost
from app.store.unit_of_work import Store
from app.team import erase as erasing
from app.team.erase import erase, finish_erasures
from tests import factories
from tests.fixtures.database import Workspace
from tests.fixtures.tenants import ONE_ROW_EACH, counts, fill

BARE = {"workspaces": 1, "event_counters": 1}


@dataclass
class Two:
    """Two workspaces with a row in every table."""

    store: Store
    going: WorkspaceId
    staying: WorkspaceId

    async def erase(self) -> list[tuple[str, int]]:
        return [(one.table, one.rows) async for one in erase(self.store, self.going)]

    async def left(self) -> dict[str, int]:
        """Which tables still have rows of the one that goes; digests of bytes left out."""
        found = await counts(self.store, self.going)
        return {name: count for name, count in found.items() if count and name != "unneeded_blobs"}

    async def run(self, statement: str) -> list[tuple[object, ...]]:
        async with self.store.begin(self.going) as uow:
            connection = await uow.session.connection()
            found = await connection.execute(text(statement), {"team": self.going})
            return [tuple(row) for row in found] if found.returns_rows else []

    async def pass_an_hour(self) -> None:
        await self.run(
            "UPDATE workspaces SET erasing_since = erasing_since - interval '61 min'"
            " WHERE id = :team"
        )

    async def jobs(self) -> set[object]:
        return {name for (name,) in await self.run("SELECT lock FROM procrastinate_jobs")}

    async def account(self) -> Account:
        async with self.store.begin(self.going) as uow:
            (account,) = await uow.accounts.page(after=None, limit=2)
            return account


@pytest.fixture
async def two(workspace: Workspace) -> AsyncIterator[Two]:
    going = await fill(workspace.store, "Acme", "T0ACME")
    staying = await fill(workspace.store, "Other", "T0OTHER")
    yield Two(workspace.store, going, staying)
    assert await counts(workspace.store, staying) == ONE_ROW_EACH


class TestErase:
    async def test_a_worker_can_write_no_more(self, two: Two) -> None:
        account = await two.account()

        await anext(erase(two.store, two.going))

        async with two.store.begin(two.going) as uow:
            with pytest.raises(OwnershipLost):
                await uow.accounts.owned(AccountId(account.id), account.fence)
        async with two.store.across_workspaces() as fleet:
            tended = {ref.workspace_id for ref in await fleet.accounts(tended=True)}
        assert two.going not in tended

    async def test_closes_every_door_first(self, two: Two) -> None:
        await anext(erase(two.store, two.going))

        left = await two.left()
        assert left["messages"] == 1  # the rest has hardly begun
        doors = {"installations", "api_keys", "browser_sessions", "logins", "invitations"}
        assert not left.keys() & (doors | {"oauth_grants"})
        async with two.store.across_workspaces() as fleet:
            assert await fleet.tenant_of_team("T0ACME") is None
            assert await fleet.default_workspace() != two.going
            assert await fleet.give_to_team(two.going, "T0NEW") is None

    async def test_leaves_no_job_of_it(self, two: Two) -> None:
        assert await two.jobs() == {str(two.going), str(two.staying)}

        await two.erase()

        assert await two.jobs() == {str(two.staying)}

    async def test_tells_of_every_portion(self, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(erasing, "_PORTION", 2)
        async with two.store.begin(two.going) as uow:
            uow.session.add_all([Teammate(workspace_id=two.going, name="Ana") for _ in range(4)])

        portions = await two.erase()

        assert [rows for table, rows in portions if table == "teammates"] == [2, 2, 1]
        assert await two.left() == BARE

    async def test_of_one_that_is_gone_already_does_nothing(self, two: Two) -> None:
        await two.erase()
        await two.pass_an_hour()
        await finish_erasures(two.store)

        assert await two.erase() == []
        assert await two.left() == {}

    async def test_the_team_may_connect_again_at_once(self, two: Two) -> None:
        await two.erase()

        async with two.store.across_workspaces() as fleet:
            anew = await fleet.workspace_of_team("T0ACME", is_named=False)

        assert anew not in (two.going, two.staying)


class TestFinishErasures:
    async def test_leaves_the_bare_row_for_an_hour(self, two: Two) -> None:
        await two.erase()

        await finish_erasures(two.store)

        assert await two.left() == BARE
        named = await two.run("SELECT name, slack_team_id FROM workspaces WHERE id = :team")
        assert named == [("", None)]

    async def test_takes_the_last_row_and_what_came_in_late(self, two: Two) -> None:
        await two.erase()
        async with two.store.begin(two.going) as uow:
            uow.session.add(Teammate(workspace_id=two.going, name="Ana"))
            uow.emit("team.joined")
        await two.pass_an_hour()

        await finish_erasures(two.store)

        assert await two.left() == {}

    async def test_goes_on_with_what_was_broken_off(self, two: Two) -> None:
        await anext(erase(two.store, two.going))
        await two.pass_an_hour()

        await finish_erasures(two.store)

        assert await two.left() == {}

    async def test_waits_for_a_job_that_is_being_run(
        self, two: Two, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(erasing, "_LOOK_SECONDS", 0)
        await two.run("UPDATE procrastinate_jobs SET status = 'doing' WHERE args->>'workspace_id'"
                      " = CAST(CAST(:team AS uuid) AS text)")  # fmt: skip
        await two.erase()
        await two.pass_an_hour()

        await finish_erasures(two.store)

        assert await two.left() == BARE


class TestTheBytes:
    async def test_go_unless_another_workspace_has_them(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        store, blobs = workspace.store, Blobs(tmp_path.as_uri())
        own, shared = await blobs.put(b"own"), await blobs.put(b"shared")
        going = await fill(store, "Acme", "T0ACME")
        await _name(store, going, own, shared)
        await _name(store, workspace.id, shared)
        two = Two(store, going, workspace.id)
        await two.erase()

        await sweep(store, blobs)
        await two.run("UPDATE unneeded_blobs SET set_aside_at = set_aside_at - interval '61 min'")
        await sweep(store, blobs)

        with pytest.raises(BlobMissing):
            await blobs.get(own)
        assert await blobs.get(shared) == b"shared"
        assert (await counts(store, going))["unneeded_blobs"] == 0


async def _name(store: Store, workspace_id: WorkspaceId, *digests: bytes) -> None:
    """Write rows of mails that have these bytes."""
    account = factories.account(workspace_id, address="sales@example.com")
    talk = factories.conversation(workspace_id, account.id)
    async with store.begin(workspace_id) as uow:
        uow.accounts.add(account)
        await uow.session.flush()
        await uow.conversations.add_all([talk])
        ids = AccountId(account.id), talk.id
        rows = [factories.message(workspace_id, *ids, raw_sha256=one) for one in digests]
        await uow.messages.add_all(rows)
