"""What cards and lines are drawn from, in few statements: somebody waits for a new mail's card.

The statements are built once. To build one of so many columns takes longer than Postgres takes to
answer it.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.errors import NotFound
from app.core.ids import ChannelId, PostId
from app.store.models import (
    Account,
    Channel,
    Command,
    Conversation,
    Draft,
    ListExit,
    Message,
    Outgoing,
    Post,
    PostKind,
    PostState,
)
from app.store.repositories.base import Repository
from app.store.repositories.channels import Channels

UNSENT: Final = (PostState.WAITING, PostState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Next:
    """What a channel has to show: its first post that may not be in Slack, its first stale one."""

    channel: Channel
    unsent: Post | None
    stale: Post | None


@dataclass(frozen=True, slots=True)
class Sources:
    """A post, and the rows it is drawn from.

    Whoever asks for one of these by its id finds it in the session, for as long as this is kept.
    """

    post: Post
    rows: tuple[object, ...]
    around: "Around"


@dataclass(frozen=True, slots=True)
class Around:
    """What there is around a conversation. Mostly little: only what is there is asked for."""

    further_mails: int
    """So many stand in the thread of its card."""
    is_first_contact: bool
    """Nobody of the sender's address wrote to the account before."""
    has_outgoing: bool
    has_commands: bool
    has_drafts: bool
    has_list_exits: bool


_Statement = Select[*tuple[Any, ...]]
_Hanging = type[Outgoing] | type[Command] | type[Draft] | type[ListExit]
_TEAM: Final[ColumnElement[Any]] = bindparam("team")
_CHANNEL: Final[ColumnElement[Any]] = bindparam("channel")


def _first(*conditions: ColumnElement[bool]) -> ColumnElement[PostId]:
    """The first post of a channel for which this is so."""
    first = (
        select(col(Post.id))
        .where(col(Post.workspace_id) == _TEAM, col(Post.channel_id) == _CHANNEL, *conditions)
        .order_by(col(Post.seq))
        .limit(1)
    )
    return first.scalar_subquery()


def _next_in() -> _Statement:
    unsent, stale = aliased(Post), aliased(Post)
    first_unsent = _first(col(Post.state).in_(UNSENT))
    first_stale = _first(col(Post.state) == PostState.SENT, col(Post.wanted) > col(Post.shown))
    return (
        select(Channel, unsent, stale)
        .select_from(Channel)
        .outerjoin(
            unsent,
            (col(unsent.workspace_id) == col(Channel.workspace_id))
            & (col(unsent.id) == first_unsent),
        )
        .outerjoin(
            stale,
            (col(stale.workspace_id) == col(Channel.workspace_id)) & (col(stale.id) == first_stale),
        )
        .where(col(Channel.workspace_id) == _TEAM, col(Channel.id) == _CHANNEL)
    )


def drawn_from(post: type[Post]) -> _Statement:
    """A post with what it is drawn from: the rows, and what there is around its conversation."""
    return (
        select(post, Channel, Message, Conversation, Account, *_around(post))
        .select_from(post)
        .outerjoin(
            Channel,
            (col(Channel.workspace_id) == col(post.workspace_id))
            & (col(Channel.id) == col(post.channel_id)),
        )
        .outerjoin(
            Message,
            (col(Message.workspace_id) == col(post.workspace_id))
            & (col(Message.id) == col(post.message_id)),
        )
        .outerjoin(
            Conversation,
            (col(Conversation.workspace_id) == col(post.workspace_id))
            & (col(Conversation.id) == col(post.conversation_id)),
        )
        .outerjoin(
            Account,
            (col(Account.workspace_id) == col(Conversation.workspace_id))
            & (col(Account.id) == col(Conversation.account_id)),
        )
        .execution_options(populate_existing=True)
    )


def _around(post: type[Post]) -> list[ColumnElement[Any]]:
    """Of the conversation, and of the mail that its card shows, beside which they are asked."""
    line, earlier = aliased(Post), aliased(Message)
    further = (
        select(func.count())
        .where(
            col(line.workspace_id) == _TEAM,
            col(line.channel_id) == col(post.channel_id),
            col(line.conversation_id) == col(post.conversation_id),
            col(line.kind) == PostKind.MAIL,
        )
        .correlate(post)
    )
    wrote_before = (
        select(col(earlier.id))
        .where(
            col(earlier.workspace_id) == _TEAM,
            col(earlier.account_id) == col(Message.account_id),
            col(earlier.from_address) == col(Message.from_address),
            col(earlier.received_at) < col(Message.received_at),
        )
        .correlate(Message)
    )
    hanging: tuple[_Hanging, ...] = (Outgoing, Command, Draft, ListExit)
    return [
        further.scalar_subquery(),
        col(Message.id).is_not(None) & ~wrote_before.exists(),
        *(_has(table, post) for table in hanging),
    ]


def _has(table: _Hanging, post: type[Post]) -> ColumnElement[bool]:
    found = select(col(table.id)).where(
        col(table.workspace_id) == _TEAM, col(table.conversation_id) == col(post.conversation_id)
    )
    return found.correlate(post).exists()


def _lock() -> _Statement:
    held = col(Post.workspace_id) == _TEAM, col(Post.id) == bindparam("post")
    return drawn_from(Post).where(*held).with_for_update(key_share=True, of=Post)


_NEXT_IN: Final = _next_in()
_LOCK: Final = _lock()


class Drawing(Repository):
    async def next_in(self, channel_id: ChannelId) -> Next:
        """The channel's row is made at the first call."""
        found = (await self._rows(_NEXT_IN, channel=channel_id)).one_or_none()
        if found is None:
            await Channels(self._session, self._workspace_id).get(channel_id)
            found = (await self._rows(_NEXT_IN, channel=channel_id)).one()
        return Next(*found)

    async def lock(self, post_id: PostId) -> Sources:
        """The post, held against other changes until we commit. Raises `NotFound`."""
        sources = await self.found(_LOCK, post=post_id)
        if sources is None:
            raise NotFound("The post is no longer there: its account was removed.")
        return sources

    async def found(self, statement: _Statement, **values: object) -> Sources | None:
        """What a statement made by `drawn_from` finds."""
        row = (await self._rows(statement, **values)).one_or_none()
        if row is None:
            return None
        post, channel, message, conversation, account, *around = row
        rows = (channel, message, conversation, account)
        return Sources(post, rows, Around(*around))

    async def _rows(self, statement: _Statement, **values: object) -> Any:  # noqa: ANN401 -- a result
        return await self._session.exec(
            statement,  # type: ignore[call-overload]
            params={"team": self._workspace_id, **values},
        )
