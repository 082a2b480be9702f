"""The window in which somebody looks for mail: asking, and what was found."""

from typing import Any, Final

from app.feed.mrkdwn import verbatim
from app.feed.port import Rendered
from app.slack.ids import FieldId, ViewId

LONGEST: Final = 200


def view(shown: Rendered | None = None) -> dict[str, Any]:
    """`shown`: what was found for the words before, if any; it may be asked again."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "input",
            "block_id": FieldId.FIND,
            "label": {"type": "plain_text", "text": "What is to be found?"},
            "hint": {
                "type": "plain_text",
                "text": "Whole words of a subject, a sender or a text; “as a phrase”; -without.",
            },
            "element": {
                "type": "plain_text_input",
                "action_id": FieldId.FIND,
                "max_length": LONGEST,
                "focus_on_load": True,
            },
        }
    ]
    blocks += [dict(block) for block in (shown.blocks if shown else ())]
    return _window(blocks, submit=True)


def skeleton() -> dict[str, Any]:
    return _window([{"type": "section", "text": verbatim("⏳ Looking…")}], submit=False)


def _window(blocks: list[dict[str, Any]], *, submit: bool) -> dict[str, Any]:
    window: dict[str, Any] = {
        "type": "modal",
        "callback_id": ViewId.FIND,
        "title": {"type": "plain_text", "text": "Find mail"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": blocks,
    }
    if submit:
        window["submit"] = {"type": "plain_text", "text": "Find"}
    return window
