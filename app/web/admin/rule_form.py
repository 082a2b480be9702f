"""The form of a rule: rows of conditions and a choice of actions, read into what rules are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import FormData

from app.core.errors import InvalidInput
from app.rules.types import MOST_CONDITIONS, Condition, RuleBody, Subject, Test
from app.store.models import Rule

_SPARE: Final = {"field": "from", "test": "contains", "value": "", "header": "", "negated": False}
_SPARE_ROWS: Final = 2
SUBJECTS: Final = (
    (Subject.FROM, "Sender"),
    (Subject.TO, "Recipient"),
    (Subject.SUBJECT, "Subject"),
    (Subject.TEXT, "Text"),
    (Subject.HEADER, "Header field"),
    (Subject.LIST, "Mailing list"),
    (Subject.SIZE, "Size in bytes"),
    (Subject.ATTACHMENT, "Name of a file"),
)
_TESTS: Final = {
    Test.CONTAINS: ("contains", "does not contain"),
    Test.IS: ("is", "is not"),
    Test.STARTS: ("begins with", "does not begin with"),
    Test.ENDS: ("ends with", "does not end with"),
    Test.DOMAIN: ("is of the domain", "is not of the domain"),
    Test.REGEX: ("matches (RE2)", "does not match (RE2)"),
    Test.EXISTS: ("is there", "is not there"),
    Test.LARGER: ("is larger than", "is not larger than"),
    Test.SMALLER: ("is smaller than", "is not smaller than"),
}
_NOT: Final = "not "
"""Stands before the test in the value of a choice that is about its opposite."""
TESTS: Final = tuple(
    (before + test, words[bool(before)]) for before in ("", _NOT) for test, words in _TESTS.items()
)
_SIMPLE: Final = ("flag", "mark_read", "archive", "mute", "done")


def rows(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of conditions as they were typed; those without anything are left out."""
    found = []
    for n in range(MOST_CONDITIONS):
        row: dict[str, Any] = {
            name: _text(sent, f"{name}_{n}") for name in ("field", "test", "value", "header")
        }
        row["negated"] = row["test"].startswith(_NOT)
        row["test"] = row["test"].removeprefix(_NOT)
        if row["value"] or row["header"] or row["test"] == Test.EXISTS:
            found.append(row)
    return found


def rows_shown(conditions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With rows below them, to be filled in. `chosen` is the choice of `TESTS` they stand for."""
    shown = [{**_SPARE, **one} for one in (*conditions, *[_SPARE] * _SPARE_ROWS)]
    return [{**one, "chosen": (_NOT if one["negated"] else "") + one["test"]} for one in shown]


def condition_words(one: Mapping[str, Any]) -> str:
    """A condition as it is kept, such as “subject does not contain “invoice””."""
    subject = dict(SUBJECTS).get(one["field"], one["field"]).lower()
    about = f"{subject} {one['header']}" if one.get("header") else subject
    plainly, negated = _TESTS.get(one["test"], (one["test"], f"not {one['test']}"))
    value = f" “{one['value']}”" if one.get("value") else ""
    return f"{about} {negated if one.get('negated') else plainly}{value}"


def conditions(sent: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Raises `InvalidInput`."""
    try:
        return tuple(Condition.model_validate(row) for row in rows(sent))
    except ValidationError as error:
        raise InvalidInput(_words(error)) from None


def body(sent: FormData, *, channel: str) -> RuleBody:
    """`channel` is the id of the one that was chosen, if one was. Raises `InvalidInput`."""
    actions: list[dict[str, Any]] = [{"do": one} for one in _SIMPLE if sent.get(f"do_{one}")]
    if channel:
        actions.append({"do": "channel", "channel": channel})
    if teammate := _text(sent, "teammate"):
        actions.append({"do": "assign", "teammate_id": teammate})
    if tags := [one.strip() for one in _text(sent, "tags").split(",") if one.strip()]:
        actions.append({"do": "tag", "tags": tags})
    if folder := _text(sent, "folder"):
        actions.append({"do": "move", "folder": folder})
    if template := _text(sent, "template"):
        actions.append({"do": "reply", "template_id": template})
    found = conditions(sent)
    if not found:
        raise InvalidInput("Say which mail it is for: at least one condition.")
    if not actions:
        raise InvalidInput("Say what is to be done: at least one thing.")
    try:
        return RuleBody.model_validate(
            {"match": _text(sent, "match") or "all", "conditions": found, "actions": actions}
        )
    except ValidationError as error:
        raise InvalidInput(_words(error)) from None


def values_of(rule: Rule) -> dict[str, Any]:
    """What the fields of a rule's form show."""
    shown: dict[str, Any] = {
        "name": rule.name,
        "account": str(rule.account_id or ""),
        "match": rule.body.get("match", "all"),
        "stop": rule.stop,
        "conditions": rule.body.get("conditions", []),
    }
    for action in rule.body.get("actions", ()):
        match action["do"]:
            case "channel":
                shown["channel"] = action["channel"]
            case "assign":
                shown["teammate"] = action["teammate_id"]
            case "tag":
                shown["tags"] = ", ".join(action["tags"])
            case "move":
                shown["folder"] = action["folder"]
            case "reply":
                shown["template"] = action["template_id"]
            case other:
                shown[f"do_{other}"] = True
    return shown


def values_sent(sent: FormData) -> dict[str, Any]:
    names = (
        "name",
        "account",
        "match",
        "stop",
        "channel",
        "teammate",
        "tags",
        "folder",
        "template",
    )
    shown: dict[str, Any] = {name: _text(sent, name) for name in names}
    shown |= {f"do_{one}": bool(sent.get(f"do_{one}")) for one in _SIMPLE}
    return {**shown, "conditions": rows(sent)}


def _text(sent: Mapping[str, Any], name: str) -> str:
    return str(sent.get(name, "")).replace("\x00", "").strip()


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    return str(first["msg"]).removeprefix("Value error, ").capitalize() + "."
