"""What people answer in Slack about a mail of which nobody knows whether it left."""

import asyncio
from typing import Any

import pytest

from app.core.ids import OutgoingId
from app.feed.ids import ActionId
from app.sending.settle import leave_unknown
from app.store.models import Outgoing, OutgoingState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import text_of
from tests.integration.slack.test_answering import card, mails, opened


@pytest.fixture
async def in_doubt(door: SlackDoor) -> tuple[str, dict[str, Any]]:
    """Ana has answered, and it was looked for in vain: the card, and the line that asks."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(door.feed.account_id)
        account.smtp_host, account.smtp_port, account.smtp_security = "smtp.example.com", 465, "tls"
    ts = await card(door)
    await opened(door, ts)
    assert (await door.slack.submit_view("Ana", {"compose.body": "You are right."})).ok
    (mail,) = await mails(door)
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(mail.account_id)
        await leave_unknown(uow, account, await uow.outgoing.lock(mail.id), "It was lost.")
    await be_asked_about(door, mail.id)
    return ts, await line(door, ts)


async def be_asked_about(door: SlackDoor, id_: OutgoingId) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        mail = await uow.outgoing.lock(id_)
        mail.state, mail.settled_at = OutgoingState.UNKNOWN, await uow.outgoing.time()


async def line(door: SlackDoor, ts: str) -> dict[str, Any]:
    await door.draw()
    (found,) = door.slack.replies("support", ts)
    return dict(found)


def buttons(line_: dict[str, Any]) -> list[str]:
    return [
        one["action_id"]
        for part in line_["blocks"]
        if part["type"] == "actions"
        for one in part["elements"]
    ]


async def only(door: SlackDoor) -> Outgoing:
    (mail,) = await mails(door)
    return mail


class TestDropping:
    @pytest.mark.both_ways
    async def test_is_one_click_and_said_on_card_and_line(
        self, door: SlackDoor, in_doubt: tuple[str, dict[str, Any]]
    ) -> None:
        ts, asks = in_doubt
        assert buttons(asks) == [
            ActionId.OUTGOING_WAS_SENT, ActionId.OUTGOING_SEND_AGAIN, ActionId.OUTGOING_DROP,
        ]  # fmt: skip

        outcome = await door.slack.click("Ben", "support", asks["ts"], ActionId.OUTGOING_DROP)

        assert outcome.ok, outcome
        mail = await only(door)
        assert (mail.state, mail.was_dropped) == (OutgoingState.CANCELLED, True)
        said = await line(door, ts)
        assert "the reply was dropped; it may have been sent" in text_of(said)
        assert "Nobody knows whether it left. It was dropped" in text_of(said)
        assert buttons(said) == []
        shown = text_of(door.slack.message("support", ts))
        assert "🚫 the reply was dropped; it may have been sent" in shown

    async def test_pressed_by_two_at_once_is_done_once(
        self, door: SlackDoor, in_doubt: tuple[str, dict[str, Any]]
    ) -> None:
        _, asks = in_doubt

        outcomes = await asyncio.gather(
            *(
                door.slack.click(user, "support", asks["ts"], ActionId.OUTGOING_DROP)
                for user in ("Ana", "Ben", "Chidi")
            )
        )

        assert all(one.ok for one in outcomes)
        assert (await only(door)).was_dropped
        assert [one.type for one in await door.events()].count("outgoing.dropped") == 1

    async def test_after_it_was_sent_again_is_too_late_and_says_so(
        self, door: SlackDoor, in_doubt: tuple[str, dict[str, Any]]
    ) -> None:
        """Both look at the line as it was before."""
        _, asks = in_doubt

        await door.slack.click("Ana", "support", asks["ts"], ActionId.OUTGOING_SEND_AGAIN)
        await door.slack.click("Ben", "support", asks["ts"], ActionId.OUTGOING_DROP)

        assert "Nobody is in doubt about this mail" in await door.told("Ben")
        assert (await only(door)).state is OutgoingState.QUEUED

    async def test_before_sending_again_stops_that(
        self, door: SlackDoor, in_doubt: tuple[str, dict[str, Any]]
    ) -> None:
        _, asks = in_doubt

        await door.slack.click("Ben", "support", asks["ts"], ActionId.OUTGOING_DROP)
        await door.slack.click("Ana", "support", asks["ts"], ActionId.OUTGOING_SEND_AGAIN)

        assert "there is nothing to try again" in await door.told("Ana")
        assert (await only(door)).was_dropped

    async def test_while_it_is_looked_for_once_more_waits(
        self, door: SlackDoor, in_doubt: tuple[str, dict[str, Any]]
    ) -> None:
        _, asks = in_doubt
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.outgoing.lock((await only(door)).id)).settled_at = None

        await door.slack.click("Ben", "support", asks["ts"], ActionId.OUTGOING_DROP)

        assert "being looked for in Sent just now" in await door.told("Ben")
        assert (await only(door)).state is OutgoingState.UNKNOWN
