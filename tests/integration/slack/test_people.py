"""Who leaves the Slack workspace leaves the admin, whether or not Slack told of it."""

from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from app.core.access import Role
from app.core.ids import SlackUserId
from app.sandbox.slack.faults import FaultKind
from app.store.models import BrowserSession, Teammate
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually
from tests.integration.slack.test_sign_in import agreed


async def signed_in(
    door: SlackDoor, browser: httpx.AsyncClient, user: str = "Ana", role: Role | None = Role.OWNER
) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        who = SlackUserId(door.slack.users[user])
        (await uow.teammates.by_slack_user(who, user)).role = role
    await browser.get(await agreed(door, browser, user))
    assert await is_in(browser)


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/accounts")).status_code == 200


async def teammate(door: SlackDoor, user: str = "Ana") -> Teammate | None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        found = await uow.teammates.of_slack_users([door.slack.users[user]])
    return found[0] if found else None


async def audited(door: SlackDoor) -> list[str]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return [one.act for one in await uow.audit.page(before=None, limit=50)]


class TestSomebodyOfWhomSlackTells:
    @pytest.mark.both_ways
    @pytest.mark.parametrize("change", [{"deleted": True}, {"guest": True}])
    async def test_is_signed_out_and_suspended(
        self, door: SlackDoor, browser: httpx.AsyncClient, change: dict[str, bool]
    ) -> None:
        await signed_in(door, browser)

        door.slack.change_person("Ana", **change)  # type: ignore[arg-type]

        async def is_out() -> bool:
            return not await is_in(browser)

        await eventually(is_out)
        left = await teammate(door)
        assert left is not None
        assert left.barred_at is not None
        assert (await audited(door)).count("team.suspended") == 1

    async def test_and_who_only_changed_their_name_stays(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await signed_in(door, browser)

        door.slack.change_person("Ana")
        await door.slack.until_delivered()

        assert await is_in(browser)

    async def test_and_was_a_guest_all_along_is_no_matter(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ben"]), "ben")

        door.slack.change_person("Ben", guest=True)
        await door.slack.until_delivered()

        ben = await teammate(door, "Ben")
        assert ben is not None
        assert ben.barred_at is None
        assert "team.suspended" not in await audited(door)

    async def test_and_is_nobody_of_ours_leaves_no_trace(self, door: SlackDoor) -> None:
        door.slack.change_person("Ben", deleted=True)
        await door.slack.until_delivered()

        assert await teammate(door, "Ben") is None


class TestSomebodyOfWhomSlackDidNotTell:
    async def test_is_asked_about_after_an_hour(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await signed_in(door, browser)
        await leave_unheard(door)
        assert await is_in(browser)

        await grow_older(door, timedelta(hours=1))

        assert not await is_in(browser)
        assert (await audited(door)).count("team.suspended") == 1

    async def test_and_who_belongs_is_asked_about_once(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await signed_in(door, browser)
        await grow_older(door, timedelta(days=2))

        assert await is_in(browser)
        first = await session(door)
        assert await is_in(browser)
        again = await session(door)

        assert first.vouched_at is not None
        assert (again.asked_at, again.vouched_at) == (first.asked_at, first.vouched_at)

    async def test_is_believed_for_a_day_where_slack_does_not_answer(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await signed_in(door, browser)
        await grow_older(door, timedelta(hours=23))
        forget(door)
        door.slack.fail_next("users.info", FaultKind.HTTP, times=50)
        assert await is_in(browser)

        await grow_older(door, timedelta(hours=2))

        assert not await is_in(browser)
        assert "team.suspended" not in await audited(door)


async def leave_unheard(door: SlackDoor) -> None:
    """Ana is switched off, and no event tells of it."""
    door.slack.emulator.workspace.person(door.slack.users["Ana"]).deleted = True
    forget(door)


def forget(door: SlackDoor) -> None:
    """What was answered a moment ago, as happens within the hour."""
    who = SlackUserId(door.slack.users["Ana"])
    door.sign_in._members.forget((door.feed.workspace.id, who))


async def session(door: SlackDoor) -> BrowserSession:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return (await uow.session.exec(select(BrowserSession))).one()


async def grow_older(door: SlackDoor, by: timedelta) -> None:
    """The session was begun, and asked about, by so much earlier; it was used just now."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        found = (await uow.session.exec(select(BrowserSession))).one()
        found.created_at -= by
        if found.asked_at is not None:
            found.asked_at -= by
