"""Reminders: each once, in one message, and only while people work."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.commands.assign import assign
from app.commands.change import change_conversation
from app.commands.follow_up import follow_up_due
from app.commands.remind import remind
from app.commands.snooze import wake_due
from app.commands.types import FollowUp, Snooze
from app.core.access import Actor, Origin
from app.core.ids import ChannelId, ConversationId, SlackUserId, TeammateId, new_id
from app.feed.deliver import drain
from app.jobs.nudging import nudge, remind_one
from app.sandbox.slack.faults import FaultKind
from app.store.models import Conversation, ReminderSettings
from tests.fixtures.feed import Feed
from tests.fixtures.stack import text_of

FRIDAY = datetime(2082, 11, 27, 12, 0, tzinfo=UTC)
"""Long after everything that the database says has happened while the tests run."""


class At:
    """A clock that says what it is told."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


async def waiting(feed: Feed, subject: str, since: datetime, **values: Any) -> None:
    await feed.mail(subject)
    await feed.drain()
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        conversation = await uow.conversations.lock(feed.conversations[subject])
        conversation.waiting_since = since
        for name, value in values.items():
            setattr(conversation, name, value)


async def person(feed: Feed, user: str) -> TeammateId:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        mate = await uow.teammates.by_slack_user(SlackUserId(feed.slack.users[user]), user.lower())
        return mate.id


async def look(feed: Feed, now: datetime) -> None:
    """What the clock does each minute, and the jobs that it leaves."""
    object.__setattr__(feed.feeding, "clock", At(now))
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        await remind(uow, now=now)
        mates = [one.id for one in await uow.teammates.page(after=None, limit=10)]
    for mate in mates:
        await remind_one(feed.feeding, feed.workspace.id, mate)
    await feed.drain()


async def nudges(feed: Feed) -> None:
    """Do the jobs that were left."""
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        left = await uow.session.exec(  # type: ignore[call-overload]
            text("SELECT args FROM procrastinate_jobs WHERE task_name = 'team.nudge'")
        )
        found = [row[0] for row in left]
    for args in found:
        await nudge(
            feed.feeding,
            feed.workspace.id,
            ConversationId(UUID(args["conversation_id"])),
            TeammateId(UUID(args["teammate_id"])),
            args["reason"],
            args["key"],
            others=[ConversationId(UUID(one)) for one in args.get("others", ())],
        )


async def direct(feed: Feed, user: str) -> list[str]:
    room = feed.slack.emulator.workspace.direct_channel(feed.slack.users[user])
    await drain(feed.feeding, feed.workspace.id, ChannelId(room.id))
    return [text_of(dict(one.shown)) for one in room.messages.values()]


def lines(feed: Feed) -> list[str]:
    return [
        text_of(one) for one in feed.slack.messages("support") if "Ana Ruiz -" not in one["text"]
    ]


async def conversation(feed: Feed, subject: str) -> Conversation:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        return await uow.conversations.get(feed.conversations[subject])


class TestWhatNobodyTook:
    async def test_is_told_of_once_in_its_channel(self, feed: Feed) -> None:
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=25))
        await waiting(feed, "Fresh", FRIDAY - timedelta(hours=20))

        for minutes in (0, 1, 120):
            await look(feed, FRIDAY + timedelta(minutes=minutes))

        (said,) = lines(feed)
        assert "🟠 Nobody has taken this yet" in said
        assert "|Invoice> (support@example.com)" in said
        assert "Fresh" not in said
        assert "<!" not in said

    async def test_after_an_outage_is_one_line_and_not_a_hundred(self, feed: Feed) -> None:
        for n in range(14):
            await waiting(feed, f"Mail {n}", FRIDAY - timedelta(days=4, minutes=-n))

        await look(feed, FRIDAY)

        (said,) = lines(feed)
        assert "Nobody has taken these 14 yet" in said
        assert said.index("Mail 0") < said.index("Mail 9")
        assert "… and 4 more" in said

    async def test_is_told_of_three_times_a_day_at_the_most_and_the_rest_on_the_next_one(
        self, feed: Feed
    ) -> None:
        monday = FRIDAY + timedelta(days=3, hours=-3)
        for hour in range(6):
            since = monday + timedelta(hours=hour) - timedelta(hours=24)
            await waiting(feed, f"Mail {hour}", since)

        for hour in range(6):
            await look(feed, monday + timedelta(hours=hour))
        assert len(lines(feed)) == 3

        await look(feed, monday + timedelta(days=1))
        *_, last = lines(feed)
        assert "Nobody has taken these 3 yet" in last
        assert all(f"|Mail {hour}>" in last for hour in (3, 4, 5))

    async def test_is_told_of_no_more_often_where_the_day_of_utc_ends_at_noon(
        self, feed: Feed
    ) -> None:
        """A day is the team's own."""
        zone = "Etc/GMT+8"
        settings = ReminderSettings(workspace_id=feed.workspace.id, time_zone=zone)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await uow.reminders.put(settings)
        monday = (FRIDAY + timedelta(days=3)).date()
        hours = [datetime.combine(monday, time(hour), ZoneInfo(zone)) for hour in range(12, 17)]
        for n, hour in enumerate(hours):
            await waiting(feed, f"Mail {n}", hour.astimezone(UTC) - timedelta(hours=24))

        for hour in hours:
            await look(feed, hour.astimezone(UTC))

        assert len({hour.astimezone(UTC).date() for hour in hours}) == 2
        assert len(lines(feed)) == 3

    async def test_in_a_channel_that_was_told_enough_holds_up_no_other(
        self, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.commands.remind.MOST_AT_ONCE", 2)
        monday = FRIDAY + timedelta(days=3, hours=-3)
        for n in range(8):
            await waiting(feed, f"Mail {n}", FRIDAY - timedelta(days=9, minutes=-n))
        sales = ChannelId(feed.slack.channels["sales"])
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (await uow.accounts.get(feed.account_id)).channel_id = sales
        await waiting(feed, "Elsewhere", FRIDAY - timedelta(days=2))

        for hour in range(4):
            await look(feed, monday + timedelta(hours=hour))
        await drain(feed.feeding, feed.workspace.id, sales)

        assert len(lines(feed)) == 3
        there = [text_of(one) for one in feed.slack.messages("sales")]
        assert sum("Nobody has taken this yet" in one and "Elsewhere" in one for one in there) == 1

    async def test_waits_until_people_work(self, feed: Feed) -> None:
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=25))

        await look(feed, datetime(2082, 11, 28, 12, 0, tzinfo=UTC))
        before = lines(feed)
        await look(feed, datetime(2082, 11, 30, 9, 0, tzinfo=UTC))

        assert before == []
        assert len(lines(feed)) == 1

    async def test_can_be_turned_off_for_all_and_on_for_one(self, feed: Feed) -> None:
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=2))
        team = feed.workspace.id
        async with feed.workspace.store.begin(team) as uow:
            await uow.reminders.put(ReminderSettings(workspace_id=team, is_on=False))

        await look(feed, FRIDAY + timedelta(days=3))
        off = lines(feed)
        async with feed.workspace.store.begin(team) as uow:
            await uow.reminders.put(
                ReminderSettings(workspace_id=team, account_id=feed.account_id, unassigned_hours=1)
            )
        await look(feed, FRIDAY)

        assert off == []
        assert len(lines(feed)) == 1

    async def test_is_told_of_again_once_somebody_had_it_and_gave_it_back(self, feed: Feed) -> None:
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=25))
        await look(feed, FRIDAY)
        actor = Actor(feed.workspace.id, Origin.API, name="Script")
        ana = await person(feed, "Ana")

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            for whom in (ana, None):
                id_ = feed.conversations["Invoice"]
                await assign(uow, actor, id_, whom, now=FRIDAY)
        await look(feed, FRIDAY + timedelta(hours=2))
        too_early = len(lines(feed))
        await look(feed, datetime(2082, 11, 30, 12, 0, tzinfo=UTC))

        assert too_early == 1
        assert len(lines(feed)) == 2


class TestWhatIsSomebodys:
    async def test_and_stands_still_is_told_to_them_once(self, feed: Feed) -> None:
        ana = await person(feed, "Ana")
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=49), assignee_id=ana)

        for hours in (0, 1, 2):
            await look(feed, FRIDAY + timedelta(hours=hours))

        (said,) = await direct(feed, "Ana")
        assert "🔵 This is yours, and nothing has happened for a while" in said
        assert "|Invoice>" in said
        assert lines(feed) == []

    async def test_and_stands_still_is_not_told_to_whoever_wants_no_such_word(
        self, feed: Feed
    ) -> None:
        ana = await person(feed, "Ana")
        await waiting(feed, "Invoice", FRIDAY - timedelta(hours=49), assignee_id=ana)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (await uow.teammates.get_many([ana]))[ana].quiet_about = ["reminded"]

        await look(feed, FRIDAY)

        assert await direct(feed, "Ana") == []

    async def test_and_was_worked_on_is_not(self, feed: Feed) -> None:
        ana = await person(feed, "Ana")
        await waiting(
            feed,
            "Invoice",
            FRIDAY - timedelta(hours=49),
            assignee_id=ana,
            acted_at=FRIDAY - timedelta(hours=3),
        )

        await look(feed, FRIDAY)

        assert await direct(feed, "Ana") == []

    async def test_and_was_not_answered_for_three_days_is_told_to_them(self, feed: Feed) -> None:
        ana = await person(feed, "Ana")
        await waiting(feed, "Invoice", FRIDAY, assignee_id=ana)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            row = await uow.conversations.lock(feed.conversations["Invoice"])
            row.waiting_since, row.answered_at = None, FRIDAY - timedelta(hours=73)

        await look(feed, FRIDAY)
        await look(feed, FRIDAY + timedelta(hours=1))

        (said,) = await direct(feed, "Ana")
        assert "⏳ You have had no answer for a while" in said

    async def test_and_asleep_is_left_alone(self, feed: Feed) -> None:
        ana = await person(feed, "Ana")
        await waiting(
            feed,
            "Invoice",
            FRIDAY - timedelta(days=9),
            assignee_id=ana,
            snoozed_until=FRIDAY + timedelta(days=9),
        )

        await look(feed, FRIDAY)

        assert await direct(feed, "Ana") == []


class TestFollowUp:
    async def test_that_is_due_opens_it_again_and_tells_whoever_asked(self, feed: Feed) -> None:
        ana = await person(feed, "Ana")
        actor = Actor(feed.workspace.id, Origin.SLACK, teammate_id=ana, name="ana")
        await waiting(feed, "Invoice", FRIDAY)
        id_ = feed.conversations["Invoice"]
        due = FRIDAY + timedelta(days=3)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await change_conversation(uow, actor, id_, FollowUp(due), now=FRIDAY)
        await feed.drain()
        shown = text_of(feed.slack.messages("support")[-1])

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            early = await follow_up_due(uow, [id_], now=due - timedelta(minutes=1))
            told = [await follow_up_due(uow, [id_], now=due) for _ in range(2)]
        for _ in range(2):
            key = due.isoformat()
            await nudge(feed.feeding, feed.workspace.id, id_, ana, "no_answer", key)
        await feed.drain()

        assert "⏳ Waiting for customer (follow-up <!date^" in shown
        assert (early, told) == (0, [1, 0])
        (said,) = await direct(feed, "Ana")
        assert "🔔 You wanted to be told: no answer since <!date^" in said
        assert "🔔 No answer since" in text_of(feed.slack.messages("support")[-1])


class TestAwakeAgain:
    @pytest.mark.parametrize("slack_is_away", [False, True])
    async def test_is_told_to_whoever_snoozed_it_once(
        self, feed: Feed, slack_is_away: bool
    ) -> None:
        ana = await person(feed, "Ana")
        actor = Actor(feed.workspace.id, Origin.SLACK, teammate_id=ana, name="ana")
        await waiting(feed, "Invoice", FRIDAY)
        id_, until = feed.conversations["Invoice"], FRIDAY + timedelta(hours=1)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await change_conversation(uow, actor, id_, Snooze(until, until_reply=False), now=FRIDAY)
        if slack_is_away:
            feed.slack.fail_next("conversations.open", FaultKind.RATE_LIMITED)

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await wake_due(uow, [id_], now=until)
        for _ in range(3):
            await nudge(feed.feeding, feed.workspace.id, id_, ana, "woke", str(until))

        (said,) = await direct(feed, "Ana")
        assert "💤 What you snoozed is awake again: <" in said
        assert (await conversation(feed, "Invoice")).snoozed_by_id is None

    async def test_after_an_outage_is_one_message_and_not_a_hundred(self, feed: Feed) -> None:
        ana, ben = await person(feed, "Ana"), await person(feed, "Ben")
        subjects = [f"Mail {number}" for number in range(12)]
        for subject in subjects:
            await waiting(feed, subject, FRIDAY)
        until = FRIDAY + timedelta(hours=1)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            for subject in subjects:
                one = await uow.conversations.lock(feed.conversations[subject])
                one.snoozed_until = until
                one.snoozed_by_id = ben if subject == "Mail 11" else ana

        ids = list(feed.conversations.values())
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            assert await wake_due(uow, ids, now=until + timedelta(days=9)) == 12
        await nudges(feed)

        (said,) = await direct(feed, "Ana")
        assert "💤 11 that you snoozed are awake again:" in said
        assert said.count("• <") == 10
        assert "… and 1 more" in said
        (said,) = await direct(feed, "Ben")
        assert "💤 What you snoozed is awake again: <" in said
        assert "|Mail 11>" in said

    async def test_is_told_of_though_the_first_of_them_is_gone(self, feed: Feed) -> None:
        """It went with its mailbox, before the message about all of them was written."""
        ana, gone = await person(feed, "Ana"), ConversationId(new_id())
        await waiting(feed, "Invoice", FRIDAY)

        for _ in range(2):
            await nudge(
                feed.feeding, feed.workspace.id, gone, ana, "woke", "then",
                others=[feed.conversations["Invoice"]],
            )  # fmt: skip

        (said,) = await direct(feed, "Ana")
        assert "💤 What you snoozed is awake again: <" in said
        assert "|Invoice>" in said
