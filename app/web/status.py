"""A plain page that says whether SharedBox is well.

It names nobody's mailbox, since anybody may read it.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from app.store.models import AccountState
from app.web.deps import Parts

_HERE: Final = Path(__file__).parent
templates: Final = Jinja2Templates(_HERE / "templates")
router = APIRouter()
router.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")

_WORDS: Final = {
    AccountState.CONNECTING: "connecting",
    AccountState.LIVE: "live",
    AccountState.RETRYING: "trying to reach their server",
    AccountState.REFUSED: "waiting for new credentials",
}


@router.get("/")
async def status(request: Request, parts: Parts) -> Response:
    async with parts.store.across_workspaces() as fleet:
        figures = await fleet.figures()
    accounts = [(words, figures.accounts.get(state, 0)) for state, words in _WORDS.items()]
    shown = {"accounts": accounts, "total": sum(figures.accounts.values()), "figures": figures}
    return templates.TemplateResponse(request, "status.html", shown)
