"""A worker that stood still before a post: others may have posted it in the meantime."""

from dataclasses import replace

import pytest

from app.feed.context import Later
from app.feed.deliver import drain
from app.sandbox.slack.faults import FaultKind
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
