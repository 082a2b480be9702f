"""In which channels a row is seen.

A mail is seen where the card of its conversation stands; one without a card, where its account's
mail goes. What belongs to no conversation (an account, a folder, a new mail) is seen wherever mail
of the account is sent to, by its own channel or by any route. What a post stands for is seen where
the post stands.

It is asked at every click, so the statements are built once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    Uuid,
    any_,
    bindparam,
    exists,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlmodel import col

from app.core.access import Role
from app.core.ids import ChannelId, SlackUserId
from app.store.models import (
    Account,
    Channel,
    Command,
    Conversation,
    Draft,
    Exposure,
    Mailbox,
    Message,
    Outgoing,
    Placement,
    Post,
    PostKind,
    Route,
    Teammate,
    Workspace,
)
from app.store.repositories.base import Repository

_OF_CONVERSATIONS: Final = (Command, Draft, Message, Outgoing)


@dataclass(frozen=True, slots=True)
class HouseRules:
    """What this workspace lets people do who are not full members of it."""

    guests_may_act: bool
    strangers_may_act: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a person; nothing yet of who is not known."""

    role: Role | None = None
    is_shut_out: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides whether somebody may have something of some rows, but for what Slack says."""

    house: HouseRules
    role: Role | None
    """As somebody decided; None where nobody did, or we do not know the person yet."""
    behind: dict[UUID, frozenset[ChannelId]]
    """As `Sight.channels_behind` has them."""


_Statement = Select[*tuple[Any, ...]]
_TEAM: Final[ColumnElement[Any]] = bindparam("team", type_=Uuid())
_IDS: Final[ColumnElement[Any]] = bindparam("ids", type_=ARRAY(Uuid()))
_NO_ID: Final[ColumnElement[Any]] = null().cast(Uuid())
_NO_CHANNEL: Final[ColumnElement[Any]] = null().cast(String())


def _of(
    table: Any,  # noqa: ANN401 -- whichever has an id
    account_id: Any,  # noqa: ANN401 -- a column
    conversation_id: Any = _NO_ID,  # noqa: ANN401 -- a column
    *,
    is_routed: bool = True,
) -> _Statement:
    return select(
        table.id.label("id"),
        account_id.label("account_id"),
        conversation_id.label("conversation_id"),
        (literal(is_routed) & conversation_id.is_(None)).label("is_routed"),
    ).where(table.workspace_id == _TEAM, table.id == any_(_IDS))


def _rows() -> Any:  # noqa: ANN401 -- a subquery has no useful type
    """Whose mail each row is of, and of which conversation."""
    has_a_post = exists().where(
        col(Post.workspace_id) == _TEAM, col(Post.placement_id) == col(Placement.id)
    )
    placements = (
        _of(Placement, col(Mailbox.account_id), is_routed=False)
        .join(
            Mailbox,
            (col(Mailbox.workspace_id) == _TEAM) & (col(Mailbox.id) == col(Placement.mailbox_id)),
        )
        .where(~has_a_post)
    )
    return union_all(
        _of(Account, col(Account.id)),
        _of(Mailbox, col(Mailbox.account_id)),
        placements,
        _of(Conversation, col(Conversation.account_id), col(Conversation.id)),
        *(_of(one, one.account_id, one.conversation_id) for one in _OF_CONVERSATIONS),
    ).subquery()


def _of_mail() -> _Statement:
    """A row's id, its account's channel, that of its card, and that of a route."""
    rows = _rows()
    return (
        select(
            rows.c.id.label("id"),
            col(Account.channel_id).label("of_account"),
            col(Post.channel_id).label("of_card"),
            col(Route.channel_id).label("of_route"),
        )
        .select_from(rows)
        .join(
            Account,
            (col(Account.workspace_id) == _TEAM) & (col(Account.id) == rows.c.account_id),
        )
        .outerjoin(
            Post,
            (col(Post.workspace_id) == _TEAM)
            & (col(Post.conversation_id) == rows.c.conversation_id)
            & (col(Post.kind) == PostKind.CARD),
        )
        .outerjoin(
            Route,
            (col(Route.workspace_id) == _TEAM)
            & (col(Route.account_id) == rows.c.account_id)
            & rows.c.is_routed,
        )
    )


def _of_posts(id_: Any, *conditions: ColumnElement[bool]) -> _Statement:  # noqa: ANN401 -- a column
    """The same of digests, and of mails that could not be read: where they are shown."""
    return select(id_, _NO_CHANNEL, col(Post.channel_id), _NO_CHANNEL).where(
        col(Post.workspace_id) == _TEAM, id_ == any_(_IDS), *conditions
    )


_SEEN: Final = union_all(
    _of_mail(),
    _of_posts(col(Post.id), col(Post.kind) == PostKind.DIGEST),
    _of_posts(col(Post.placement_id)),
).subquery()
_BEHIND: Final[_Statement] = select(_SEEN)
_THEY: Final = (
    col(Teammate.workspace_id) == _TEAM,
    col(Teammate.slack_user_id) == bindparam("user"),
)
_ROLE_OF: Final[_Statement] = select(col(Teammate.role)).where(*_THEY)
_DECIDED_OF: Final[_Statement] = select(
    col(Teammate.role), col(Teammate.barred_at).is_not(None).label("is_shut_out")
).where(*_THEY)
_SHOWN_IN_PART: Final[_Statement] = select(col(Channel.id)).where(
    col(Channel.workspace_id) == _TEAM,
    col(Channel.id) == any_(bindparam("ids", type_=ARRAY(String()))),
    col(Channel.exposure) != Exposure.FULL,
)
_ASKED: Final[_Statement] = (
    select(
        col(Workspace.guests_may_act),
        col(Workspace.strangers_may_act),
        _ROLE_OF.scalar_subquery(),
        _SEEN,
    )
    .select_from(Workspace)
    .outerjoin(_SEEN, true())
    .where(col(Workspace.id) == _TEAM)
)


class Sight(Repository):
    async def asked(self, user_id: SlackUserId, ids: Iterable[UUID]) -> Asked:
        """All at once, for somebody waits for it."""
        rows = (await self._ask(_ASKED, user=user_id, ids=list(ids))).all()
        guests, strangers, role, *_ = rows[0]
        return Asked(
            HouseRules(guests, strangers),
            _role(role),
            _by_row(seen for _, _, _, *seen in rows if seen[0] is not None),
        )

    async def channels_behind(self, ids: Iterable[UUID]) -> dict[UUID, frozenset[ChannelId]]:
        """The channels of those of these ids that are rows of mail; others are left out."""
        wanted = list(ids)
        return _by_row(await self._ask(_BEHIND, ids=wanted)) if wanted else {}

    async def shown_in_part(self, ids: Iterable[ChannelId]) -> frozenset[ChannelId]:
        """Those of these channels in which a mail is not shown as a whole."""
        rows = await self._ask(_SHOWN_IN_PART, ids=list(ids))
        return frozenset(ChannelId(one) for (one,) in rows)

    async def workspace(self) -> Workspace:
        return await self._session.get_one(Workspace, self._workspace_id)

    async def decided_of(self, user_id: SlackUserId) -> Decided:
        found = (await self._ask(_DECIDED_OF, user=user_id)).first()
        return Decided(_role(found.role), found.is_shut_out) if found else Decided()

    async def _ask(self, statement: _Statement, **values: object) -> Any:  # noqa: ANN401 -- a result
        return await self._session.exec(
            statement,  # type: ignore[call-overload]
            params={"team": self._workspace_id, **values},
        )


def _role(kept: str | None) -> Role | None:
    return Role(kept) if kept is not None else None


def _by_row(seen: Iterable[Any]) -> dict[UUID, frozenset[ChannelId]]:
    """A card stands for its mail alone; what was shared by a route is seen there besides."""
    found: dict[UUID, set[ChannelId]] = {}
    for id_, of_account, of_card, of_route in seen:
        channels = found.setdefault(id_, set())
        channels.add(ChannelId(of_card or of_account))
        if of_route is not None:
            channels.add(ChannelId(of_route))
    return {id_: frozenset(channels) for id_, channels in found.items()}
