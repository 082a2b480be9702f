"""Rules in words: what each says, and what it did. Pure.

Everything a rule carries was typed by somebody, so it is escaped where it is said.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.feed.mrkdwn import escape_line

_WORDS: Final = 120
_MOST_CONDITIONS: Final = 900
_MOST_ACTIONS: Final = 600
"""So many characters of each; what finds no room is counted."""
_TAGS: Final = 8
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
    return _listed(parts, ", ", _MOST_CONDITIONS + _MOST_ACTIONS) or "nothing"


def said(body: Mapping[str, Any]) -> str:
    """If this, then that, as markup."""
    between = " or " if body.get("match") == "any" else " and "
    conditions = [_condition(one) for one in body.get("conditions", ())]
    actions = [_worded(_SAYS, one) for one in body.get("actions", ())]
    shown = _listed(conditions, between, _MOST_CONDITIONS)
    return f"If {shown}: {_listed(actions, ', ', _MOST_ACTIONS)}."


def _listed(parts: Sequence[str], between: str, room: int) -> str:
    """Whole parts only: half of one could be half of a mark of Slack's."""
    for n, part in enumerate(parts):
        room -= len(part) + len(between)
        if room < 0:
            return between.join([*parts[:n], f"… {len(parts) - n} more"])
    return between.join(parts)


def _condition(one: Mapping[str, Any]) -> str:
    about = str(one.get("field", ""))
    if one.get("header"):
        about = f"header {one['header']}"
    test = _TESTS.get(str(one.get("test")), "?")
    value = f" “{escape_line(str(one['value']), _WORDS)}”" if one.get("value") else ""
    sentence = f"{escape_line(about, _WORDS)} {test}{value}"
    return f"not ({sentence})" if one.get("negated") else sentence


def _worded(words: Mapping[str, str], action: Mapping[str, Any]) -> str:
    tags = [escape_line(str(tag), 60) for tag in action.get("tags") or ()]
    values = {
        "channel": _channel(str(action.get("channel", ""))),
        "tags": ", ".join(tags[:_TAGS]) + (f" … {len(tags) - _TAGS} more" if tags[_TAGS:] else ""),
        "folder": f"“{escape_line(str(action.get('folder', '')), _WORDS)}”",
    }
    return words.get(str(action.get("do")), "something this version does not know").format(**values)


def _channel(id_: str) -> str:
    """By mention, which Slack shows with the present name."""
    return f"<#{id_}>" if id_.isalnum() and id_.isascii() else escape_line(id_, 30)
