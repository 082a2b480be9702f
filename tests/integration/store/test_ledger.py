"""Where the mails of a conversation lie, of however many it has."""

from datetime import timedelta

from tests.factories import MOMENT
from tests.fixtures.feed import Feed


class TestLiveOfConversation:
    async def test_of_a_long_one_is_asked_of_the_newest_mails_only(self, feed: Feed) -> None:
        ids = [
            await feed.mail("Alert", received_at=MOMENT + timedelta(hours=hours))
            for hours in (3, 1, 2)
        ]
        conversation_id = feed.conversations["Alert"]
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            newest = await uow.ledger.live_of_conversation(conversation_id, newest=2)
            every = await uow.ledger.live_of_conversation(conversation_id)

        assert [placement.message_id for placement, _ in newest] == [ids[0], ids[2]]
        assert len(every) == 3
