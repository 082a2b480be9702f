"""What the workspace is set to, and what the environment says."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, SecretStr

from app.core.access import Role
from app.core.config import Settings
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Settings", "/settings", "settings", Group.SYSTEM, Role.ADMIN)
_MAY_ACT = ("guests_may_act", "strangers_may_act")


class WorkspaceForm(BaseModel):
    may_act: list[str]


@dataclass(frozen=True, slots=True)
class Given:
    """One setting, as this process has it. What is secret is not shown."""

    name: str
    value: str
    description: str
    is_default: bool


@router.get("/settings")
async def show(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        workspace = await uow.sight.workspace()
    form: Form[WorkspaceForm] = Form(
        {"may_act": [name for name in _MAY_ACT if getattr(workspace, name)]}
    )
    return page(
        request, visitor, "settings.html", workspace=workspace, form=form,
        given=[_given(parts.settings, name) for name in Settings.model_fields],
    )  # fmt: skip


@router.post("/settings")
async def change(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    form = await read(request, WorkspaceForm, lists=("may_act",))
    async with parts.store.begin(visitor.workspace_id) as uow:
        workspace = await uow.sight.workspace()
        for name in _MAY_ACT:
            setattr(workspace, name, name in form.data.may_act)
        told = {name: getattr(workspace, name) for name in _MAY_ACT}
        uow.emit("workspace.changed", **told)
        visitor.audit(uow, "workspace.changed", about=workspace.name, **told)
    return see_other(request, "/settings", "Saved.")


def _given(settings: Settings, name: str) -> Given:
    field, value = Settings.model_fields[name], getattr(settings, name)
    return Given(
        f"SHAREDBOX_{name.upper()}",
        _shown(name, value),
        field.description or "",
        is_default=value == field.default,
    )


def _shown(name: str, value: Any) -> str:  # noqa: ANN401 -- whatever a setting holds
    if value is None or value == "":
        return "not set"
    if isinstance(value, SecretStr) or name == "database_url":
        return "set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
