"""The slash command `/inbox`, by really signed deliveries."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.core.ids import AccountId, ChannelId, SlackUserId, TeammateId
from app.sandbox.slack.faults import FaultKind
from app.store.models import AccountState, ConversationStatus
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def ask(door: SlackDoor, typed: str = "", user: str = "Ana") -> str:
    """What the command shows this person; everybody else sees nothing of it."""
    before = len(door.slack.ephemerals(user, "support"))
    posted = len(door.slack.messages("support"))
    outcome = await door.slack.run_command(user, "support", f"/inbox {typed}".strip())
    assert outcome.ok, outcome
    assert outcome.milliseconds < 3000

    async def answered() -> Sequence[Any]:
        return door.slack.ephemerals(user, "support")[before:]

    (shown,) = await eventually(answered)
    assert len(door.slack.messages("support")) == posted
    return text_of(shown)


async def hidden(door: SlackDoor, subject: str) -> AccountId:
    """A conversation of an account whose mail is posted in #billing, where only two people are."""
    channel = ChannelId(door.slack.channels["billing"])
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = factories.account(
            door.feed.workspace.id, address="billing@example.com", channel_id=channel
        )
        uow.accounts.add(account)
        await uow.session.flush()
        row = factories.conversation(door.feed.workspace.id, account.id, subject=subject)
        await uow.conversations.add_all([row])
        mail = factories.message(door.feed.workspace.id, account.id, row.id, subject=subject)
        await uow.messages.add_all([mail])
    return account.id


class TestAlone:
    async def test_shows_the_help_and_what_is_mine_with_links_to_the_cards(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice <!channel> *4471*")
        await door.card("Somebody else’s")
        await door.slack.click("Ana", "support", ts, "conversation.assign_me")

        shown = await ask(door)

        assert "/inbox search" in shown
        assert "1 open conversation." in shown
        site = door.slack.api_url.removesuffix("/api/")
        card = f"/archives/{door.slack.channels['support']}/p{ts.replace('.', '')}"
        assert f"*<{site}{card}|Invoice &lt;!channel&gt; ∗4471∗>*" in shown
        assert "Somebody else’s" not in shown

    async def test_leaves_out_what_is_done_or_asleep(self, door: SlackDoor) -> None:
        for subject in ("Done one", "Sleeper"):
            ts = await door.card(subject)
            await door.slack.click("Ana", "support", ts, "conversation.assign_me")
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.conversations.lock(door.id_of("Sleeper"))).snoozed_until_reply = True
            (await uow.conversations.lock(door.id_of("Done one"))).status = ConversationStatus.DONE

        shown = await ask(door)

        assert "You have no open conversations" in shown
        assert "Assign to me" in shown

    async def test_shows_ten_and_says_that_there_are_more(self, door: SlackDoor) -> None:
        for n in range(11):
            await door.feed.mail(f"Mail {n:02}")
        ana = await teammate(door, "Ana")
        async with door.store.begin(door.feed.workspace.id) as uow:
            for n in range(11):
                one = await uow.conversations.lock(door.id_of(f"Mail {n:02}"))
                one.assignee_id, one.last_message_at = ana, MOMENT + timedelta(hours=n)

        shown = await ask(door)

        assert "more than 10 open conversations" in shown
        assert "Mail 10" in shown
        assert "Mail 00" not in shown

    async def test_with_an_unknown_verb_says_what_there_is(self, door: SlackDoor) -> None:
        shown = await ask(door, "<!here> *dance*")

        assert "is nothing that" in shown
        assert "/inbox status" in shown
        assert "<!here>" not in shown


async def teammate(door: SlackDoor, user: str) -> TeammateId:
    user_id = SlackUserId(door.slack.users[user])
    async with door.store.begin(door.feed.workspace.id) as uow:
        return (await uow.teammates.by_slack_user(user_id, user.lower())).id


class TestSearch:
    @pytest.mark.both_ways
    async def test_finds_by_the_words_of_a_mail(self, door: SlackDoor) -> None:
        await door.feed.mail("Parcel", body="The blue parcel and the green one")
        await door.card("Invoice")

        shown = await ask(door, "search  parcel & <green>")

        assert "1 conversation for “parcel &amp; &lt;green&gt;”" in shown
        assert "|Parcel>*" in shown
        assert "|Invoice>*" not in shown

    async def test_that_finds_nothing_says_what_to_try(self, door: SlackDoor) -> None:
        assert "Nothing was found for “unheard”" in await ask(door, "search unheard")

    async def test_for_nothing_says_how(self, door: SlackDoor) -> None:
        assert "/inbox search invoice" in await ask(door, "SEARCH")

    async def test_finds_only_mail_of_channels_that_one_is_in(self, door: SlackDoor) -> None:
        await hidden(door, "Salaries")

        assert "1 conversation for" in await ask(door, "search salaries", "Ben")
        assert "Nothing was found" in await ask(door, "search salaries", "Chidi")

    async def test_while_slack_does_not_say_whose_channels_they_are_shows_nothing(
        self, door: SlackDoor
    ) -> None:
        await door.card("Invoice")
        door.slack.fail_next("users.conversations", FaultKind.ERROR, error="missing_scope")

        shown = await ask(door, "search invoice")

        assert "no mail is shown" in shown
        assert "channels:read" in shown
        assert "4471" not in shown


class TestCompose:
    @pytest.mark.both_ways
    async def test_opens_the_window_for_a_new_mail(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.smtp_host, account.smtp_port, account.smtp_security = "127.0.0.1", 25, "none"

        outcome = await door.slack.run_command("Ana", "support", "/inbox compose")

        assert outcome.ok

        async def drawn() -> bool:
            return any("support@example.com" in text_of(one) for one in door.slack.views("Ana"))

        await eventually(drawn)
        assert door.slack.ephemerals("Ana", "support") == []


class TestStatus:
    async def test_says_what_is_wrong_and_what_to_do(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.state = AccountState.REFUSED
            account.detail = "support@example.com: The server says <!channel> no."

        shown = await ask(door, "status")

        assert "*support@example.com* · ⚠️ Problem" in shown
        assert "&lt;!channel&gt; no." in shown
        assert "sharedbox accounts retry support@example.com" in shown

    async def test_shows_only_mailboxes_of_channels_that_one_is_in(self, door: SlackDoor) -> None:
        await hidden(door, "Salaries")

        assert "billing@example.com" in await ask(door, "status", "Ben")
        assert "billing@example.com" not in await ask(door, "status", "Chidi")


class TestRoutedMail:
    async def test_is_seen_by_those_of_its_channel_and_nobody_else(self, door: SlackDoor) -> None:
        """A rule put it into #billing, where not everybody is; its account posts in #support."""
        await door.card("Salary list")
        billing = ChannelId(door.slack.channels["billing"])
        async with door.store.begin(door.feed.workspace.id) as uow:
            (card,) = await uow.posts.cards_of([door.id_of("Salary list")])
            card.channel_id = billing
        outsider = next(
            name
            for name, id_ in door.slack.users.items()
            if id_ in door.slack.emulator.workspace.channel("support").members
            and id_ not in door.slack.emulator.workspace.channel("billing").members
        )

        assert "Salary list" not in await ask(door, "search salary", outsider)
        assert "Salary list" in await ask(door, "search salary", "Ana")
