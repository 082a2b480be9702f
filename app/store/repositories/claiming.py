"""Claiming a post: saying, so that it lasts, that we are about to send it. See `feed/deliver.py`.

Somebody waits for the card of a new mail. So what it is drawn from comes with the claim, by one
statement that is committed by itself, and nothing else is asked between the claim and Slack that
need not be.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.ids import PostId
from app.store.models import (
    Account,
    Conversation,
    Mailbox,
    Message,
    Placement,
    Post,
    PostKind,
    PostState,
)
from app.store.repositories.base import Repository
from app.store.repositories.drawing import UNSENT, Drawing, Sources, drawn_from

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How far the clocks of mail servers, Slack and Postgres may be apart."""
_UNKNOWN: Final = (
    PostKind.CARD, PostKind.MAIL, PostKind.QUARANTINE, PostKind.NOTICE, PostKind.OUTGOING,
)  # fmt: skip
"""What may stand in Slack though our tables say nothing of it: see `feed/earlier.py`."""
_TEAM: Final[ColumnElement[Any]] = bindparam("team")
_POST: Final[ColumnElement[Any]] = bindparam("post")


@dataclass(frozen=True, slots=True)
class Gap:
    """From when until when nobody known to us looked at an account."""

    since: datetime
    until: datetime


def _gap() -> Select[*tuple[Any, ...]]:
    """The gap of an account that a post, never tried, may have been made in unknown to us."""

    def beside(table: Any, id_: Any) -> ColumnElement[bool]:  # noqa: ANN401 -- a model, a column
        return and_(col(table.workspace_id) == col(Post.workspace_id), col(table.id) == id_)

    account_id = func.coalesce(col(Conversation.account_id), col(Mailbox.account_id))
    made_at = func.least(Post.created_at, Message.received_at, Placement.internaldate)
    return (
        select(col(Account.unwatched_since), col(Account.owned_since))
        .select_from(Post)
        .outerjoin(Message, beside(Message, col(Post.message_id)))
        .outerjoin(Conversation, beside(Conversation, col(Post.conversation_id)))
        .outerjoin(Placement, beside(Placement, col(Post.placement_id)))
        .outerjoin(Mailbox, beside(Mailbox, col(Placement.mailbox_id)))
        .join(Account, beside(Account, account_id))
        .where(
            col(Post.workspace_id) == _TEAM,
            col(Post.id) == _POST,
            col(Post.attempts) == 0,
            col(Post.kind).in_(_UNKNOWN),
            col(Account.unwatched_since).is_not(None),
            made_at < col(Account.owned_since) + bindparam("skew", CLOCK_SKEW),
        )
    )


def _claim() -> Select[*tuple[Any, ...]]:
    table = cast("Table", inspect(Post).local_table)
    claimed = (
        update(table)
        .where(
            table.c.workspace_id == _TEAM,
            table.c.id == _POST,
            table.c.state.in_(UNSENT),
            or_(bindparam("looked_up", type_=Boolean), ~_gap().exists()),
        )
        .values(state=PostState.CLAIMED, attempts=table.c.attempts + 1, claimed_at=func.now())
        .returning(*table.c)
        .cte("claimed")
    )
    return drawn_from(aliased(Post, claimed))


_GAP: Final = _gap()
_CLAIM: Final = _claim()


class Claiming(Repository):
    async def claim(self, post_id: PostId, *, looked_up: bool) -> Sources | None:
        """Say that we are about to send it; to be committed before Slack hears of it.

        None where it is not to be sent any more, or may have been made without our knowledge, in
        the gap that `gap_before` tells; unless it was `looked_up` in its channel.
        """
        return await Drawing(self._session, self._workspace_id).found(
            _CLAIM, post=post_id, looked_up=looked_up
        )

    async def gap_before(self, post: Post) -> Gap | None:
        """The time in which a post that was never tried may have been made without our knowledge.

        None where it is about what came when its account was in good hands.
        """
        values = {"team": self._workspace_id, "post": post.id}
        row = (await self._session.exec(_GAP, params=values)).one_or_none()  # type: ignore[call-overload]
        return None if row is None else Gap(*row)
