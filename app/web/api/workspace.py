"""The workspace itself: which Slack it is, who may work with its mail, where its alarms stand."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.ops_channel import set_ops_channel
from app.store.audit import audit
from app.store.models import Workspace
from app.web.deps import Admin, Parts, Reader, Words, check_unbound

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
    ops_channel: str | None = Field(
        description="The Slack channel in which alarms of mailboxes stand; null: none."
    )


class WorkspacePatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    guests_may_act: bool | None = None
    strangers_may_act: bool | None = None
    ops_channel: Annotated[Words, Field(max_length=30)] | None = Field(
        default=None, description="The id of a Slack channel (C…); null: alarms stand nowhere."
    )


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
        for name in ("guests_may_act", "strangers_may_act"):
            if (value := getattr(body, name)) is not None:
                setattr(workspace, name, value)
        if "ops_channel" in body.model_fields_set:
            await set_ops_channel(uow, body.ops_channel or "")
        told: dict[str, Any] = {
            "guests_may_act": workspace.guests_may_act,
            "strangers_may_act": workspace.strangers_may_act,
            "ops_channel": workspace.ops_channel_id,
        }
        uow.emit("workspace.changed", **told)
        audit(uow, caller, "workspace.changed", about=workspace.name, **told)
    return _shown(workspace)


def _shown(workspace: Workspace) -> WorkspaceOut:
    return WorkspaceOut(
        **workspace.model_dump(include=set(WorkspaceOut.model_fields)),
        ops_channel=workspace.ops_channel_id,
    )
