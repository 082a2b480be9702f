"""What most commands begin with: everything opened, for the workspace they are about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.bootstrap import open_container
from app.container import Container
from app.core.config import Settings
from app.core.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Opened:
    parts: Container
    workspace_id: WorkspaceId


@asynccontextmanager
async def opened(given: Settings) -> AsyncIterator[Opened]:
    """The container, and the workspace that commands are about. Raises `SchemaOutdated`."""
    async with open_container(given) as parts:
        async with parts.store.across_workspaces() as fleet:
            workspace_id = await fleet.default_workspace()
        yield Opened(parts, workspace_id)
