"""Mails that could not be read: why, where they lie, and another try."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.commands.undo import process_again
from app.core.errors import Conflict, NotFound
from app.core.ids import PlacementId
from app.store.models import Mailbox, Placement
from app.store.unit_of_work import UnitOfWork
from app.web.admin.choices import account_choices
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAgent, AsViewer, Visitor
from app.web.deps import Cursor, Parts, read_cursor, write_cursor
from app.web.downloads import download_mail

router = APIRouter()
NAV = Entry("Quarantine", "/quarantine", "warning", Group.INBOX)
_PAGE: Final = 40


@router.get("/quarantine")
async def list_(
    request: Request, visitor: AsViewer, parts: Parts, cursor: Cursor = None
) -> Response:
    place = read_cursor(cursor, datetime.fromisoformat, UUID)
    before = (place[0], PlacementId(place[1])) if place else None
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.reading.quarantined(
            of_accounts=visitor.actor.account_ids, before=before, limit=_PAGE + 1
        )
        seen = await visitor.shown(uow, [one.placement.id for one in found])
        accounts = await account_choices(uow, visitor)
    more = None
    if len(found) > _PAGE:
        last = found[_PAGE - 1].placement
        more = f"/quarantine?cursor={write_cursor(last.seen_at, last.id)}"
    return page(
        request, visitor, "quarantine.html",
        mails=[one for one in found[:_PAGE] if one.placement.id in seen],
        addresses=dict(accounts), more=more, first=cursor is None,
    )  # fmt: skip


@router.get("/quarantine/{placement_id}/raw")
async def raw(visitor: AsViewer, parts: Parts, placement_id: UUID) -> Response:
    """The mail exactly as the server had it, where it could be fetched at all."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        placement, _ = await _placement(uow, visitor, placement_id)
    if placement.raw_sha256 is None:
        raise NotFound("This mail could not be fetched, so there is nothing to download.")
    return await download_mail(parts.blobs, placement.raw_sha256, f"{placement.id}.eml")


@router.post("/quarantine/{placement_id}/again")
async def again(request: Request, visitor: AsAgent, parts: Parts, placement_id: UUID) -> Response:
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            placement, _ = await _placement(uow, visitor, placement_id)
            await process_again(uow, placement.id)
    except Conflict as error:
        return see_other(request, "/quarantine", error.sentence, is_bad=True)
    said = "It is read once more. If that fails again, it comes back here with the reason."
    return see_other(request, "/quarantine", said)


async def _placement(
    uow: UnitOfWork, visitor: Visitor, placement_id: UUID
) -> tuple[Placement, Mailbox]:
    """Raises `NotFound`."""
    placement = await uow.ledger.get(PlacementId(placement_id))
    mailbox = await uow.mailboxes.get(placement.mailbox_id)
    if not await visitor.sees(uow, mailbox.account_id, placement.id):
        raise NotFound("There is no such mail in quarantine.")
    return placement, mailbox
