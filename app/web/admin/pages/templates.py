"""Templates: texts to answer with."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, TemplateId
from app.mail import fill
from app.sending.wording import put_template
from app.store.models import Template
from app.store.unit_of_work import UnitOfWork
from app.web.admin.choices import account_choices, check_writes, chosen_account
from app.web.admin.forms import Form, read
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAgent, AsViewer, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Templates", "/templates", "text", Group.SENDING)


class TemplateForm(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=75)]
    account: str = ""
    subject: Annotated[str, Field(max_length=500)] = ""
    text: Annotated[str, Field(min_length=1, max_length=fill.LONGEST)]
    html: Annotated[str, Field(max_length=fill.LONGEST)] = ""


@router.get("/templates")
async def list_(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = [one for one in await uow.templates.all() if _may_see(visitor, one)]
        addresses = dict(await account_choices(uow, visitor))
    return page(request, visitor, "templates.html", found=found, addresses=addresses)


@router.get("/templates/new")
async def ask(request: Request, visitor: AsAgent, parts: Parts) -> Response:
    return await _form(request, visitor, parts, Form({}), None)


@router.post("/templates/new")
async def create(request: Request, visitor: AsAgent, parts: Parts) -> Response:
    return await _save(request, visitor, parts, None)


@router.get("/templates/{template_id}")
async def one(request: Request, visitor: AsAgent, parts: Parts, template_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await _template(uow, visitor, template_id)
    shown = found.model_dump(include={"name", "subject", "text", "html"})
    form: Form[TemplateForm] = Form({**shown, "account": str(found.account_id or "")})
    return await _form(request, visitor, parts, form, template_id)


@router.post("/templates/{template_id}")
async def change(request: Request, visitor: AsAgent, parts: Parts, template_id: UUID) -> Response:
    return await _save(request, visitor, parts, template_id)


@router.post("/templates/{template_id}/delete")
async def delete(request: Request, visitor: AsAgent, parts: Parts, template_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = await _template(uow, visitor, template_id)
        check_writes(visitor, found.account_id)
        await uow.templates.delete(found)
    return see_other(request, "/templates", f"The template “{found.name}” is gone.")


async def _save(
    request: Request, visitor: Visitor, parts: Parts, template_id: UUID | None
) -> Response:
    form = await read(request, TemplateForm)
    if template_id is not None:
        async with parts.store.begin(visitor.workspace_id) as uow:
            found = await _template(uow, visitor, template_id)
            check_writes(visitor, found.account_id)
    if form.is_good:
        given = form.data
        try:
            async with parts.store.begin(visitor.workspace_id) as uow:
                await put_template(
                    uow,
                    TemplateId(template_id) if template_id else None,
                    account_id=await chosen_account(uow, visitor, given.account),
                    name=given.name.strip(),
                    subject=given.subject,
                    text=given.text.replace("\r\n", "\n"),
                    html=given.html,
                )
        except (Conflict, InvalidInput) as error:
            form.refuse(error)
        else:
            return see_other(request, "/templates", f"The template “{given.name}” is kept.")
    return await _form(request, visitor, parts, form, template_id, status=422)


async def _form(
    request: Request,
    visitor: Visitor,
    parts: Parts,
    form: Form[Any],
    template_id: UUID | None,
    *,
    status: int = 200,
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        named = (await _template(uow, visitor, template_id)).name if template_id else ""
        accounts = await account_choices(uow, visitor)
    return page(
        request, visitor, "template.html", status=status, form=form, template_id=template_id,
        named=named, accounts=accounts, variables=fill.VARIABLES,
    )  # fmt: skip


async def _template(uow: UnitOfWork, visitor: Visitor, template_id: UUID) -> Template:
    """Raises `NotFound`, too, for one of an inbox they may not know of."""
    found = await uow.templates.get(TemplateId(template_id))
    if found.account_id is not None:
        visitor.check_sees(AccountId(found.account_id))
    return found


def _may_see(visitor: Visitor, template: Template) -> bool:
    return template.account_id is None or visitor.actor.may_see(AccountId(template.account_id))
