"""Putting what came in before the team: which posts it takes, decided as it is stored.

Posts are rows; `deliver.py` takes them to Slack. A conversation has one card in its channel; each
further mail is a line in the card's thread, and the card shows that there is more.
"""

from collections.abc import Sequence

from app.core.ids import PlacementId
from app.store.models import Account, Message, Post, PostKind, PostState
from app.store.unit_of_work import UnitOfWork


class Announcer:
    """Implements `sync.port.Announce`."""

    async def arrived(self, uow: UnitOfWork, account: Account, messages: Sequence[Message]) -> None:
        """Give each new conversation a card and each further mail its line."""
        conversations = {message.conversation_id for message in messages}
        cards = {
            card.conversation_id: card
            for card in await uow.posts.cards_of(conversations)
            if card.channel_id == account.channel_id
        }
        for message in messages:
            card = cards.get(message.conversation_id)
            if card is None:
                cards[message.conversation_id] = await self._add(
                    uow, account, message, PostKind.CARD
                )
            elif card.state is PostState.DELETED:
                _revive(card, message)
            else:
                await self._add(uow, account, message, PostKind.MAIL)
        if messages:
            uow.feed_is_due(account.channel_id)
            await uow.cards_are_stale(conversations)

    async def quarantined(
        self, uow: UnitOfWork, account: Account, placements: Sequence[PlacementId]
    ) -> None:
        """Say that a mail could not be read, with the original in the thread if we have it."""
        for placement_id in placements:
            placement = await uow.ledger.get(placement_id)
            kinds = [PostKind.QUARANTINE]
            if placement.raw_sha256 is not None:
                kinds.append(PostKind.FILE)
            for kind in kinds:
                post = Post(
                    workspace_id=uow.workspace_id,
                    channel_id=account.channel_id,
                    kind=kind,
                    placement_id=placement_id,
                )
                await uow.posts.add(post)
        await self.settled(uow, placements)

    async def settled(self, uow: UnitOfWork, placements: Sequence[PlacementId]) -> None:
        """Refresh what stands in channels about these placements."""
        for post in await uow.posts.of_placements(placements, PostKind.QUARANTINE):
            post.wanted += 1
            uow.feed_is_due(post.channel_id)

    async def _add(
        self, uow: UnitOfWork, account: Account, message: Message, kind: PostKind
    ) -> Post:
        post = Post(
            workspace_id=uow.workspace_id,
            channel_id=account.channel_id,
            kind=kind,
            conversation_id=message.conversation_id,
            message_id=message.id,
        )
        await uow.posts.add(post)
        return post


def _revive(card: Post, message: Message) -> None:
    """Somebody deleted the card in Slack; a new mail is a reason to show the conversation again."""
    card.state = PostState.WAITING
    card.message_id = message.id
    card.ts = None
