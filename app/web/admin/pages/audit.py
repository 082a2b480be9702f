"""The audit log: who did what, when, and from where."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.core.access import Role
from app.core.ids import AuditEntryId, TeammateId
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page
from app.web.admin.visitor import AsAdmin
from app.web.deps import Cursor, Parts, read_cursor, write_cursor

router = APIRouter()
NAV = Entry("Audit log", "/audit", "log", Group.SYSTEM, Role.ADMIN)
_PAGE: Final = 50
KINDS: Final = {
    "": "everything",
    "session.": "signing in and out",
    "team.": "the team",
    "invitation.": "invitations",
    "account.": "mail accounts",
    "api_key.": "API keys",
    "second_factor.": "second factors",
    "password.": "passwords",
}


@router.get("/audit")
async def list_(
    request: Request,
    visitor: AsAdmin,
    parts: Parts,
    cursor: Cursor = None,
    kind: Annotated[str, Query(max_length=50)] = "",
    who: UUID | None = None,
) -> Response:
    place = read_cursor(cursor, UUID)
    before = AuditEntryId(place[0]) if place else None
    kind = kind if kind in KINDS else ""
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await uow.audit.page(
            before=before, limit=_PAGE + 1, act=kind or None,
            actor_id=TeammateId(who) if who else None,
        )  # fmt: skip
    entries = found[:_PAGE]
    more = None
    if len(found) > _PAGE:
        more = f"/audit?kind={kind}&cursor={write_cursor(entries[-1].id)}"
        more += f"&who={who}" if who else ""
    return page(
        request, visitor, "audit.html", entries=entries, more=more, first=cursor is None,
        kinds=KINDS, kind=kind, who=who,
    )  # fmt: skip
