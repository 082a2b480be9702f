"""The files that pages need: ours, and those of npm packages.

The latter lie in `node_modules` of a checkout, or in `app/web/vendor`, where an image has them at
the same places within. Where neither has them, pages come without looks and say what to do.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.core.config import PROJECT_ROOT
from app.core.logging import get_logger

OURS: Final = Path(__file__).parents[1] / "static"
_VENDOR: Final = Path(__file__).parents[1] / "vendor"
STYLE: Final = "@tabler/core/dist/css/tabler.min.css"
SCRIPTS: Final = ("htmx.org/dist/htmx.min.js",)
WANTED: Final = (STYLE, *SCRIPTS)
_KEPT: Final = "public, max-age=31536000, immutable"
log = get_logger(__name__)


class Assets:
    """Where they are, and a version that changes with them, for addresses that can be kept."""

    def __init__(self, places: tuple[Path, ...] = (_VENDOR, PROJECT_ROOT / "node_modules")) -> None:
        self.folder = next(
            (one for one in places if all((one / name).is_file() for name in WANTED)), None
        )
        if self.folder is None:
            log.warning("assets.missing", wanted=WANTED[0], fix="make browser-tools")
        self.version = self._version()

    @property
    def are_missing(self) -> bool:
        return self.folder is None

    def routes(self) -> APIRouter:
        router = APIRouter()
        if self.folder is not None:
            files = _Kept(directory=self.folder, only=WANTED)
            router.mount("/static/vendor", GZipMiddleware(files, minimum_size=1000))
        router.mount("/static", GZipMiddleware(_Kept(directory=OURS), minimum_size=1000))
        return router

    def _version(self) -> str:
        found = hashlib.sha256()
        for path in sorted(OURS.iterdir()):
            found.update(path.read_bytes())
        for name in WANTED if self.folder else ():
            found.update((self.folder / name).read_bytes() if self.folder else b"")
        return found.hexdigest()[:12]


class _Kept(StaticFiles):
    """Files that browsers may keep for ever when their address names a version.

    `only`: these files of the folder, and no other.
    """

    def __init__(self, *, directory: Path, only: tuple[str, ...] | None = None) -> None:
        super().__init__(directory=directory)
        self._only = only

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if self._only is not None and path not in self._only:
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            answer.headers["Cache-Control"] = _KEPT
        return answer
