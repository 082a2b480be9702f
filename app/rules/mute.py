"""Muting a sender or a domain: a rule like any other, written by naming whom it is about."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.ids import AccountId
from app.rules.edit import LONGEST_NAME, RuleChange, change, create, remove
from app.rules.types import Condition, Mute, RuleBody, Subject, Test
from app.store.audit import audit
from app.store.models import Rule
from app.store.unit_of_work import UnitOfWork

_DOMAIN: Final = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_ADDRESS: Final = re.compile(r"[^\s@<>]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")


def muting(who: str) -> RuleBody:
    """The rule that mutes an address, or a domain with all below it. Raises `InvalidInput`."""
    who = who.strip().strip("<>").removeprefix("mailto:").lower()
    if _ADDRESS.fullmatch(who):
        condition = Condition(field=Subject.FROM, test=Test.IS, value=who)
    elif _DOMAIN.fullmatch(who.removeprefix("@")):
        condition = Condition(field=Subject.FROM, test=Test.DOMAIN, value=who.removeprefix("@"))
    else:
        raise InvalidInput(
            "Who is to be muted? Name a mail address or a domain.",
            field="who",
            fix="Write it as name@example.com, or as example.com for everybody there.",
        )
    return RuleBody(conditions=(condition,), actions=(Mute(),))


async def mute(
    uow: UnitOfWork, actor: Actor, account_ids: Iterable[AccountId], who: str, *, now: datetime
) -> list[Rule]:
    """A rule for each of these accounts that has none yet, or that was switched off.

    Raises `InvalidInput`, `Conflict`.
    """
    body = muting(who)
    name = f"Mute {body.conditions[0].value}"[:LONGEST_NAME]
    same = [rule for rule in await uow.rules.all() if rule.body == body.kept()]
    on = {rule.account_id for rule in same if rule.enabled}
    off = {rule.account_id: rule.id for rule in same if not rule.enabled}
    muted = []
    for account_id in account_ids:
        if account_id in on or None in on:
            continue
        if account_id in off:
            rule = await change(uow, off[account_id], RuleChange(enabled=True), now=now)
        else:
            rule = await create(uow, actor, name, body, account_id=account_id)
        act = "rule.switched_on" if account_id in off else "rule.created"
        audit(uow, actor, act, about=rule.name, rule_id=str(rule.id))
        muted.append(rule)
    return muted


async def unmute(uow: UnitOfWork, actor: Actor, account_ids: Iterable[AccountId], who: str) -> int:
    """Remove what `mute` made for these accounts; answers how much that was."""
    kept, wanted = muting(who).kept(), set(account_ids)
    found = [
        rule for rule in await uow.rules.all() if rule.body == kept and rule.account_id in wanted
    ]
    for rule in found:
        await remove(uow, rule.id)
        audit(uow, actor, "rule.removed", about=rule.name, rule_id=str(rule.id))
    return len(found)
