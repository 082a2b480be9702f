"""Is it alive, is it ready, and how is it doing."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.container import Container
from app.core.access import Actor, Scope
from app.core.errors import NotAllowed
from app.store.migrate import DatabaseUnreachable, is_current
from app.store.models import AccountState
from app.store.repositories.figures import Figures
from app.store.repositories.folder_figures import FolderFigures
from app.store.repositories.silence import PausedAccount, SilentAccount
from app.web.auth import Unauthenticated, authenticate
from app.web.deps import Parts, bearer

router = APIRouter(tags=["health"])
_WITHOUT_WORKER: Final = {
    "status": "degraded",
    "detail": "No worker runs, so no mail is fetched and nothing is posted: sharedbox run worker",
}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


class PausedOut(BaseModel):
    """A mailbox that somebody wants let be: nobody looks at it, and that is no trouble."""

    account_id: UUID
    since: datetime
    address: str | None = None
    by: str | None = None


class SilentOut(BaseModel):
    """A mailbox that nobody has looked at for too long."""

    account_id: UUID
    since: datetime
    address: str | None = None
    folders: list[str] | None = None


@router.get("/readyz/web")
async def ready_for_requests(parts: Parts) -> JSONResponse:
    """This process can take requests: the database answers, and has the schema it needs.

    For whoever shares requests out. A mailbox that is out of reach changes nothing here.
    """
    if (why := await _trouble(parts)) is not None:
        return _not_ready(why)
    return JSONResponse({"status": "ready"})


@router.get("/readyz")
async def ready(
    request: Request,
    parts: Parts,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None,
) -> JSONResponse:
    """The installation does its work: `/readyz/web`, and every mailbox is looked at.

    `silent` names the mailboxes that are not, by the id of their account; to the holder of an API
    key also by address and folders. It is worked out here and now, so it is true even if no worker
    is left; until a mailbox has been silent for too long, that is only `degraded`, and so is a
    process that Slack does not reach by Socket Mode. `paused` names those that are paused in the
    same way, which is no trouble.
    """
    if (why := await _trouble(parts)) is not None:
        return _not_ready(why)
    async with parts.store.across_workspaces() as fleet:
        silent, workers = await fleet.silent_accounts(), await fleet.workers()
        paused = await fleet.paused_accounts()
    caller = await _caller(parts, credentials) if silent or paused else None
    more = {"paused": [_told(_paused(one, caller)) for one in paused]} if paused else {}
    if not silent:
        slack = request.app.state.socket
        if workers and slack is not None and (away := slack.trouble()) is not None:
            return JSONResponse({"status": "degraded", "detail": away, **more})
        return JSONResponse({**({"status": "ready"} if workers else _WITHOUT_WORKER), **more})
    shown = [_told(_silent(one, caller)) for one in silent]
    count = "1 mailbox gives" if len(silent) == 1 else f"{len(silent)} mailboxes give"
    return _not_ready(f"{count} no sign of life.", silent=shown, **more)


async def _trouble(parts: Container) -> str | None:
    """Why this process cannot take requests, if it cannot."""
    try:
        current = await asyncio.to_thread(is_current, parts.url)
    except (DatabaseUnreachable, SQLAlchemyError):
        return "The database does not answer."
    return None if current else "The database has another schema. Run: sharedbox migrate"


async def _caller(
    parts: Container, credentials: HTTPAuthorizationCredentials | None
) -> Actor | None:
    """Whoever shows a key. A wrong one is no reason to say less than to those who show none."""
    if credentials is None:
        return None
    try:
        caller = await authenticate(parts, credentials.credentials)
        caller.require(Scope.READ)
    except (Unauthenticated, NotAllowed):
        return None
    return caller


def _silent(one: SilentAccount, caller: Actor | None) -> SilentOut:
    shown = SilentOut(account_id=one.account_id, since=one.since)
    if caller and caller.workspace_id == one.workspace_id and caller.may_see(one.account_id):
        shown.address = one.address
        shown.folders = [*one.folders, *(folder.name for folder in one.shut)]
    return shown


def _paused(one: PausedAccount, caller: Actor | None) -> PausedOut:
    shown = PausedOut(account_id=one.account_id, since=one.since)
    if caller and caller.workspace_id == one.workspace_id and caller.may_see(one.account_id):
        shown.address, shown.by = one.address, one.by
    return shown


def _told(one: BaseModel) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude_none=True)


@router.get("/metrics", response_class=Response)
async def metrics(parts: Parts) -> Response:
    """For Prometheus: the state of the whole installation, and of this process."""
    async with parts.store.across_workspaces() as fleet:
        figures, workers = await fleet.figures(), await fleet.workers()
        to_index = await fleet.indexing.waiting()
    text = generate_latest(_registry(figures, len(workers), to_index)) + generate_latest(REGISTRY)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/metrics/folders", response_class=Response)
async def folder_metrics(parts: Parts) -> Response:
    """For Prometheus: each watched folder by its id, as the accounts of the API name it.

    Four series a folder: more than everybody wants, and counted anew each time.
    """
    async with parts.store.asking_all_workspaces() as fleet:
        folders = await fleet.folder_figures()
    # Of thousands of folders it takes long enough for a click in Slack to come too late.
    text = await asyncio.to_thread(_text_of_folders, folders)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _text_of_folders(folders: Sequence[FolderFigures]) -> bytes:
    registry = CollectorRegistry()
    for name, help_, values in (
        ("accounted_uids", "UIDs that are settled.", [one.accounted for one in folders]),
        (
            "missing_mails",
            "UIDs seen on the server that are not brought in.",
            [one.missing for one in folders],
        ),
        (
            "checked_timestamp_seconds",
            "When it was last looked at.",
            [one.checked_at for one in folders],
        ),
        (
            "reconciled_timestamp_seconds",
            "When it was last compared with the server, UID by UID.",
            [one.reconciled_at for one in folders],
        ),
    ):
        gauge = Gauge(f"sharedbox_folder_{name}", help_, ["account", "folder"], registry=registry)
        for folder, value in zip(folders, values, strict=True):
            if value is not None:
                gauge.labels(str(folder.account_id), str(folder.mailbox_id)).set(value)
    return generate_latest(registry)


def _registry(figures: Figures, workers: int, to_index: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    accounts = Gauge(
        "sharedbox_accounts", "Connected mail accounts by state.", ["state"], registry=registry
    )
    for state in AccountState:
        accounts.labels(state).set(figures.accounts.get(state, 0))
    for name, help_, value in (
        ("workers", "Workers that live.", workers),
        ("missing_mails", "UIDs seen on a server that are not brought in.", figures.missing),
        (
            "silent_mailboxes",
            "Mail accounts with a folder that nobody has looked at for too long.",
            figures.silent,
        ),
        (
            "unstable_folders",
            "Watched folders that are let be, as their UIDVALIDITY changes again and again.",
            figures.unstable,
        ),
        ("quarantined_mails", "Mails that could not be read.", figures.quarantined),
        ("commands_open", "Commands that are queued or running.", figures.commands_open),
        ("commands_failed", "Commands that failed and wait for a Retry.", figures.commands_failed),
        ("posts_unsent", "Posts that are not in Slack yet.", figures.posts_unsent),
        ("posts_parked", "Posts that Slack refused.", figures.posts_parked),
        ("channels_paused", "Channels in which we may not post.", figures.channels_paused),
        (
            "feed_lag_seconds",
            "The age of the oldest post that is not in Slack yet.",
            figures.feed_lag_seconds,
        ),
        (
            "check_lag_seconds",
            "The time since the watched folder that was longest not looked at was.",
            figures.check_lag_seconds,
        ),
        (
            "uids_on_server",
            "Mails in the watched folders when these were last compared with the ledger.",
            figures.uids_on_server,
        ),
        ("mails_to_index", "Mails whose words search does not know yet.", to_index),
        (
            "reconcile_lag_seconds",
            "The time since the watched folder that was longest not proven complete was.",
            figures.reconcile_lag_seconds,
        ),
    ):
        Gauge(f"sharedbox_{name}", help_, registry=registry).set(value)
    return registry


def _not_ready(detail: str, **more: Any) -> JSONResponse:  # noqa: ANN401 -- whatever JSON can say
    body: dict[str, Any] = {"status": "not ready", "detail": detail, **more}
    return JSONResponse(body, status_code=503)
