"""Tables of the blocks, and of where each may stand."""

from typing import Final

from app.sandbox.slack.blockkit.elements import (
    IMAGE,
    IMAGE_SOURCE,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    URL,
    Keys,
    element,
    plain,
)
from app.sandbox.slack.blockkit.rules import (
    Anything,
    Flag,
    Items,
    OneOf,
    Rule,
    Shape,
    String,
    Text,
    Typed,
    Whole,
)

_BORDER: Final = Whole(0, 1)
_STYLES: Final = ("bold", "italic", "strike", "underline", "code", "highlight")
_STYLE: Final = Shape({name: Flag() for name in _STYLES})


def _leaf(*needs: str, **keys: Rule) -> Shape:
    return Shape({"type": Anything(), "style": _STYLE, **keys}, needs=needs)


_LEAVES: Final[Keys] = {
    "text": _leaf("text", text=String(counts=True)),
    "link": _leaf("url", url=URL, text=String(counts=True), unsafe=Flag()),
    "user": _leaf("user_id", user_id=String()),
    "usergroup": _leaf("usergroup_id", usergroup_id=String()),
    "channel": _leaf("channel_id", channel_id=String()),
    "team": _leaf("team_id", team_id=String()),
    "emoji": _leaf("name", name=String(), unicode=String(), url=String(), skin_tone=Whole(1, 6)),
    "broadcast": _leaf("range", range=OneOf(("here", "channel", "everyone"))),
    "color": _leaf("value", value=String()),
    "date": _leaf(
        "timestamp", "format",
        timestamp=Whole(0, 99_999_999_999), format=String(), url=URL, fallback=String(),
    ),
}  # fmt: skip
_RUN: Final = Items(Typed(_LEAVES, frozenset(_LEAVES)), least=0)
_TYPE: Final = Anything()
_RICH: Final[Keys] = {
    "rich_text_section": Shape({"type": _TYPE, "elements": _RUN}, needs=("elements",)),
    "rich_text_preformatted": Shape(
        {"type": _TYPE, "elements": _RUN, "border": _BORDER, "language": String()},
        needs=("elements",),
    ),
    "rich_text_quote": Shape(
        {"type": _TYPE, "elements": _RUN, "border": _BORDER}, needs=("elements",)
    ),
}
_RICH["rich_text_list"] = Shape(
    {
        "type": _TYPE,
        "elements": Items(Typed(_RICH, frozenset({"rich_text_section"}))),
        "style": OneOf(("bullet", "ordered")),
        "indent": Whole(0, 8),
        "offset": Whole(0, 1_000_000),
        "border": _BORDER,
    },
    needs=("elements", "style"),
)


def _block(
    keys: Keys,
    *,
    needs: tuple[str, ...] = (),
    one_of: tuple[str, ...] = (),
    exactly: tuple[str, ...] = (),
    unique: dict[str, str] | None = None,
) -> Shape:
    every: Keys = {"type": _TYPE, "block_id": String(255, 1), **keys}
    return Shape(every, needs, one_of, exactly, unique or {})


_IN_CONTEXT: Final[Keys] = {"image": IMAGE, "plain_text": Text(), "mrkdwn": Text()}
BLOCKS: Final[Keys] = {
    "section": _block(
        {
            "text": Text(),
            "fields": Items(Text(2_000), 10),
            "accessory": element(IN_SECTION),
            "expand": Flag(),
        },
        one_of=("text", "fields"),
    ),
    "header": _block({"text": plain(150), "level": OneOf((1, 2, 3, 4))}, needs=("text",)),
    "divider": _block({}),
    "image": _block(
        {"alt_text": String(2_000, 1), "title": plain(2_000), **IMAGE_SOURCE},
        needs=("alt_text",),
        exactly=("image_url", "slack_file"),
    ),
    "context": _block(
        {"elements": Items(Typed(_IN_CONTEXT, frozenset(_IN_CONTEXT)), 10)}, needs=("elements",)
    ),
    "actions": _block(
        {"elements": Items(element(IN_ACTIONS), 25)},
        needs=("elements",),
        unique={"elements": "action_id"},
    ),
    "input": _block(
        {
            "label": plain(2_000),
            "element": element(IN_INPUT),
            "hint": plain(2_000),
            "optional": Flag(),
            "dispatch_action": Flag(),
        },
        needs=("label", "element"),
    ),
    "rich_text": _block(
        {"elements": Items(Typed(_RICH, frozenset(_RICH)), least=0)}, needs=("elements",)
    ),
    "markdown": _block({"text": String(12_000, 1, counts=True)}, needs=("text",)),
    "alert": _block(
        {"text": Text(), "level": OneOf(("default", "info", "warning", "error", "success"))},
        needs=("text",),
    ),
}
_CELL: Final[Keys] = {
    "rich_text": BLOCKS["rich_text"],
    "raw_text": Shape({"type": _TYPE, "text": String(10_000, 1, counts=True)}, needs=("text",)),
    "raw_number": Shape({"type": _TYPE, "value": Anything()}, needs=("value",)),
}
BLOCKS["table"] = _block(
    {
        "rows": Items(Items(Typed(_CELL, frozenset(_CELL)), 20), 100),
        "column_settings": Items(Anything(), 20, least=0),
    },
    needs=("rows",),
)
_EVERYWHERE: Final = frozenset(BLOCKS) - {"markdown", "alert", "table"}
SURFACES: Final[dict[str, frozenset[str]]] = {
    "message": _EVERYWHERE | {"markdown", "table"},
    "modal": _EVERYWHERE | {"alert"},
    "home": _EVERYWHERE | {"table"},
}
"""Slack knows more blocks (card, carousel, container, data_table, plan, video, …), of which
SharedBox uses none; they are refused here as unsupported."""
