"""Conversations, and finding them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, func, or_, tuple_, update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, ChannelId, ConversationId, TeammateId
from app.store.bulk import insert_many, is_any
from app.store.models import Account, Conversation, ConversationStatus, Post, PostKind
from app.store.new import NewConversation
from app.store.repositories.base import Repository
from app.store.repositories.searching import found_without_index, has_mail

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    account_ids: frozenset[AccountId] | None = None
    seen_in: frozenset[ChannelId] | None = None
    """Only those whose card stands in one of these channels; of what has no card, those whose
    account posts there."""
    status: ConversationStatus | None = None
    assignee_id: TeammateId | None = None
    unassigned: bool = False
    snoozed: bool | None = None
    """Only those that sleep, or only those that do not."""
    snoozed_by_id: TeammateId | None = None
    waiting_with_others_than: TeammateId | None = None
    """Only those in which a mail waits for a teammate, but not for this one."""
    words_beginning: tuple[str, ...] = ()
    """Words of a subject or a sender begin like each of these, as somebody types them."""
    tag: str | None = None
    overdue: bool = False
    """Only those in which no answer came by the time that somebody wanted to be told."""
    waiting: bool = False
    """Only those in which a mail waits for an answer."""
    merged: bool = False
    """Only those that were merged into another one; else only those that were not."""
    query: str | None = None
    """Words that the subject, the sender or the text of a mail contain (web search syntax)."""


class Conversations(Repository):
    async def add_all(self, conversations: Sequence[NewConversation]) -> None:
        await insert_many(self._session, "conversations", conversations)

    async def get(self, conversation_id: ConversationId) -> Conversation:
        """Raises `NotFound`."""
        conversation = await self._session.get(Conversation, (self._workspace_id, conversation_id))
        if conversation is None:
            raise NotFound("There is no such conversation.")
        return conversation

    async def head(self, conversation_id: ConversationId) -> Conversation:
        """The conversation, or the one that it was merged into. Raises `NotFound`."""
        found = await self.get(conversation_id)
        return found if found.merged_into_id is None else await self.get(found.merged_into_id)

    async def heads(self, ids: Sequence[ConversationId]) -> Sequence[ConversationId]:
        """These, or the ones that they were merged into, each once; those that are gone are not."""
        statement = select(Conversation.id, Conversation.merged_into_id).where(
            Conversation.workspace_id == self._workspace_id,
            is_any(col(Conversation.id), list(ids)),
        )
        found = {ConversationId(id_): into for id_, into in await self._session.exec(statement)}
        heads = (ConversationId(found[one] or one) for one in ids if one in found)
        return list(dict.fromkeys(heads))

    async def lock(self, conversation_id: ConversationId) -> Conversation:
        """The conversation, held against other changes until we commit. Raises `NotFound`."""
        locked = await self.lock_many([conversation_id])
        if conversation_id not in locked:
            raise NotFound("There is no such conversation.")
        return locked[conversation_id]

    async def lock_many(self, ids: Iterable[ConversationId]) -> dict[ConversationId, Conversation]:
        """Lock several, in the order of their ids, so that two of us never wait for each other."""
        wanted = list(ids)
        if not wanted:
            return {}
        statement = (
            select(Conversation)
            .where(
                Conversation.workspace_id == self._workspace_id,
                is_any(col(Conversation.id), wanted),
            )
            .order_by(col(Conversation.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).all()
        return {conversation.id: conversation for conversation in found}

    async def note_action(self, conversation_id: ConversationId) -> None:
        """Somebody of the team did something with it just now."""
        await self._session.exec(
            update(Conversation)
            .where(
                col(Conversation.workspace_id) == self._workspace_id,
                col(Conversation.id) == conversation_id,
            )
            .values(acted_at=func.now())
        )

    async def raise_versions(self, ids: Iterable[ConversationId]) -> None:
        """Note that what their cards show has changed."""
        for conversation in (await self.lock_many(ids)).values():
            conversation.version += 1

    async def known_tags(
        self, wanted: ConversationFilter, *, among: int = 2000, limit: int = 100
    ) -> Sequence[str]:
        """What the latest of these conversations are tagged with, the most frequent first."""
        latest = (
            select(Conversation.tags)
            .where(Conversation.workspace_id == self._workspace_id, *await self._conditions(wanted))
            .order_by(col(Conversation.last_message_at).desc())
            .limit(among)
            .subquery()
        )
        tag = func.unnest(latest.c.tags).label("tag")
        each = select(tag).subquery()
        statement = (
            select(each.c.tag)
            .group_by(each.c.tag)
            .order_by(func.count().desc(), each.c.tag)
            .limit(limit)
        )
        return [str(one) for one in (await self._session.exec(statement)).all()]

    async def _conditions(self, wanted: ConversationFilter) -> list[ColumnElement[bool]]:
        conditions = list(_conditions(wanted))
        for query in _queries(wanted):
            besides = await found_without_index(self._session, self._workspace_id, query)
            found = has_mail(query)
            conditions.append(found | is_any(col(Conversation.id), besides) if besides else found)
        return conditions

    async def page(
        self,
        wanted: ConversationFilter,
        *,
        before: tuple[datetime, ConversationId] | None,
        limit: int,
    ) -> Sequence[Conversation]:
        """The latest first. `before` is the last row of the page before."""
        statement = (
            select(Conversation)
            .where(Conversation.workspace_id == self._workspace_id, *await self._conditions(wanted))
            .order_by(col(Conversation.last_message_at).desc(), col(Conversation.id).desc())
            .limit(limit)
        )
        if before is not None:
            place = tuple_(col(Conversation.last_message_at), col(Conversation.id))
            statement = statement.where(place < before)
        return (await self._session.exec(statement)).all()

    async def longest_waiting(
        self, wanted: ConversationFilter, *, limit: int
    ) -> Sequence[Conversation]:
        """Those whose oldest mail that nobody has dealt with is the oldest, first."""
        statement = (
            select(Conversation)
            .where(Conversation.workspace_id == self._workspace_id, *await self._conditions(wanted))
            .order_by(col(Conversation.waiting_since), col(Conversation.id))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def count(self, wanted: ConversationFilter, *, limit: int) -> int:
        """How many there are; the limit where there are more."""
        some = (
            select(Conversation.id)
            .where(Conversation.workspace_id == self._workspace_id, *await self._conditions(wanted))
            .limit(limit)
            .subquery()
        )
        return (await self._session.exec(select(func.count()).select_from(some))).one()


def _visible(wanted: ConversationFilter) -> Iterable[ColumnElement[bool]]:
    into = col(Conversation.merged_into_id)
    yield into.is_not(None) if wanted.merged else into.is_(None)
    if wanted.account_ids is not None:
        yield col(Conversation.account_id).in_(wanted.account_ids)
    if wanted.seen_in is not None:
        yield is_seen_in(wanted.seen_in)


def is_seen_in(channels: frozenset[ChannelId]) -> ColumnElement[bool]:
    """Of a conversation; see `ConversationFilter.seen_in`."""
    card = (
        select(Post.id)
        .where(
            Post.workspace_id == Conversation.workspace_id,
            Post.conversation_id == Conversation.id,
            col(Post.kind) == PostKind.CARD,
        )
        .correlate(Conversation)
    )
    account = (
        select(Account.id)
        .where(
            Account.workspace_id == Conversation.workspace_id,
            Account.id == Conversation.account_id,
            is_any(col(Account.channel_id), list(channels)),
        )
        .correlate(Conversation)
    )
    shown = card.where(is_any(col(Post.channel_id), list(channels))).exists()
    return or_(shown, and_(~card.exists(), account.exists()))


def _conditions(wanted: ConversationFilter) -> Iterable[ColumnElement[bool]]:
    yield from _visible(wanted)
    if wanted.status is not None:
        yield col(Conversation.status) == wanted.status
    if wanted.assignee_id is not None:
        yield col(Conversation.assignee_id) == wanted.assignee_id
    if wanted.unassigned:
        yield col(Conversation.assignee_id).is_(None)
    if wanted.snoozed is not None:
        sleeps = col(Conversation.snoozed_until).is_not(None) | col(
            Conversation.snoozed_until_reply
        )
        yield sleeps if wanted.snoozed else ~sleeps
    if wanted.snoozed_by_id is not None:
        yield col(Conversation.snoozed_by_id) == wanted.snoozed_by_id
    if wanted.tag is not None:
        yield col(Conversation.tags).contains([wanted.tag])
    if wanted.overdue:
        yield col(Conversation.no_answer_since).is_not(None)
    yield from _waiting(wanted)


def _queries(wanted: ConversationFilter) -> Iterable[ColumnElement[str]]:
    """What is asked of the words of mails."""
    if prefixes := [one for text in wanted.words_beginning for one in _WORD.findall(text)]:
        yield func.to_tsquery("simple", " & ".join(f"{one}:*AB" for one in prefixes))
    if wanted.query:
        yield func.websearch_to_tsquery("simple", wanted.query)


def _waiting(wanted: ConversationFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.waiting or wanted.waiting_with_others_than is not None:
        yield col(Conversation.waiting_since).is_not(None)
    if wanted.waiting_with_others_than is not None:
        yield col(Conversation.assignee_id) != wanted.waiting_with_others_than
