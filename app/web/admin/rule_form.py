"""The form of a rule: rows of conditions and a choice of actions, read into what rules are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import FormData

from app.core.errors import InvalidInput
from app.rules.types import MOST_CONDITIONS, Condition, RuleBody, Subject, Test
from app.store.models import Rule

_SPARE: Final = {"field": "from", "test": "contains", "value": "", "header": "", "negated": ""}
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
TESTS: Final = (
    (Test.CONTAINS, "contains"),
    (Test.IS, "is"),
    (Test.STARTS, "begins with"),
    (Test.ENDS, "ends with"),
    (Test.DOMAIN, "is of the domain"),
    (Test.REGEX, "matches (RE2)"),
    (Test.EXISTS, "is there"),
    (Test.LARGER, "is larger than"),
    (Test.SMALLER, "is smaller than"),
)
_SIMPLE: Final = ("flag", "mark_read", "archive", "mute", "done")


def rows(sent: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of conditions as they were typed; those without anything are left out."""
    found = []
    for n in range(MOST_CONDITIONS):
        row = {
            name: str(sent.get(f"{name}_{n}", "")).replace("\x00", "").strip()
            for name in ("field", "test", "value", "header", "negated")
        }
        if row["value"] or row["header"] or row["test"] == Test.EXISTS:
            found.append(row)
    return found


def rows_shown(conditions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With rows below them, to be filled in."""
    return [{**_SPARE, **one} for one in (*conditions, *[_SPARE] * _SPARE_ROWS)]


def conditions(sent: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Raises `InvalidInput`."""
    try:
        return tuple(
            Condition.model_validate({**row, "negated": bool(row["negated"])}) for row in rows(sent)
        )
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


def _text(sent: FormData, name: str) -> str:
    return str(sent.get(name, "")).replace("\x00", "").strip()


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    return str(first["msg"]).removeprefix("Value error, ").capitalize() + "."
