"""How the installation is, in words: what `sharedbox doctor` says."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.core.access import Role
from app.core.findings import Level
from app.slack.examination import examine
from app.web.admin.nav import Entry, Group
from app.web.admin.pages.overview import LEVELS, WORST_FIRST
from app.web.admin.view import page
from app.web.admin.visitor import AsAdmin
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Health", "/health", "health", Group.SYSTEM, Role.ADMIN)
_LINKS: Final = {"Commands": "/commands?state=failed", "Quarantine": "/quarantine"}
"""Where what was found can be looked into."""
_WORDS: Final = {Level.OK: "well", Level.NOTE: "worth knowing", Level.PROBLEM: "needs a person"}


@router.get("/health")
async def show(
    request: Request,
    visitor: AsAdmin,
    parts: Parts,
    looked: Annotated[bool, Query(description="Look now, which asks Slack.")] = False,
) -> Response:
    """The page comes at once; what takes a look at Slack follows."""
    found = None
    if looked:
        found = [one async for one in examine(parts, visitor.workspace_id)]
        found.sort(key=lambda one: WORST_FIRST.index(one.level))
    return page(
        request, visitor, "health.html", found=found, levels=LEVELS, words=_WORDS, links=_LINKS
    )
