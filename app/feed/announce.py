"""Putting what came in before the team: which posts it takes, decided as it is stored.

A post of a mail is named by the mail, so that whoever brings it in once more, from an older backup,
gives its post the name that Slack knows already.

Posts are rows; `deliver.py` takes them to Slack. A conversation has one card in its channel; each
further mail is a line in the card's thread, and the card shows that there is more.
"""

from collections.abc import Sequence
from uuid import uuid5

from app.core.ids import PlacementId, PostId
from app.store.models import Account, Direction, Post, PostKind, PostState
from app.store.new import NewMessage, NewPost
from app.store.unit_of_work import UnitOfWork


class Announcer:
    """Implements `sync.port.Announce`."""

    async def arrived(
        self, uow: UnitOfWork, account: Account, messages: Sequence[NewMessage]
    ) -> None:
        """Give each new conversation a card and each further mail its line.

        A conversation that one of us began has no card until somebody answers.
        """
        conversations = {message.conversation_id for message in messages}
        cards = {
            card.conversation_id: card
            for card in await uow.posts.cards_of(conversations)
            if card.channel_id == account.channel_id
        }
        have_cards, posts = set(cards), list[NewPost]()
        for message in messages:
            card = cards.get(message.conversation_id)
            is_ours = message.direction is Direction.OUTBOUND
            if card is not None and card.state is PostState.DELETED:
                if not is_ours:
                    _revive(card, message)
            elif message.conversation_id in have_cards:
                posts.append(_post(account, message, PostKind.MAIL))
            elif not is_ours:
                posts.append(_post(account, message, PostKind.CARD))
                have_cards.add(message.conversation_id)
        await uow.posts.add_all(posts)
        if messages:
            uow.feed_is_due(account.channel_id)
            await uow.cards_are_stale([id_ for id_ in cards if id_ is not None])

    async def quarantined(
        self, uow: UnitOfWork, account: Account, placements: Sequence[PlacementId]
    ) -> None:
        """Say that a mail could not be read, with the original in the thread if we have it."""
        for placement_id in placements:
            placement = await uow.ledger.get(placement_id)
            place = f"{placement.mailbox_id}:{placement.uidvalidity}:{placement.uid}"
            kinds = [PostKind.QUARANTINE]
            if placement.raw_sha256 is not None:
                kinds.append(PostKind.FILE)
            posts = [
                NewPost(
                    workspace_id=uow.workspace_id,
                    id=_name(account, kind, place),
                    channel_id=account.channel_id,
                    kind=kind,
                    placement_id=placement_id,
                )
                for kind in kinds
            ]
            await uow.posts.add_all(posts)
        await self.settled(uow, placements)

    async def settled(self, uow: UnitOfWork, placements: Sequence[PlacementId]) -> None:
        """Refresh what stands in channels about these placements."""
        for post in await uow.posts.of_placements(placements, PostKind.QUARANTINE):
            post.wanted += 1
            uow.feed_is_due(post.channel_id)


def _post(account: Account, message: NewMessage, kind: PostKind) -> NewPost:
    return NewPost(
        workspace_id=account.workspace_id,
        id=_name(account, kind, message.raw_sha256.hex()),
        channel_id=account.channel_id,
        kind=kind,
        conversation_id=message.conversation_id,
        message_id=message.id,
    )


def _name(account: Account, kind: PostKind, what: str) -> PostId:
    return PostId(uuid5(account.id, f"{account.channel_id}:{kind}:{what}"))


def _revive(card: Post, message: NewMessage) -> None:
    """Somebody deleted the card in Slack; a new mail is a reason to show the conversation again."""
    card.state = PostState.WAITING
    card.message_id = message.id
    card.ts = None
