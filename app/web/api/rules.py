"""Rules: what happens to mail by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.ids import AccountId, RuleId
from app.rules import edit
from app.rules.edit import LONGEST_NAME, RuleChange
from app.rules.history import try_out
from app.rules.types import Action, Condition, RuleBody
from app.store.audit import audit
from app.store.models import Rule
from app.store.repositories.rules import Tally
from app.store.unit_of_work import UnitOfWork
from app.web.deps import (
    Admin,
    Parts,
    Reader,
    Words,
    check_unbound,
    check_visible,
    visible_accounts,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/rules", tags=["rules"])

RuleName = Annotated[Words, Field(min_length=1, max_length=LONGEST_NAME)]


class RuleIn(RuleBody):
    """If any or all of the conditions are true, then all of the actions.

    Without `account_id` for the mail of every account.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: RuleName
    account_id: UUID | None = None
    enabled: bool = True
    stop: bool = False

    def body(self) -> RuleBody:
        return RuleBody(match=self.match, conditions=self.conditions, actions=self.actions)


class RulePatch(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: RuleName | None = None
    enabled: bool | None = None
    stop: bool | None = None
    match: Literal["all", "any"] | None = None
    conditions: Annotated[list[Condition] | None, Field(min_length=1, max_length=20)] = None
    actions: Annotated[list[Action] | None, Field(min_length=1, max_length=10)] = None


class RuleOut(BaseModel):
    """`times`: how many mails it was applied to."""

    id: UUID
    account_id: UUID | None
    name: str
    enabled: bool
    stop: bool
    match: str
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    revision: int
    times: int
    last_applied_at: datetime | None
    created_by_id: UUID | None
    created_at: datetime
    updated_at: datetime


class RuleList(BaseModel):
    items: list[RuleOut]


class OrderIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule_ids: Annotated[list[UUID], Field(max_length=1000)]


class TrialIn(BaseModel):
    """The conditions of a rule that need not exist yet."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID | None = None
    match: Literal["all", "any"] = "all"
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=20)]


class SampleOut(BaseModel):
    message_id: UUID
    conversation_id: UUID
    subject: str
    sender: str
    received_at: datetime


class TrialOut(BaseModel):
    """Of the latest mails: how many were looked at, and how many the rule would have fitted.

    Unless `complete`, there is older mail that was not looked at; `since` is how far it went.
    """

    matched: int
    looked_at: int
    complete: bool
    since: datetime | None
    samples: list[SampleOut]


@router.get("")
async def list_(parts: Parts, caller: Reader) -> RuleList:
    """In the order in which they are asked."""
    async with parts.store.begin(caller.workspace_id) as uow:
        found = [one for one in await uow.rules.all() if _may_see(caller, one)]
        return RuleList(items=await _shown(uow, found))


@router.post("", status_code=201, response_model=RuleOut)
async def create(parts: Parts, caller: Admin, body: RuleIn, once: Idempotent) -> JSONResponse:
    """Behind all the others. It is asked about mail that comes in from now on."""
    _check_scope(caller, body.account_id)
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        rule = await edit.create(
            uow,
            caller,
            body.name,
            body.body(),
            account_id=AccountId(body.account_id) if body.account_id else None,
            enabled=body.enabled,
            stop=body.stop,
        )
        _note(uow, caller, "rule.created", rule)
        (shown,) = await _shown(uow, [rule])
        return once.record(uow, 201, shown.model_dump(mode="json"))


@router.put("/order")
async def reorder(parts: Parts, caller: Admin, body: OrderIn) -> RuleList:
    """Name every rule once, in the order in which they are to be asked."""
    check_unbound(caller, "put the rules of all accounts in order")
    async with parts.store.begin(caller.workspace_id) as uow:
        rules = await edit.reorder(uow, [RuleId(id_) for id_ in body.rule_ids])
        return RuleList(items=await _shown(uow, rules))


@router.post("/test")
async def test(parts: Parts, caller: Reader, body: TrialIn) -> TrialOut:
    """How much of the latest mail such a rule would have fitted: an answer within seconds.

    Nothing is changed by it.
    """
    asked = RuleBody.model_validate({
        "match": body.match,
        "conditions": [one.model_dump() for one in body.conditions],
        "actions": [{"do": "flag"}],
    })  # fmt: skip
    trial = await try_out(
        parts.store,
        parts.blobs,
        caller.workspace_id,
        asked,
        account_ids=visible_accounts(caller, body.account_id),
    )
    return TrialOut.model_validate(trial, from_attributes=True)


@router.get("/{rule_id}")
async def get(parts: Parts, caller: Reader, rule_id: UUID) -> RuleOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        return (await _shown(uow, [await _rule(uow, caller, rule_id)]))[0]


@router.patch("/{rule_id}")
async def patch(parts: Parts, caller: Admin, rule_id: UUID, body: RulePatch) -> RuleOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        rule = await _rule(uow, caller, rule_id)
        _check_scope(caller, rule.account_id)
        wanted = RuleChange(body.name, body.enabled, body.stop, _anew(rule, body))
        rule = await edit.change(uow, rule.id, wanted, now=parts.clock.now())
        _note(uow, caller, "rule.changed", rule)
        return (await _shown(uow, [rule]))[0]


@router.delete("/{rule_id}", status_code=204)
async def delete(parts: Parts, caller: Admin, rule_id: UUID) -> Response:
    """What it did stays done."""
    async with parts.store.begin(caller.workspace_id) as uow:
        rule = await _rule(uow, caller, rule_id)
        _check_scope(caller, rule.account_id)
        _note(uow, caller, "rule.removed", rule)
        await edit.remove(uow, rule.id)
    return Response(status_code=204)


def _note(uow: UnitOfWork, caller: Actor, act: str, rule: Rule) -> None:
    audit(uow, caller, act, about=rule.name, rule_id=str(rule.id))


def _check_scope(caller: Actor, account_id: UUID | None) -> None:
    if account_id is None:
        check_unbound(caller, "write a rule for every account")
    else:
        check_visible(caller, AccountId(account_id), "account")


def _may_see(caller: Actor, rule: Rule) -> bool:
    return rule.account_id is None or caller.may_see(rule.account_id)


async def _rule(uow: UnitOfWork, caller: Actor, rule_id: UUID) -> Rule:
    rule = await uow.rules.get(RuleId(rule_id))
    if rule.account_id is not None:
        check_visible(caller, rule.account_id, "rule")
    return rule


def _anew(rule: Rule, body: RulePatch) -> RuleBody | None:
    """What the rule is to say from now on; None where that stays as it is."""
    given = body.model_dump(
        mode="json", include={"match", "conditions", "actions"}, exclude_none=True
    )
    if not given:
        return None
    try:
        return RuleBody.model_validate({**rule.body, **given})
    except ValidationError as error:
        raise InvalidInput(str(error.errors()[0]["msg"]), field="actions") from None


async def _shown(uow: UnitOfWork, rules: Sequence[Rule]) -> list[RuleOut]:
    tallies = await uow.rules.tallies([one.id for one in rules])
    return [_out(one, tallies.get(one.id, Tally())) for one in rules]


def _out(rule: Rule, tally: Tally) -> RuleOut:
    body = rule.body
    return RuleOut(
        **rule.model_dump(include=set(RuleOut.model_fields)),
        match=body.get("match", "all"),
        conditions=body.get("conditions", []),
        actions=body.get("actions", []),
        times=tally.times,
        last_applied_at=tally.last_at,
    )
