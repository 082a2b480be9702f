"""In which channels a row is seen.

A mail is seen where the card of its conversation stands; one without a card, where its account's
mail goes. What belongs to no conversation (an account, a folder, a new mail) is seen wherever mail
of the account is sent to, by its own channel or by any route. What a post stands for is seen where
the post stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import literal, null, union_all
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select

from app.core.access import Role
from app.core.ids import ChannelId, SlackUserId
from app.store.bulk import is_any
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


class Sight(Repository):
    async def channels_behind(self, ids: Iterable[UUID]) -> dict[UUID, frozenset[ChannelId]]:
        """The channels of those of these ids that are rows of mail; others are left out."""
        wanted = list(ids)
        if not wanted:
            return {}
        found = await self._posted(wanted)
        rows = self._rows([one for one in wanted if one not in found])
        card = (
            (col(Post.workspace_id) == self._workspace_id)
            & (col(Post.conversation_id) == rows.c.conversation_id)
            & (col(Post.kind) == PostKind.CARD)
        )
        route = (
            (col(Route.workspace_id) == self._workspace_id)
            & (col(Route.account_id) == rows.c.account_id)
            & rows.c.is_routed
        )
        statement = (
            select(rows.c.id, col(Post.channel_id), col(Account.channel_id), col(Route.channel_id))
            .select_from(rows)
            .join(
                Account,
                (col(Account.workspace_id) == self._workspace_id)
                & (col(Account.id) == rows.c.account_id),
            )
            .outerjoin(Post, card)
            .outerjoin(Route, route)
        )
        for id_, of_card, of_account, of_route in await self._session.exec(statement):
            channels = found.setdefault(id_, set())
            channels.add(ChannelId(of_card or of_account))
            if of_route is not None:
                channels.add(ChannelId(of_route))
        return {id_: frozenset(channels) for id_, channels in found.items()}

    async def shown_in_part(self, ids: Iterable[ChannelId]) -> frozenset[ChannelId]:
        """Those of these channels in which a mail is not shown as a whole."""
        statement = select(Channel.id).where(
            Channel.workspace_id == self._workspace_id,
            is_any(col(Channel.id), list(ids)),
            Channel.exposure != Exposure.FULL,
        )
        return frozenset(ChannelId(one) for one in await self._session.exec(statement))

    async def _posted(self, wanted: list[UUID]) -> dict[UUID, set[ChannelId]]:
        """Of digests, and of mails that could not be read: where they are shown."""
        ours = col(Post.workspace_id) == self._workspace_id
        statement: Any = union_all(
            select(col(Post.id), col(Post.channel_id)).where(
                ours, is_any(col(Post.id), wanted), col(Post.kind) == PostKind.DIGEST
            ),
            select(col(Post.placement_id), col(Post.channel_id)).where(
                ours, is_any(col(Post.placement_id), wanted)
            ),
        )
        found: dict[UUID, set[ChannelId]] = {}
        for id_, channel_id in await self._session.exec(statement):
            found.setdefault(id_, set()).add(ChannelId(channel_id))
        return found

    def _rows(self, wanted: list[UUID]) -> Any:  # noqa: ANN401 -- a subquery has no useful type
        def of(
            table: Any,  # noqa: ANN401
            account_id: Any,  # noqa: ANN401
            conversation_id: Any,  # noqa: ANN401
            *,
            is_routed: bool = True,
        ) -> Any:  # noqa: ANN401
            return select(
                table.id.label("id"),
                account_id.label("account_id"),
                conversation_id.label("conversation_id"),
                (literal(is_routed) & conversation_id.is_(None)).label("is_routed"),
            ).where(table.workspace_id == self._workspace_id, is_any(table.id, wanted))

        nothing: ColumnElement[Any] = null().cast(Conversation.id.type)  # type: ignore[attr-defined]
        placements = of(Placement, col(Mailbox.account_id), nothing, is_routed=False).join(
            Mailbox,
            (col(Mailbox.workspace_id) == self._workspace_id)
            & (col(Mailbox.id) == col(Placement.mailbox_id)),
        )
        return union_all(
            of(Account, col(Account.id), nothing),
            of(Mailbox, col(Mailbox.account_id), nothing),
            placements,
            of(Conversation, col(Conversation.account_id), col(Conversation.id)),
            *(of(one, one.account_id, one.conversation_id) for one in _OF_CONVERSATIONS),
        ).subquery()

    async def workspace(self) -> Workspace:
        return await self._session.get_one(Workspace, self._workspace_id)

    async def house_rules(self) -> HouseRules:
        workspace = await self.workspace()
        return HouseRules(workspace.guests_may_act, workspace.strangers_may_act)

    async def role_of(self, user_id: SlackUserId) -> Role | None:
        """As somebody decided; None where nobody did, or we do not know the person yet."""
        statement = select(Teammate.role).where(
            Teammate.workspace_id == self._workspace_id, Teammate.slack_user_id == user_id
        )
        role = (await self._session.exec(statement)).first()
        return Role(role) if role is not None else None
