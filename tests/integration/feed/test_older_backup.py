"""After an older backup was restored: Slack has what the tables know nothing of."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
import sqlalchemy

from app.core.ids import ChannelId, PlacementId
from app.feed.context import Later
from app.feed.earlier import Earlier
from app.feed.port import SlackFeed
from app.sandbox.slack.faults import FaultKind
from app.slack.client import WorkspaceClient
from app.store.models import PlacementState, Post, PostKind
from app.store.repositories.claiming import CLOCK_SKEW, Gap
from app.store.repositories.fleet import AccountRef
from app.store.repositories.ledger import Entry, Place
from tests.fixtures.feed import Feed


class TestAfterAnOlderBackup:
    """The rows are gone, the mails come in again, and Slack has what was posted of them."""

    async def test_the_card_and_its_thread_are_adopted(self, feed: Feed) -> None:
        digests = [bytes([n]) * 32 for n in range(2)]
        await feed.mail("Question", raw_sha256=digests[0])
        await feed.mail("Re: Question", "Question", raw_sha256=digests[1])
        await feed.drain()
        (before,) = feed.slack.messages("support")
        writes = len(feed.slack.writes)
        await restored(feed)

        await feed.mail("Question", raw_sha256=digests[0])
        await feed.mail("Re: Question", "Question", raw_sha256=digests[1])
        await feed.drain()

        (card,) = feed.slack.messages("support")
        assert card["ts"] == before["ts"]
        assert len(feed.slack.replies("support", card["ts"])) == 1
        assert {one.method for one in feed.slack.writes[writes:]} == {"chat.update"}
        (conversation,) = feed.conversations.values()
        assert str(conversation) in str(card["blocks"])

    async def test_a_mail_that_could_not_be_read(self, feed: Feed) -> None:
        await unreadable(feed)
        await feed.drain()
        (before,) = feed.slack.messages("support")
        await restored(feed)

        placement = await unreadable(feed)
        await feed.drain()

        (shown,) = feed.slack.messages("support")
        assert shown["ts"] == before["ts"]
        assert str(placement) in str(shown["blocks"])

    async def test_what_slack_does_not_have_is_posted(self, feed: Feed) -> None:
        await feed.mail("Before")
        await feed.drain()
        await restored(feed)

        await feed.mail("Never posted")
        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - Before", "Ana Ruiz - Never posted"]

    async def test_one_look_is_enough_for_all(
        self, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks: list[Any] = []
        look = WorkspaceClient.marked

        async def count(client: WorkspaceClient, *args: Any, **options: Any) -> dict[Any, Any]:
            looks.append(options)
            return await look(client, *args, **options)

        monkeypatch.setattr(WorkspaceClient, "marked", count)
        await restored(feed)
        for n in range(5):
            await feed.mail(f"Mail {n}")

        await feed.drain()

        assert len(feed.shown()) == 5
        assert len(looks) == 1

    async def test_accounts_whose_gaps_overlap_share_a_look(self, feed: Feed) -> None:
        """Else posts of two accounts in turn would each cost a look through the channel."""
        looks = Looks()
        post = Post(workspace_id=feed.workspace.id, channel_id=feed.channel, kind=PostKind.CARD)
        gaps = [gap(0, 10), gap(5, 15), gap(0, 10), gap(5, 15), gap(60, 70)]
        earlier = Earlier()

        for one in gaps:
            await earlier.find(
                feed.workspace.store,
                cast("SlackFeed", looks),
                feed.workspace.id,
                post,
                one,
                thread_ts=None,
            )

        assert looks.spans == [gap(0, 10), gap(0, 15), gap(60, 70)]

    async def test_no_post_before_the_look(self, feed: Feed) -> None:
        digest = b"x" * 32
        await feed.mail("First", raw_sha256=digest)
        await feed.drain()
        await restored(feed)
        await feed.mail("First", raw_sha256=digest)
        feed.slack.fail_next("conversations.history", FaultKind.HTTP, times=50)

        with pytest.raises(Later):
            await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]
        feed.slack.emulator.faults.clear()
        await hurry(feed)
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_who_may_not_look_posts_all_the_same(self, feed: Feed) -> None:
        await restored(feed)
        await feed.mail("First")
        feed.slack.fail_next("conversations.history", FaultKind.ERROR, error="missing_scope")

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_what_comes_in_later_is_posted_without_a_look(self, feed: Feed) -> None:
        await restored(feed)
        await feed.mail("First", received_at=datetime.now(UTC) + timedelta(minutes=3))
        await execute(feed, "UPDATE posts SET created_at = created_at + interval '3 minutes'")
        feed.slack.fail_next("conversations.history", FaultKind.HTTP, times=50)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]


class Looks:
    """A channel in which nothing stands; remembers what it was asked for."""

    def __init__(self) -> None:
        self.spans: list[Gap] = []

    async def marked(
        self, channel: ChannelId, *, since: datetime, until: datetime, thread_ts: str | None
    ) -> dict[UUID, list[str]]:
        self.spans.append(Gap(since + CLOCK_SKEW, until - CLOCK_SKEW))
        return {}


def gap(since: int, until: int) -> Gap:
    """In minutes of an hour."""
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return Gap(begin + timedelta(minutes=since), begin + timedelta(minutes=until))


async def restored(feed: Feed) -> None:
    """Forget every mail, as an older database does, and take the account anew."""
    await execute(
        feed,
        "DELETE FROM placements",
        "DELETE FROM posts",
        "DELETE FROM conversations",
        "UPDATE mailboxes SET last_checked_at = now() - interval '1 hour'",
    )
    feed.conversations.clear()
    feed.uids = itertools.count(1)
    async with feed.workspace.store.across_workspaces() as fleet:
        await fleet.raise_fences([AccountRef(feed.workspace.id, feed.account_id)])


async def unreadable(feed: Feed) -> PlacementId:
    place = Place(feed.mailbox_id, 1, next(feed.uids))
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        await uow.ledger.record([Entry(place, PlacementState.QUARANTINED, reason="Broken.")])
        (placement,) = (await uow.ledger.at([place])).values()
        await feed.announce(uow, await uow.accounts.get(feed.account_id), placement.id)
    return placement.id


async def hurry(feed: Feed) -> None:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        (await uow.channels.get(feed.channel)).next_post_at = None


async def execute(feed: Feed, *statements: str) -> None:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        connection = await uow.session.connection()
        for statement in statements:
            await connection.execute(sqlalchemy.text(statement))
