"""Plain pages that say whether SharedBox is well.

The overview names nobody's mailbox, since anybody may read it. The accounts, with their folders and
what is to be done about them, are for whoever has an API key; the browser asks for it.
"""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from app.accounts.diagnose import diagnose
from app.accounts.health import health_of
from app.core.access import Scope
from app.core.findings import Level, ago
from app.store.models import AccountState
from app.web.auth import Unauthenticated, authenticate
from app.web.deps import Parts
from app.web.errors import problem

_HERE: Final = Path(__file__).parent
templates: Final = Jinja2Templates(_HERE / "templates")
router = APIRouter()
router.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")

_WORDS: Final = {
    AccountState.CONNECTING: "connecting",
    AccountState.LIVE: "live",
    AccountState.RETRYING: "trying to reach their server",
    AccountState.REFUSED: "waiting for new credentials",
    AccountState.STOPPED: "given up, waiting for a person",
}
_MOST: Final = 200
_WORST_FIRST: Final = (Level.PROBLEM, Level.NOTE, Level.OK)
_ASK_FOR_KEY: Final = 'Basic realm="SharedBox: an API key as the password", charset="UTF-8"'
_basic = HTTPBasic(auto_error=False)


@router.get("/")
async def overview(request: Request, parts: Parts) -> Response:
    async with parts.store.across_workspaces() as fleet:
        figures = await fleet.figures()
        workers = await fleet.workers()
    shown = {
        "accounts": [(words, figures.accounts.get(state, 0)) for state, words in _WORDS.items()],
        "total": sum(figures.accounts.values()),
        "figures": figures,
        "workers": len(workers),
        "ago": ago,
    }
    return templates.TemplateResponse(request, "status.html", shown)


@router.get("/status")
async def accounts(
    request: Request,
    parts: Parts,
    given: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
) -> Response:
    """Every account that the key may see: the ones that need a person first."""
    try:
        caller = await authenticate(parts, given.password if given else None)
    except Unauthenticated as error:
        ask = {"WWW-Authenticate": _ASK_FOR_KEY}
        return problem(401, str(error), request=request, headers=ask)
    caller.require(Scope.READ)
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.accounts.page(after=None, limit=_MOST + 1, only=caller.account_ids)
        healths = await health_of(uow, found[:_MOST])
    now, poll_seconds = parts.clock.now(), parts.settings.poll_seconds
    shown = [(one, diagnose(one, now, poll_seconds=poll_seconds)) for one in healths]
    shown.sort(key=lambda pair: _WORST_FIRST.index(pair[1].level))
    values = {
        "accounts": shown,
        "more": len(found) > _MOST,
        "problems": sum(finding.level is Level.PROBLEM for _, finding in shown),
        "now": now,
        "ago": ago,
    }
    headers = {"Cache-Control": "no-store"}
    return templates.TemplateResponse(request, "accounts.html", values, headers=headers)
