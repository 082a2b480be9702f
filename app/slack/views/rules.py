"""Rules in words: what each says, and what it did. Pure.

Everything a rule carries was typed by somebody, so it is escaped where it is said.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.feed.mrkdwn import escape_line

_WORDS: Final = 120
_LONGEST: Final = 1500
_DONE: Final = "done"
_DID: Final = {
    "channel": "shown in {channel}",
    "assign": "assigned",
    "tag": "tagged {tags}",
    "flag": "flagged",
    "mark_read": "marked as read",
    "archive": "archived",
    "move": "moved to {folder}",
    "mute": "muted",
    "done": "marked as done",
    "reply": "an answer proposed",
}
_SAYS: Final = {
    "channel": "show it in {channel}",
    "assign": "assign it",
    "tag": "tag it {tags}",
    "flag": "flag it",
    "mark_read": "mark it as read",
    "archive": "archive it",
    "move": "move it to {folder}",
    "mute": "mute it",
    "done": "mark it as done",
    "reply": "propose an answer",
}
_TESTS: Final = {
    "contains": "contains",
    "is": "is",
    "starts": "starts with",
    "ends": "ends with",
    "domain": "is of",
    "regex": "matches",
    "exists": "is there",
    "larger": "is larger than",
    "smaller": "is smaller than",
}


def did(done: Sequence[Mapping[str, Any]]) -> str:
    """What became of each action, as markup."""
    parts = []
    for one in done:
        what = _worded(_DID, one)
        outcome = str(one.get("outcome", _DONE))
        parts.append(what if outcome == _DONE else f"not {what} ({escape_line(outcome, _WORDS)})")
    return (", ".join(parts) or "nothing")[:_LONGEST]


def said(body: Mapping[str, Any]) -> str:
    """If this, then that, as markup."""
    between = " or " if body.get("match") == "any" else " and "
    conditions = between.join(_condition(one) for one in body.get("conditions", ()))
    actions = ", ".join(_worded(_SAYS, one) for one in body.get("actions", ()))
    return f"If {conditions}: {actions}."[:_LONGEST]


def _condition(one: Mapping[str, Any]) -> str:
    about = str(one.get("field", ""))
    if one.get("header"):
        about = f"header {one['header']}"
    test = _TESTS.get(str(one.get("test")), "?")
    value = f" “{escape_line(str(one['value']), _WORDS)}”" if one.get("value") else ""
    sentence = f"{escape_line(about, _WORDS)} {test}{value}"
    return f"not ({sentence})" if one.get("negated") else sentence


def _worded(words: Mapping[str, str], action: Mapping[str, Any]) -> str:
    values = {
        "channel": f"<#{escape_line(str(action.get('channel', '')), 30)}>",
        "tags": ", ".join(escape_line(str(tag), 60) for tag in action.get("tags") or ()),
        "folder": f"“{escape_line(str(action.get('folder', '')), _WORDS)}”",
    }
    return words.get(str(action.get("do")), "something this version does not know").format(**values)
