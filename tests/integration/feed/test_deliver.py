"""Each post once, in order, whatever Slack does; judged by what the channel shows at the end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.commands.show import show_original
from app.core.errors import Conflict
from app.core.ids import ChannelId
from app.feed.channels import set_exposure
from app.feed.context import Draining, Later
from app.feed.deliver import drain
from app.feed.port import MessageGone, WorkspaceRefused
from app.feed.post import Poster
from app.sandbox.slack.emulator import Write
from app.sandbox.slack.faults import FaultKind
from app.slack.client import WorkspaceClient, http_session, web_client
from app.store.models import ChannelState, Exposure, Post, PostKind, PostState
from app.store.notify import Waker
from app.store.queue import drain_channel
from tests.fixtures.feed import Feed


class TestClaiming:
    async def test_what_is_in_slack_already(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        (post,) = await feed.posts()

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            assert await uow.claiming.claim(post.id, looked_up=True) is None

        (same,) = await feed.posts()
        assert (same.state, same.attempts) == (PostState.SENT, 1)

    async def test_what_changes_after_it_was_found_is_shown_later(self, feed: Feed) -> None:
        await feed.mail("Question")
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            found = (await uow.drawing.next_in(feed.channel)).unsent
        assert found is not None
        await feed.change("Question")

        async with feed.feeding.slack.of(feed.workspace.id) as slack:
            draining = Draining(feed.feeding, feed.workspace.id, feed.channel, slack, Waker())
            await Poster(draining).send(found)

        (post,) = await feed.posts()
        assert post.state is PostState.SENT
        assert post.shown < post.wanted

    async def test_what_cannot_be_sent_counts_as_never_tried(self, feed: Feed) -> None:
        await feed.mail("Question")
        (post,) = await feed.posts()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            card = await uow.posts.lock(post.id)
            card.state = PostState.PARKED
        await feed.mail("Re: Question", "Question")

        await feed.drain()

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            line = (await uow.session.exec(select(Post).where(Post.kind == PostKind.MAIL))).one()
        assert (line.state, line.attempts) == (PostState.PARKED, 0)


class TestPosting:
    async def test_is_in_order_and_once(self, feed: Feed) -> None:
        for subject in ("First", "Second", "Third"):
            await feed.mail(subject)

        await feed.drain()
        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First", "Ana Ruiz - Second", "Ana Ruiz - Third"]

    async def test_a_further_mail_stands_in_the_thread(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.mail("Re: Question", "Question", excerpt="One more thing.")

        await feed.drain()

        (card,) = feed.slack.messages("support")
        (reply,) = feed.slack.replies("support", card["ts"])
        assert "One more thing." in reply["text"]
        assert "1 more mail in the thread" in str(card["blocks"])

    async def test_says_nothing_of_the_mail_in_its_metadata(self, feed: Feed) -> None:
        await feed.mail("Secret plans")

        await feed.drain()

        (card,) = feed.slack.messages("support")
        (post,) = await feed.posts()
        assert card["metadata"] == {
            "event_type": "sharedbox_post",
            "event_payload": {"post_id": str(post.id)},
        }

    async def test_keeps_slacks_pace(self, feed: Feed) -> None:
        object.__setattr__(feed.feeding, "apart", timedelta(seconds=0.4))
        for subject in ("First", "Second", "Third"):
            await feed.mail(subject)

        await feed.drain()

        times = [float(one["ts"]) for one in feed.slack.messages("support")]
        assert times[1] - times[0] >= 0.35
        assert times[2] - times[1] >= 0.35

    async def test_a_refresh_does_not_wait_for_the_posts_before_it(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.drain()
        object.__setattr__(feed.feeding, "apart", timedelta(seconds=5))
        await feed.mail("Second")
        await feed.mail("Third")
        draining = asyncio.create_task(feed.drain())
        while "Ana Ruiz - Second" not in feed.shown():
            await asyncio.sleep(0.02)

        started = asyncio.get_running_loop().time()
        await feed.change("First")
        (card, *_) = feed.slack.messages("support")
        while not feed.slack.message("support", card["ts"]).get("edited"):
            await asyncio.sleep(0.02)

        assert asyncio.get_running_loop().time() - started < 2
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)


def edits(feed: Feed) -> list[Write]:
    return [one for one in feed.slack.writes if one.method == "chat.update"]


LOST_ANSWERS = [
    FaultKind.DROP_AFTER,
    FaultKind.RESET_AFTER,
    FaultKind.HTTP_AFTER,
    FaultKind.HALF_BODY,
]


class TestAnAnswerIsLost:
    @pytest.mark.parametrize("kind", LOST_ANSWERS)
    async def test_though_slack_took_the_post(self, feed: Feed, kind: FaultKind) -> None:
        await feed.mail("First")
        await feed.mail("Second")
        feed.slack.fail_next("chat.postMessage", kind)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First", "Ana Ruiz - Second"]
        assert [post.state for post in await feed.posts()] == [PostState.SENT, PostState.SENT]

    async def test_and_never_comes(self, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.slack.client.CALL_SECONDS", 0.5)
        await feed.mail("First")
        await feed.mail("Second")
        feed.slack.fail_next("chat.postMessage", FaultKind.HANG_AFTER)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First", "Ana Ruiz - Second"]

    async def test_in_a_thread(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        await feed.mail("Re: Question", "Question")
        feed.slack.fail_next("chat.postMessage", FaultKind.DROP_AFTER)

        await feed.drain()

        (card,) = feed.slack.messages("support")
        assert len(feed.slack.replies("support", card["ts"])) == 1

    async def test_in_a_thread_whose_card_was_deleted_meanwhile(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        await feed.mail("Re: Question", "Question")
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            post = (await uow.drawing.next_in(feed.channel)).unsent
            assert post is not None
            assert await uow.claiming.claim(post.id, looked_up=True)
        (card,) = feed.slack.messages("support")
        feed.slack.delete_message("support", card["ts"])

        await feed.drain()

        (shown,) = feed.slack.messages("support")
        assert len(feed.slack.replies("support", shown["ts"])) == 1

    async def test_because_slack_never_got_the_post(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.DROP_BEFORE)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_and_without_a_look_nothing_is_posted_again(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.DROP_AFTER)
        feed.slack.fail_next("conversations.history", FaultKind.HTTP, times=50)

        with pytest.raises(Later):
            await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]
        feed.slack.emulator.faults.clear()
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_twice_in_a_row_the_younger_twin_is_deleted(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.drain()
        (post,) = await feed.posts()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            again = await uow.posts.lock(post.id)
            again.state, again.ts = PostState.WAITING, None
            await uow.session.flush()
            assert await uow.claiming.claim(again.id, looked_up=True)
        (card,) = feed.slack.messages("support")
        async with http_session() as http:
            client = web_client(http, feed.slack.api_url, feed.slack.bot_token)
            await client.chat_postMessage(
                channel=feed.channel, text=card["text"], metadata=card["metadata"]
            )

        await feed.drain()

        (left,) = feed.slack.messages("support")
        assert left["ts"] == card["ts"]


class TestSlackAsksToWait:
    @pytest.mark.parametrize("seconds", [1, 2])
    async def test_a_little(self, feed: Feed, seconds: int) -> None:
        for subject in ("First", "Second"):
            await feed.mail(subject)
        feed.slack.fail_next("chat.postMessage", FaultKind.RATE_LIMITED, seconds=seconds)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First", "Ana Ruiz - Second"]

    async def test_for_an_hour_is_left_to_a_later_job(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.RATE_LIMITED, seconds=3600)

        with pytest.raises(Later) as later:
            await feed.drain()

        wait = later.value.at - datetime.now(UTC)
        assert timedelta(minutes=59) < wait < timedelta(minutes=61)
        assert feed.shown() == []

    @pytest.mark.parametrize(
        ("kind", "least"),
        [
            (FaultKind.RATE_LIMITED, timedelta(seconds=29)),
            (FaultKind.RATE_LIMITED_SILENTLY, timedelta(seconds=9)),
            (FaultKind.ERROR, timedelta(seconds=9)),
        ],
    )
    async def test_however_it_says_so_the_order_is_kept_and_other_channels_go_on(
        self, feed: Feed, monkeypatch: pytest.MonkeyPatch, kind: FaultKind, least: timedelta
    ) -> None:
        """By 429 with and without Retry-After, and by its word in an answer with 200."""
        monkeypatch.setattr("app.feed.deliver.LONGEST_WAIT", timedelta(seconds=5))
        other = ChannelId(feed.slack.channels["sales"])
        for subject in ("First", "Second"):
            await feed.mail(subject)
        feed.slack.fail_next("chat.postMessage", kind, seconds=30, error="ratelimited")
        with pytest.raises(Later) as later:
            await feed.drain()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (await uow.accounts.get(feed.account_id)).channel_id = other
        await feed.mail("Elsewhere")

        await drain(feed.feeding, feed.workspace.id, other)
        with pytest.raises(Later):
            await feed.drain()

        assert later.value.at - datetime.now(UTC) > least - timedelta(seconds=5)
        assert len(feed.slack.messages("sales")) == 1
        assert feed.shown() == []
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            (await uow.channels.get(feed.channel)).next_post_at = None
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First", "Ana Ruiz - Second"]

    async def test_until_the_clock_was_set_back(self, feed: Feed) -> None:
        await feed.mail("First")
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            channel = await uow.channels.get(feed.channel)
            channel.next_post_at = datetime.now(UTC) + timedelta(days=40)
            waiting = drain_channel(
                feed.workspace.id, feed.channel, not_before=channel.next_post_at, hurries=False
            )
            uow.leave(waiting)
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            uow.leave(drain_channel(feed.workspace.id, feed.channel, hurries=False))

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            connection = await uow.session.connection()
            at = await connection.execute(text("SELECT scheduled_at FROM procrastinate_jobs"))
            assert all(moment is None for (moment,) in at)
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First"]


class TestSlackRefuses:
    @pytest.mark.parametrize(
        "code", ["channel_not_found", "is_archived", "not_in_channel", "missing_scope"]
    )
    async def test_the_channel_is_paused_and_goes_on_when_it_is_mended(
        self, feed: Feed, code: str
    ) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, error=code)

        with pytest.raises(Later):
            await feed.drain()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            channel = await uow.channels.get(feed.channel)
            assert channel.state is ChannelState.PAUSED
            assert channel.detail
            channel.next_post_at = None
        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            channel = await uow.channels.get(feed.channel)
            assert (channel.state, channel.detail) == (ChannelState.OPEN, "")
            events = [event.type for event in await uow.events.after(0, limit=100)]
            assert ("channel.paused" in events, "channel.resumed" in events) == (True, True)

    @pytest.mark.parametrize("code", ["token_revoked", "account_inactive", "invalid_auth"])
    async def test_the_workspace(self, feed: Feed, code: str) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, error=code)

        with pytest.raises(WorkspaceRefused):
            await feed.drain()

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            installation = await uow.installations.current()
            assert installation is not None
            assert (installation.state, installation.detail) == ("revoked", code)
        await feed.drain()
        assert feed.shown() == ["Ana Ruiz - First"]

    async def test_the_blocks_so_it_is_said_in_plain_text(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, error="invalid_blocks")

        await feed.drain()

        (card,) = feed.slack.messages("support")
        assert card["text"].startswith("Ana Ruiz - First")
        assert not card.get("blocks")

    async def test_even_that_so_it_is_parked_and_the_rest_goes_on(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.mail("Second")
        feed.slack.fail_next("chat.postMessage", FaultKind.ERROR, times=2, error="msg_too_long")

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - Second"]
        states = {post.state: post.detail for post in await feed.posts()}
        assert "msg_too_long" in states[PostState.PARKED]


class TestRefreshing:
    async def test_shows_the_last_of_many_changes_by_one_edit(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.drain()
        before = len(edits(feed))
        for _ in range(5):
            await feed.change("First")

        await feed.drain()

        assert len(edits(feed)) == before + 1

    @pytest.mark.parametrize("kind", [*LOST_ANSWERS, FaultKind.DROP_BEFORE, FaultKind.RATE_LIMITED])
    async def test_is_repeated_until_it_is_shown(self, feed: Feed, kind: FaultKind) -> None:
        await feed.mail("First")
        await feed.drain()
        await feed.change("First")
        feed.slack.fail_next("chat.update", kind)

        await feed.drain()

        (post,) = await feed.posts()
        assert post.shown == post.wanted

    async def test_of_a_card_that_somebody_deleted_brings_nothing_back(self, feed: Feed) -> None:
        await feed.mail("First")
        await feed.drain()
        (card,) = feed.slack.messages("support")
        feed.slack.delete_message("support", card["ts"])
        await feed.change("First")

        await feed.drain()

        assert feed.slack.messages("support") == []
        (post,) = await feed.posts()
        assert post.state is PostState.DELETED

    async def test_but_a_new_mail_of_that_conversation_is_shown(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        (card,) = feed.slack.messages("support")
        feed.slack.delete_message("support", card["ts"])
        await feed.change("Question")
        await feed.drain()

        await feed.mail("Re: Question", "Question", excerpt="Hello?")
        await feed.drain()

        (shown,) = feed.slack.messages("support")
        assert "Hello?" in str(shown["blocks"])

    async def test_even_if_nobody_had_noticed_that_it_was_deleted(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        (card,) = feed.slack.messages("support")
        feed.slack.delete_message("support", card["ts"])

        await feed.mail("Re: Question", "Question", excerpt="Hello?")
        await feed.drain()

        (shown,) = feed.slack.messages("support")
        (reply,) = feed.slack.replies("support", shown["ts"])
        assert "Hello?" in reply["text"]

    async def test_but_not_without_end(self, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        post = WorkspaceClient.post

        async def find_no_thread(client: WorkspaceClient, *args: Any, **options: Any) -> str:
            if options["thread_ts"] is not None:
                raise MessageGone("thread_not_found")
            return await post(client, *args, **options)

        monkeypatch.setattr(WorkspaceClient, "post", find_no_thread)
        await feed.mail("Question")
        await feed.mail("Re: Question", "Question")

        await feed.drain()

        assert len(feed.shown()) == 4


class TestStopping:
    async def test_leaves_what_is_left_to_others(self, feed: Feed) -> None:
        for subject in ("First", "Second"):
            await feed.mail(subject)
        feed.feeding.stop.set()

        with pytest.raises(Later):
            await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]


class TestAccountRemovedMeanwhile:
    async def test_what_slack_has_just_taken_is_nothing_to_note(
        self, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        post = WorkspaceClient.post

        async def post_and_remove(client: WorkspaceClient, *args: Any, **options: Any) -> str:
            ts = await post(client, *args, **options)
            async with feed.workspace.store.begin(feed.workspace.id) as uow:
                await uow.accounts.delete(await uow.accounts.get(feed.account_id))
            return ts

        monkeypatch.setattr(WorkspaceClient, "post", post_and_remove)
        await feed.mail("First")
        await feed.mail("Second")

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]


class TestExposure:
    async def test_a_change_redraws_what_stands_there(self, feed: Feed) -> None:
        await feed.mail("Question", excerpt="Our secret plan.")
        await feed.mail("Re: Question", "Question", excerpt="Our other secret.")
        await feed.drain()
        assert "secret" in str(feed.slack.messages("support"))

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await set_exposure(uow, feed.channel, Exposure.HEADERS)
        await feed.drain()
        await feed.mail("Re: Question", "Question", excerpt="A third secret.")
        await feed.drain()

        (card,) = feed.slack.messages("support")
        replies = feed.slack.replies("support", card["ts"])
        assert len(replies) == 2
        assert "secret" not in str([card, *replies])

    async def test_no_file_is_brought_where_words_are_not_shown(self, feed: Feed) -> None:
        await feed.mail("Question")
        await feed.drain()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await set_exposure(uow, feed.channel, Exposure.LINES)

        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            with pytest.raises(Conflict, match="shows less of a mail"):
                await show_original(uow, feed.conversations["Question"])
