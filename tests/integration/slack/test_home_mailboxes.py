"""The mailboxes on an admin's Home tab, and what an admin does about them there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.accounts.pausing import pause
from app.core.access import Role
from app.core.ids import SlackUserId
from app.slack.views.mailboxes import MEND, Mend, Mending
from app.store.models import Account, AccountState, Grant, GrantKind, GrantState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of
from tests.integration.slack.test_home import drawn_after, look, part


@pytest.fixture(autouse=True)
async def admin(door: SlackDoor) -> None:
    """Dana is one, and has left the channel of the mail."""
    await be(door, Role.ADMIN)
    door.slack.remove_user("Dana", "support")


async def be(door: SlackDoor, role: Role) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        user = SlackUserId(door.slack.users["Dana"])
        (await uow.teammates.by_slack_user(user, "dana")).role = role


async def account(door: SlackDoor) -> Account:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.accounts.get(door.feed.account_id)


async def refused(door: SlackDoor) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        row = await uow.accounts.lock(door.feed.account_id)
        row.state, row.detail = AccountState.REFUSED, "The password is wrong."


async def paused(door: SlackDoor) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        await pause(uow, door.feed.account_id, by="Ana", now=datetime.now(UTC))


def button(home: dict[str, Any]) -> dict[str, Any]:
    """The one beside the mailbox."""
    (row,) = [
        one for one in home["blocks"]
        if "accessory" in one and "support@example.com" in text_of({"blocks": [one]})
    ]  # fmt: skip
    accessory: dict[str, Any] = row["accessory"]
    return accessory


class TestShowing:
    async def test_says_how_it_is_when_it_was_looked_at_and_what_waits(
        self, door: SlackDoor
    ) -> None:
        await refused(door)
        await door.feed.mail("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            for folder in await uow.mailboxes.of_account(door.feed.account_id):
                folder.watched = folder.name == "INBOX"
                folder.last_checked_at = datetime.now(UTC) - timedelta(hours=2)
            (post,) = await uow.posts.cards_of([door.id_of("Invoice")])
            post.created_at -= timedelta(minutes=30)

        shown = part(await look(door, "Dana"), "Mailboxes")

        assert "*support@example.com* · ⚠️ Problem" in shown
        assert "The password is wrong." in shown
        assert "Looked at 2 hours ago · its oldest mail has waited 30 minutes" in shown

    async def test_offers_nothing_where_all_is_well(self, door: SlackDoor) -> None:
        home = await look(door, "Dana")

        assert MEND not in str(home)

    async def test_is_not_for_everybody(self, door: SlackDoor) -> None:
        assert "Mailboxes" not in text_of(await look(door, "Ben"))

    async def test_leads_to_the_sign_in_that_the_provider_wants(self, door: SlackDoor) -> None:
        await refused(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            grant = Grant(
                workspace_id=uow.workspace_id, provider="google", kind=GrantKind.USER,
                address="support@example.com", state=GrantState.DEAD,
            )  # fmt: skip
            uow.grants.add(grant)
            await uow.session.flush()
            (await uow.accounts.lock(door.feed.account_id)).grant_id = grant.id
        home = await look(door, "Dana")

        where = f"/oauth/google/start?account={door.feed.account_id}"
        assert button(home)["url"] == door.settings.base_url + where
        assert (await door.slack.act_in_view("Dana", "home.sign_in", view_id=home["id"])).ok


class TestReconnect:
    @pytest.mark.both_ways
    async def test_has_it_connected_anew_and_says_who_did(self, door: SlackDoor) -> None:
        await refused(door)
        home, before = await look(door, "Dana"), await account(door)
        assert button(home)["text"]["text"] == "Reconnect"

        assert (await door.slack.act_in_view("Dana", MEND, view_id=home["id"])).ok

        assert (await account(door)).revision == before.revision + 1
        (entry,) = [one for one in await door.events() if one.type == "audit.recorded"]
        assert entry.data["act"] == "account.retried"

    async def test_of_somebody_who_is_no_admin_does_nothing(self, door: SlackDoor) -> None:
        await refused(door)
        await look(door, "Dana")
        ts = await door.card("Invoice")
        before = await account(door)
        value = str(Mending(door.feed.account_id, Mend.RECONNECT))

        await door.interaction(door.click(ts, MEND, value, "Ben"))

        assert "Only admins" in await door.told("Ben")
        assert (await account(door)).revision == before.revision

    async def test_of_whoever_is_an_admin_no_more_does_nothing(self, door: SlackDoor) -> None:
        await refused(door)
        home, before = await look(door, "Dana"), await account(door)
        await be(door, Role.AGENT)

        await door.slack.act_in_view("Dana", MEND, view_id=home["id"])

        assert (await account(door)).revision == before.revision


class TestResume:
    @pytest.mark.both_ways
    async def test_goes_on_with_it_and_shows_so(self, door: SlackDoor) -> None:
        await paused(door)
        home = await look(door, "Dana")
        assert button(home)["text"]["text"] == "Resume"

        assert (await door.slack.act_in_view("Dana", MEND, view_id=home["id"])).ok

        assert (await account(door)).paused_at is None
        assert "Paused" not in part(await drawn_after(door, home["hash"], "Dana"), "Mailboxes")

    async def test_that_somebody_did_already_only_shows_how_it_is(self, door: SlackDoor) -> None:
        await paused(door)
        home = await look(door, "Dana")
        await door.slack.act_in_view("Dana", MEND, view_id=home["id"])
        revision = (await account(door)).revision
        value = str(Mending(door.feed.account_id, Mend.RESUME))
        ts = await door.card("Invoice")

        answer = await door.interaction(door.click(ts, MEND, value, "Dana"))

        assert answer.status_code == 200
        assert (await account(door)).revision == revision

        async def current() -> bool:
            shown = door.slack.home("Dana")
            return shown is not None and "Paused" not in text_of(shown)

        await eventually(current)
