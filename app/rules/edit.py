"""Writing rules: made, changed, put in order, removed. Each change is in the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.connect import used
from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, ChannelId, RuleId, TeammateId, TemplateId
from app.rules.types import AssignTo, ProposeReply, RuleBody, ToChannel
from app.store.models import Rule
from app.store.unit_of_work import UnitOfWork

MOST_RULES: Final = 100
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What is None stays as it is."""

    name: str | None = None
    enabled: bool | None = None
    stop: bool | None = None
    body: RuleBody | None = None


async def create(
    uow: UnitOfWork,
    actor: Actor,
    name: str,
    body: RuleBody,
    *,
    account_id: AccountId | None = None,
    enabled: bool = True,
    stop: bool = False,
) -> Rule:
    """A new rule, behind all the others. Raises `InvalidInput`, `Conflict` and `NotFound`."""
    if await uow.rules.count() >= MOST_RULES:
        raise Conflict(
            f"{MOST_RULES} rules are the most.", fix="Join some that do the same, or remove one."
        )
    if account_id is not None:
        await uow.accounts.get(account_id)
    await _check(uow, body)
    rule = Rule(
        workspace_id=uow.workspace_id,
        account_id=account_id,
        name=_checked_name(name),
        enabled=enabled,
        stop=stop,
        body=body.kept(),
        created_by_id=actor.teammate_id,
    )
    await uow.rules.add(rule)
    await uow.session.refresh(rule)
    _tell(uow, rule, "created")
    return rule


async def change(uow: UnitOfWork, rule_id: RuleId, wanted: RuleChange, *, now: datetime) -> Rule:
    """Raises `NotFound` and `InvalidInput`."""
    rule = await uow.rules.lock(rule_id)
    if wanted.name is not None:
        rule.name = _checked_name(wanted.name)
    if wanted.enabled is not None:
        rule.enabled = wanted.enabled
    if wanted.stop is not None:
        rule.stop = wanted.stop
    if wanted.body is not None:
        await _check(uow, wanted.body)
        if wanted.body.kept() != rule.body:
            rule.body = wanted.body.kept()
            rule.revision += 1
    rule.updated_at = now
    _tell(uow, rule, "changed")
    return rule


async def reorder(uow: UnitOfWork, ids: Sequence[RuleId]) -> Sequence[Rule]:
    """Have them asked in this order. Raises `Conflict` where these are not all there are."""
    rules = {rule.id: rule for rule in await uow.rules.lock_all()}
    if len(ids) != len(rules) or set(ids) != set(rules):
        raise Conflict(
            "These are not the rules there are: somebody has added or removed one meanwhile.",
            fix="Read the rules again, and name each of them once.",
        )
    for position, id_ in enumerate(ids, start=1):
        rules[id_].position = position
    uow.emit("rules.reordered", rule_ids=[str(id_) for id_ in ids])
    return [rules[id_] for id_ in ids]


async def remove(uow: UnitOfWork, rule_id: RuleId) -> None:
    """What it did stays done, and stays told. Raises `NotFound`."""
    rule = await uow.rules.lock(rule_id)
    _tell(uow, rule, "removed")
    await uow.rules.delete(rule)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(
            f"A rule’s name has 1 to {LONGEST_NAME} characters.",
            field="name",
            fix="Say what it is for: it is shown on every card that the rule had a hand in.",
        )
    return name


async def _check(uow: UnitOfWork, body: RuleBody) -> None:
    """What an action names must be there."""
    for action in body.actions:
        match action:
            case AssignTo(teammate_id=id_):
                if not await uow.teammates.get_many([TeammateId(id_)]):
                    raise InvalidInput("There is no such teammate.", field="actions")
            case ProposeReply(template_id=template_id):
                await uow.templates.get(TemplateId(template_id))
            case ToChannel(channel=channel):
                await used(uow, ChannelId(channel))
            case _:
                pass


def _tell(uow: UnitOfWork, rule: Rule, what: str) -> None:
    uow.emit(
        f"rule.{what}",
        account_id=rule.account_id,
        rule_id=str(rule.id),
        rule=rule.name,
        enabled=rule.enabled,
    )
