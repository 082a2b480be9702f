"""HTML, such as a template's, as a `rich_text` block: bold stays bold, a link stays a link. Pure.

What Slack's editor does not know (colours, tables, pictures) is left out, and its words are kept.
(docs.slack.dev/reference/block-kit/blocks/rich-text-block)
"""

import re
from typing import Any, Final

from app.mail.html_tokens import Tag, text, tokens

Block = dict[str, Any]
_STYLES: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic",
    "s": "strike", "strike": "strike", "del": "strike", "code": "code", "tt": "code",
}  # fmt: skip
_BREAKS: Final = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6"), 2),
    **dict.fromkeys(
        ("div", "section", "article", "header", "footer", "tr", "table", "address", "dt", "dd"), 1
    ),
}
"""Line breaks around an element."""
_LISTS: Final = {"ul": "bullet", "ol": "ordered"}
_LINKED: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_DEEPEST: Final = 8
_MOST_ELEMENTS: Final = 2_000


def from_html(html: str) -> Block | None:
    """None where there is nothing to read in it."""
    reader = _Reader()
    for token in tokens(html):
        if isinstance(token, Tag):
            reader.tag(token)
        else:
            reader.words(text(token))
    elements = reader.finished()
    return {"type": "rich_text", "elements": elements} if elements else None


class _Reader:
    def __init__(self) -> None:
        self._elements: list[Block] = []
        self._leaves: list[Block] = []
        self._kind = "rich_text_section"
        self._lists: list[str] = []
        self._styles: dict[str, int] = {}
        self._link = ""
        self._breaks = 0
        """Line breaks to be written before the next word."""
        self._in_item = False

    def tag(self, tag: Tag) -> None:
        name, opens = tag.name, not tag.closes
        if name in _STYLES:
            style = _STYLES[name]
            self._styles[style] = max(0, self._styles.get(style, 0) + (1 if opens else -1))
        elif name == "a":
            href = tag.attribute("href") if opens else ""
            self._link = href if _LINKED.fullmatch(href) else ""
        elif name == "br":
            self._breaks = min(self._breaks + 1, 2)
        elif name in _LISTS:
            self._list(_LISTS[name], opens=opens)
        elif name == "li":
            self._flush()
            self._in_item = opens
        elif name in {"blockquote", "pre"}:
            self._flush()
            kind = "rich_text_quote" if name == "blockquote" else "rich_text_preformatted"
            self._kind = kind if opens else "rich_text_section"
        elif name in _BREAKS:
            self._breaks = max(self._breaks, _BREAKS[name])
        elif name in {"td", "th"} and opens:
            self.words(" ")

    def _list(self, style: str, *, opens: bool) -> None:
        self._flush()
        if opens:
            self._lists.append(style)
        elif self._lists:
            self._lists.pop()
        self._in_item = False

    def words(self, words: str) -> None:
        if self._kind != "rich_text_preformatted":
            words = _SPACE.sub(" ", words)
            if not self._leaves or self._breaks:
                words = words.removeprefix(" ")
        if not words:
            return
        if self._breaks and self._leaves:
            self._leaves.append({"type": "text", "text": "\n" * self._breaks})
        self._breaks = 0
        self._leaves.append(self._leaf(words))

    def _leaf(self, words: str) -> Block:
        leaf: Block = {"type": "text", "text": words}
        if self._link:
            leaf = {"type": "link", "url": self._link, "text": words}
        is_code = self._kind == "rich_text_preformatted"
        style = {} if is_code else {name: True for name, n in self._styles.items() if n}
        return {**leaf, "style": style} if style else leaf

    def _flush(self) -> None:
        """End what is being written; the next word begins something else."""
        leaves, self._leaves, self._breaks = _trimmed(self._leaves), [], 0
        if not leaves or len(self._elements) >= _MOST_ELEMENTS:
            return
        if not (self._in_item and self._lists):
            self._elements.append({"type": self._kind, "elements": leaves})
            return
        item = {"type": "rich_text_section", "elements": leaves}
        style, indent = self._lists[-1], min(len(self._lists) - 1, _DEEPEST)
        last = self._elements[-1] if self._elements else {}
        if (last.get("style"), last.get("indent")) == (style, indent):
            last["elements"].append(item)
            return
        self._elements.append(
            {"type": "rich_text_list", "style": style, "indent": indent, "elements": [item]}
        )

    def finished(self) -> list[Block]:
        self._flush()
        return self._elements


def _trimmed(leaves: list[Block]) -> list[Block]:
    """Without the white space at the end, which HTML does not show."""
    while leaves and not leaves[-1]["text"].strip():
        leaves = leaves[:-1]
    if leaves:
        leaves = [*leaves[:-1], {**leaves[-1], "text": leaves[-1]["text"].rstrip()}]
    return leaves
