"""Whole payloads: the blocks of a message, and views. What no table can say is here."""

import json
from collections.abc import Iterator
from typing import Any, Final

from app.sandbox.slack.blockkit.blocks import BLOCKS, SURFACES
from app.sandbox.slack.blockkit.elements import OPTION, OPTION_GROUP, Keys, plain
from app.sandbox.slack.blockkit.rules import (
    Anything,
    Finding,
    Findings,
    Flag,
    Items,
    OneOf,
    Shape,
    String,
    Typed,
)
from app.sandbox.slack.wire import JSON, Refused, slack_id

MOST_CHARACTERS: Final = 13_200
"""All text in the blocks of one message; Slack publishes no number, others measured this one."""
MOST_VIEW_BYTES: Final = 250_000
_MOST_BLOCKS: Final = {"message": 50, "modal": 100, "home": 100}
_VIEW: Final[Keys] = {
    "type": OneOf(("modal", "home")),
    "blocks": Anything(),
    "private_metadata": String(3_000),
    "callback_id": String(255),
    "external_id": String(255),
}
_VIEWS: Final = {
    "home": Shape(_VIEW, needs=("type", "blocks")),
    "modal": Shape(
        {
            **_VIEW,
            "title": plain(24),
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
            "submit_disabled": Flag(),
        },
        needs=("type", "title", "blocks"),
    ),
}
_SUGGESTIONS: Final = Shape(
    {
        "options": Items(OPTION, 100, least=0),
        "option_groups": Items(OPTION_GROUP, 100, least=0),
    },
    only_one_of=("options", "option_groups"),
)


def check_blocks(blocks: Any, pointer: str, surface: str) -> Findings:  # noqa: ANN401
    """What Slack would say about these blocks on a `message`, `modal` or `home` tab."""
    findings = Findings()
    least = 0 if surface == "message" else 1
    rule = Items(Typed(BLOCKS, SURFACES[surface]), _MOST_BLOCKS[surface], least)
    rule.check(blocks, pointer, findings)
    if isinstance(blocks, list):
        parts = list(_objects(blocks, pointer))
        _check_ids(blocks, pointer, findings)
        _check_initial_options(parts, findings)
        if sum(part.get("focus_on_load") is True for _, part in parts) > 1:
            findings.add(pointer, "only one element can have `focus_on_load`")
        if sum(block.get("type") == "table" for block in blocks if isinstance(block, dict)) > 1:
            findings.add(pointer, "only one table is allowed")
        if surface != "modal" and any(part.get("type") == "file_input" for _, part in parts):
            findings.add(pointer, "unsupported type: file_input")
    return findings


def check_view(view: Any, pointer: str, surface: str | None = None) -> Findings:  # noqa: ANN401
    """What Slack would say about a view; `surface` is the type it has to have."""
    findings = Findings()
    if not findings.is_object(view, pointer):
        return findings
    kind = view.get("type")
    if not isinstance(kind, str) or kind not in _VIEWS or surface not in (None, kind):
        expected = [surface] if surface else sorted(_VIEWS)
        findings.add(f"{pointer}/type", f"unsupported type: {kind}", type="enum", expected=expected)
        return findings
    _VIEWS[kind].check(view, pointer, findings)
    if "blocks" in view:
        findings.list += check_blocks(view["blocks"], f"{pointer}/blocks", kind).list
    if kind == "modal" and "submit" not in view:
        for number, block in enumerate(view.get("blocks") or []):
            if isinstance(block, dict) and block.get("type") == "input":
                findings.add(
                    f"{pointer}/blocks/{number}/input", "must define `submit` to use `input` block"
                )
    return findings


def check_suggestions(answer: Any) -> list[Finding]:  # noqa: ANN401
    """What Slack would say about an app's answer to a block_suggestion."""
    findings = Findings()
    _SUGGESTIONS.check(answer, "", findings)
    return findings.list


def refuse_invalid_blocks(findings: Findings) -> None:
    """Raises `Refused` (invalid_blocks, msg_blocks_too_long) as chat.postMessage does."""
    if findings.list:
        raise Refused("invalid_blocks", **_told(findings))
    if findings.characters > MOST_CHARACTERS:
        raise Refused("msg_blocks_too_long")


def refuse_invalid_view(view: Any, surface: str | None) -> None:  # noqa: ANN401
    """Raises `Refused` (invalid_arguments, view_too_large) as views.open does."""
    findings = check_view(view, "/view", surface)
    if findings.list:
        raise Refused("invalid_arguments", **_told(findings))
    if len(json.dumps(view, ensure_ascii=False).encode()) > MOST_VIEW_BYTES:
        raise Refused("view_too_large")


def with_block_ids(blocks: list[JSON]) -> list[JSON]:
    """The blocks, each with a block_id, and its elements with an action_id, as Slack fills in."""
    filled = []
    for block in blocks:
        whole = {"block_id": slack_id("b"), **block}
        for key in ("accessory", "element"):
            if key in whole:
                whole[key] = _with_action_id(whole[key])
        if whole["type"] == "actions":
            whole["elements"] = [_with_action_id(element) for element in whole["elements"]]
        filled.append(whole)
    return filled


def _with_action_id(element: JSON) -> JSON:
    return element if element["type"] == "image" else {"action_id": slack_id("a"), **element}


def _told(findings: Findings) -> JSON:
    told = [f"{found.message} [json-pointer:{found.pointer}]" for found in findings.list]
    return {
        "errors": told,
        "response_metadata": {"messages": [f"[ERROR] {message}" for message in told]},
    }


def _objects(value: object, pointer: str) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict):
        yield pointer, value
        for key, item in value.items():
            yield from _objects(item, f"{pointer}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _objects(item, f"{pointer}/{number}")


def _check_ids(blocks: list[Any], pointer: str, findings: Findings) -> None:
    ids = [block.get("block_id") for block in blocks if isinstance(block, dict)]
    for id_ in {id_ for id_ in ids if isinstance(id_, str) and ids.count(id_) > 1}:
        findings.add(pointer, f"`block_id` already exists: {id_}")


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _check_initial_options(parts: list[tuple[str, JSON]], findings: Findings) -> None:
    """An option chosen beforehand has to be one of those offered."""
    for pointer, part in parts:
        offered = _list(part.get("options"))
        for group in _list(part.get("option_groups")):
            offered += _list(group.get("options")) if isinstance(group, dict) else []
        chosen = _list(part.get("initial_options")) or [part.get("initial_option")]
        if offered and any(option and option not in offered for option in chosen):
            findings.add(pointer, "initial option must be one of the options provided")
