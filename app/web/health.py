"""Is it alive, is it ready, and how is it doing."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from sqlalchemy.exc import SQLAlchemyError

from app.store.migrate import DatabaseUnreachable, is_current
from app.store.models import AccountState
from app.store.repositories.fleet import Figures
from app.web.deps import Parts

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(parts: Parts) -> JSONResponse:
    """This process can do its work: the database answers, and has the schema it needs."""
    try:
        current = await asyncio.to_thread(is_current, parts.url)
    except (DatabaseUnreachable, SQLAlchemyError):
        return _not_ready("The database does not answer.")
    if not current:
        return _not_ready("The database has another schema. Run: sharedbox migrate")
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response)
async def metrics(parts: Parts) -> Response:
    """For Prometheus: the state of the whole installation, and of this process."""
    async with parts.store.across_workspaces() as fleet:
        figures = await fleet.figures()
    text = generate_latest(_registry(figures)) + generate_latest(REGISTRY)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _registry(figures: Figures) -> CollectorRegistry:
    registry = CollectorRegistry()
    accounts = Gauge(
        "sharedbox_accounts", "Connected mail accounts by state.", ["state"], registry=registry
    )
    for state in AccountState:
        accounts.labels(state).set(figures.accounts.get(state, 0))
    for name, help_, value in (
        ("missing_mails", "UIDs seen on a server that are not brought in.", figures.missing),
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
        (
            "reconcile_lag_seconds",
            "The time since the watched folder that was longest not proven complete was.",
            figures.reconcile_lag_seconds,
        ),
    ):
        Gauge(f"sharedbox_{name}", help_, registry=registry).set(value)
    return registry


def _not_ready(detail: str) -> JSONResponse:
    body: dict[str, Any] = {"status": "not ready", "detail": detail}
    return JSONResponse(body, status_code=503)
