"""The first page: how everything is."""

from fastapi import APIRouter, Request, Response

from app.web.admin.nav import Entry, Group
from app.web.admin.view import page
from app.web.admin.visitor import AsViewer
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Overview", "/", "overview", Group.WORK)


@router.get("/")
async def overview(request: Request, parts: Parts, visitor: AsViewer) -> Response:
    async with parts.store.across_workspaces() as fleet:
        figures, workers = await fleet.figures(), await fleet.workers()
    return page(request, visitor, "overview.html", figures=figures, workers=len(workers))
