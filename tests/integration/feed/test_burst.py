"""Two hundred mails in a minute into one channel: a few cards, a digest, in the end all of them.

The clock is ours, so that minutes pass when we say so; Slack limits us all the while.
"""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.commands.notes import write_note
from app.core.access import Actor, Origin
from app.core.clock import Clock
from app.feed.announce import Announcer
from app.feed.context import Later
from app.feed.ids import ActionId
from app.sandbox.slack.faults import FaultKind
from app.store.models import PostState
from tests import factories
from tests.fixtures.feed import Feed
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import text_of

MAILS = 200
A_MINUTE = 20


async def flood(feed: Feed, count: int = MAILS, word: str = "Mail") -> None:
    """Many mails, each a conversation of its own, in one transaction."""
    workspace = feed.workspace
    async with workspace.store.begin(workspace.id) as uow:
        account = await uow.accounts.get(feed.account_id)
        rows = [
            factories.conversation(workspace.id, feed.account_id, subject=f"{word} {n}")
            for n in range(count)
        ]
        feed.conversations |= {row.subject: row.id for row in rows}
        await uow.conversations.add_all(rows)
        mails = [
            factories.message(workspace.id, feed.account_id, row.id, subject=row.subject)
            for row in rows
        ]
        await uow.messages.add_all(mails)
        await Announcer().arrived(uow, account, mails)


async def drained(feed: Feed) -> datetime | None:
    """Go as far as it goes; answers when it wants to go on."""
    try:
        await feed.drain()
    except Later as later:
        return later.at
    return None


def cards(feed: Feed) -> list[str]:
    return [one.removeprefix("Ana Ruiz - ") for one in feed.shown() if one.startswith("Ana")]


def digest_of(feed: Feed) -> str:
    (found,) = [
        one for one in feed.slack.messages("support") if "Many mails at once" in one["text"]
    ]
    return text_of(found)


def ts_of_digest(feed: Feed) -> str:
    (found,) = [
        one for one in feed.slack.messages("support") if "Many mails at once" in one["text"]
    ]
    return str(found["ts"])


class ShiftedClock:
    """Runs as the world's does, and is put forward by us."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        self._ahead += by


@pytest.fixture
def clock(feed: Feed) -> ShiftedClock:
    clock = ShiftedClock()
    set_clock(feed, clock)
    return clock


def set_clock(feed: Feed, clock: Clock) -> None:
    object.__setattr__(feed.feeding, "clock", clock)
    object.__setattr__(feed.feeding, "cards_per_minute", A_MINUTE)


class TestTwoHundredMailsInAMinute:
    async def test_are_a_few_cards_and_a_digest_at_first(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed)

        again_at = await drained(feed)

        assert again_at is not None
        assert timedelta(seconds=30) < again_at - clock.now() <= timedelta(minutes=1)
        assert cards(feed) == [f"Mail {n}" for n in range(A_MINUTE)]
        said = digest_of(feed)
        assert "180 of 180 wait for their cards" in said
        assert "Ana Ruiz: Mail 20\n" in said
        assert "… and 170 more" in said
        assert "Show all" in said

    async def test_are_all_there_in_order_after_a_click_though_slack_limits_us(
        self, door: SlackDoor
    ) -> None:
        feed, clock = door.feed, ShiftedClock()
        set_clock(feed, clock)
        await flood(feed)
        await drained(feed)

        outcome = await door.slack.click("Ana", "support", ts_of_digest(feed), ActionId.SHOW_ALL)
        feed.slack.fail_next("chat.postMessage", FaultKind.RATE_LIMITED, seconds=30)
        asked_to_wait = await drained(feed)

        assert outcome.ok
        assert asked_to_wait is not None
        before = len(feed.slack.messages("support"))
        assert await drained(feed) == asked_to_wait
        assert len(feed.slack.messages("support")) == before
        clock.advance(timedelta(seconds=30))
        assert await drained(feed) is None
        assert cards(feed) == [f"Mail {n}" for n in range(MAILS)]
        times = [float(one["ts"]) for one in feed.slack.messages("support")]
        assert all(earlier < later for earlier, later in itertools.pairwise(times))
        assert {post.state for post in await feed.posts()} == {PostState.SENT}
        assert "the 180 that had to wait have their cards now" in digest_of(feed)
        assert "Show all" not in digest_of(feed)

    async def test_come_by_themselves_a_few_each_minute(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 50)

        for _ in range(2):
            assert await drained(feed) is not None
            clock.advance(timedelta(minutes=1))
        first_two = len(cards(feed))
        last = await drained(feed)

        assert first_two == 2 * A_MINUTE
        assert last is None
        assert cards(feed) == [f"Mail {n}" for n in range(50)]
        assert "the 30 that had to wait have their cards now" in digest_of(feed)

    async def test_what_comes_meanwhile_waits_behind_them_and_is_counted(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 30)
        await drained(feed)

        await flood(feed, 5, "Later")
        clock.advance(timedelta(seconds=6))
        await drained(feed)

        assert "15 of 15 wait" in digest_of(feed)
        clock.advance(timedelta(minutes=1))
        await drained(feed)
        assert cards(feed)[-5:] == [f"Later {n}" for n in range(5)]


class TestBesideAFlood:
    async def test_a_line_in_the_thread_of_a_card_does_not_wait(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 40)
        await drained(feed)

        await feed.mail("Re: Mail 0", "Mail 0", excerpt="And another thing.")
        await drained(feed)

        (first, *_) = feed.slack.messages("support")
        (reply,) = feed.slack.replies("support", first["ts"])
        assert "And another thing." in reply["text"]
        assert len(cards(feed)) == A_MINUTE

    async def test_a_line_in_the_thread_of_a_held_card_waits_for_it(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 30)
        await drained(feed)
        await feed.mail("Re: Mail 29", "Mail 29", excerpt="And another thing.")

        await drained(feed)
        clock.advance(timedelta(minutes=1))
        await drained(feed)

        last = feed.slack.messages("support")[-1]
        (reply,) = feed.slack.replies("support", last["ts"])
        assert "And another thing." in reply["text"]

    async def test_a_note_about_a_card_that_stands_there_does_not_wait(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 40)
        await drained(feed)
        actor = Actor(feed.workspace.id, Origin.API, name="Script")
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await write_note(uow, actor, feed.conversations["Mail 3"], "Ana called.")

        await drained(feed)

        card = feed.slack.messages("support")[3]
        (note,) = feed.slack.replies("support", card["ts"])
        assert "Ana called." in note["text"]


class TestACrashInBetween:
    async def test_loses_nothing_and_shows_one_digest(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, 50)
        for fault in (FaultKind.DROP_AFTER, FaultKind.DROP_AFTER):
            feed.slack.fail_next("chat.postMessage", fault)

        for _ in range(12):
            if await drained(feed) is None:
                break
            clock.advance(timedelta(minutes=1))

        assert cards(feed) == [f"Mail {n}" for n in range(50)]
        assert "have their cards now" in digest_of(feed)


class TestAFew:
    async def test_within_the_minutes_number_are_simply_posted(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, A_MINUTE)

        assert await drained(feed) is None

        assert len(feed.slack.messages("support")) == A_MINUTE

    async def test_one_too_many_waits_without_a_digest(
        self, feed: Feed, clock: ShiftedClock
    ) -> None:
        await flood(feed, A_MINUTE + 1)

        await drained(feed)
        clock.advance(timedelta(minutes=1))
        await drained(feed)

        assert len(feed.slack.messages("support")) == A_MINUTE + 1
