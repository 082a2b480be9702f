"""What rules come to, one after the other."""

from typing import Any

from app.core.ids import MessageId, RuleId, WorkspaceId, new_id
from app.rules.match import Facts, Person
from app.rules.plan import Readied, plan, readied
from app.rules.types import RuleBody
from app.store.models import Rule

MAIL = Facts(MessageId(new_id()), Person("", "ana@acme.example"), subject="Invoice 4471")
ANYBODY = {"field": "from", "test": "contains", "value": "@"}
NOBODY = {"field": "from", "test": "is", "value": "nobody"}


def rule(name: str, *actions: dict[str, Any], stop: bool = False, **values: Any) -> Readied:
    body = {"conditions": [ANYBODY], "actions": list(actions), **values}
    return Readied(RuleId(new_id()), name, RuleBody.model_validate(body), stop)


def did(*rules: Readied) -> list[tuple[str, list[str]]]:
    return [(step.rule_name, [one.do for one in step.actions]) for step in plan(rules, MAIL)]


class TestPlan:
    def test_nothing_fits(self) -> None:
        assert did(rule("Nobody's", {"do": "flag"}, conditions=[NOBODY])) == []

    def test_every_rule_that_fits_in_order(self) -> None:
        rules = [
            rule("One", {"do": "flag"}),
            rule("Two", {"do": "done"}, conditions=[NOBODY]),
            rule("Three", {"do": "mark_read"}),
        ]

        assert did(*rules) == [("One", ["flag"]), ("Three", ["mark_read"])]

    def test_none_after_one_that_stops(self) -> None:
        rules = [
            rule("Not asked to stop", {"do": "done"}, conditions=[NOBODY], stop=True),
            rule("Last", {"do": "flag"}, stop=True),
            rule("Never", {"do": "mark_read"}),
        ]

        assert did(*rules) == [("Last", ["flag"])]

    def test_the_first_decides_what_can_be_decided_once(self) -> None:
        rules = [
            rule("One", {"do": "channel", "channel": "C0ONE"}, {"do": "archive"}),
            rule("Two", {"do": "channel", "channel": "C0TWO"}, {"do": "move", "folder": "Bills"},
                 {"do": "flag"}),
        ]  # fmt: skip

        steps = plan(rules, MAIL)

        assert [one.do for one in steps[1].actions] == ["flag"]
        assert [one.do for one in steps[1].left_out] == ["channel", "move"]

    def test_tags_add_up(self) -> None:
        rules = [rule(name, {"do": "tag", "tags": [name]}) for name in ("One", "Two")]

        assert did(*rules) == [("One", ["tag"]), ("Two", ["tag"])]


class TestReadied:
    def test_leaves_out_what_it_cannot_read(self) -> None:
        workspace = WorkspaceId(new_id())
        good = Rule(
            workspace_id=workspace,
            name="Good",
            body={"conditions": [ANYBODY], "actions": [{"do": "flag"}]},
        )
        newer = Rule(
            workspace_id=workspace,
            name="Newer",
            body={"conditions": [ANYBODY], "actions": [{"do": "sing"}]},
        )

        found, unreadable = readied([newer, good])

        assert [one.name for one in found] == ["Good"]
        assert unreadable == [newer.id]
