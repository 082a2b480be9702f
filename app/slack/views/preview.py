"""The mail as it would leave, in a window on top of the one it is written in. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from app.feed.mrkdwn import bold, escape, escape_line, size, verbatim
from app.mail.address import Address
from app.slack.ids import ViewId

_SECTION: Final = 2900
_SECTIONS: Final = 10
_PEOPLE: Final = 20


def loading() -> dict[str, Any]:
    return _view([_section("⏳ One moment…")])


def view(
    *,
    sender: Address,
    people: Sequence[tuple[str, Sequence[Address]]],
    subject: str,
    text: str,
    files: Sequence[tuple[str, int]],
) -> dict[str, Any]:
    """`people` by the name of their field; `files` by name and size."""
    lines = [f"{bold('From')} {_person(sender)}"]
    for field, addresses in people:
        if addresses:
            shown = ", ".join(_person(one) for one in addresses[:_PEOPLE])
            more = len(addresses) - _PEOPLE
            lines.append(f"{bold(field)} {shown}{f' and {more} more' if more > 0 else ''}")
    lines.append(f"{bold('Subject')} {escape_line(subject, 300) or '(no subject)'}")
    if files:
        named = [f"{escape_line(name, 60)} ({size(count)})" for name, count in files[:_PEOPLE]]
        lines.append(f"📎 {' · '.join(named)}")
    blocks = [_section(escape_cut("\n".join(lines))), {"type": "divider"}]
    return _view([*blocks, *_text(text)])


def escape_cut(text: str) -> str:
    """Markup that is ours and escaped already; only its length is bounded."""
    return text if len(text) <= _SECTION else text[:_SECTION].rpartition(" ")[0] + " …"


def _text(text: str) -> list[dict[str, Any]]:
    """The whole text as far as a window holds it, cut between lines where that is possible."""
    blocks: list[dict[str, Any]] = []
    rest = text.strip("\n")
    while rest and len(blocks) < _SECTIONS:
        end = len(rest) if len(rest) <= _SECTION // 5 else rest.rfind("\n", 1, _SECTION // 5)
        end = end if end > 0 else _SECTION // 5
        if piece := rest[:end].strip("\n"):
            blocks.append(_section(escape(piece, _SECTION)))
        rest = rest[end:].lstrip("\n")
    if rest:
        blocks.append(_section("… and more, which is sent as well."))
    return blocks


def _person(address: Address) -> str:
    return escape_line(str(address), 160)


def _view(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ViewId.PREVIEW,
        "title": {"type": "plain_text", "text": "Preview"},
        "close": {"type": "plain_text", "text": "Back"},
        "blocks": blocks,
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": verbatim(text or " ")}
