"""What the rules come to for one mail. Pure.

Rules are asked in their order. Where two decide the same thing (a channel, an assignee, a folder,
an answer) the first one does; tags add up. A rule that says so is the last one asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.ids import RuleId
from app.rules.match import Facts, fits
from app.rules.types import Action, RuleBody, what
from app.store.models import Rule


@dataclass(frozen=True, slots=True)
class Readied:
    """A rule as it is asked."""

    id: RuleId
    name: str
    body: RuleBody
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that fits, and what is left for it to do."""

    rule_id: RuleId
    rule_name: str
    actions: tuple[Action, ...]
    left_out: tuple[Action, ...] = ()
    """What an earlier rule has decided already."""


def readied(rules: Sequence[Rule]) -> tuple[list[Readied], list[RuleId]]:
    """Those that can be read, and the ids of those that cannot."""
    found, unreadable = [], []
    for rule in rules:
        try:
            body = RuleBody.model_validate(rule.body)
        except ValueError:
            unreadable.append(rule.id)
        else:
            found.append(Readied(rule.id, rule.name, body, rule.stop))
    return found, unreadable


def plan(rules: Sequence[Readied], facts: Facts) -> tuple[Step, ...]:
    decided: set[str] = set()
    steps: list[Step] = []
    for rule in rules:
        if not fits(rule.body, facts):
            continue
        first = tuple(one for one in rule.body.actions if what(one) not in decided)
        left_out = tuple(one for one in rule.body.actions if what(one) in decided)
        steps.append(Step(rule.id, rule.name, first, left_out))
        decided |= {what(one) for one in first} - {"tag"}
        if rule.stop:
            break
    return tuple(steps)


def plans(rules: Sequence[Readied], mails: Sequence[Facts]) -> list[tuple[Step, ...]]:
    """For each mail in turn: enough work, where there is much mail, to be done in a thread."""
    return [plan(rules, facts) for facts in mails]
