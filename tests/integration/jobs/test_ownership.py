"""Taking accounts, handing them over, and letting go of all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.jobs import ownership
from app.jobs.ownership import Ownership
from app.store import engine
from app.store.presence import Presence
from tests import factories
from tests.fixtures.stack import eventually
from tests.fixtures.tending import Tended


class Waiting:
    """Servers whose turn to be dialled never comes."""

    @asynccontextmanager
    async def open(self, _spec: Any) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield


@pytest.fixture
def many(tended: Tended, monkeypatch: pytest.MonkeyPatch) -> Tended:
    monkeypatch.setattr(ownership, "_SETTLED_SECONDS", 0)
    tended.configure(servers=Waiting())
    return tended


async def add(tended: Tended, count: int) -> None:
    secret = (await tended.account()).imap_secret
    async with tended.workspace.store.begin(tended.workspace.id) as uow:
        for n in range(count):
            address = f"more{n}@example.com"
            uow.accounts.add(
                factories.account(tended.workspace.id, address=address, imap_secret=secret)
            )


@asynccontextmanager
async def worker(
    tended: Tended, name: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ownership]:
    """The owner's part of a worker that is called so."""
    with monkeypatch.context() as patch:
        patch.setattr(engine, "process_name", lambda: name)
        presence = await Presence(tended.workspace.url).__aenter__()
    owner = Ownership(tended.tending, presence)
    yield owner
    await owner.stop()
    await presence.__aexit__()


def count(owner: Ownership) -> int:
    return len(list(owner.tenders))


class TestHandingOver:
    async def test_is_not_kept_waiting_by_accounts_that_wait_to_be_dialled(
        self, many: Tended, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await add(many, 9)
        async with worker(many, "one", monkeypatch) as one:
            await one.claim()
            assert count(one) == 10

            async with worker(many, "two", monkeypatch) as two:

                async def are_even() -> bool:
                    await one.claim()
                    await two.claim()
                    return (count(one), count(two)) == (5, 5)

                await eventually(are_even, within=5)

    async def test_leaves_nothing_when_a_worker_stops(
        self, many: Tended, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await add(many, 3)
        async with worker(many, "one", monkeypatch) as one:
            await one.claim()
            async with asyncio.timeout(3):
                await one.stop()
            assert count(one) == 0

            async with worker(many, "two", monkeypatch) as two:

                async def has_all() -> bool:
                    await two.claim()
                    return count(two) >= 2

                await eventually(has_all, within=5)
