"""How often Postgres is waited for between a mail's arrival and its post in Slack, and for a wish.

Each time takes about a millisecond, and somebody waits for the card: these bounds are what makes
the way of a mail short. Whoever needs one more statement sees whether it can go with another one.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.commands.enqueue import enqueue_for_conversation
from app.commands.types import Archive
from app.core.access import system
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Command, CommandState, Conversation
from tests.contract.jobs.test_serving import Served, serving
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.feed import Feed
from tests.fixtures.round_trips import round_trips
from tests.fixtures.syncing import MakeSync, Sync

KEPT = 10
"""From the moment the server speaks until its mail is kept."""
JOINED = 15
"""The same where the mail joins a conversation that there is."""
POSTED = 3
"""From there until Slack is asked."""
CLAIMED = 9
"""From the moment a wish wakes the connection until the server is asked to carry it out."""
FROM_ANA = b"From: Ana Ruiz <ana@acme.example>\r\nTo: support@example.com\r\n"
FIRST = (
    b"Message-ID: <first@acme.example>\r\nSubject: Question\r\n" + FROM_ANA + b"\r\nHi there.\r\n"
)
FURTHER = (
    b"Message-ID: <further@acme.example>\r\nIn-Reply-To: <first@acme.example>\r\n"
    b"Subject: Re: Question\r\n" + FROM_ANA + b"\r\nHi again.\r\n"
)


@dataclass(frozen=True)
class Way:
    """An account that waits in IDLE, and the channel that its mail is posted to."""

    served: Served
    inbox: DovecotInbox
    feed: Feed
    sync: Sync

    async def comes_in(self, raw: bytes) -> list[str]:
        """What the database is asked until the mail is kept."""
        waiting = asyncio.create_task(self.served.serving.wait())
        await self.inbox.deliver(raw)
        await waiting
        with round_trips() as sent:
            await self.served.serving.turn()
        return sent[: sent.index("COMMIT") + 1]

    async def is_posted(self) -> list[str]:
        """What the database is asked until Slack is, whose answer is kept by a transaction."""
        with round_trips() as sent:
            await self.feed.drain()
        begun = next(at for at, one in enumerate(sent) if one.startswith("BEGIN"))
        return sent[: begun - 1]  # its first statement is noted before BEGIN


@pytest.fixture
async def way(
    feed: Feed, make_sync: MakeSync, mail_user: DovecotInbox, nothing_else_is_told: None
) -> AsyncIterator[Way]:
    sync = await make_sync(mail_user, channel_id=feed.channel)
    async with (
        FaultProxy(mail_user.host, mail_user.server.imap_port) as proxy,
        serving(sync, proxy) as served,
    ):
        await served.settle()
        yield Way(served, mail_user, feed, sync)


class TestTheWayOfAMail:
    async def test_that_begins_a_conversation(self, way: Way) -> None:
        kept = await way.comes_in(FIRST)
        posted = await way.is_posted()

        assert way.feed.shown() == ["Ana Ruiz - Question"]
        assert len(kept) <= KEPT
        assert len(posted) <= POSTED

    async def test_that_goes_on_with_one(self, way: Way) -> None:
        await way.comes_in(FIRST)
        await way.is_posted()

        kept = await way.comes_in(FURTHER)
        posted = await way.is_posted()

        (card,) = way.feed.slack.messages("support")
        assert len(way.feed.slack.replies("support", card["ts"])) == 1
        assert len(kept) <= JOINED
        assert len(posted) <= POSTED


class TestTheWayOfAWish:
    async def test_that_moves_a_mail(self, way: Way) -> None:
        await way.comes_in(FIRST)
        sync = way.sync
        (conversation,) = await sync.all(Conversation)
        waiting = asyncio.create_task(way.served.serving.wait())
        async with sync.rows() as uow:
            actor = system(uow.workspace_id)
            await enqueue_for_conversation(uow, actor, conversation.id, Archive())
        way.served.waker.wake()
        await waiting

        with round_trips() as sent:
            await way.served.serving.turn()

        (command,) = await sync.all(Command)
        assert command.state is CommandState.DONE
        assert len(sent[: sent.index("COMMIT") + 1]) <= CLAIMED
