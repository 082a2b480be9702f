"""Conversations: found by their words, their state and whoever has them, the latest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.core.ids import ConversationId, TeammateId
from app.store.models import Account, ConversationStatus, Teammate
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork
from app.web.admin.choices import filter_id, filter_state
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page
from app.web.admin.visitor import AsViewer, Visitor
from app.web.deps import Cursor, Parts, Words, read_cursor, visible_accounts, write_cursor

router = APIRouter()
NAV = Entry("Conversations", "/conversations", "talk", Group.INBOX)
_PAGE: Final = 30
_MOST_ACCOUNTS: Final = 500
_MOST_PEOPLE: Final = 200
_ME: Final = "me"
_NOBODY: Final = "none"


class Shown(StrEnum):
    """What a list may be narrowed to; the first is where it begins."""

    OPEN = "open"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    DONE = "done"
    MERGED = "merged"
    ALL = "all"


_NAMES: Final = {
    Shown.OPEN: "Open",
    Shown.WAITING: "Waiting for us",
    Shown.SNOOZED: "Snoozed",
    Shown.DONE: "Done",
    Shown.MERGED: "Merged",
    Shown.ALL: "All",
}
_EMPTY: Final = {
    Shown.OPEN: "Nothing is open",
    Shown.WAITING: "Nobody waits for us",
    Shown.SNOOZED: "Nothing sleeps",
    Shown.DONE: "Nothing is done yet",
    Shown.MERGED: "Nothing was merged",
    Shown.ALL: "No conversations yet",
}

Text = Annotated[Words, Query(max_length=500)]


@router.get("/conversations")
async def list_(
    request: Request,
    visitor: AsViewer,
    parts: Parts,
    status: Text = "",
    q: Text = "",
    account: Text = "",
    assignee: Text = "",
    tag: Text = "",
    cursor: Cursor = None,
) -> Response:
    shown_as = filter_state(Shown, status) or Shown.OPEN
    chosen = {"status": shown_as.value, "q": q.strip(), "account": account, "assignee": assignee,
              "tag": tag}  # fmt: skip
    place = read_cursor(cursor or None, datetime.fromisoformat, UUID)
    before = (place[0], ConversationId(place[1])) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.conversations.page(
            _filter(visitor, shown_as, chosen), before=before, limit=_PAGE + 1
        )
        shown = found[:_PAGE]
        latest = await uow.reading.latest_of([one.id for one in shown])
        accounts = await _accounts(uow, visitor)
        people = await uow.teammates.page(after=None, limit=_MOST_PEOPLE)
        tags = await uow.conversations.known_tags(visitor.sight)
    more = None
    if len(found) > _PAGE:
        last = shown[-1]
        more = _address(chosen | {"cursor": write_cursor(last.last_message_at, last.id)})
    return page(
        request, visitor, "conversations.html",
        conversations=shown, latest=latest, chosen=chosen, empty=_EMPTY[shown_as],
        accounts=accounts, people=people, tags=tags, more=more, first=cursor is None,
        addresses={one.id: one.address for one in accounts}, whom=_names(people),
        tabs=[(one, _NAMES[one], _address(chosen | {"status": one.value})) for one in Shown],
        narrowed=any(chosen[name] for name in ("q", "account", "assignee", "tag")),
        start=_address(chosen),
    )  # fmt: skip


def _filter(visitor: Visitor, status: Shown, chosen: Mapping[str, str]) -> ConversationFilter:
    """Raises `NotFound` for an account that the visitor may not see."""
    is_open = status in {Shown.OPEN, Shown.WAITING, Shown.SNOOZED}
    asleep = {Shown.OPEN: False, Shown.SNOOZED: True}
    wanted = {Shown.DONE: ConversationStatus.DONE}.get(status)
    return ConversationFilter(
        account_ids=visible_accounts(visitor.actor, filter_id(chosen["account"])),
        seen_in=visitor.seen_in,
        status=ConversationStatus.OPEN if is_open else wanted,
        assignee_id=_assignee(visitor, chosen["assignee"]),
        unassigned=chosen["assignee"] == _NOBODY,
        snoozed=asleep.get(status),
        tag=chosen["tag"] or None,
        waiting=status is Shown.WAITING,
        merged=status is Shown.MERGED,
        query=chosen["q"] or None,
    )


def _assignee(visitor: Visitor, text: str) -> TeammateId | None:
    if text == _ME:
        return visitor.teammate.id
    found = filter_id(text) if text != _NOBODY else None
    return TeammateId(found) if found else None


async def _accounts(uow: UnitOfWork, visitor: Visitor) -> Sequence[Account]:
    return await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS, only=visitor.actor.account_ids)


def _names(people: Sequence[Teammate]) -> dict[TeammateId, str]:
    return {one.id: one.name for one in people}


def _address(chosen: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in chosen.items() if value}
    if kept.get("status") == Shown.OPEN.value:
        del kept["status"]
    return f"/conversations?{urlencode(kept)}" if kept else "/conversations"
