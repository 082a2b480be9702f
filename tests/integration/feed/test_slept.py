"""A worker that stood still before a post: others may have posted it in the meantime."""

from dataclasses import replace

import pytest

from app.core.errors import SharedBoxError
from app.feed.context import Later
from app.feed.deliver import drain
from app.feed.port import ContentRefused, NotReached
from app.sandbox.slack.faults import FaultKind
from app.slack.client import WorkspaceClient
from app.store.models import PostState
from tests.fixtures.feed import Feed


class TestAWorkerThatStoodStill:
    async def test_posts_nothing_without_a_look(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("conversations.history", FaultKind.HTTP, times=50)
        always = replace(feed.feeding, slept_seconds=-1)

        with pytest.raises(Later):
            await drain(always, feed.workspace.id, feed.channel)

        assert feed.shown() == []

    async def test_posts_once_another_one_has_looked(self, feed: Feed) -> None:
        await feed.mail("First")
        feed.slack.fail_next("conversations.history", FaultKind.HTTP, times=50)
        always = replace(feed.feeding, slept_seconds=-1)
        with pytest.raises(Later):
            await drain(always, feed.workspace.id, feed.channel)
        feed.slack.emulator.faults.clear()

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]

    @pytest.mark.parametrize("answer", [NotReached("Gone."), ContentRefused("invalid_blocks")])
    async def test_and_then_has_no_luck_lets_what_another_one_posted_be(
        self, feed: Feed, monkeypatch: pytest.MonkeyPatch, answer: SharedBoxError
    ) -> None:
        await feed.mail("First")
        honest = WorkspaceClient.post

        async def late(*_: object, **__: object) -> str:
            monkeypatch.setattr(WorkspaceClient, "post", honest)
            await feed.drain()
            raise answer

        monkeypatch.setattr(WorkspaceClient, "post", late)

        await feed.drain()

        assert feed.shown() == ["Ana Ruiz - First"]
        assert [(one.state, one.attempts) for one in await feed.posts()] == [(PostState.SENT, 2)]
