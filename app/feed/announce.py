"""Putting what came in before the team: which posts it takes, decided as it is stored.

A post of a mail is named by the mail, so that whoever brings it in once more, from an older backup,
gives its post the name that Slack knows already.

Posts are rows; `deliver.py` takes them to Slack. A conversation has one card in its channel; each
further mail is a line in the card's thread, and the card shows that there is more.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import uuid5

from app.core.ids import AccountId, ChannelId, ConversationId, MessageId, PlacementId, PostId
from app.feed.shown import MARKS_READ
from app.store.models import Account, Direction, Post, PostKind, PostState, ReadPolicy
from app.store.new import NewMessage, NewPost, Ruling
from app.store.repositories.routes import Routing
from app.store.unit_of_work import UnitOfWork

_NO_RULINGS: Final[Mapping[MessageId, Ruling]] = {}


class Announcer:
    """Puts mail before the team; `rules.arrivals` asks the rules first."""

    async def arrived(
        self,
        uow: UnitOfWork,
        account: Account,
        messages: Sequence[NewMessage],
        *,
        folder: str | None = None,
        rulings: Mapping[MessageId, Ruling] = _NO_RULINGS,
        routing: Routing | None = None,
        begun: frozenset[ConversationId] = frozenset(),
    ) -> None:
        """Give each new conversation a card and each further mail its line.

        A card stays in the channel where it is; a new one is put where rules, else routes, say. A
        conversation that one of us began has no card until somebody answers. `routing`: where it is
        known; `begun`: conversations that are new, and have no card.
        """
        older = {message.conversation_id for message in messages} - begun
        cards = await uow.posts.home_cards(older) if older else {}
        homes = {id_: card.channel_id for id_, card in cards.items()}
        routing = routing or await uow.routes.of(account)
        marks = account.mark_read is ReadPolicy.SHOWN
        posts, touched = list[NewPost](), set[ChannelId]()
        for message in messages:
            ruling, id_ = rulings.get(message.id, Ruling()), message.conversation_id
            is_ours = message.direction is Direction.OUTBOUND
            if ruling.muted or (is_ours and id_ not in homes):
                continue
            card = cards.get(id_)
            if card is not None and card.state is PostState.DELETED:
                if not is_ours:
                    await uow.insert_pending()  # the card is to show this very mail
                    _revive(card, message)
            elif id_ in homes:
                posts.append(_post(homes[id_], message, PostKind.MAIL, marks=marks))
            else:
                homes[id_] = ruling.channel or routing.channel(
                    addresses=_written_to(message), folder=folder
                )
                posts.append(_post(homes[id_], message, PostKind.CARD, marks=marks))
            touched.add(homes[id_])
        await uow.posts.add_all(posts)
        for channel_id in touched:
            uow.feed_is_due(channel_id)
        await uow.cards_are_stale(cards)

    async def quarantined(
        self, uow: UnitOfWork, account: Account, placements: Sequence[PlacementId]
    ) -> None:
        """Say that a mail could not be read, with the original in the thread if we have it."""
        routing = await uow.routes.of(account)
        for placement_id in placements:
            placement = await uow.ledger.get(placement_id)
            mailbox = await uow.mailboxes.get(placement.mailbox_id)
            channel_id = routing.channel(folder=mailbox.name)
            place = f"{mailbox.id}:{placement.uidvalidity}:{placement.uid}"
            kinds = [PostKind.QUARANTINE]
            if placement.raw_sha256 is not None:
                kinds.append(PostKind.FILE)
            posts = [
                NewPost(
                    workspace_id=uow.workspace_id,
                    id=_name(account.id, channel_id, kind, place),
                    channel_id=channel_id,
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


def _written_to(message: NewMessage) -> Iterator[str]:
    """The addresses it was written to, in lower case, those in To first."""
    for one in (*message.to, *message.cc):
        yield str(one["address"]).lower()
    yield from message.delivered_to


def _post(channel_id: ChannelId, message: NewMessage, kind: PostKind, *, marks: bool) -> NewPost:
    """`marks`: once it is in Slack, the mail counts as read on its server."""
    return NewPost(
        workspace_id=message.workspace_id,
        id=_name(message.account_id, channel_id, kind, message.raw_sha256.hex()),
        channel_id=channel_id,
        kind=kind,
        conversation_id=message.conversation_id,
        message_id=message.id,
        payload={MARKS_READ: True} if marks else {},
    )


def _name(account_id: AccountId, channel_id: ChannelId, kind: PostKind, what: str) -> PostId:
    return PostId(uuid5(account_id, f"{channel_id}:{kind}:{what}"))


def _revive(card: Post, message: NewMessage) -> None:
    """Somebody deleted the card in Slack; a new mail is a reason to show the conversation again."""
    card.state = PostState.WAITING
    card.message_id = message.id
    card.ts = None
