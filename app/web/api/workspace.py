"""The workspace itself: which Slack it is, and who may work with its mail."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.store.models import Workspace
from app.web.deps import Admin, Parts, Reader, check_unbound

router = APIRouter(prefix="/workspace", tags=["team"])


class WorkspaceOut(BaseModel):
    id: UUID
    name: str
    slack_team_id: str | None
    guests_may_act: bool = Field(
        description="Whether guests of the Slack workspace may work with mail, and not only read."
    )
    strangers_may_act: bool = Field(
        description="The same of people of other workspaces, in channels shared with them."
    )


class WorkspacePatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    guests_may_act: bool | None = None
    strangers_may_act: bool | None = None


@router.get("")
async def get(parts: Parts, caller: Reader) -> WorkspaceOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        return _shown(await uow.sight.workspace())


@router.patch("")
async def patch(parts: Parts, caller: Admin, body: WorkspacePatch) -> WorkspaceOut:
    """What is left out stays as it is."""
    check_unbound(caller, "change the workspace")
    async with parts.store.begin(caller.workspace_id) as uow:
        workspace = await uow.sight.workspace()
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(workspace, name, value)
        uow.emit(
            "workspace.changed",
            guests_may_act=workspace.guests_may_act,
            strangers_may_act=workspace.strangers_may_act,
        )
    return _shown(workspace)


def _shown(workspace: Workspace) -> WorkspaceOut:
    return WorkspaceOut.model_validate(workspace.model_dump())
