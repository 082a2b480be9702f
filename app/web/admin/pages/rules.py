"""Rules: what happens to mail by itself, tried on past mail before it is kept."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, RuleId
from app.rules import edit
from app.rules.edit import RuleChange
from app.rules.history import try_out
from app.rules.types import RuleBody
from app.store.models import Rule
from app.store.repositories.rules import Tally
from app.store.unit_of_work import UnitOfWork
from app.web.admin import rule_form
from app.web.admin.channel_choice import chosen_channel, shown_channel
from app.web.admin.choices import account_choices, chosen_account, teammate_choices
from app.web.admin.counting import counted_for
from app.web.admin.forms import Form
from app.web.admin.nav import Entry, Group
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, AsViewer, Visitor
from app.web.deps import Parts

router = APIRouter()
NAV = Entry("Rules", "/rules", "filter", Group.INBOX)
_MOST_FIELDS: Final = 200


@router.get("/rules")
async def list_(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        found = [one for one in await uow.rules.all() if _may_see(visitor, one)]
        told = await _told(uow, visitor, found)
        tallies = await uow.rules.tallies(told)
        names = await _names(uow, visitor)
    return page(
        request, visitor, "rules.html",
        rules=[_shown(one, tallies.get(one.id, Tally()), names) for one in found],
        told=told,
    )  # fmt: skip


@router.get("/rules/new")
async def ask(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    return await _form(request, visitor, parts, Form({"conditions": [], "match": "all"}), None)


@router.post("/rules/new")
async def create(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    return await _save(request, visitor, parts, None)


@router.post("/rules/try")
async def try_(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """How much of the latest mail the rule in the form would fit. Nothing is changed by it."""
    sent = await request.form(max_fields=_MOST_FIELDS)
    try:
        found = rule_form.conditions(sent)
        async with parts.store.begin(visitor.workspace_id) as uow:
            account = await chosen_account(uow, visitor, str(sent.get("account", "")))
    except InvalidInput as error:
        return page(request, visitor, "rule_trial.html", trial=None, problem=error.sentence)
    if not found:
        problem = "Write a condition, and see here which mail it fits."
        return page(request, visitor, "rule_trial.html", trial=None, problem=problem)
    wanted = {
        "match": "any" if sent.get("match") == "any" else "all",
        "conditions": found,
        "actions": [{"do": "flag"}],
    }
    trial = await try_out(
        parts.store,
        parts.blobs,
        visitor.workspace_id,
        RuleBody.model_validate(wanted),
        account_ids=frozenset({account}) if account else visitor.actor.account_ids,
    )
    return page(request, visitor, "rule_trial.html", trial=trial, problem="")


@router.get("/rules/{rule_id}")
async def one(request: Request, visitor: AsAdmin, parts: Parts, rule_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        rule = await uow.rules.get(RuleId(rule_id))
        values = rule_form.values_of(rule)
        if channel := values.get("channel"):
            values["channel"] = await shown_channel(uow, channel)
    return await _form(request, visitor, parts, Form(values), rule_id)


@router.post("/rules/{rule_id}")
async def change(request: Request, visitor: AsAdmin, parts: Parts, rule_id: UUID) -> Response:
    return await _save(request, visitor, parts, rule_id)


@router.post("/rules/{rule_id}/switch/{on}")
async def switch(
    request: Request, visitor: AsAdmin, parts: Parts, rule_id: UUID, on: bool
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        wanted = RuleChange(enabled=on)
        rule = await edit.change(uow, RuleId(rule_id), wanted, now=parts.clock.now())
        visitor.audit(uow, "rule.switched_on" if on else "rule.switched_off", about=rule.name)
    return see_other(request, "/rules", f"The rule “{rule.name}” is {'on' if on else 'off'}.")


@router.post("/rules/{rule_id}/up")
async def up(request: Request, visitor: AsAdmin, parts: Parts, rule_id: UUID) -> Response:
    """Have it asked before the rule that stands above it."""
    async with parts.store.begin(visitor.workspace_id) as uow:
        rule = await uow.rules.get(RuleId(rule_id))
        ids = [RuleId(one.id) for one in await uow.rules.all()]
        if (n := ids.index(RuleId(rule.id))) > 0:
            ids[n - 1], ids[n] = ids[n], ids[n - 1]
            await edit.reorder(uow, ids)
    return see_other(request, "/rules")


@router.post("/rules/{rule_id}/delete")
async def delete(request: Request, visitor: AsAdmin, parts: Parts, rule_id: UUID) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        rule = await uow.rules.get(RuleId(rule_id))
        await edit.remove(uow, RuleId(rule_id))
        visitor.audit(uow, "rule.removed", about=rule.name)
    return see_other(request, "/rules", f"The rule “{rule.name}” is gone. What it did stays done.")


async def _save(request: Request, visitor: Visitor, parts: Parts, rule_id: UUID | None) -> Response:
    sent = await request.form(max_fields=_MOST_FIELDS)
    form: Form[Any] = Form(rule_form.values_sent(sent))
    try:
        channel = await chosen_channel(request, visitor, str(form.values.get("channel", "")))
        body, stop = rule_form.body(sent, channel=channel), bool(sent.get("stop"))
        async with parts.store.begin(visitor.workspace_id) as uow:
            if rule_id is None:
                account = await chosen_account(uow, visitor, form.values["account"])
                rule = await edit.create(
                    uow, visitor.actor, form.values["name"], body, account_id=account, stop=stop
                )
            else:
                wanted = RuleChange(name=form.values["name"], stop=stop, body=body)
                rule = await edit.change(uow, RuleId(rule_id), wanted, now=parts.clock.now())
            act = "rule.created" if rule_id is None else "rule.changed"
            visitor.audit(uow, act, about=rule.name, rule_id=str(rule.id))
    except (Conflict, InvalidInput) as error:
        form.refuse(error)
        return await _form(request, visitor, parts, form, rule_id, status=422)
    return see_other(request, "/rules", f"The rule “{rule.name}” is kept.")


async def _form(
    request: Request,
    visitor: Visitor,
    parts: Parts,
    form: Form[Any],
    rule_id: UUID | None,
    *,
    status: int = 200,
) -> Response:
    async with parts.store.begin(visitor.workspace_id) as uow:
        named = (await uow.rules.get(RuleId(rule_id))).name if rule_id else ""
        accounts, people = await account_choices(uow, visitor), await teammate_choices(uow)
        templates = [(str(one.id), one.name) for one in await uow.templates.all()]
    return page(
        request, visitor, "rule.html", status=status, form=form, rule_id=rule_id, named=named,
        rows=rule_form.rows_shown(form.values["conditions"]), accounts=accounts,
        people=people, templates=templates, subjects=rule_form.SUBJECTS,
        tests=rule_form.TESTS,
    )  # fmt: skip


async def _names(uow: UnitOfWork, visitor: Visitor) -> dict[str, str]:
    """What ids in rules stand for, in words."""
    found = dict([*await account_choices(uow, visitor), *await teammate_choices(uow)])
    found |= {str(one.id): one.name for one in await uow.templates.all()}
    channels = await uow.channels.page(after=None, limit=500)
    return found | {one.id: one.title for one in channels}


async def _told(uow: UnitOfWork, visitor: Visitor, rules: Sequence[Rule]) -> frozenset[RuleId]:
    """Those of which the visitor may know how often they applied: they see all of that mail."""
    if visitor.seen_in is None:
        return frozenset(one.id for one in rules)
    own = frozenset(one.account_id for one in rules if one.account_id is not None)
    accounts = await uow.accounts.page(after=None, limit=max(len(own), 1), only=own)
    counted = await counted_for(uow, visitor, accounts)
    return frozenset(one.id for one in rules if one.account_id in counted)


def _shown(rule: Rule, tally: Tally, names: dict[str, str]) -> dict[str, Any]:
    joined = " and " if rule.body.get("match") == "all" else " or "
    return {
        "id": rule.id,
        "name": rule.name,
        "enabled": rule.enabled,
        "stop": rule.stop,
        "account": names.get(str(rule.account_id), "") if rule.account_id else "",
        "when": joined.join(
            rule_form.condition_words(one) for one in rule.body.get("conditions", ())
        ),
        "then": _actions(rule.body.get("actions", ()), names),
        "times": tally.times,
        "last_at": tally.last_at,
    }


def _actions(actions: Sequence[dict[str, Any]], names: dict[str, str]) -> str:
    words = {
        "flag": "flag", "mark_read": "mark as read", "archive": "archive",
        "mute": "show it nowhere", "done": "mark as done",
    }  # fmt: skip
    told = []
    for one in actions:
        match one["do"]:
            case "channel":
                told.append(f"show it in {names.get(one['channel'], one['channel'])}")
            case "assign":
                told.append(f"assign to {names.get(one['teammate_id'], 'somebody who left')}")
            case "tag":
                told.append(f"tag {', '.join(one['tags'])}")
            case "move":
                told.append(f"move to {one['folder']}")
            case "reply":
                told.append(f"offer “{names.get(one['template_id'], 'a removed template')}”")
            case other:
                told.append(words.get(other, other))
    return ", ".join(told)


def _may_see(visitor: Visitor, rule: Rule) -> bool:
    return rule.account_id is None or visitor.actor.may_see(AccountId(rule.account_id))
