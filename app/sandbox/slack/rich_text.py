"""What people type, as rich text: the marks of Slack's own editor become styles and lists.

`*bold*`, `_italic_`, `~struck~` and `code` within a line; `- ` and `1. ` begin items, `> ` quotes,
and three backticks fence what is left as it is. A mark that is not closed is a character.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from app.sandbox.slack.wire import JSON

Leaves = Callable[[str], list[JSON]]
"""What plain text is made of: text itself, and where it matters people, channels and links."""

_STYLES: Final = {"*": "bold", "_": "italic", "~": "strike"}
_MARKED: Final = re.compile(
    r"`(?P<code>[^`\n]+)`|(?<![\w*_~])(?P<mark>[*_~])(?P<inside>(?!(?P=mark))\S(?:.{0,500}?\S)?)(?P=mark)(?![\w*_~])"
)
_ITEM: Final = re.compile(r"(?P<bullet>[-•] )|(?P<number>\d+[.)] )")
_FENCE: Final = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)


def rich_text(typed: str, leaves: Leaves | None = None) -> JSON:
    """A rich_text block. `leaves` finds more in a text than itself."""
    find = leaves or _as_text
    elements: list[JSON] = []
    for number, part in enumerate(_FENCE.split(typed)):
        if number % 2:
            fenced = {"type": "rich_text_preformatted", "elements": _as_text(part)}
            elements.append(fenced)
        elif part:
            elements += _paragraphs(part.strip("\n") if len(typed) > len(part) else part, find)
    return {"type": "rich_text", "elements": elements}


def _paragraphs(text: str, find: Leaves) -> Iterator[JSON]:
    for kind, group in groupby(text.split("\n"), key=_kind):
        lines = list(group)
        if kind in ("bullet", "ordered"):
            items = [_section(_ITEM.sub("", line, count=1), find) for line in lines]
            yield {"type": "rich_text_list", "style": kind, "indent": 0, "elements": items}
        elif kind == "quote":
            quoted = "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines)
            yield {"type": "rich_text_quote", "elements": _inline(quoted, find, {})}
        else:
            yield _section("\n".join(lines), find)


def _kind(line: str) -> str:
    if line.startswith(">"):
        return "quote"
    if found := _ITEM.match(line):
        return "bullet" if found["bullet"] else "ordered"
    return "text"


def _section(text: str, find: Leaves) -> JSON:
    return {"type": "rich_text_section", "elements": _inline(text, find, {})}


def _inline(text: str, find: Leaves, style: dict[str, bool]) -> list[JSON]:
    out: list[JSON] = []
    at = 0
    for found in _MARKED.finditer(text):
        out += _styled(find(text[at : found.start()]), style)
        if found["code"]:
            out += _styled(_as_text(found["code"]), {**style, "code": True})
        elif (name := _STYLES[found["mark"]]) in style:
            out += _styled(find(found[0]), style)
        else:
            out += _inline(found["inside"], find, {**style, name: True})
        at = found.end()
    return out + _styled(find(text[at:]), style)


def _styled(leaves: list[JSON], style: dict[str, bool]) -> list[JSON]:
    return [{**leaf, "style": dict(style)} for leaf in leaves] if style else leaves


def _as_text(text: str) -> list[JSON]:
    return [{"type": "text", "text": text}] if text else []
