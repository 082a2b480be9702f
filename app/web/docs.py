"""The API's own pages: Swagger UI, with every file of it served from here."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

_templates: Final = Jinja2Templates(Path(__file__).parent / "templates")
router = APIRouter()
router.mount("/static/swagger", StaticFiles(packages=[("fastapi_offline", "static")]))

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles on its elements, and draws with images in `data:`."""


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _templates.TemplateResponse(
        request, "docs.html", headers={"Content-Security-Policy": _POLICY}
    )
