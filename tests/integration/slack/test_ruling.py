"""Where mail goes and what happens to it by itself, said in Slack, by really signed deliveries."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.core.access import Actor, Origin, Role
from app.core.ids import ChannelId, SlackUserId
from app.rules.edit import create
from app.rules.types import RuleBody
from app.slack.ids import ViewId
from app.store.models import Account, Channel, ChannelState, Exposure, Route, Rule
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of
from tests.fixtures.web import RULE


async def ask(door: SlackDoor, typed: str, user: str = "Ana", channel: str = "support") -> str:
    """What `/inbox` answers."""
    before = len(door.slack.ephemerals(user, channel))
    outcome = await door.slack.run_command(user, channel, f"/inbox {typed}")
    assert outcome.ok, outcome

    async def answered() -> Sequence[Any]:
        return door.slack.ephemerals(user, channel)[before:]

    (shown,) = await eventually(answered)
    return text_of(shown)


async def rules(door: SlackDoor) -> list[Rule]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.rules.all())


async def routes(door: SlackDoor) -> tuple[Account, list[Route]]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.accounts.get(door.feed.account_id), list(await uow.routes.page())


async def channel(door: SlackDoor, name: str) -> Channel:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.channels.get(ChannelId(door.slack.channels[name]))


async def window(door: SlackDoor, title: str, user: str = "Ana") -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        views = door.slack.views(user)
        ready = views and views[-1]["title"]["text"] == title and "submit" in views[-1]
        return views[-1] if ready else None

    found: dict[str, Any] = await eventually(look)
    return found


async def audited(door: SlackDoor) -> list[str]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return [one.act for one in await uow.audit.page(before=None, limit=50)]


class TestHere:
    async def test_is_for_admins(self, door: SlackDoor) -> None:
        said = await ask(door, "here", "Ben", "sales")

        assert "Only admins" in said
        assert (await routes(door))[0].channel_id == door.feed.channel

    async def test_brings_new_mail_here_and_leaves_cards_where_they_are(
        self, door: SlackDoor
    ) -> None:
        await door.card("Old")

        said = await ask(door, "here", channel="sales")

        sales = ChannelId(door.slack.channels["sales"])
        assert "comes to" in said
        assert "stays where it is" in said
        assert (await routes(door))[0].channel_id == sales
        await door.feed.mail("Re: Old", "Old")
        await door.feed.mail("New")
        cards = {one.conversation_id: one.channel_id for one in await door.feed.posts()}
        assert cards[door.id_of("Old")] == door.feed.channel
        assert cards[door.id_of("New")] == sales

    async def test_in_a_shared_channel_takes_a_yes_that_is_said_elsewhere(
        self, door: SlackDoor
    ) -> None:
        door.slack.share_channel("sales")

        said = await ask(door, "here", channel="sales")

        assert "another organisation" in said
        assert "/inbox route" in said
        assert (await routes(door))[0].channel_id == door.feed.channel

    async def test_where_we_are_not_says_what_to_do(self, door: SlackDoor) -> None:
        door.slack.remove_bot("sales")

        said = await ask(door, "here support@example.com", channel="sales")

        assert "/invite @SharedBox" in said
        assert (await routes(door))[0].channel_id == door.feed.channel

    async def test_of_a_mailbox_we_do_not_know_lists_those_we_do(self, door: SlackDoor) -> None:
        said = await ask(door, "here sales@example.com", channel="sales")

        assert "/inbox here support@example.com" in said


class TestMute:
    async def test_is_a_rule_for_the_mailboxes_of_this_channel(self, door: SlackDoor) -> None:
        assert "is muted" in await ask(door, "mute News.Example.com", "Ben")
        assert "already" in await ask(door, "mute news.example.com")

        (rule,) = await rules(door)
        assert rule.account_id == door.feed.account_id
        assert rule.name == "Mute news.example.com"
        assert rule.body["conditions"][0]["test"] == "domain"
        assert "not muted any more" in await ask(door, "unmute news.example.com")
        assert await rules(door) == []
        assert await audited(door) == ["rule.removed", "rule.created"]

    @pytest.mark.parametrize("who", ["", "everybody", "a@b", "@", "<!channel>"])
    async def test_of_nobody_in_particular_is_refused(self, door: SlackDoor, who: str) -> None:
        assert "name@example.com" in await ask(door, f"mute {who}")
        assert await rules(door) == []

    async def test_where_no_mail_comes_is_refused(self, door: SlackDoor) -> None:
        assert "No mailbox" in await ask(door, "mute news.example.com", channel="sales")


class TestRoute:
    async def opened(self, door: SlackDoor) -> dict[str, Any]:
        outcome = await door.slack.run_command("Ana", "support", "/inbox route")
        assert outcome.ok, outcome
        return await window(door, "Where mail goes")

    def answers(self, door: SlackDoor, **values: Any) -> dict[str, Any]:
        return {
            "route.account": str(door.feed.account_id),
            "route.what": "alias",
            "route.value": "billing@example.com",
            "route.channel": door.slack.channels["billing"],
            **values,
        }

    async def test_is_for_admins(self, door: SlackDoor) -> None:
        assert "Only admins" in await ask(door, "route", "Ben")

    async def test_is_not_for_an_admin_who_was_shut_out(self, door: SlackDoor) -> None:
        """Neither by their role here nor as an admin of the Slack workspace, which Ana is."""
        async with door.store.begin(door.feed.workspace.id) as uow:
            ana = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ana"]), "ana")
            ana.role, ana.barred_at = Role.ADMIN, await uow.outgoing.time()

        assert "Only admins" in await ask(door, "route", "Ana")

        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.members.lock(ana.id)).role = None
        assert "Only admins" in await ask(door, "route", "Ana")

    async def test_sends_what_was_written_to_an_address_to_a_private_channel(
        self, door: SlackDoor
    ) -> None:
        view = await self.opened(door)
        assert "stays where it is" in text_of(view)

        values = self.answers(door, **{"route.exposure": "headers"})
        outcome = await door.slack.submit_view("Ana", values)

        assert outcome.ok, outcome
        _, (route,) = await routes(door)
        assert (route.kind, route.value) == ("alias", "billing@example.com")
        billing = await channel(door, "billing")
        assert route.channel_id == billing.id
        assert (billing.exposure, billing.name) == (Exposure.HEADERS, "billing")

    @pytest.mark.parametrize(("user", "opens"), [("Ana", True), ("Ben", False)])
    async def test_opens_for_an_admin_from_what_tells_of_a_closed_channel(
        self, door: SlackDoor, user: str, opens: bool
    ) -> None:
        ts = await door.card("Invoice")

        await door.interaction(door.click(ts, "channel.reroute", "", user))

        if opens:
            await window(door, "Where mail goes", user)
        else:
            assert "Only admins" in await door.told(user)
            assert door.slack.views(user) == []

    async def test_is_saved_by_an_admin_who_is_not_in_the_channel_of_the_mail(
        self, door: SlackDoor
    ) -> None:
        door.slack.remove_user("Ana", "support")
        outcome = await door.slack.run_command("Ana", "sales", "/inbox route")
        assert outcome.ok, outcome
        await window(door, "Where mail goes")
        sales = door.slack.channels["sales"]

        values = {"route.what": "all", "route.value": "", "route.channel": sales}
        outcome = await door.slack.submit_view("Ana", self.answers(door, **values))

        assert outcome.ok, outcome
        assert (await routes(door))[0].channel_id == sales

    async def test_is_not_saved_by_whoever_is_in_it_and_no_admin(self, door: SlackDoor) -> None:
        await self.opened(door)
        value = {"type": "static_select", "selected_option": {"value": str(door.feed.account_id)}}
        typed = {"route.account": {"route.account": value}}

        answer = await door.interaction(door.submission(ViewId.ROUTE, "", typed, "Ben"))

        assert "Only admins" in answer.text
        assert (await routes(door))[1] == []

    @pytest.mark.parametrize(
        ("values", "field", "words"),
        [
            ({"route.value": ""}, "route.value", "Which address"),
            ({"route.value": "billing"}, "route.value", "address"),
            ({"route.what": "folder", "route.value": "Nowhere"}, "route.value", "no folder"),
        ],
    )
    async def test_that_leads_nowhere_is_refused_at_its_field(
        self, door: SlackDoor, values: dict[str, Any], field: str, words: str
    ) -> None:
        await self.opened(door)

        outcome = await door.slack.submit_view("Ana", self.answers(door, **values))

        assert words in outcome.errors[field]
        assert (await routes(door))[1] == []

    async def test_to_a_channel_we_are_not_in_says_what_to_do(self, door: SlackDoor) -> None:
        door.slack.remove_bot("billing")
        await self.opened(door)

        outcome = await door.slack.submit_view("Ana", self.answers(door))

        assert "/invite @SharedBox" in outcome.errors["route.channel"]

    async def test_to_a_shared_channel_takes_a_yes(self, door: SlackDoor) -> None:
        door.slack.share_channel("billing")
        await self.opened(door)

        refused = await door.slack.submit_view("Ana", self.answers(door))
        taken = await door.slack.submit_view("Ana", self.answers(door, **{"route.shared": ["yes"]}))

        assert "another organisation" in refused.errors["route.channel"]
        assert taken.ok, taken
        billing = await channel(door, "billing")
        assert (billing.is_shared, billing.state) == (True, ChannelState.OPEN)
        acts = await audited(door)
        assert {"route.set", "channel.sharing_accepted"} <= set(acts)


class TestMakingARule:
    async def opened(self, door: SlackDoor, user: str = "Ana") -> None:
        await door.card("Older one")
        ts = await door.card("Invoice")
        await door.slack.choose_overflow(user, "support", ts, "More actions…")

        async def look() -> bool:
            return bool(door.slack.views(user))

        await eventually(look)
        outcome = await door.slack.submit_view(user, {"more.action": "rule"})
        assert outcome.ok, outcome

    async def test_is_for_admins(self, door: SlackDoor) -> None:
        await self.opened(door, "Ben")

        assert "Only admins" in text_of(door.slack.views("Ben")[-1])

    async def test_tells_how_much_mail_it_is_about_and_makes_it(self, door: SlackDoor) -> None:
        await self.opened(door)
        view = await window(door, "Make a rule")
        assert "2 of the latest 2 mails" in str(view)

        outcome = await door.slack.submit_view(
            "Ana",
            {
                "rule.whose": "domain",
                "rule.do": ["flag", "done"],
                "rule.tags": "acme, vip",
                "rule.assign": door.slack.users["Ben"],
                "rule.channel": door.slack.channels["billing"],
            },
        )

        assert outcome.ok, outcome
        (rule,) = await rules(door)
        assert rule.account_id == door.feed.account_id
        assert rule.body["conditions"][0]["value"] == "acme.example"
        assert [one["do"] for one in rule.body["actions"]] == [
            "flag", "done", "tag", "assign", "channel",
        ]  # fmt: skip
        assert await audited(door) == ["rule.created"]

    async def test_that_does_nothing_is_refused(self, door: SlackDoor) -> None:
        await self.opened(door)
        await window(door, "Make a rule")

        outcome = await door.slack.submit_view("Ana", {"rule.whose": "sender"})

        assert "Choose something" in outcome.errors["rule.do"]
        assert await rules(door) == []


class TestHome:
    async def test_turns_rules_off_and_on(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            actor = Actor(uow.workspace_id, Origin.API, name="a key")
            await create(uow, actor, "Acme <!here>", RuleBody.model_validate(RULE))
        door.slack.open_home("Ana")

        async def shown(words: str) -> str:
            async def look() -> str:
                text = str(door.slack.home("Ana") or "")
                return text if words in text else ""

            return str(await eventually(look))

        assert "<!here>" not in await shown("Turn off")
        home = door.slack.home("Ana")
        assert home is not None
        outcome = await door.slack.act_in_view("Ana", "home.rule", view_id=home["id"])
        assert outcome.ok, outcome
        await shown("Turn on")
        assert not (await rules(door))[0].enabled
        assert await audited(door) == ["rule.switched_off"]

    async def test_shows_them_to_admins_alone(self, door: SlackDoor) -> None:
        door.slack.open_home("Ben")

        async def look() -> str:
            return str(door.slack.home("Ben") or "")

        assert "Where mail goes" not in await eventually(look)


class TestMuteSender:
    async def choose(self, door: SlackDoor, ts: str, user: str = "Ben") -> dict[str, Any]:
        """What the window says once *Mute sender* was chosen in it."""
        await door.slack.choose_overflow(user, "support", ts, "More actions…")
        await eventually(lambda: asyncio.sleep(0, door.slack.views(user)))
        assert (await door.slack.submit_view(user, {"more.action": "mute"})).ok
        shown: dict[str, Any] = door.slack.views(user)[-1]
        return shown

    async def test_mutes_whoever_wrote_last_and_says_how_to_end_it(self, door: SlackDoor) -> None:
        ts = await door.card("Shop news")

        shown = await self.choose(door, ts)

        (rule,) = await rules(door)
        (condition,) = rule.body["conditions"]
        assert shown["title"]["text"] == "Muted"
        assert f"/inbox unmute {condition['value']}" in text_of(shown)
        assert rule.account_id == door.feed.account_id
        await ask(door, f"unmute {condition['value']}", "Ben")
        assert await rules(door) == []

    async def test_twice_makes_one_rule(self, door: SlackDoor) -> None:
        ts = await door.card("Shop news")
        await self.choose(door, ts)

        await self.choose(door, ts, "Ana")

        assert len(await rules(door)) == 1

    async def test_whose_rule_was_switched_off_turns_it_on(self, door: SlackDoor) -> None:
        ts = await door.card("Shop news")
        await self.choose(door, ts)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.rules.all())[0].enabled = False

        shown = await self.choose(door, ts, "Ana")

        (rule,) = await rules(door)
        assert shown["title"]["text"] == "Muted"
        assert rule.enabled
