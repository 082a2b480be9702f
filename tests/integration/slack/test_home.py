"""The Home tab, by really signed deliveries."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.ids import ChannelId, SlackUserId, TeammateId
from app.sandbox.slack.faults import FaultKind
from app.store.models import ConversationStatus
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def look(door: SlackDoor, user: str = "Ana") -> dict[str, Any]:
    """Open the tab, and wait until it is drawn anew."""
    before = (door.slack.home(user) or {}).get("hash")
    door.slack.open_home(user)
    return await drawn_after(door, before, user)


async def drawn_after(door: SlackDoor, before: str | None, user: str = "Ana") -> dict[str, Any]:
    async def drawn() -> dict[str, Any] | None:
        shown = door.slack.home(user)
        return shown if shown and shown["hash"] != before else None

    shown: dict[str, Any] = await eventually(drawn)
    return shown


async def teammate(door: SlackDoor, user: str) -> TeammateId:
    user_id = SlackUserId(door.slack.users[user])
    async with door.store.begin(door.feed.workspace.id) as uow:
        return (await uow.teammates.by_slack_user(user_id, user.lower())).id


def part(home: dict[str, Any], title: str) -> str:
    """What stands under a heading."""
    texts: list[str] = []
    inside = False
    for block in home["blocks"]:
        if block["type"] == "header":
            inside = block["text"]["text"].partition(" (")[0] == title
        elif inside:
            texts.append(text_of({"blocks": [block]}))
    return "\n".join(texts)


class TestOpening:
    async def test_shows_each_conversation_where_it_belongs(self, door: SlackDoor) -> None:
        stamps = {subject: await door.card(subject) for subject in (
            "Mine <!here>", "Free", "Ben’s, late", "Ben’s, later", "Answered", "Asleep", "Finished",
            "No word",
        )}  # fmt: skip
        ana, ben = await teammate(door, "Ana"), await teammate(door, "Ben")
        async with door.store.begin(door.feed.workspace.id) as uow:
            for subject, who in (("Mine <!here>", ana), ("Answered", ben), ("Asleep", ana),
                                 ("Finished", ana)):  # fmt: skip
                (await uow.conversations.lock(door.id_of(subject))).assignee_id = who
            for hours, subject in ((5, "Ben’s, later"), (1, "Ben’s, late")):
                one = await uow.conversations.lock(door.id_of(subject))
                one.assignee_id, one.waiting_since = ben, MOMENT + timedelta(hours=hours)
            (await uow.conversations.lock(door.id_of("Answered"))).waiting_since = None
            asleep = await uow.conversations.lock(door.id_of("Asleep"))
            asleep.snoozed_until_reply, asleep.snoozed_by_id = True, ana
            overdue = await uow.conversations.lock(door.id_of("No word"))
            overdue.assignee_id, overdue.waiting_since = ana, None
            overdue.no_answer_since = MOMENT
            finished = await uow.conversations.lock(door.id_of("Finished"))
            finished.status = ConversationStatus.DONE

        home = await look(door)

        assert "|Mine &lt;!here&gt;>*" in part(home, "Mine")
        assert "|Free>*" in part(home, "Unassigned")
        waiting = part(home, "Waiting / overdue")
        assert "🔔 no answer since" in waiting
        assert waiting.index("No word>") < waiting.index("Ben’s, late>")
        assert waiting.index("Ben’s, late>") < waiting.index("Ben’s, later>")
        assert "Answered" not in waiting
        assert "Asleep until they reply" in part(home, "Snoozed by me")
        shown = text_of(home)
        assert shown.count("|Asleep>*") == 1
        assert "Finished" not in shown
        assert "*2* yours · *1* unassigned · *3* waiting or overdue · *1* asleep" in shown
        ts = stamps["Free"].replace(".", "")
        assert f"/archives/{door.slack.channels['support']}/p{ts}" in str(home)

    async def test_shows_only_mail_of_channels_that_one_is_in(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = factories.account(
                door.feed.workspace.id,
                address="billing@example.com",
                channel_id=ChannelId(door.slack.channels["billing"]),
            )
            uow.accounts.add(account)
            await uow.session.flush()
            row = factories.conversation(door.feed.workspace.id, account.id, subject="Salaries")
            await uow.conversations.add_all([row])

        assert "Salaries" in text_of(await look(door, "Ben"))
        assert "Salaries" not in text_of(await look(door, "Chidi"))

    async def test_the_messages_tab_draws_nothing(self, door: SlackDoor) -> None:
        user = door.slack.users["Ana"]

        answer = await door.event({"type": "app_home_opened", "user": user, "tab": "messages"})

        assert answer.status_code == 200
        assert door.slack.home("Ana") is None

    async def test_without_slacks_word_on_the_channels_shows_why(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        door.slack.fail_next("users.conversations", FaultKind.ERROR, error="missing_scope")

        shown = text_of(await look(door))

        assert "no mail is shown" in shown
        assert "Invoice" not in shown

    async def test_gives_way_to_a_newer_one(self, door: SlackDoor) -> None:
        current = (await look(door))["hash"]
        stale = {"type": "app_home_opened", "user": door.slack.users["Ana"], "tab": "home",
                 "view": {"hash": "1.old"}}  # fmt: skip

        answer = await door.event(stale)

        assert answer.status_code == 200
        await door.slack.until_delivered()
        home = door.slack.home("Ana")
        assert home is not None
        assert home["hash"] == current


class TestButtons:
    @pytest.mark.both_ways
    async def test_refresh_shows_what_changed(self, door: SlackDoor) -> None:
        before = await look(door)
        await door.card("Invoice")

        outcome = await door.slack.act_in_view("Ana", "home.refresh", view_id=before["id"])

        assert outcome.ok
        assert "|Invoice>*" in part(await drawn_after(door, before["hash"]), "Unassigned")

    @pytest.mark.both_ways
    async def test_open_and_compose_are_answered(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        home = await look(door)

        assert (await door.slack.act_in_view("Ana", "home.open", view_id=home["id"])).ok
        assert (await door.slack.act_in_view("Ana", "home.compose", view_id=home["id"])).ok

        async def opened() -> list[dict[str, Any]]:
            return door.slack.views("Ana")

        (window,) = await eventually(opened)
        assert window["type"] == "modal"
