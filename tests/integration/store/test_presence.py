"""Locks that live as long as their worker, and workers that only seem to live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from app.core.ids import ChannelId
from app.store import engine
from app.store.engine import conninfo
from app.store.models import PlacementState, PostKind
from app.store.new import NewPost
from app.store.presence import Presence, PresenceLost
from app.store.repositories.fleet import AccountRef
from app.store.repositories.ledger import Entry, Place
from app.store.workers import WORKERS
from tests import factories
from tests.fixtures.database import Workspace, are_waiting
from tests.fixtures.stack import eventually


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> object:
    """A presence as another process would have it."""

    @asynccontextmanager
    async def open_(workspace: Workspace, name: str) -> AsyncIterator[Presence]:
        with monkeypatch.context() as patch:
            patch.setattr(engine, "process_name", lambda: name)
            presence = await Presence(workspace.url).__aenter__()
        yield presence
        await presence.__aexit__()

    return open_


class TestBeginning:
    async def test_cancelled_meanwhile_leaves_no_connection(self, workspace: Workspace) -> None:
        async with await psycopg.AsyncConnection.connect(
            conninfo(workspace.url), autocommit=True
        ) as alone:
            await alone.execute("SELECT pg_advisory_lock(%s, 1)", (WORKERS,))
            presence = Presence(workspace.url)
            beginning = asyncio.create_task(presence.__aenter__())
            await eventually(lambda: are_waiting(workspace.store, 1))
            beginning.cancel()

            with pytest.raises(asyncio.CancelledError):
                await beginning

        assert presence._connection.closed


class TestTake:
    async def test_what_another_has_is_left_to_it(self, workspace: Workspace) -> None:
        ids = [uuid4() for _ in range(4)]

        async with Presence(workspace.url) as one, Presence(workspace.url) as two:
            first = await one.take(ids, most=3)
            second = await two.take(ids, most=3)

        assert len(first) == 3
        assert first | second == set(ids)
        assert not first & second

    async def test_what_was_given_back_is_free(self, workspace: Workspace) -> None:
        id_ = uuid4()

        async with Presence(workspace.url) as one, Presence(workspace.url) as two:
            await one.take([id_], most=1)
            await one.give_back(id_)
            assert await two.take([id_], most=1) == {id_}

    async def test_a_worker_that_ended_holds_nothing(self, workspace: Workspace) -> None:
        id_ = uuid4()
        async with Presence(workspace.url) as one:
            await one.take([id_], most=1)

        async with Presence(workspace.url) as two:
            assert await two.take([id_], most=1) == {id_}


class TestWorkers:
    async def test_are_those_that_live_with_what_they_own(
        self, workspace: Workspace, another: object
    ) -> None:
        async with another(workspace, "one") as one, another(workspace, "two"):  # type: ignore[operator]
            await one.take([uuid4(), uuid4()], most=5)
            found = {worker.name: worker.accounts for worker in await one.workers()}
            async with workspace.store.across_workspaces() as fleet:
                seen = {worker.name: worker.accounts for worker in await fleet.workers()}

        assert found == seen == {"one": 2, "two": 0}

    async def test_one_that_says_nothing_loses_its_locks(
        self, workspace: Workspace, another: object
    ) -> None:
        id_ = uuid4()
        async with another(workspace, "one") as one, another(workspace, "two") as two:  # type: ignore[operator]
            await one.take([id_], most=1)
            await asyncio.sleep(0.4)
            await two.check()

            assert await two.end_silent(0.3) == ["one"]

            assert await two.take([id_], most=1) == {id_}
            with pytest.raises(PresenceLost):
                await one.check()

    async def test_one_that_gives_signs_of_life_keeps_them(
        self, workspace: Workspace, another: object
    ) -> None:
        async with another(workspace, "one") as one, another(workspace, "two") as two:  # type: ignore[operator]
            await one.check()

            assert await two.end_silent(5) == []

    async def test_nobody_ends_itself(self, workspace: Workspace) -> None:
        async with Presence(workspace.url) as alone:
            await asyncio.sleep(0.1)

            assert await alone.end_silent(0) == []


class TestRaiseFences:
    async def test_rises_with_each_taking(self, workspace: Workspace) -> None:
        account = factories.account(workspace.id, fence=4)
        ref = AccountRef(workspace.id, account.id)
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)

        async with workspace.store.across_workspaces() as fleet:
            assert await fleet.raise_fences([ref]) == {account.id: 5}

    async def test_does_not_wait_for_a_writer_that_stands_still(self, workspace: Workspace) -> None:
        stuck, free = (
            factories.account(workspace.id, address=f"{name}@example.com", fence=1)
            for name in ("stuck", "free")
        )
        refs = [AccountRef(workspace.id, one.id) for one in (stuck, free)]
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(stuck)
            uow.accounts.add(free)

        async with workspace.store.begin(workspace.id) as uow:
            await uow.accounts.owned(stuck.id, 1)
            async with workspace.store.across_workspaces() as fleet:
                raised = await fleet.raise_fences(refs)

        assert raised == {free.id: 2}

    @pytest.mark.parametrize(
        ("owned", "keeps"), [(timedelta(minutes=5), True), (timedelta(hours=5), False)]
    )
    async def test_notes_since_when_nobody_looked(
        self, workspace: Workspace, owned: timedelta, *, keeps: bool
    ) -> None:
        now = datetime.now(UTC)
        unwatched, looked = now - timedelta(days=2), now - timedelta(minutes=1)
        account = factories.account(
            workspace.id, owned_since=now - owned, unwatched_since=unwatched
        )
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()
            (await uow.mailboxes.named(account.id, "INBOX")).last_checked_at = looked

        async with workspace.store.across_workspaces() as fleet:
            await fleet.raise_fences([AccountRef(workspace.id, account.id)])

        async with workspace.store.begin(workspace.id) as uow:
            taken = await uow.accounts.get(account.id)
            assert taken.unwatched_since == (unwatched if keeps else looked)
            assert taken.owned_since is not None
            assert taken.owned_since > now - timedelta(minutes=1)

    async def test_which_stays_while_the_team_was_not_told_of_everything(
        self, workspace: Workspace
    ) -> None:
        now = datetime.now(UTC)
        unwatched = now - timedelta(days=2)
        account = factories.account(
            workspace.id, owned_since=now - timedelta(hours=5), unwatched_since=unwatched
        )
        post = NewPost(
            workspace_id=workspace.id, channel_id=account.channel_id, kind=PostKind.NOTICE
        )
        async with workspace.store.begin(workspace.id) as uow:
            uow.accounts.add(account)
            await uow.session.flush()
            (await uow.mailboxes.named(account.id, "INBOX")).last_checked_at = now
            await uow.posts.add_all([post])

        async with workspace.store.across_workspaces() as fleet:
            await fleet.raise_fences([AccountRef(workspace.id, account.id)])

        async with workspace.store.begin(workspace.id) as uow:
            assert (await uow.accounts.get(account.id)).unwatched_since == unwatched

    async def test_in_a_channel_that_a_route_leads_to(self, workspace: Workspace) -> None:
        now = datetime.now(UTC)
        unwatched = now - timedelta(days=2)
        values = {"owned_since": now - timedelta(hours=5), "unwatched_since": unwatched}
        accounts = [
            factories.account(workspace.id, address=f"{name}@example.com", **values)
            for name in ("routed", "set-aside", "told")
        ]
        talk = factories.conversation(workspace.id, accounts[0].id)
        elsewhere = ChannelId("C0ROUTED")
        async with workspace.store.begin(workspace.id) as uow:
            for account in accounts:
                uow.accounts.add(account)
            await uow.session.flush()
            places = []
            for account in accounts:
                inbox = await uow.mailboxes.named(account.id, "INBOX")
                inbox.last_checked_at = now
                places.append(Place(inbox.id, 1, 1))
            await uow.ledger.record([Entry(one, PlacementState.QUARANTINED) for one in places])
            set_aside = (await uow.ledger.at(places))[places[1]]
            await uow.conversations.add_all([talk])
            await uow.posts.add_all(
                [
                    NewPost(
                        workspace_id=workspace.id,
                        channel_id=elsewhere,
                        kind=PostKind.NOTICE,
                        conversation_id=talk.id,
                    ),
                    NewPost(
                        workspace_id=workspace.id,
                        channel_id=elsewhere,
                        kind=PostKind.QUARANTINE,
                        placement_id=set_aside.id,
                    ),
                ]
            )

        async with workspace.store.across_workspaces() as fleet:
            await fleet.raise_fences([AccountRef(workspace.id, one.id) for one in accounts])

        async with workspace.store.begin(workspace.id) as uow:
            since = [(await uow.accounts.get(one.id)).unwatched_since for one in accounts]
        assert since == [unwatched, unwatched, now]
