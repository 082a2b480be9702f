"""A flood of mail into one channel, while Slack asks again and again to be left in peace."""

import itertools

from app.feed.announce import Announcer
from app.sandbox.slack.faults import FaultKind
from app.store.models import PlacementState, PostState
from app.store.repositories.ledger import Entry, Place
from tests import factories
from tests.fixtures.feed import Feed

MAILS = 200


async def flood(feed: Feed) -> None:
    """As many mails at once, each a conversation of its own, in one transaction."""
    workspace = feed.workspace
    async with workspace.store.begin(workspace.id) as uow:
        account = await uow.accounts.get(feed.account_id)
        rows = [
            factories.conversation(workspace.id, feed.account_id, subject=f"Mail {n}")
            for n in range(MAILS)
        ]
        feed.conversations |= {row.subject: row.id for row in rows}
        await uow.conversations.add_all(rows)
        mails = [
            factories.message(workspace.id, feed.account_id, row.id, subject=row.subject)
            for row in rows
        ]
        await uow.messages.add_all(mails)
        await uow.ledger.record([
            Entry(Place(feed.mailbox_id, 1, next(feed.uids)), PlacementState.STORED,
                  message_id=mail.id)
            for mail in mails
        ])  # fmt: skip
        await Announcer().arrived(uow, account, mails)


class TestTwoHundredMails:
    async def test_are_all_there_in_order_though_slack_limits_us(self, feed: Feed) -> None:
        await flood(feed)
        for fault in (FaultKind.RATE_LIMITED, FaultKind.DROP_AFTER, FaultKind.RATE_LIMITED):
            feed.slack.fail_next("chat.postMessage", fault, seconds=1)

        await feed.drain()

        assert feed.shown() == [f"Ana Ruiz - Mail {n}" for n in range(MAILS)]
        assert {post.state for post in await feed.posts()} == {PostState.SENT}
        times = [float(one["ts"]) for one in feed.slack.messages("support")]
        assert all(earlier < later for earlier, later in itertools.pairwise(times))
