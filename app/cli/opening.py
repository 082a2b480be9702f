"""What most commands begin with: everything opened, for the workspace they are about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from app.bootstrap.opening import open_container
from app.container import Container
from app.core.config import Settings
from app.core.errors import NotFound
from app.core.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Opened:
    parts: Container
    workspace_id: WorkspaceId


@asynccontextmanager
async def opened(given: Settings) -> AsyncIterator[Opened]:
    """The container, and the workspace that commands are about.

    Raises `SchemaOutdated`, and `NotFound` where another workspace is named than we serve.
    """
    async with open_container(given) as parts:
        async with parts.store.across_workspaces() as fleet:
            workspace_id = await fleet.default_workspace()
            if given.workspace:
                workspace_id = await fleet.tenant_of_team(given.workspace) or _unknown(given)
        yield Opened(parts, workspace_id)


def _unknown(given: Settings) -> NoReturn:
    raise NotFound(
        f"The Slack workspace {given.workspace} is not connected.",
        fix="See SHAREDBOX_WORKSPACE, or connect it at /slack/install.",
    )
