"""Who may connect the first Slack workspace, with which comes all that is there already."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from cryptography.fernet import Fernet

from app.core.access import Role
from app.core.crypto import Vault
from app.core.ids import TeammateId, WorkspaceId, new_id
from app.sandbox.slack.local_workspace import LocalWorkspace
from app.slack import permits
from app.slack.permits import link_path
from app.store.models import Teammate
from app.team import sessions
from app.team.sessions import Place
from tests.fixtures.slack_door import SlackDoor
from tests.integration.slack.test_install import OTHER, agreed


@pytest.fixture
async def other(door: SlackDoor) -> LocalWorkspace:
    """A Slack workspace, where none is connected yet."""
    async with door.store.across_workspaces() as fleet:
        (await fleet.workspace(door.feed.workspace.id)).slack_team_id = None
    return door.slack.add_workspace(OTHER)


async def tenant(door: SlackDoor, other: LocalWorkspace) -> WorkspaceId | None:
    async with door.store.across_workspaces() as fleet:
        return await fleet.tenant_of_team(other.team_id)


async def sign_in(door: SlackDoor, browser: httpx.AsyncClient, role: Role) -> None:
    now = door.feed.feeding.clock.now()
    async with door.store.begin(door.feed.workspace.id) as uow:
        one = Teammate(
            id=TeammateId(new_id()), workspace_id=uow.workspace_id, name="Ana", role=role
        )
        uow.members.add(one)
        await uow.session.flush()
        secret = sessions.begin(uow, one, Place("192.0.2.1", "a test"), "password", now=now)
    browser.cookies.set("sharedbox_session", secret)


async def follow(
    door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace, link: str
) -> httpx.Response:
    """Open a link, agree at Slack, and come back."""
    return await browser.get(await agreed(browser, other, "Gus", begin=link))


class TestNobodyInParticular:
    async def test_is_told_how_before_slack_is_asked(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        answer = await browser.get("/slack/install")

        assert answer.status_code == 403
        assert "sharedbox slack-link" in answer.text
        assert 'href="/sign-in?next=/slack/install"' in answer.text

    @pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
    async def test_of_the_team_is_refused_as_well(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace, role: Role
    ) -> None:
        await sign_in(door, browser, role)

        assert (await browser.get("/slack/install")).status_code == 403

    async def test_gets_a_tenant_of_their_own_where_all_are_let_in(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        door.settings.slack_teams = "*"

        answer = await follow(door, browser, other, "/slack/install")

        assert answer.status_code == 200
        assert await tenant(door, other) not in {None, door.feed.workspace.id}

    async def test_gets_what_is_there_where_the_workspace_is_named(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        door.settings.slack_teams = other.team_id

        await follow(door, browser, other, "/slack/install")

        assert await tenant(door, other) == door.feed.workspace.id


class TestAnAdmin:
    async def test_connects_their_own_tenant(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        await sign_in(door, browser, Role.ADMIN)

        answer = await follow(door, browser, other, "/slack/install")

        assert answer.status_code == 200
        assert await tenant(door, other) == door.feed.workspace.id

    async def test_of_a_tenant_that_has_one_connects_no_other(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        async with door.store.across_workspaces() as fleet:
            (await fleet.workspace(door.feed.workspace.id)).slack_team_id = door.slack.team_id
        await sign_in(door, browser, Role.OWNER)

        answer = await follow(door, browser, other, "/slack/install")

        assert answer.status_code == 403
        assert await tenant(door, other) is None
        grants = [one for one in other.emulator.grants.values() if not one.app_level]
        assert grants
        assert all(one.revoked for one in grants)


class TestALink:
    async def test_connects_once(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        link = link_path(door.feed.vault, door.feed.workspace.id)

        answer = await follow(door, browser, other, link)

        assert answer.status_code == 200
        assert await tenant(door, other) == door.feed.workspace.id
        async with door.store.across_workspaces() as fleet:
            (await fleet.workspace(door.feed.workspace.id)).slack_team_id = None
        again = await follow(door, browser, other, link)
        assert again.status_code == 403
        assert await tenant(door, other) is None

    async def test_that_is_too_old_is_worth_nothing(
        self,
        door: SlackDoor,
        browser: httpx.AsyncClient,
        other: LocalWorkspace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(permits, "LINK_SECONDS", -1)

        answer = await browser.get(link_path(door.feed.vault, door.feed.workspace.id))

        assert answer.status_code == 403

    async def test_that_somebody_made_up_is_worth_nothing(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        made_up = Vault([Fernet.generate_key().decode()])

        for link in (link_path(made_up, door.feed.workspace.id), "/slack/install?permit=x"):
            assert (await browser.get(link)).status_code == 403


class TestTwoLinksAtOnce:
    async def test_connect_one_of_two_workspaces_and_give_the_other_back(
        self, door: SlackDoor, browser: httpx.AsyncClient, other: LocalWorkspace
    ) -> None:
        third = door.slack.add_workspace(replace(OTHER, team="Initech", domain="initech"))
        links = [link_path(door.feed.vault, door.feed.workspace.id) for _ in range(2)]
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as second:
            backs = [
                await agreed(browser, other, "Gus", begin=links[0]),
                await agreed(second, third, "Gus", begin=links[1]),
            ]

            answers = await asyncio.gather(browser.get(backs[0]), second.get(backs[1]))

        assert sorted(one.status_code for one in answers) == [200, 403]
        won, lost = (other, third) if answers[0].status_code == 200 else (third, other)
        assert await tenant(door, won) == door.feed.workspace.id
        assert await tenant(door, lost) is None
        assert await door.feed.installations.token_of(door.feed.workspace.id) == won.bot_token
        assert all(one.revoked for one in lost.emulator.grants.values() if not one.app_level)
