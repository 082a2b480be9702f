"""The summary of the day: when the day begins, once, and only where there is something to say."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from app.accounts.tokens import GrantTokens
from app.commands.summary import want_summary
from app.core.ids import ChannelId, SlackUserId, TeammateId, new_id
from app.jobs.scheduler import Ticks
from app.jobs.summarising import summarise
from app.sandbox.slack.faults import FaultKind
from app.store.blobs import Blobs
from app.store.models import ReminderSettings, Teammate
from app.store.queue import open_queue
from tests import factories
from tests.fixtures.clock import ManualClock
from tests.fixtures.feed import Feed
from tests.integration.jobs.test_reminders import direct, person, waiting
from tests.integration.jobs.test_ticks import NO_TENDERS

THURSDAY = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin."""


class Day:
    """A team, and a clock that goes where it is told."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.clock = ManualClock(THURSDAY)
        object.__setattr__(feed.feeding, "clock", self.clock)
        store = feed.workspace.store
        tokens, blobs = cast("GrantTokens", None), cast("Blobs", None)
        queue = open_queue(feed.workspace.url)
        self._ticks = Ticks(store, queue, NO_TENDERS, self.clock, tokens, blobs)

    async def asks(self, user: str, *, wanted: bool = True, zone: str | None = "Europe/Berlin",
                   **values: Any) -> TeammateId:  # fmt: skip
        id_ = await person(self.feed, user)
        async with self.feed.workspace.store.begin(self.feed.workspace.id) as uow:
            (mate,) = await uow.teammates.lock_many([id_])
            mate.time_zone = zone
            for name, value in values.items():
                setattr(mate, name, value)
            await want_summary(uow, mate, wanted=wanted, now=self.clock.now())
        return id_

    async def comes(self, moment: datetime) -> None:
        """What the clock does then, twice, and the jobs that it leaves, twice."""
        self.clock.set(moment)
        for _ in range(2):
            await self._ticks.look()
        left = await self.left()
        for args in [*left, *left]:
            await summarise(
                self.feed.feeding,
                self.feed.workspace.id,
                TeammateId(UUID(args["teammate_id"])),
                datetime.fromisoformat(args["due"]),
            )

    async def left(self) -> list[dict[str, str]]:
        """The jobs that wait, which are taken."""
        async with self.feed.workspace.store.begin(self.feed.workspace.id) as uow:
            taken = await (await uow.session.connection()).execute(
                text(
                    "DELETE FROM procrastinate_jobs WHERE task_name = 'team.summarise' "
                    "RETURNING args, scheduled_at"
                )
            )
            return [args for args, _ in taken]

    async def row(self, user: str) -> Teammate:
        id_ = await person(self.feed, user)
        async with self.feed.workspace.store.begin(self.feed.workspace.id) as uow:
            return (await uow.teammates.get_many([id_]))[id_]


@pytest.fixture
def day(feed: Feed) -> Day:
    return Day(feed)


class TestASummary:
    async def test_comes_when_the_day_begins_where_the_person_is(self, day: Day) -> None:
        ana, ben = await day.asks("Ana"), await person(day.feed, "Ben")
        await waiting(day.feed, "Mine <!here>", THURSDAY, assignee_id=ana)
        await waiting(day.feed, "Free", THURSDAY)
        await waiting(day.feed, "Ben’s", THURSDAY, assignee_id=ben)
        await waiting(day.feed, "Asleep", THURSDAY, assignee_id=ana, snoozed_until_reply=True)

        await day.comes(FRIDAY - timedelta(seconds=1))
        early = await direct(day.feed, "Ana")
        await day.comes(FRIDAY)

        assert early == []
        (said,) = await direct(day.feed, "Ana")
        assert "📬 Your day: 1 yours · 1 unassigned · 1 waiting or overdue." in said
        assert "*Mine*\n• <" in said
        assert "|Mine &lt;!here&gt;> (support@example.com)" in said
        assert "*Unassigned in my inboxes*\n• <" in said
        assert "*Waiting / overdue*\n• <" in said
        assert f"/archives/{day.feed.channel}/p" in said
        assert "Asleep" not in said

    async def test_names_what_had_no_answer_in_time_before_what_waits(self, day: Day) -> None:
        ana, ben = await day.asks("Ana"), await person(day.feed, "Ben")
        await waiting(day.feed, "Ben’s", THURSDAY - timedelta(days=9), assignee_id=ben)
        await waiting(day.feed, "No word", THURSDAY, assignee_id=ana, no_answer_since=THURSDAY)

        await day.comes(FRIDAY)

        (said,) = await direct(day.feed, "Ana")
        overdue = said[said.index("Waiting / overdue") :]
        assert overdue.index("No word") < overdue.index("Ben’s")

    async def test_lists_five_and_counts_the_rest(self, day: Day) -> None:
        await day.asks("Ana")
        async with day.feed.workspace.store.begin(day.feed.workspace.id) as uow:
            rows = [
                factories.conversation(
                    day.feed.workspace.id, day.feed.account_id, subject=f"Mail {n}"
                )
                for n in range(8)
            ]
            await uow.conversations.add_all(rows)

        await day.comes(FRIDAY)

        (said,) = await direct(day.feed, "Ana")
        assert "8 unassigned" in said
        assert said.count("• ") == 5
        assert "… and 3 more" in said

    async def test_does_not_come_where_there_is_nothing(self, day: Day) -> None:
        await day.asks("Ana")

        await day.comes(FRIDAY)

        assert await direct(day.feed, "Ana") == []
        due = (await day.row("Ana")).summary_at
        assert due == FRIDAY + timedelta(days=3)

    async def test_comes_to_nobody_else(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)

        await day.comes(FRIDAY)

        assert await direct(day.feed, "Ben") == []

    async def test_names_only_mail_of_channels_one_is_in(self, day: Day) -> None:
        await day.asks("Chidi")
        team = day.feed.workspace.id
        async with day.feed.workspace.store.begin(team) as uow:
            account = factories.account(
                team,
                address="billing@example.com",
                channel_id=ChannelId(day.feed.slack.channels["billing"]),
            )
            uow.accounts.add(account)
            await uow.session.flush()
            await uow.conversations.add_all([
                factories.conversation(team, account.id, subject="Salaries")
            ])  # fmt: skip

        await day.comes(FRIDAY)

        assert await direct(day.feed, "Chidi") == []

    async def test_comes_on_working_days_only(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)

        for days in range(5):
            await day.comes(FRIDAY + timedelta(days=days))

        assert len(await direct(day.feed, "Ana")) == 3

    async def test_by_the_hours_of_the_team_where_the_persons_zone_is_unknown(
        self, day: Day
    ) -> None:
        team = day.feed.workspace.id
        async with day.feed.workspace.store.begin(team) as uow:
            await uow.reminders.put(
                ReminderSettings(workspace_id=team, time_zone="Asia/Tokyo", opens_at=10 * 60)
            )
        await day.asks("Ana", zone=None)
        await day.asks("Ben", zone="Not/AZone")

        at_ten = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
        assert (await day.row("Ana")).summary_at == at_ten
        assert (await day.row("Ben")).summary_at == at_ten

    async def test_is_no_longer_wanted(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)
        await day.asks("Ana", wanted=False)

        await day.comes(FRIDAY)

        assert await direct(day.feed, "Ana") == []

    async def test_of_a_mailbox_that_was_removed_meanwhile_says_nothing(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)
        await day.comes(FRIDAY)

        async with day.feed.workspace.store.begin(day.feed.workspace.id) as uow:
            await uow.session.exec(text("DELETE FROM posts WHERE kind = 'card'"))  # type: ignore[call-overload]
            for table in ("placements", "messages", "conversations"):
                await uow.session.exec(text(f"DELETE FROM {table}"))  # type: ignore[call-overload]

        assert await direct(day.feed, "Ana") == []


class TestAfterAnOutage:
    async def test_of_days_comes_once(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)

        await day.comes(FRIDAY + timedelta(days=4, hours=2))
        await day.comes(FRIDAY + timedelta(days=4, hours=3))

        assert len(await direct(day.feed, "Ana")) == 1
        assert (await day.row("Ana")).summary_at == FRIDAY + timedelta(days=5)

    async def test_that_ended_when_nobody_works_waits_for_the_next_day(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)

        await day.comes(FRIDAY + timedelta(hours=12))
        at_night = await direct(day.feed, "Ana")
        await day.comes(FRIDAY + timedelta(days=3))

        assert at_night == []
        assert len(await direct(day.feed, "Ana")) == 1

    async def test_of_slack_is_tried_again_and_comes_once(self, day: Day) -> None:
        await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)
        day.feed.slack.fail_next("users.conversations", FaultKind.RATE_LIMITED, times=2)

        await day.comes(FRIDAY)
        missed = await direct(day.feed, "Ana")
        (again,) = await day.left()
        for _ in range(2):
            await summarise(
                day.feed.feeding,
                day.feed.workspace.id,
                TeammateId(UUID(again["teammate_id"])),
                datetime.fromisoformat(again["due"]),
            )

        assert missed == []
        assert len(await direct(day.feed, "Ana")) == 1

    async def test_of_slack_until_the_evening_is_given_up(self, day: Day) -> None:
        ana = await day.asks("Ana")
        await waiting(day.feed, "Free", THURSDAY)
        day.clock.set(FRIDAY + timedelta(hours=9))

        await summarise(day.feed.feeding, day.feed.workspace.id, ana, FRIDAY)

        assert await direct(day.feed, "Ana") == []
        assert await day.left() == []

    async def test_somebody_whom_slack_does_not_know_ends_nothing(self, day: Day) -> None:
        team = day.feed.workspace.id
        async with day.feed.workspace.store.begin(team) as uow:
            gone = await uow.teammates.by_slack_user(SlackUserId("U0GONE"), "gone")
            gone.summary_at = FRIDAY

        day.clock.set(FRIDAY)
        await summarise(day.feed.feeding, team, gone.id, FRIDAY)
        await summarise(day.feed.feeding, team, TeammateId(new_id()), FRIDAY)

        assert await day.left() == []
