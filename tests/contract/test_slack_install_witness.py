"""Installing our app at a Slack that others wrote: npm's `emulate`, its page and its tokens."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet

from app.core.crypto import Vault
from app.core.errors import InvalidInput, NotAllowed
from app.core.ids import ChannelId, PostId, WorkspaceId, new_id
from app.feed.port import Rendered, ScopeMissing
from app.slack.client import WorkspaceClients, http_session
from app.slack.install import Installed, SlackInstall
from app.slack.installations import Installations
from app.slack.oauth import Begun, SlackOAuth
from app.slack.scopes import SCOPES
from tests.contract.slack_witness.sides import (
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT,
    Shim,
    emulated,
    seed,
)
from tests.fixtures.database import Workspace
from tests.fixtures.web import settings

THEIR_TEAM: Final = "T000000001"


@dataclass
class Witnessed:
    install: SlackInstall
    clients: WorkspaceClients
    workspace: Workspace
    shim: Shim

    async def begin(self) -> Begun:
        return await self.install.begin(None)

    async def finish(self, begun: Begun, back: str) -> Installed:
        query = parse_qs(urlsplit(back).query)
        return await self.install.finish(
            state=query["state"][0], cookie=begun.cookie, code=query["code"][0], error=""
        )

    async def tenant(self) -> WorkspaceId:
        """Of the one team that `emulate` has."""
        async with self.workspace.store.across_workspaces() as fleet:
            found = await fleet.tenant_of_team(THEIR_TEAM)
        assert found is not None
        return found


async def agreed(url: str) -> str:
    """Choose the first person on the consent page; answers where the browser is sent back to."""
    async with httpx.AsyncClient(timeout=20) as browser:
        page = await browser.get(url)
        assert page.status_code == 200, page.text
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        action = re.search(r'action="([^"]+)"', page.text)
        assert action
        there = httpx.URL(url).join(action[1])
        back = await browser.post(
            there, data={k: v.replace("&amp;", "&") for k, v in fields.items()}
        )
        assert back.status_code == 302, back.text
        return back.headers["location"]


@pytest.fixture
async def witnessed(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Witnessed]:
    async with emulated(seed()) as shim, http_session() as http:
        given = settings(
            workspace.url,
            tmp_path,
            base_url=REDIRECT.removesuffix("/slack/oauth_redirect"),
            slack_api_url=shim.api_url,
            slack_client_id=CLIENT_ID,
            slack_client_secret=CLIENT_SECRET,
            slack_teams="*",
        )
        vault = Vault([Fernet.generate_key().decode()])
        installations = Installations(workspace.store, vault)
        oauth = SlackOAuth(given, workspace.store, vault, installations, http)
        clients = WorkspaceClients(installations, http, shim.api_url)
        yield Witnessed(SlackInstall(oauth), clients, workspace, shim)


async def channel_id(witnessed: Witnessed) -> ChannelId:
    url = f"{witnessed.shim.api_url}conversations.list"
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, headers={"Authorization": "Bearer xoxb-wide"})
    return ChannelId(answer.json()["channels"][0]["id"])


class TestInstalling:
    async def test_gives_what_was_asked_for_and_a_token_that_posts(
        self, witnessed: Witnessed
    ) -> None:
        begun = await witnessed.begin()

        installed = await witnessed.finish(begun, await agreed(begun.url))

        assert (installed.team_name, installed.missing) == ("Acme", ())
        tenant = await witnessed.tenant()
        async with witnessed.workspace.store.begin(tenant) as uow:
            kept = await uow.installations.current()
        assert kept is not None
        assert set(kept.scopes) == set(SCOPES)
        async with witnessed.clients.of(tenant) as slack:
            ts = await slack.post(
                await channel_id(witnessed),
                Rendered("Hello", ()),
                post_id=PostId(new_id()),
                thread_ts=None,
            )
        assert re.fullmatch(r"\d+\.\d{6}", ts)

    async def test_with_less_than_was_asked_for_names_it_and_a_call_fails_by_name(
        self, witnessed: Witnessed
    ) -> None:
        begun = await witnessed.begin()
        less = begun.url.replace("files%3Awrite%2C", "")
        assert less != begun.url

        installed = await witnessed.finish(begun, await agreed(less))

        assert installed.missing == ("files:write",)
        tenant = await witnessed.tenant()
        async with witnessed.clients.of(tenant) as slack:
            with pytest.raises(ScopeMissing) as missing:
                await slack.begin_upload("a.eml", 5)
        assert missing.value.code == "files:write"

    async def test_a_second_time_by_the_same_way_back_is_refused(
        self, witnessed: Witnessed
    ) -> None:
        begun = await witnessed.begin()
        back = await agreed(begun.url)
        await witnessed.finish(begun, back)

        with pytest.raises(InvalidInput, match="not begun in this browser"):
            await witnessed.finish(begun, back)

    async def test_a_code_that_was_used_is_refused_by_slack(self, witnessed: Witnessed) -> None:
        first = await witnessed.begin()
        back = await agreed(first.url)
        await witnessed.finish(first, back)
        again = await witnessed.begin()
        state = parse_qs(urlsplit(again.url).query)["state"][0]
        used = re.sub("state=[^&]+", f"state={state}", back)

        with pytest.raises(NotAllowed, match="invalid_code"):
            await witnessed.finish(again, used)
