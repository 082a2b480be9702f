"""Choosing a channel by its name, as the workspace has it; by its id where Slack is away."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.core.access import Role
from app.core.ids import ChannelId
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import ChannelSeed, Seed
from app.slack.client import http_session, web_client
from app.slack.directory import ChannelDirectory
from app.slack.installations import Installations
from tests.fixtures.admin import Admin, Person
from tests.fixtures.web import Web

SEED = Seed(
    channels=(
        ChannelSeed("support"),
        ChannelSeed("partners"),
        ChannelSeed("billing", private=True),
        ChannelSeed("random", bot=False),
        ChannelSeed("board", private=True, bot=False),
    )
)


FRAGMENT = {"HX-Request": "true", "HX-Target": "channels"}


@dataclass
class Time:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Choosing:
    ana: Person
    slack: LocalSlack
    time: Time
    account_id: str

    async def choose(self, channel: str) -> tuple[int, str]:
        """Send the account's mail there; the answer, and the page that follows."""
        answer = await self.ana.post(
            "/routes", account=self.account_id, kind="own", channel=channel
        )
        page = answer if answer.status_code != 303 else await self.ana.get("/channels")
        return answer.status_code, page.text


@pytest.fixture
async def choosing(admin: Admin, web: Web) -> AsyncIterator[Choosing]:
    time = Time()
    async with LocalSlack(SEED) as slack, http_session() as http:
        installations = Installations(web.store, web.container.vault)
        client = web_client(http, slack.api_url, slack.bot_token)
        await installations.adopt(web.workspace_id, client)
        web.app.state.channel_directory = ChannelDirectory(slack.api_url, installations, time)
        account_id = str(await web.account())
        slack.share_channel("partners")
        yield Choosing(await admin.person(), slack, time, account_id)


async def channel_of(web: Web) -> str:
    async with web.store.begin(web.workspace_id) as uow:
        (account,) = await uow.accounts.page(after=None, limit=9)
    return account.channel_id


class TestTheList:
    async def test_offers_what_we_are_in_and_says_what_else_there_is(
        self, choosing: Choosing
    ) -> None:
        answer = await choosing.ana.get("/channels/names")

        assert '<option value="#support">public</option>' in answer.text
        assert '<option value="#billing">private</option>' in answer.text
        assert "public, shared with another organisation" in answer.text
        assert (
            '<option value="#random">write /invite @SharedBox there first</option>' in answer.text
        )
        assert "SharedBox is not in 1 channel" in answer.text
        assert "board" not in answer.text

    async def test_is_asked_for_once_a_minute(self, choosing: Choosing) -> None:
        await choosing.ana.get("/channels/names")
        choosing.slack.rename_channel("support", "help")
        assert "#support" in (await choosing.ana.get("/channels/names")).text

        choosing.time.now += 61

        assert "#help" in (await choosing.ana.get("/channels/names")).text

    async def test_of_another_team_is_never_shown(self, choosing: Choosing, web: Web) -> None:
        directory: ChannelDirectory = web.app.state.channel_directory

        assert await directory.list(await web.other_workspace()) is None


class TestThePageOfChannels:
    async def test_says_in_which_we_are_not_once_slack_was_asked(
        self, choosing: Choosing, web: Web
    ) -> None:
        ids = choosing.slack.channels
        for name in ("support", "random", "board"):
            await web.account(address=f"to-{name}@example.com", channel_id=ids[name])

        at_once = (await choosing.ana.get("/channels")).text
        after = (await choosing.ana.get("/channels", **FRAGMENT)).text
        later = (await choosing.ana.get("/channels")).text

        assert "not a member" not in at_once
        assert after.count("not a member") == later.count("not a member") == 3
        for name in ("random", "board"):
            assert f"write <code>/invite @SharedBox</code> in {ids[name]}" in after
        assert f"@SharedBox</code> in {ids['support']}" not in after

    async def test_says_nothing_where_slack_does_not(self, choosing: Choosing, web: Web) -> None:
        await web.account(address="a@example.com", channel_id=choosing.slack.channels["random"])
        choosing.slack.revoke_token()

        assert "not a member" not in (await choosing.ana.get("/channels", **FRAGMENT)).text

    async def test_has_a_name_on_the_page_of_its_account(
        self, choosing: Choosing, web: Web
    ) -> None:
        await choosing.choose("#support")
        support = ChannelId(choosing.slack.channels["support"])
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.channels.lock(support)).name = "support"

        page = (await choosing.ana.get(f"/accounts/{choosing.account_id}")).text

        assert f'#support <span class="text-secondary">({support})</span>' in page


class TestAChoice:
    @pytest.mark.parametrize("typed", ["#support", "support", " #Support "])
    async def test_by_name_is_kept_by_its_id(
        self, choosing: Choosing, web: Web, typed: str
    ) -> None:
        status, _ = await choosing.choose(typed)

        assert status == 303
        assert await channel_of(web) == choosing.slack.channels["support"]

    async def test_of_one_we_are_not_in_says_how_to_invite_us(self, choosing: Choosing) -> None:
        status, page = await choosing.choose("#random")

        assert status == 422
        assert "write /invite @SharedBox in #random" in page
        choosing.slack.add_bot("random")
        choosing.time.now += 3
        assert (await choosing.choose("#random"))[0] == 303

    async def test_of_none_that_we_see_is_refused_at_its_field(self, choosing: Choosing) -> None:
        status, page = await choosing.choose("#board")

        assert status == 422
        assert "SharedBox sees no channel #board." in page
        assert 'aria-invalid="true"' in page

    async def test_by_id_needs_no_slack(self, choosing: Choosing, web: Web) -> None:
        choosing.slack.revoke_token()

        listed = await choosing.ana.get("/channels/names")
        status, _ = await choosing.choose("C0ANYWHERE")

        assert "does not tell the names" in listed.text
        assert status == 303
        assert await channel_of(web) == "C0ANYWHERE"

    async def test_by_a_name_that_we_know_ourselves_needs_none_either(
        self, choosing: Choosing, web: Web
    ) -> None:
        choosing.slack.revoke_token()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.channels.get(ChannelId("C0KNOWN"))).name = "known"

        assert (await choosing.choose("#known"))[0] == 303
        assert await channel_of(web) == "C0KNOWN"
        form = await choosing.ana.get(f"/accounts/{choosing.account_id}/change")
        assert 'value="#known"' in form.text


class TestTheChannelForAlarms:
    async def set(self, choosing: Choosing, channel: str) -> tuple[int, str]:
        answer = await choosing.ana.post("/settings/alarms", channel=channel)
        page = answer if answer.status_code != 303 else await choosing.ana.get("/settings")
        return answer.status_code, page.text

    async def test_is_chosen_by_its_name_and_unset(self, choosing: Choosing, web: Web) -> None:
        status, shown = await self.set(choosing, "#billing")
        async with web.store.begin(web.workspace_id) as uow:
            chosen = (await uow.sight.workspace()).ops_channel_id
        _, unset = await self.set(choosing, "")

        assert status == 303
        assert chosen == choosing.slack.channels["billing"]
        assert f'value="{chosen}"' in shown
        assert f'value="{chosen}"' not in unset

    @pytest.mark.parametrize(
        ("channel", "said"),
        [
            ("#nowhere", "sees no channel #nowhere"),
            ("#random", "is not in #random"),
            ("#partners", "shared with another organisation"),
        ],
    )
    async def test_that_cannot_be_used_is_refused_at_the_field(
        self, choosing: Choosing, web: Web, channel: str, said: str
    ) -> None:
        status, shown = await self.set(choosing, channel)

        assert status == 422
        assert said in shown
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.sight.workspace()).ops_channel_id is None

    async def test_is_an_admins_to_choose(self, admin: Admin, web: Web) -> None:
        ben = await admin.person(Role.AGENT)

        assert (await ben.post("/settings/alarms", channel="C0OPS")).status_code == 403
