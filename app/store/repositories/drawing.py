"""What cards and lines are drawn from, in few statements: somebody waits for a new mail's card."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, exists, false, func, select
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
    """A post that is held, and the rows it is drawn from.

    Whoever asks for one of these by its id finds it in the session, for as long as this is kept.
    """

    post: Post
    rows: tuple[object, ...]


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


class Drawing(Repository):
    async def next_in(self, channel_id: ChannelId) -> Next:
        """The channel's row is made at the first call."""
        unsent, stale = aliased(Post), aliased(Post)
        first_unsent = (
            select(col(Post.id))
            .where(*self._in(channel_id), col(Post.state).in_(UNSENT))
            .order_by(col(Post.seq))
            .limit(1)
        )
        first_stale = (
            select(col(Post.id))
            .where(
                *self._in(channel_id),
                col(Post.state) == PostState.SENT,
                col(Post.wanted) > col(Post.shown),
            )
            .order_by(col(Post.seq))
            .limit(1)
        )
        statement = (
            select(Channel, unsent, stale)
            .select_from(Channel)
            .outerjoin(
                unsent,
                (col(unsent.workspace_id) == col(Channel.workspace_id))
                & (col(unsent.id) == first_unsent.scalar_subquery()),
            )
            .outerjoin(
                stale,
                (col(stale.workspace_id) == col(Channel.workspace_id))
                & (col(stale.id) == first_stale.scalar_subquery()),
            )
            .where(col(Channel.workspace_id) == self._workspace_id, col(Channel.id) == channel_id)
        )
        found = (await self._session.exec(statement)).one_or_none()  # type: ignore[call-overload]
        if found is None:
            await Channels(self._session, self._workspace_id).get(channel_id)
            found = (await self._session.exec(statement)).one()  # type: ignore[call-overload]
        return Next(*found)

    def _in(self, channel_id: ChannelId) -> tuple[ColumnElement[bool], ...]:
        return (
            col(Post.workspace_id) == self._workspace_id,
            col(Post.channel_id) == channel_id,
        )

    async def lock(self, post_id: PostId) -> Sources:
        """The post, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Post, Channel, Message, Conversation, Account)
            .select_from(Post)
            .outerjoin(
                Channel,
                (col(Channel.workspace_id) == col(Post.workspace_id))
                & (col(Channel.id) == col(Post.channel_id)),
            )
            .outerjoin(
                Message,
                (col(Message.workspace_id) == col(Post.workspace_id))
                & (col(Message.id) == col(Post.message_id)),
            )
            .outerjoin(
                Conversation,
                (col(Conversation.workspace_id) == col(Post.workspace_id))
                & (col(Conversation.id) == col(Post.conversation_id)),
            )
            .outerjoin(
                Account,
                (col(Account.workspace_id) == col(Conversation.workspace_id))
                & (col(Account.id) == col(Conversation.account_id)),
            )
            .where(col(Post.workspace_id) == self._workspace_id, col(Post.id) == post_id)
            .with_for_update(key_share=True, of=Post)
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).one_or_none()  # type: ignore[call-overload]
        if found is None:
            raise NotFound("The post is no longer there: its account was removed.")
        return Sources(found[0], tuple(found))

    async def around(
        self, conversation: Conversation, channel_id: ChannelId, first: Message | None
    ) -> Around:
        """`first`: the mail that the conversation's card shows, if it came from somebody else."""
        further = select(func.count()).where(
            *self._in(channel_id),
            col(Post.conversation_id) == conversation.id,
            col(Post.kind) == PostKind.MAIL,
        )
        statement = select(
            further.scalar_subquery(),
            false() if first is None else ~self._wrote_before(first),
            exists().where(*self._of(Outgoing, conversation)),
            exists().where(*self._of(Command, conversation)),
            exists().where(*self._of(Draft, conversation)),
            exists().where(*self._of(ListExit, conversation)),
        )
        return Around(*(await self._session.exec(statement)).one())  # type: ignore[call-overload]

    def _of(
        self,
        table: type[Outgoing] | type[Command] | type[Draft] | type[ListExit],
        conversation: Conversation,
    ) -> tuple[ColumnElement[bool], ...]:
        return (
            col(table.workspace_id) == self._workspace_id,
            col(table.conversation_id) == conversation.id,
        )

    def _wrote_before(self, message: Message) -> ColumnElement[bool]:
        return exists().where(
            col(Message.workspace_id) == self._workspace_id,
            col(Message.account_id) == message.account_id,
            col(Message.from_address) == message.from_address,
            col(Message.received_at) < message.received_at,
        )
