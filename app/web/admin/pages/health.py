"""How the installation is, in words: what `sharedbox doctor` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.core.access import Role
from app.core.findings import Finding, Level
from app.core.ids import AccountId
from app.slack.examination import examine
from app.web.admin.nav import Entry, Group
from app.web.admin.pages.overview import LEVELS, WORST_FIRST
from app.web.admin.view import page
from app.web.admin.visitor import AsAdmin
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Health", "/health", "health", Group.SYSTEM, Role.ADMIN)
_PLACES: Final = {
    "Commands": (
        "/commands?state=failed",
        "Each says why it failed, and can be tried again there.",
    ),
    "Quarantine": ("/quarantine", "Each says why, and can be processed again there."),
    "Channel": ("/channels", "Once that is mended, have it tried again there."),
}
"""By the first word of what was found: where to look into it here, and what to do there."""
_MOST_ACCOUNTS: Final = 500
_WORDS: Final = {Level.OK: "well", Level.NOTE: "worth knowing", Level.PROBLEM: "needs a person"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as somebody reads it here, who has pages where a terminal has commands."""

    subject: str
    level: Level
    what: str
    fix: str
    details: tuple[str, ...]
    leads_to: str


def shown(found: Finding, accounts: Mapping[str, AccountId]) -> Shown:
    """`accounts`: by their addresses."""
    leads_to, fix = "", found.fix
    if found.subject in accounts:
        leads_to = f"/accounts/{accounts[found.subject]}"
    elif place := _PLACES.get(found.subject.partition(" ")[0]):
        leads_to, fix = place
    return Shown(found.subject, found.level, found.what, fix, found.details, leads_to)


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
        async with parts.store.begin(visitor.workspace_id) as uow:
            known = await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS)
        accounts = {one.address: one.id for one in known}
        found = [shown(one, accounts) async for one in examine(parts, visitor.workspace_id)]
        found.sort(key=lambda one: WORST_FIRST.index(one.level))
    return page(request, visitor, "health.html", found=found, levels=LEVELS, words=_WORDS)
