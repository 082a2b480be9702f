"""Mailboxes without a sign of life: noticed once, told once, and once that it is over."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from app.accounts.ops_channel import set_ops_channel
from app.accounts.pausing import pause
from app.core.access import Actor, Origin, Role
from app.core.clock import SystemClock
from app.core.errors import InvalidInput
from app.core.ids import ChannelId, SlackUserId
from app.feed.channels import accept_sharing, change_id, note_sharing
from app.feed.deliver import drain
from app.jobs.watchdog import Watchdog
from app.sandbox.slack.faults import FaultKind
from app.store.models import Alarm, Grant, GrantState, Post, PostKind
from tests import factories
from tests.fixtures.feed import Feed
from tests.fixtures.stack import text_of

POLL = 60


@pytest.fixture
async def watched(feed: Feed) -> Feed:
    """An account whose INBOX was looked at just now."""
    await look(feed, seconds_ago=0)
    return feed


async def look(feed: Feed, *, seconds_ago: float, folder: str = "INBOX", **values: Any) -> None:
    """Note when a folder was last looked at."""
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        mailbox = await uow.mailboxes.named(feed.account_id, folder)
        at = SystemClock().now() - timedelta(seconds=seconds_ago)
        mailbox.watched = True
        mailbox.last_checked_at, mailbox.next_poll_at = at, at + timedelta(seconds=POLL)
        for name, value in values.items():
            setattr(mailbox, name, value)


def watchdog(feed: Feed, *admins: str) -> Watchdog:
    ids = [SlackUserId(feed.slack.users.get(name, name)) for name in admins]
    base_url = "https://box.example.com"
    return Watchdog(feed.workspace.store, feed.feeding.slack, SystemClock(), ids, base_url)


async def silent(feed: Feed) -> list[list[str]]:
    """The silent folders of each silent account."""
    async with feed.workspace.store.across_workspaces() as fleet:
        return [one.folders for one in await fleet.silent_accounts()]


async def let_be(feed: Feed, *, over_since: timedelta | None = None) -> None:
    """Pause it, or resume it so long ago."""
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        now = SystemClock().now()
        if over_since is None:
            await pause(uow, feed.account_id, by="Ben", now=now)
        else:
            account = await uow.accounts.get(feed.account_id)
            account.paused_at, account.resumed_at = None, now - over_since


async def events(feed: Feed) -> list[str]:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        return [one.type for one in await uow.events.after(0, limit=100) if "mailbox." in one.type]


async def posts(feed: Feed) -> list[Post]:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        found = (await uow.session.exec(select(Post))).all()
    kinds = {PostKind.ALARM, PostKind.ALARM_OVER}
    return sorted((one for one in found if one.kind in kinds), key=lambda one: one.seq or 0)


class TestSilence:
    @pytest.mark.parametrize(
        ("seconds_ago", "expected"), [(0, []), (110, []), (130, [["INBOX"]]), (9999, [["INBOX"]])]
    )
    async def test_begins_after_twice_the_interval(
        self, feed: Feed, seconds_ago: float, expected: list[list[str]]
    ) -> None:
        await look(feed, seconds_ago=seconds_ago)

        assert await silent(feed) == expected

    async def test_of_a_short_interval_takes_a_while_all_the_same(self, feed: Feed) -> None:
        """Looks are written down every few seconds only."""
        at = SystemClock().now() - timedelta(seconds=60)
        await look(feed, seconds_ago=60, next_poll_at=at + timedelta(seconds=5))

        assert await silent(feed) == []

    async def test_of_one_folder_among_others_takes_longer(self, watched: Feed) -> None:
        """They share a connection, which may be busy with another one."""
        await look(watched, folder="Team", seconds_ago=300)
        assert await silent(watched) == []

        await look(watched, folder="Team", seconds_ago=700)
        assert await silent(watched) == [["Team"]]

    async def test_is_not_of_a_folder_that_is_not_to_be_looked_at(self, watched: Feed) -> None:
        await look(watched, folder="Team", seconds_ago=9999, watched=False)

        assert await silent(watched) == []

    async def test_of_the_only_folder_that_is_gone_is_the_accounts(self, feed: Feed) -> None:
        await look(feed, seconds_ago=500, listed=False)

        async with feed.workspace.store.across_workspaces() as fleet:
            (found,) = await fleet.silent_accounts()
        assert (found.folders, found.shut) == (["INBOX"], ())
        assert SystemClock().now() - found.since < timedelta(seconds=600)

    async def test_of_an_account_nobody_ever_looked_at_goes_by_its_age(self, watched: Feed) -> None:
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            for name, age in (("new", 10), ("old", 200)):
                created = SystemClock().now() - timedelta(seconds=age)
                uow.accounts.add(
                    factories.account(
                        watched.workspace.id, address=f"{name}@example.com", created_at=created
                    )
                )

        async with watched.workspace.store.across_workspaces() as fleet:
            found = await fleet.silent_accounts()

        assert [(one.address, one.folders) for one in found] == [("old@example.com", [])]


GONE: dict[str, Any] = {"listed": False, "detail": "There is no folder “Team” on the server."}


class TestAFolderThatIsShut:
    """It was looked at, and is gone or does not open any more, while INBOX is looked at."""

    @pytest.mark.parametrize(
        "values",
        [
            {"listed": False},
            {"selectable": False},
            {"parked_until": datetime.max.replace(tzinfo=SystemClock().now().tzinfo)},
        ],
    )
    async def test_is_noticed_after_ten_intervals(
        self, watched: Feed, values: dict[str, Any]
    ) -> None:
        await look(watched, folder="Team", seconds_ago=580, **values)
        assert await silent(watched) == []

        await look(watched, folder="Team", seconds_ago=620, **values)
        async with watched.workspace.store.across_workspaces() as fleet:
            (found,) = await fleet.silent_accounts()
        assert (found.folders, [one.name for one in found.shut]) == ([], ["Team"])

    async def test_that_never_opened_is_none(self, watched: Feed) -> None:
        await look(watched, folder="Team", seconds_ago=9999, **GONE)
        await look(watched, folder="Team", seconds_ago=9999, last_checked_at=None)

        assert await silent(watched) == []

    async def test_for_uids_that_do_not_last_is_noticed_at_once(self, watched: Feed) -> None:
        dog, now = watchdog(watched, "Ana"), SystemClock().now()
        unstable = {"unstable_since": now, "detail": "Numbered anew 4 times."}
        await look(watched, folder="Team", seconds_ago=70, **unstable)
        await dog.look()
        assert await events(watched) == []

        await look(watched, folder="Team", seconds_ago=70, parked_until=now, **unstable)
        await dog.look()
        async with watched.workspace.store.across_workspaces() as fleet:
            counted = (await fleet.figures()).unstable
        (told,) = await self.told(watched)

        assert await events(watched) == ["mailbox.silent"]
        assert counted == 1
        assert "(Team) is no longer looked at" in told
        assert "Numbered anew 4 times. The other folders go on." in told

    async def test_is_told_of_with_the_reason_and_when_it_is_over(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        await look(watched, folder="Team", seconds_ago=9999, **GONE)
        await dog.look()
        await dog.look()
        (first,) = await self.told(watched)
        await look(watched, folder="Team", seconds_ago=0, listed=True, detail="")
        await dog.look()

        _, second = await self.told(watched)
        assert "🔴 The mailbox support@example.com (Team) is no longer looked at" in first
        assert "There is no folder “Team” on the server. The other folders go on." in first
        assert "✅ The mailbox support@example.com (Team) is looked at again" in second
        assert await events(watched) == ["mailbox.silent", "mailbox.recovered"]

    async def test_that_is_taken_off_the_list_is_over(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        await look(watched, folder="Team", seconds_ago=9999, **GONE)
        await dog.look()
        await look(watched, folder="Team", seconds_ago=9999, watched=False)
        await dog.look()

        _, second = await self.told(watched)
        assert "✅ The mailbox support@example.com (Team) is not watched any more" in second

    async def test_hides_no_silence_of_the_account(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        await look(watched, folder="Team", seconds_ago=9999, **GONE)
        await dog.look()
        await look(watched, seconds_ago=500)
        await dog.look()
        await look(watched, seconds_ago=0)
        await dog.look()

        first, second, third = await self.told(watched)
        assert "(Team) is no longer looked at" in first
        assert "(INBOX, Team) gives no sign of life" in second
        assert "(INBOX, Team) is looked at again" in third

    async def told(self, feed: Feed) -> list[str]:
        (channel,) = {one.channel_id for one in await posts(feed)}
        await drain(feed.feeding, feed.workspace.id, channel)
        return [text_of(one) for one in feed.slack.messages(channel)]


class TestAPausedAccount:
    async def test_is_never_silent_and_has_its_time_once_resumed(self, feed: Feed) -> None:
        await look(feed, seconds_ago=9999)
        await let_be(feed)
        assert await silent(feed) == []

        await let_be(feed, over_since=timedelta(seconds=10))
        assert await silent(feed) == []

        await let_be(feed, over_since=timedelta(seconds=200))
        assert await silent(feed) == [["INBOX"]]

    async def test_ends_its_alarm_and_says_why(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        await look(watched, seconds_ago=500)
        await dog.look()
        await let_be(watched)
        await dog.look()
        await dog.look()
        channel = (await posts(watched))[0].channel_id
        await drain(watched.feeding, watched.workspace.id, channel)

        _, second = watched.slack.messages(channel)

        assert await events(watched) == ["mailbox.silent"]
        assert "⏸ The mailbox support@example.com (INBOX) was paused by Ben" in text_of(second)


class TestAlarm:
    async def test_is_not_raised_while_all_is_well(self, watched: Feed) -> None:
        await watchdog(watched, "Ana").look()

        assert await events(watched) == []
        assert await posts(watched) == []

    async def test_is_raised_once_by_any_number_of_watchdogs(self, watched: Feed) -> None:
        await look(watched, seconds_ago=500)
        dogs = [watchdog(watched, "Ana", "Ben") for _ in range(4)]

        for _ in range(2):
            await asyncio.gather(*(dog.look() for dog in dogs))

        assert await events(watched) == ["mailbox.silent"]
        assert [one.kind for one in await posts(watched)] == [PostKind.ALARM, PostKind.ALARM]
        assert len({one.channel_id for one in await posts(watched)}) == 2

    async def test_is_resolved_once_and_may_be_raised_again(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        for _ in range(2):
            await look(watched, seconds_ago=500)
            await dog.look()
            await look(watched, seconds_ago=0)
            await dog.look()
            await dog.look()

        assert await events(watched) == ["mailbox.silent", "mailbox.recovered"] * 2
        kinds = [one.kind for one in await posts(watched)]
        assert kinds == [PostKind.ALARM, PostKind.ALARM_OVER] * 2

    async def test_is_told_directly_with_the_mailbox_and_what_to_do(self, watched: Feed) -> None:
        dog = watchdog(watched, "Ana")
        await look(watched, seconds_ago=500)
        await dog.look()
        await look(watched, seconds_ago=0)
        await dog.look()
        (channel,) = {one.channel_id for one in await posts(watched)}
        await drain(watched.feeding, watched.workspace.id, channel)

        first, second = watched.slack.messages(channel)

        assert "🔴 The mailbox support@example.com (INBOX) gives no sign of life" in text_of(first)
        assert "Check that a SharedBox worker is running" in text_of(first)
        assert "✅ The mailbox support@example.com (INBOX) is looked at again" in text_of(second)

    async def test_says_what_the_account_says_of_itself(self, watched: Feed) -> None:
        await look(watched, seconds_ago=500)
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            account = await uow.accounts.get(watched.account_id)
            account.detail = "imap.example.com did not answer in time."
        await watchdog(watched, "Ana").look()
        (post,) = await posts(watched)
        await drain(watched.feeding, watched.workspace.id, post.channel_id)

        (message,) = watched.slack.messages(post.channel_id)

        assert "did not answer in time" in text_of(message)

    async def test_without_admins_is_an_event_all_the_same(self, watched: Feed) -> None:
        await look(watched, seconds_ago=500)

        await watchdog(watched).look()

        assert await events(watched) == ["mailbox.silent"]
        assert await posts(watched) == []

    async def test_goes_to_admins_by_role_as_well_unless_they_are_shut_out(
        self, watched: Feed
    ) -> None:
        now = SystemClock().now()
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            for name, role, barred_at in (
                ("Ben", Role.ADMIN, None), ("Chidi", Role.OWNER, now), ("Ana", Role.AGENT, None)
            ):  # fmt: skip
                who = SlackUserId(watched.slack.users[name])
                teammate = await uow.teammates.by_slack_user(who, name)
                teammate.role, teammate.barred_at = role, barred_at
        await look(watched, seconds_ago=9999)

        await watchdog(watched).look()

        ben = watched.slack.emulator.workspace.direct_channel(watched.slack.users["Ben"])
        assert [one.channel_id for one in await posts(watched)] == [ben.id]

    async def test_an_admin_slack_does_not_know_keeps_it_from_nobody_else(
        self, watched: Feed
    ) -> None:
        await look(watched, seconds_ago=500)

        await watchdog(watched, "U0NOBODY", "Ben").look()

        assert len(await posts(watched)) == 1

    @pytest.mark.parametrize("kind", [FaultKind.HTTP, FaultKind.RATE_LIMITED, FaultKind.DROP_AFTER])
    async def test_waits_for_slack_to_answer_and_is_then_told_once(
        self, watched: Feed, kind: FaultKind
    ) -> None:
        await look(watched, seconds_ago=500)
        dog = watchdog(watched, "Ana")
        watched.slack.fail_next("conversations.open", kind)

        await dog.look()
        before = await posts(watched)
        await dog.look()
        await dog.look()

        assert before == []
        assert len(await posts(watched)) == 1

    async def test_of_an_account_that_is_removed_is_gone(self, watched: Feed) -> None:
        await look(watched, seconds_ago=500)
        dog = watchdog(watched, "Ana")
        await dog.look()
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await uow.accounts.delete(await uow.accounts.get(watched.account_id))

        await dog.look()

        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            assert (await uow.session.exec(select(Alarm))).all() == []


class TestAnAccountThatIsLockedOut:
    """Its provider takes our tokens no more."""

    @pytest.fixture
    async def shut(self, watched: Feed) -> Feed:
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            grant = Grant(
                workspace_id=watched.workspace.id,
                provider="google",
                address="support@example.com",
                state=GrantState.DEAD,
                detail="Google takes no tokens for this account any more: revoked & gone.",
            )
            uow.grants.add(grant)
            await uow.session.flush()
            (await uow.accounts.get(watched.account_id)).grant_id = grant.id
        return watched

    async def test_is_told_of_at_once_by_name_with_a_link(self, shut: Feed) -> None:
        await watchdog(shut, "Ana").look()
        await watchdog(shut, "Ana").look()

        (post,) = await posts(shut)
        await drain(shut.feeding, shut.workspace.id, post.channel_id)
        told = text_of(shut.slack.messages(post.channel_id)[-1])
        assert "needs somebody to sign in again" in told
        assert "support@example.com" in told
        assert "revoked &amp; gone" in told
        link = f"https://box.example.com/oauth/google/start?account={shut.account_id}"
        assert f"<{link}|Sign in again>" in told
        assert await events(shut) == ["mailbox.locked_out"]

    async def test_is_told_of_once_more_when_it_is_over(self, shut: Feed) -> None:
        await watchdog(shut, "Ana").look()
        async with shut.workspace.store.begin(shut.workspace.id) as uow:
            account = await uow.accounts.get(shut.account_id)
            assert account.grant_id
            (await uow.grants.get(account.grant_id)).state = GrantState.ACTIVE

        await watchdog(shut, "Ana").look()

        kinds = [one.kind for one in await posts(shut)]
        assert kinds == [PostKind.ALARM, PostKind.ALARM_OVER]

    async def test_is_not_one_that_is_paused(self, shut: Feed) -> None:
        await let_be(shut)

        await watchdog(shut, "Ana").look()

        assert await posts(shut) == []

    async def test_is_not_one_that_nobody_has_signed_in_for_yet(self, shut: Feed) -> None:
        async with shut.workspace.store.begin(shut.workspace.id) as uow:
            account = await uow.accounts.get(shut.account_id)
            assert account.grant_id
            (await uow.grants.get(account.grant_id)).state = GrantState.PENDING
        await look(shut, seconds_ago=9999)

        await watchdog(shut, "Ana").look()

        assert await posts(shut) == []


class TestALookAtWhatIsWell:
    async def test_takes_one_transaction_for_all_and_one_for_each_workspace(
        self, watched: Feed
    ) -> None:
        begun: list[object] = []

        def note(connection: object) -> None:
            begun.append(connection)

        engine = watched.workspace.store._engine.sync_engine
        event.listen(engine, "begin", note)
        try:
            await watchdog(watched, "Ana").look()
        finally:
            event.remove(engine, "begin", note)

        assert len(begun) == 2


class TestTheChannelForAlarms:
    """Beside what the admins are told directly."""

    @pytest.fixture
    async def ops(self, watched: Feed) -> ChannelId:
        channel = ChannelId(watched.slack.channels["billing"])
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await set_ops_channel(uow, channel)
        return channel

    async def test_shows_one_card_that_says_itself_when_it_is_over(
        self, watched: Feed, ops: ChannelId
    ) -> None:
        dogs = [watchdog(watched, "Ana", "Ben") for _ in range(3)]
        await look(watched, seconds_ago=7300)
        for _ in range(2):
            await asyncio.gather(*(dog.look() for dog in dogs))
        await drain(watched.feeding, watched.workspace.id, ops)
        (raised,) = watched.slack.messages(ops)

        await look(watched, seconds_ago=0)
        for _ in range(2):
            await asyncio.gather(*(dog.look() for dog in dogs))
        await drain(watched.feeding, watched.workspace.id, ops)
        (over,) = watched.slack.messages(ops)

        assert "🔴 The mailbox support@example.com (INBOX) gives no sign of life" in text_of(raised)
        assert over["ts"] == raised["ts"]
        assert "✅ The mailbox support@example.com (INBOX) is looked at again" in text_of(over)
        assert "It gave no sign of life for 2 hours, from <!date^" in text_of(over)
        told = [one.kind for one in await posts(watched) if one.channel_id != ops]
        assert sorted(told) == [PostKind.ALARM] * 2 + [PostKind.ALARM_OVER] * 2

    async def test_shows_what_was_over_before_slack_could_be_told(
        self, watched: Feed, ops: ChannelId
    ) -> None:
        watched.slack.fail_next("conversations.open", FaultKind.HTTP)
        dog = watchdog(watched, "Ana")
        await look(watched, seconds_ago=500)
        await dog.look()
        await look(watched, seconds_ago=0)

        await dog.look()
        await drain(watched.feeding, watched.workspace.id, ops)

        (said,) = watched.slack.messages(ops)
        assert "is looked at again" in text_of(said)

    async def test_says_that_somebody_paused_the_mailbox(
        self, watched: Feed, ops: ChannelId
    ) -> None:
        dog = watchdog(watched)
        await look(watched, seconds_ago=500)
        await dog.look()
        await let_be(watched)
        await dog.look()
        await drain(watched.feeding, watched.workspace.id, ops)

        (said,) = watched.slack.messages(ops)
        assert "⏸ The mailbox support@example.com (INBOX) was paused by Ben." in text_of(said)
        assert "The alarm before lasted" in text_of(said)

    async def test_that_was_changed_gets_the_next_alarm_and_the_old_card_ends_where_it_is(
        self, watched: Feed, ops: ChannelId
    ) -> None:
        dog = watchdog(watched)
        await look(watched, seconds_ago=500)
        await dog.look()
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await set_ops_channel(uow, "")
        await look(watched, seconds_ago=0)
        await dog.look()
        await look(watched, seconds_ago=500)
        await dog.look()
        await drain(watched.feeding, watched.workspace.id, ops)

        (said,) = watched.slack.messages(ops)
        assert "is looked at again" in text_of(said)

    async def test_shared_with_another_organisation_is_shown_nothing(
        self, watched: Feed, ops: ChannelId
    ) -> None:
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await note_sharing(uow, ops, is_shared=True)
        await look(watched, seconds_ago=500)
        await watchdog(watched, "Ana").look()

        await drain(watched.feeding, watched.workspace.id, ops)

        assert watched.slack.messages(ops) == []
        assert PostKind.ALARM in {one.kind for one in await posts(watched)}

    async def test_shared_with_another_organisation_is_not_taken(self, watched: Feed) -> None:
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await note_sharing(uow, watched.channel, is_shared=True)
            with pytest.raises(InvalidInput, match="shared with another organisation"):
                await set_ops_channel(uow, watched.channel)
            await accept_sharing(
                uow, Actor(watched.workspace.id, Origin.API), watched.channel, accepted=True
            )

            assert await set_ops_channel(uow, watched.channel) == watched.channel

    async def test_follows_the_id_that_slack_gives_it(self, watched: Feed, ops: ChannelId) -> None:
        new = ChannelId("C0ANEWID")
        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            await change_id(uow, ops, new)

        async with watched.workspace.store.begin(watched.workspace.id) as uow:
            assert (await uow.sight.workspace()).ops_channel_id == new
