"""Installing by OAuth, in a browser of our own, at the local workspace's consent page."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet

from app.core.crypto import Vault
from app.core.ids import WorkspaceId
from app.feed.deliver import drain
from app.feed.ids import ActionId
from app.sandbox.slack.faults import FaultKind
from app.sandbox.slack.local_workspace import LocalWorkspace
from app.sandbox.slack.seed import ChannelSeed, PersonSeed, Seed
from app.slack.scopes import SCOPES
from app.store.models import Installation, PlacementState
from app.store.repositories.ledger import Entry, Place
from tests import factories
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually

OTHER = Seed(
    team="Globex",
    domain="globex",
    people=(PersonSeed("Gus", admin=True),),
    channels=(ChannelSeed("support"),),
)


@pytest.fixture
def other(door: SlackDoor) -> LocalWorkspace:
    """A second workspace, which this SharedBox is to serve."""
    door.settings.slack_teams = "*"
    return door.slack.add_workspace(OTHER)


async def agreed(
    browser: httpx.AsyncClient,
    workspace: LocalWorkspace,
    user: str,
    decision: str = "allow",
    begin: str = "/slack/install",
) -> str:
    """Where Slack sends the browser back to."""
    begun = await browser.get(begin)
    assert begun.status_code == 302
    page = await browser.get(begun.headers["location"])
    assert page.status_code == 200, page.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket
    who = f"{workspace.team_id}/{workspace.users[user]}"
    form = {"ticket": ticket[1], "who": who, "decision": decision}
    back = await browser.post(begun.headers["location"], data=form)
    return str(back.headers["location"])


async def installed(
    door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
) -> WorkspaceId:
    answer = await browser.get(await agreed(browser, other, "Gus"))
    assert answer.status_code == 200, answer.text
    async with door.store.across_workspaces() as fleet:
        found = await fleet.tenant_of_team(other.team_id)
    assert found is not None
    return found


async def installation(door: SlackDoor, workspace_id: WorkspaceId) -> Installation | None:
    async with door.store.begin(workspace_id) as uow:
        return await uow.installations.current()


class TestRefusals:
    async def test_of_a_state_that_this_browser_did_not_begin(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        back = await agreed(browser, other, "Gus")
        wrong = [
            (await door.client.get(back)),
            (await browser.get(re.sub("state=[^&]+", "state=x", back))),
            (await browser.get(re.sub("state=[^&]+", "state=", back))),
            (await browser.get("/slack/oauth_redirect")),
        ]

        assert {one.status_code for one in wrong} == {400}
        assert "not begun in this browser" in wrong[0].text
        async with door.store.across_workspaces() as fleet:
            assert await fleet.tenant_of_team(other.team_id) is None

    async def test_of_a_state_that_was_used(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        back = await agreed(browser, other, "Gus")
        kept = f"sharedbox-install={browser.cookies['sharedbox-install']}"
        assert (await browser.get(back)).status_code == 200

        again = await door.client.get(back, headers={"Cookie": kept})

        assert again.status_code == 400

    async def test_of_a_cookie_that_is_not_ours(
        self, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        back = await agreed(browser, other, "Gus")
        state = parse_qs(urlsplit(back).query)["state"][0]
        made = (
            Vault([Fernet.generate_key().decode()]).seal(f'{{"state":"{state}","at":0}}').decode()
        )

        for cookie in ("x", "", made):
            browser.cookies = httpx.Cookies({"sharedbox-install": cookie})
            assert (await browser.get(back)).status_code == 400

    async def test_of_whoever_cancels(
        self, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        answer = await browser.get(await agreed(browser, other, "Gus", "deny"))

        assert answer.status_code == 403
        assert "cancelled" in answer.text
        assert "set-cookie" in answer.headers

    async def test_of_what_slack_says_never_show_as_markup(
        self, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        back = await agreed(browser, other, "Gus")

        answer = await browser.get(re.sub("code=[^&]+", "error=%3Cscript%3E", back))

        assert answer.status_code == 403
        assert "<script>" not in answer.text

    async def test_of_a_workspace_that_is_not_served(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        door.settings.slack_teams = "T0ANOTHER"

        answer = await browser.get(await agreed(browser, other, "Gus"))

        assert answer.status_code == 403
        assert other.team_id in answer.text
        grants = [one for one in other.emulator.grants.values() if not one.app_level]
        assert grants
        assert all(one.revoked for one in grants)

    async def test_of_a_code_that_slack_refuses_or_a_slack_that_is_down(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        back = await agreed(browser, other, "Gus")
        refused = await browser.get(re.sub("code=[^&]+", "code=x", back))
        back = await agreed(browser, other, "Gus")
        door.slack.fail_next("oauth.v2.access", FaultKind.DROP_BEFORE)
        down = await browser.get(back)

        assert (refused.status_code, down.status_code) == (403, 502)
        assert "invalid_code" in refused.text
        assert "does not answer" in down.text


class TestInstalling:
    async def test_asks_for_what_we_need_and_keeps_the_token_sealed(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        begun = urlsplit((await browser.get("/slack/install")).headers["location"])
        workspace_id = await installed(door, browser, other)

        query = parse_qs(begun.query)
        assert set(query["scope"][0].split(",")) == set(SCOPES)
        assert query["redirect_uri"] == [f"{door.settings.base_url}/slack/oauth_redirect"]
        kept = await installation(door, workspace_id)
        assert kept is not None
        assert (kept.team_id, kept.team_name) == (other.team_id, "Globex")
        assert set(kept.scopes) == set(SCOPES)
        assert other.bot_token.encode() not in kept.bot_token
        assert workspace_id != door.feed.workspace.id

    async def test_says_what_is_missing_and_where_to_mend_it(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        begun = await browser.get("/slack/install")
        location = begun.headers["location"].replace("files%3Awrite%2C", "")
        page = await browser.get(location)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket
        who = f"{other.team_id}/{other.users['Gus']}"
        form = {"ticket": ticket[1], "who": who, "decision": "allow"}
        back = await browser.post(location, data=form)

        answer = await browser.get(back.headers["location"])

        assert "<strong>files:write</strong>" in answer.text
        assert 'href="/slack/install"' in answer.text

    async def test_once_more_replaces_the_token(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        workspace_id = await installed(door, browser, other)
        first = other.bot_token
        async with door.store.begin(workspace_id) as uow:
            known = await uow.installations.current()
            assert known is not None
            known.updated_at -= timedelta(minutes=1)
        other.emulator.uninstall()

        async def forgotten() -> bool:
            kept = await installation(door, workspace_id)
            return kept is not None and not kept.bot_token

        await eventually(forgotten)
        door.settings.slack_teams = ""

        assert await installed(door, browser, other) == workspace_id
        assert await door.feed.installations.token_of(workspace_id) == other.bot_token != first


class TestTwoAtOnce:
    """A double click, or two admins: each in a browser of their own, back at the same moment."""

    async def test_of_one_workspace_make_one_tenant_and_both_are_told(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        async with door.store.across_workspaces() as fleet:
            before = len(await fleet.workspaces())
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as second:
            browsers = [browser, second]
            backs = [await agreed(one, other, "Gus") for one in browsers]
            for _ in browsers:
                door.slack.fail_next("auth.test", FaultKind.DELAY, seconds=0.3)

            answers = await asyncio.gather(
                *(one.get(back) for one, back in zip(browsers, backs, strict=True))
            )

        assert [one.status_code for one in answers] == [200, 200]
        assert all("Globex" in one.text for one in answers)
        async with door.store.across_workspaces() as fleet:
            assert len(await fleet.workspaces()) == before + 1
            theirs = await fleet.tenant_of_team(other.team_id)
            assert theirs is not None
            assert (await fleet.installed_workspaces()).count(theirs) == 1
        door.feed.installations._forget(theirs)
        token = await door.feed.installations.token_of(theirs)
        assert token is not None
        assert not other.emulator.grants[token].revoked

    async def test_of_two_workspaces_keep_their_tokens_apart(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        third = door.slack.add_workspace(replace(OTHER, team="Initech", domain="initech"))
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as second:
            backs = [await agreed(browser, other, "Gus"), await agreed(second, third, "Gus")]

            answers = await asyncio.gather(browser.get(backs[0]), second.get(backs[1]))

        assert [one.status_code for one in answers] == [200, 200]
        for one in (other, third):
            async with door.store.across_workspaces() as fleet:
                tenant = await fleet.tenant_of_team(one.team_id)
            assert tenant is not None
            assert await door.feed.installations.token_of(tenant) == one.bot_token


class TestTwoWorkspaces:
    async def test_are_apart(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        theirs = await installed(door, browser, other)
        ours = await door.card("Invoice")
        async with door.store.begin(theirs) as uow:
            account = factories.account(
                theirs, address="help@globex.example", channel_id=other.channels["support"]
            )
            uow.accounts.add(account)
            await uow.session.flush()
            row = factories.conversation(theirs, account.id, subject="Theirs")
            await uow.conversations.add_all([row])
            message = factories.message(theirs, account.id, row.id, subject="Theirs")
            await uow.messages.add_all([message])
            inbox = await uow.mailboxes.named(account.id, "INBOX")
            inbox.role, inbox.watched, inbox.uidvalidity = "inbox", True, 1
            place = Place(inbox.id, 1, 1)
            await uow.ledger.record([Entry(place, PlacementState.STORED, message_id=message.id)])
            await door.feed.announced(uow, account, message)
        await drain(door.feed.feeding, theirs, account.channel_id)

        (card,) = other.messages("support")
        assert card["text"].startswith("Ana Ruiz - Theirs")
        assert len(door.slack.messages("support")) == 1

        assert (await other.click("Gus", "support", card["ts"], ActionId.DONE)).ok
        async with door.store.begin(theirs) as uow:
            assert (await uow.conversations.get(row.id)).status == "done"

        # A value of the other workspace's, in a delivery of ours: there is no such thing here.
        await door.interaction(door.click(ours, ActionId.DONE, str(row.id)))
        assert "no such" in await door.told("Ana")
        await door.interaction(door.click(ours, ActionId.DONE, door.value("Invoice")))
        assert (await door.conversation("Invoice")).status == "done"
