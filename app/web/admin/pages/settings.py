"""What the workspace is set to, and what the environment says."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from app.accounts.ops_channel import set_ops_channel
from app.core.access import Role
from app.core.config import Settings
from app.core.errors import InvalidInput
from app.core.ids import ChannelId
from app.feed.channels import note_sharing
from app.web.admin.channel_choice import chosen_channel, directory_of, shown_channel
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Settings", "/settings", "settings", Group.SYSTEM, Role.ADMIN)
_MAY_ACT = ("guests_may_act", "strangers_may_act")


class WorkspaceForm(BaseModel):
    may_act: list[str]


class AlarmsForm(BaseModel):
    channel: Annotated[str, Field(max_length=100)] = ""


@dataclass(frozen=True, slots=True)
class Given:
    """One setting, as this process has it. What is secret is not shown."""

    name: str
    value: str
    description: str
    is_default: bool


@router.get("/settings")
async def show(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    return await _page(request, visitor, parts)


async def _page(
    request: Request, visitor: Visitor, parts: Parts, alarms: Form[AlarmsForm] | None = None
) -> Response:
    """`alarms`: what somebody typed that cannot be used."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        workspace = await uow.sight.workspace()
        channel = workspace.ops_channel_id
        shown = await shown_channel(uow, channel) if channel else ""
    form: Form[WorkspaceForm] = Form(
        {"may_act": [name for name in _MAY_ACT if getattr(workspace, name)]}
    )
    return page(
        request, visitor, "settings.html", status=422 if alarms else 200, workspace=workspace,
        form=form, alarms=alarms or Form({"channel": shown}),
        given=[_given(parts.settings, name) for name in Settings.model_fields],
    )  # fmt: skip


@router.post("/settings/alarms")
async def set_alarms(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """Where alarms stand as cards, or that they stand nowhere."""
    form = await read(request, AlarmsForm)
    if form.is_good:
        try:
            chosen = await chosen_channel(request, visitor, form.data.channel)
            is_shared = await _is_shared(request, visitor, chosen)
            async with parts.store.begin(visitor.workspace_id) as uow:
                if is_shared:
                    await note_sharing(uow, ChannelId(chosen), is_shared=True)
                channel = await set_ops_channel(uow, chosen)
                uow.emit("workspace.changed", ops_channel=channel)
                visitor.audit(
                    uow, "workspace.changed", about=form.data.channel.strip(), ops_channel=channel
                )
        except InvalidInput as error:
            form.refuse(error)
        else:
            return see_other(request, "/settings", "Saved.")
    return await _page(request, visitor, parts, form)


async def _is_shared(request: Request, visitor: Visitor, channel: str) -> bool:
    """With another organisation, as far as Slack tells."""
    listing = await directory_of(request).list(visitor.workspace_id)
    return listing is not None and any(
        one.id == channel and one.is_shared for one in listing.channels
    )


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
