"""What we show in Slack, and what became of it there."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import and_, exists, func, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import ChannelId, ConversationId, OutgoingId, PlacementId, PostId, WorkspaceId
from app.store.bulk import insert_many, is_any
from app.store.models import Message, ParkedFor, Post, PostKind, PostState
from app.store.new import NewPost
from app.store.repositories.base import Repository
from app.store.repositories.drawing import UNSENT


class Posts(Repository):
    async def cards_sent(self, *, at_most: int = 1000) -> int:
        """How many conversations have a card in Slack; counting ends at a limit."""
        found = (
            select(Post.id)
            .where(
                Post.workspace_id == self._workspace_id,
                Post.kind == PostKind.CARD,
                Post.state == PostState.SENT,
            )
            .limit(at_most)
        )
        counted = select(func.count()).select_from(found.subquery())
        return (await self._session.exec(counted)).one()

    async def get(self, post_id: PostId) -> Post:
        """Raises `NotFound`."""
        return _found(await self._session.get(Post, (self._workspace_id, post_id)))

    async def lock(self, post_id: PostId) -> Post:
        """The post, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Post)
            .where(Post.workspace_id == self._workspace_id, Post.id == post_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return _found((await self._session.exec(statement)).one_or_none())

    async def known(self, ids: Iterable[PostId]) -> dict[PostId, Post]:
        """Those of these posts that there are, held against other changes until we commit."""
        statement = (
            select(Post)
            .where(Post.workspace_id == self._workspace_id, is_any(col(Post.id), list(ids)))
            .order_by(col(Post.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return {post.id: post for post in (await self._session.exec(statement)).all()}

    async def add_all(self, posts: Sequence[NewPost]) -> None:
        """Put posts at the end of their channels, but none that stands there already."""
        await insert_many(self._session, "posts", posts, on_conflict="ON CONFLICT DO NOTHING")

    async def mark_stale(self, conversation_ids: Iterable[ConversationId]) -> frozenset[ChannelId]:
        """What the cards of these conversations show has changed. Answers their channels."""
        ids = list(conversation_ids)
        if not ids:
            return frozenset()
        statement = (
            update(Post)
            .where(
                col(Post.workspace_id) == self._workspace_id,
                is_any(col(Post.conversation_id), ids),
                col(Post.kind) == PostKind.CARD,
            )
            .values(wanted=Post.wanted + 1)
            .returning(col(Post.channel_id))
        )
        return frozenset((await self._session.exec(statement)).scalars())

    async def refresh(self, post_id: PostId) -> frozenset[ChannelId]:
        """What this post shows has changed. Answers its channel, if it stands in one."""
        statement = (
            update(Post)
            .where(col(Post.workspace_id) == self._workspace_id, col(Post.id) == post_id)
            .values(wanted=Post.wanted + 1)
            .returning(col(Post.channel_id))
        )
        return frozenset((await self._session.exec(statement)).scalars())

    async def refresh_direct(
        self, conversation_id: ConversationId, outgoing_id: OutgoingId
    ) -> frozenset[ChannelId]:
        """What its author was told of this mail has changed. Answers where that stands."""
        statement = (
            update(Post)
            .where(
                col(Post.workspace_id) == self._workspace_id,
                col(Post.conversation_id) == conversation_id,
                col(Post.kind) == PostKind.DIRECT,
                col(Post.payload)["outgoing_id"].astext == str(outgoing_id),
            )
            .values(wanted=Post.wanted + 1)
            .returning(col(Post.channel_id))
        )
        return frozenset((await self._session.exec(statement)).scalars())

    async def next_beside_cards(self, channel_id: ChannelId, all_through: int) -> Post | None:
        """The first unsent post that is no held card, and stands in the thread of none."""
        other = aliased(Post)
        its_card_is_held = exists().where(
            *_held(other, self._workspace_id, channel_id, all_through),
            col(other.conversation_id) == col(Post.conversation_id),
        )
        statement = (
            select(Post)
            .where(
                Post.workspace_id == self._workspace_id,
                Post.channel_id == channel_id,
                col(Post.state).in_(UNSENT),
                ~and_(*_held(Post, self._workspace_id, channel_id, all_through)),
                ~its_card_is_held,
            )
            .order_by(col(Post.seq))
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def held_cards(self, channel_id: ChannelId, *, limit: int) -> Sequence[Message]:
        """The mails whose cards wait, the first ones."""
        statement = (
            select(Message)
            .join(
                Post,
                (col(Message.workspace_id) == col(Post.workspace_id))
                & (col(Message.id) == col(Post.message_id)),
            )
            .where(*_held(Post, self._workspace_id, channel_id, 0))
            .order_by(col(Post.seq))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def count_held(self, channel_id: ChannelId, *, above: int = 0) -> tuple[int, int, int]:
        """How many cards wait, and the places of the first and the last of them."""
        statement = select(func.count(), func.min(Post.seq), func.max(Post.seq)).where(
            *_held(Post, self._workspace_id, channel_id, above)
        )
        count, first, last = (await self._session.exec(statement)).one()
        return count, first or 0, last or 0

    async def count_cards(self, channel_id: ChannelId, first: int, last: int) -> int:
        """How many cards of mails have their places between these two, posted or not."""
        statement = select(func.count()).where(
            col(Post.workspace_id) == self._workspace_id,
            col(Post.channel_id) == channel_id,
            col(Post.kind) == PostKind.CARD,
            col(Post.message_id).is_not(None),
            col(Post.seq).between(first, last),
        )
        return (await self._session.exec(statement)).one()

    async def settled_of(self, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of these posts that have been in Slack, as far as we know."""
        statement = select(Post.id).where(
            Post.workspace_id == self._workspace_id,
            is_any(col(Post.id), list(ids)),
            col(Post.state).in_((PostState.SENT, PostState.DELETED)),
        )
        return frozenset((await self._session.exec(statement)).all())

    async def card_of(self, conversation_id: ConversationId, channel_id: ChannelId) -> Post | None:
        statement = select(Post).where(
            Post.workspace_id == self._workspace_id,
            Post.channel_id == channel_id,
            Post.conversation_id == conversation_id,
            col(Post.kind) == PostKind.CARD,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def cards_of(self, conversation_ids: Iterable[ConversationId]) -> Sequence[Post]:
        statement = select(Post).where(
            Post.workspace_id == self._workspace_id,
            is_any(col(Post.conversation_id), list(conversation_ids)),
            col(Post.kind) == PostKind.CARD,
        )
        return (await self._session.exec(statement)).all()

    async def home_cards(
        self, conversation_ids: Iterable[ConversationId]
    ) -> dict[ConversationId, Post]:
        """Of each of these conversations its card: the latest, where it has several."""
        cards = sorted(await self.cards_of(conversation_ids), key=lambda card: card.seq or 0)
        return {card.conversation_id: card for card in cards if card.conversation_id is not None}

    async def of_placements(
        self, placement_ids: Iterable[PlacementId], kind: PostKind
    ) -> Sequence[Post]:
        ids = list(placement_ids)
        if not ids:
            return []
        statement = select(Post).where(
            Post.workspace_id == self._workspace_id,
            is_any(col(Post.placement_id), ids),
            col(Post.kind) == kind,
        )
        return (await self._session.exec(statement)).all()

    async def by_ts(self, channel_id: ChannelId, ts: str) -> Post | None:
        statement = select(Post).where(
            Post.workspace_id == self._workspace_id,
            Post.channel_id == channel_id,
            Post.ts == ts,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def refresh_channel(self, channel_id: ChannelId, *, latest: int = 500) -> None:
        """How mails are shown in a channel has changed: for the latest of what stands there."""
        newest = (
            select(Post.id)
            .where(
                Post.workspace_id == self._workspace_id,
                Post.channel_id == channel_id,
                col(Post.state) == PostState.SENT,
                col(Post.kind).in_((PostKind.CARD, PostKind.MAIL, PostKind.OUTGOING)),
            )
            .order_by(col(Post.seq).desc())
            .limit(latest)
        )
        statement = (
            update(Post)
            .where(col(Post.workspace_id) == self._workspace_id, col(Post.id).in_(newest))
            .values(wanted=Post.wanted + 1)
        )
        await self._session.exec(statement)

    async def unpark(self, channel_id: ChannelId) -> int:
        """Let everything that was parked in a channel have another try; answers how much it is.

        Attempts from before count no more, and it is said with blocks again.
        """
        return await self._unpark(col(Post.channel_id) == channel_id)

    async def unpark_thread(self, card: Post) -> None:
        """A card stands in its channel: let what was parked for want of it have another try."""
        await self._unpark(
            col(Post.channel_id) == card.channel_id,
            col(Post.payload)["parked"].astext == ParkedFor.THREAD,
            (col(Post.conversation_id) == card.conversation_id)
            if card.conversation_id
            else (col(Post.placement_id) == card.placement_id),
        )

    async def unpark_files(self, channel_id: ChannelId) -> None:
        """A file was shared, so others can be that were refused for want of the scope."""
        await self._unpark(
            col(Post.channel_id) == channel_id,
            col(Post.payload)["parked"].astext == ParkedFor.SCOPE,
        )

    async def _unpark(self, *conditions: ColumnElement[bool]) -> int:
        payload = col(Post.payload).op("-")("plain").op("-")("parked")
        since = func.jsonb_build_object("since", col(Post.attempts))
        statement = (
            update(Post)
            .where(
                col(Post.workspace_id) == self._workspace_id,
                col(Post.state) == PostState.PARKED,
                *conditions,
            )
            .values(state=PostState.WAITING, detail="", payload=payload.op("||")(since))
            .returning(col(Post.id))
        )
        return len((await self._session.exec(statement)).all())


def _held(
    post: type[Post], workspace_id: WorkspaceId, channel_id: ChannelId, above: int
) -> tuple[ColumnElement[bool], ...]:
    """Cards of mails that wait for their turn. What a person asked for is never held back."""
    return (
        col(post.workspace_id) == workspace_id,
        col(post.channel_id) == channel_id,
        col(post.state) == PostState.WAITING,
        col(post.kind) == PostKind.CARD,
        col(post.message_id).is_not(None),
        col(post.seq) > above,
    )


def _found(post: Post | None) -> Post:
    if post is None:
        raise NotFound("The post is no longer there: its account was removed.")
    return post
