"""The parts that cards and lines are made of, as Slack's Block Kit. Pure."""

from typing import Any, Final

from app.feed.ids import ActionId
from app.feed.mrkdwn import escape_line, size, verbatim
from app.feed.port import Block
from app.feed.view import FileView

_FILES: Final = 8


def button(action: ActionId, label: str, value: str, *, primary: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": label},
        "value": value,
    }
    return {**found, "style": "primary"} if primary else found


def section(text: str) -> Block:
    return {"type": "section", "text": verbatim(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [verbatim(text)]}


def linked(escaped: str, link: str | None) -> str:
    """Escaped words that lead somewhere, if there is somewhere to lead."""
    return f"<{link}|{escaped.replace('|', '¦')}>" if link and escaped else escaped


def files(named: tuple[FileView, ...]) -> str:
    """The first few by name and size, and how many more there are."""
    shown = [
        f"{linked(escape_line(file.name, 60), file.link)} ({size(file.size)})"
        for file in named[:_FILES]
    ]
    if len(named) > _FILES:
        shown.append(f"and {len(named) - _FILES} more")
    return "📎 " + " · ".join(shown)
