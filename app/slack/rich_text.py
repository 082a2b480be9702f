"""What people type into Slack's editor, as the text and the HTML of a mail, and back. Pure.

Everything is escaped; of links only http, https and mailto become links.
(docs.slack.dev/reference/block-kit/blocks/rich-text-block)
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Element = Mapping[str, Any]
Names = Mapping[str, str]
"""The names of people who are mentioned, by their Slack ids."""

_LINKED: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
_STYLES: Final = (("code", "code"), ("strike", "s"), ("italic", "i"), ("bold", "b"))
_QUOTE: Final = 'style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"'
_DEEPEST: Final = 8
_MOST_CHARACTERS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Typed:
    text: str
    html: str | None
    """None where nothing is formatted, so that plain text says it all."""


def typed(block: Element | None, names: Names | None = None) -> Typed:
    """The words of a `rich_text` block."""
    parts = [one for one in _elements(block) if isinstance(one, Mapping)]
    writer = _Writer(names or {})
    plain = "\n".join(writer.plain(part) for part in parts)
    rich = "\n".join(writer.rich(part) for part in parts)
    return Typed(plain.strip("\n"), rich if writer.is_formatted else None)


def mentioned(block: Element | None) -> frozenset[str]:
    """The Slack ids of people whom the text names."""
    found: set[str] = set()

    def walk(elements: Iterable[Any]) -> None:
        for one in elements:
            if isinstance(one, Mapping):
                if one.get("type") == "user":
                    found.add(str(one.get("user_id", "")))
                walk(_elements(one))

    walk(_elements(block))
    return frozenset(found)


def from_text(text: str) -> dict[str, Any] | None:
    """Plain text as a `rich_text` block; None where there is nothing to say."""
    if not text.strip():
        return None
    leaf = {"type": "text", "text": text[:_MOST_CHARACTERS]}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [leaf]}],
    }


def joined(first: Element | None, second: Element | None) -> dict[str, Any] | None:
    """One text below the other."""
    elements = [*_elements(first), *_elements(second)]
    return {"type": "rich_text", "elements": elements} if elements else None


def clean(block: Element | None) -> dict[str, Any] | None:
    """The block as it may be given back as `initial_value`: Slack adds a `block_id` of its own."""
    elements = list(_elements(block))
    return {"type": "rich_text", "elements": elements} if elements else None


class _Writer:
    def __init__(self, names: Names) -> None:
        self._names = names
        self.is_formatted = False

    # Plain

    def plain(self, part: Element) -> str:
        match part.get("type"):
            case "rich_text_list":
                return "\n".join(self._plain_items(part))
            case "rich_text_quote":
                lines = self._leaves(part).split("\n")
                return "\n".join(f"> {line}".rstrip() for line in lines)
            case _:
                return self._leaves(part)

    def _plain_items(self, part: Element) -> Iterable[str]:
        indent = "  " * _indent(part)
        is_ordered = part.get("style") == "ordered"
        for number, item in enumerate(_elements(part), start=1 + int(part.get("offset") or 0)):
            mark = f"{number}. " if is_ordered else "- "
            yield f"{indent}{mark}{self._leaves(item)}"

    def _leaves(self, part: Element) -> str:
        return "".join(self._plain_leaf(leaf) for leaf in _elements(part))

    def _plain_leaf(self, leaf: Element) -> str:
        if leaf.get("type") == "link":
            url, words = str(leaf.get("url", "")), str(leaf.get("text") or "")
            return url if words in {"", url, url.removeprefix("mailto:")} else f"{words} <{url}>"
        return self._words(leaf)

    def _words(self, leaf: Element) -> str:
        match leaf.get("type"):
            case "text":
                return str(leaf.get("text", ""))
            case "emoji":
                return _emoji(leaf)
            case "user":
                return self._names.get(str(leaf.get("user_id", "")), "a colleague")
            case "broadcast":
                return f"@{leaf.get('range', '')}"
            case "color":
                return str(leaf.get("value", ""))
            case "date":
                return str(leaf.get("fallback") or leaf.get("url") or "")
            case _:
                return ""

    # HTML

    def rich(self, part: Element) -> str:
        kind = part.get("type")
        if kind != "rich_text_section":
            self.is_formatted = True
        inside = self._rich_leaves(part) if kind != "rich_text_list" else ""
        match kind:
            case "rich_text_list":
                tag = "ol" if part.get("style") == "ordered" else "ul"
                items = "".join(f"<li>{self._rich_leaves(one)}</li>" for one in _elements(part))
                depth = _indent(part)
                return f"<{tag}>" * (depth + 1) + items + f"</{tag}>" * (depth + 1)
            case "rich_text_quote":
                return f"<blockquote {_QUOTE}>{inside}</blockquote>"
            case "rich_text_preformatted":
                return f"<pre>{html.escape(self._leaves(part))}</pre>"
            case _:
                return f"<div>{inside or '<br>'}</div>"

    def _rich_leaves(self, part: Element) -> str:
        return "".join(self._rich_leaf(leaf) for leaf in _elements(part))

    def _rich_leaf(self, leaf: Element) -> str:
        text = _lines(self._words(leaf))
        if leaf.get("type") == "link":
            text = self._link(leaf)
        style = leaf.get("style") or {}
        for name, tag in _STYLES:
            if style.get(name):
                self.is_formatted = True
                text = f"<{tag}>{text}</{tag}>"
        return text

    def _link(self, leaf: Element) -> str:
        url, words = str(leaf.get("url", "")), str(leaf.get("text") or leaf.get("url", ""))
        if not _LINKED.fullmatch(url):
            return _lines(words)
        self.is_formatted = True
        return f'<a href="{html.escape(url)}">{_lines(words)}</a>'


def _elements(part: Element | None) -> Sequence[Any]:
    found = part.get("elements") if isinstance(part, Mapping) else None
    return found if isinstance(found, list) else []


def _lines(text: str) -> str:
    return html.escape(text).replace("  ", " &nbsp;").replace("\n", "<br>\n")


def _emoji(leaf: Element) -> str:
    """The character itself; one that only the workspace knows stays a word."""
    word = f":{leaf.get('name', '')}:"
    codes = str(leaf.get("unicode") or "")
    try:
        return "".join(chr(int(code, 16)) for code in codes.split("-")) if codes else word
    except (ValueError, OverflowError):
        return word


def _indent(part: Element) -> int:
    return min(max(int(part.get("indent") or 0), 0), _DEEPEST)
