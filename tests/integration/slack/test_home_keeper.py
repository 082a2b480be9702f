"""The Home tab while somebody may be looking at it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlmodel import select

from app.container import Container
from app.core.clock import SystemClock
from app.core.crypto import Vault
from app.sandbox.slack.faults import FaultKind
from app.slack.client import http_session
from app.slack.home_keeper import HomeKeeper
from app.slack.installations import Installations
from app.store.models import HomeView
from app.store.queue import open_queue
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import text_of
from tests.integration.slack.test_home import look

AT_ONCE = timedelta(seconds=-1)
"""The clock of the rows and of the tests is one; nobody rests."""


def container_of(door: SlackDoor) -> Container:
    return Container(
        settings=door.settings,
        url=door.feed.workspace.url,
        store=door.store,
        queue=open_queue(door.feed.workspace.url),
        blobs=door.feed.feeding.blobs,
        hub=door.feed.feeding.hub,
        vault=door.feed.vault,
        clock=SystemClock(),
    )


@pytest.fixture
async def keeper(door: SlackDoor) -> AsyncIterator[HomeKeeper]:
    async with http_session() as http:
        yield HomeKeeper(container_of(door), door.feed.installations, http)


async def kept(door: SlackDoor) -> list[HomeView]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list((await uow.session.exec(select(HomeView))).all())


async def opened(door: SlackDoor) -> str:
    """A card, and Ben’s Home tab; answers the card's ts."""
    ts = await door.card("Invoice")
    await look(door, "Ben")
    assert "*0* yours" in shown(door)
    return ts


async def taken(door: SlackDoor, ts: str) -> None:
    assert (await door.slack.click("Ben", "support", ts, "conversation.assign_me")).ok


def shown(door: SlackDoor) -> str:
    return text_of(door.slack.home("Ben") or {"blocks": []})


def times_published(door: SlackDoor) -> int:
    return sum(one.method == "views.publish" for one in door.slack.writes)


class TestAHomeThatIsLookedAt:
    async def test_follows_what_happens(self, door: SlackDoor, keeper: HomeKeeper) -> None:
        await taken(door, await opened(door))
        assert "*1* yours" not in shown(door)

        await keeper.look(AT_ONCE)

        assert "*1* yours" in shown(door)

    async def test_is_not_published_where_it_shows_the_same(
        self, door: SlackDoor, keeper: HomeKeeper
    ) -> None:
        await taken(door, await opened(door))
        await keeper.look(AT_ONCE)
        before = times_published(door)

        async with door.store.begin(door.feed.workspace.id) as uow:
            uow.emit("note.added", conversation_id=door.id_of("Invoice"))
        await keeper.look(AT_ONCE)
        await keeper.look(AT_ONCE)

        assert times_published(door) == before

    async def test_rests_between_two_times(self, door: SlackDoor, keeper: HomeKeeper) -> None:
        await taken(door, await opened(door))

        await keeper.look(timedelta(minutes=5))

        assert "*1* yours" not in shown(door)

    async def test_that_slack_could_not_take_is_tried_again(
        self, door: SlackDoor, keeper: HomeKeeper
    ) -> None:
        await taken(door, await opened(door))
        door.slack.fail_next("views.publish", FaultKind.RATE_LIMITED)

        await keeper.look(AT_ONCE)
        assert "*1* yours" not in shown(door)
        await keeper.look(AT_ONCE)

        assert "*1* yours" in shown(door)

    async def test_that_slack_refuses_is_let_be(self, door: SlackDoor, keeper: HomeKeeper) -> None:
        await taken(door, await opened(door))
        door.slack.fail_next("views.publish", FaultKind.ERROR, error="not_enabled")

        await keeper.look(AT_ONCE)

        assert await kept(door) == []

    async def test_waits_while_the_token_cannot_be_read(
        self, door: SlackDoor, keeper: HomeKeeper
    ) -> None:
        await taken(door, await opened(door))
        stranger = Installations(door.store, Vault([Fernet.generate_key().decode()]))

        async with http_session() as http:
            await HomeKeeper(container_of(door), stranger, http).look(AT_ONCE)
        assert "*1* yours" not in shown(door)
        await keeper.look(AT_ONCE)

        assert "*1* yours" in shown(door)


class TestAHomeThatNobodyLooksAt:
    async def test_was_never_opened(self, door: SlackDoor, keeper: HomeKeeper) -> None:
        await taken(door, await door.card("Invoice"))

        await keeper.look(AT_ONCE)

        assert door.slack.home("Ben") is None

    async def test_was_opened_long_ago(self, door: SlackDoor, keeper: HomeKeeper) -> None:
        await taken(door, await opened(door))
        async with door.store.begin(door.feed.workspace.id) as uow:
            (row,) = (await uow.session.exec(select(HomeView))).all()
            row.opened_at -= timedelta(hours=2)

        await keeper.look(AT_ONCE)

        assert "*1* yours" not in shown(door)
