"""What Slack refused for good: said, kept, and posted once it can be."""

import pytest
import sqlalchemy

from app.core.errors import NotFound
from app.core.ids import ChannelId
from app.feed.again import try_channel_again
from app.feed.context import Later
from app.sandbox.slack.faults import FaultKind
from app.store.models import PlacementState, PostState
from app.store.queue import drain_channel
from app.store.repositories.ledger import Entry, Place
from tests.fixtures.feed import Feed
from tests.fixtures.stack import eventually


class TestParked:
    """What Slack will not take waits until that is mended, or somebody asks."""

    async def test_is_told_by_an_event(self, feed: Feed) -> None:
        await refused(feed, "First")

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (event,) = [one for one in await uow.events.after(0, limit=99) if "post." in one.type]
        assert event.type == "post.parked"
        assert event.data["reason"] == "content"
        assert event.data["channel"] == feed.channel

    async def test_is_posted_again_when_somebody_asks(self, feed: Feed) -> None:
        await refused(feed, "First")

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await try_channel_again(uow, feed.channel)
        await feed.drain()

        (card,) = feed.slack.messages("support")
        assert card["text"].startswith("Ana Ruiz - First")
        assert card["blocks"]
        (post,) = await feed.posts()
        assert (post.state, post.detail) == (PostState.SENT, "")

    async def test_asking_tries_a_paused_channel_at_once(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, error="is_archived")
        with pytest.raises(Later) as later:
            await feed.drain()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            connection = await uow.session.connection()
            await connection.execute(sqlalchemy.text("DELETE FROM procrastinate_jobs"))
            uow.leave(drain_channel(feed.workspace.id, feed.channel, not_before=later.value.at))

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await try_channel_again(uow, feed.channel)

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            connection = await uow.session.connection()
            waiting = await connection.execute(
                sqlalchemy.text(
                    "SELECT scheduled_at FROM procrastinate_jobs "
                    "WHERE status = 'todo' AND task_name = 'feed.drain'"
                )
            )
            assert waiting.all() == [(None,)]
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_a_file_goes_when_another_shows_that_the_app_may(self, feed: Feed) -> None:
        await unreadable(feed)
        feed.slack.fail_next("files.getUploadURLExternal", FaultKind.ERROR, error="missing_scope")
        await feed.drain()
        (first,) = feed.slack.messages("support")
        assert feed.slack.replies("support", first["ts"]) == []
        await unreadable(feed)

        await feed.drain()

        async def is_shared() -> bool:
            return bool(feed.slack.replies("support", first["ts"]))

        await eventually(is_shared)

    async def test_of_no_such_channel(self, feed: Feed) -> None:
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            with pytest.raises(NotFound):
                await try_channel_again(uow, ChannelId("C0NOWHERE"))

    async def test_what_wants_a_card_goes_when_the_card_is_there(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.mail("Re: Question", "Question", excerpt="Hello?")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, times=2, error="msg_too_long")
        await feed.drain()
        assert feed.shown() == []
        (card,) = await feed.posts()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (await uow.posts.lock(card.id)).state = PostState.WAITING

        await feed.drain()

        (shown,) = feed.slack.messages("support")
        (reply,) = feed.slack.replies("support", shown["ts"])
        assert "Hello?" in reply["text"]


class TestACardThatNamesNoMail:
    """Its row was damaged: nobody can draw it, and it must hold nothing up."""

    async def test_is_parked_and_the_rest_goes_on(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.mail("Second")
        await damage(feed)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - Second"]
        broken = (await feed.posts())[0]
        assert broken.state is PostState.PARKED
        assert "names no mail" in broken.detail

    async def test_is_left_as_it_stands_where_it_was_posted(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.drain()
        await damage(feed)
        await feed.change("First")

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]
        (broken,) = await feed.posts()
        assert (broken.state, broken.shown) == (PostState.SENT, broken.wanted)
        assert "names no mail" in broken.detail


async def damage(feed: Feed) -> None:
    first = (await feed.posts())[0]
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        (await uow.posts.lock(first.id)).message_id = None


async def refused(feed: Feed, subject: str) -> None:
    """A mail that Slack takes in no form."""
    await feed.mail(subject)
    feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, times=2, error="msg_too_long")
    await feed.drain()
    assert feed.shown() == []


async def unreadable(feed: Feed) -> None:
    """A mail that nobody can read, of which we have the bytes."""
    (digest,) = await feed.feeding.blobs.put_many([f"Mail {next(feed.uids)}".encode()])
    entry = Entry(
        Place(feed.mailbox_id, 1, next(feed.uids)),
        PlacementState.QUARANTINED,
        reason="Broken.",
        raw_sha256=digest,
    )
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        await uow.ledger.record([entry])
        (placement,) = (await uow.ledger.at([entry.place])).values()
        await feed.announce(uow, await uow.accounts.get(feed.account_id), placement.id)
