"""HTML taken apart into text and tags, in one pass and without a tree.

Follows the tokeniser of the HTML standard where mail depends on it (quotes in attributes, comments,
elements whose content is no text), and keeps the text where the standard would lose it: a comment
or a style sheet that is never closed hides nothing.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from typing import Final, NamedTuple

from app.mail import charset

_TAG: Final = re.compile(
    r"<(?:(/?)([a-zA-Z][^\s/>]*+)"
    r"((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)>?"
    r"|(!--)|[!?/])"
)
_RAW_TEXT: Final = frozenset({"script", "style", "title", "xml", "template", "svg"})
"""Elements whose content nobody is meant to read."""


class Tag(NamedTuple):
    """`name` is in lower case; `attributes` is as it was sent."""

    name: str
    closes: bool
    attributes: str

    def attribute(self, name: str) -> str:
        """Its value, decoded; empty where there is none."""
        match = _attribute(name).search(self.attributes)
        if match is None:
            return ""
        value = match[1] or match[2] or match[3] or ""
        return text(value).strip()


@cache
def _attribute(name: str) -> re.Pattern[str]:
    value = r"(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++))"
    return re.compile(rf"(?:^|[\s/\"']){name}\s*+=\s*+{value}", re.IGNORECASE)


def text(source: str) -> str:
    """Text with its character references decoded."""
    return charset.without_controls(unescape(source)) if "&" in source else source


def tokens(html: str) -> Iterator[str | Tag]:
    """The texts, as they were sent, and the tags between them."""
    never_closed: set[str] = set()
    at = 0
    while match := _TAG.search(html, at):
        if match.start() > at:
            yield html[at : match.start()]
        at = match.end()
        if match[4]:
            at = _behind_comment(html, at, never_closed)
        elif match[2] is None:
            at = _behind(html, ">", at)
        else:
            tag = Tag(match[2].lower(), bool(match[1]), match[3])
            if tag.name in _RAW_TEXT and not tag.closes and not tag.attributes.endswith("/"):
                at = _behind_raw_text(html, at, tag.name, never_closed)
            else:
                yield tag
    yield html[at:]


def _behind(html: str, closing: str, at: int) -> int:
    end = html.find(closing, at)
    return len(html) if end < 0 else end + len(closing)


def _behind_comment(html: str, at: int, never_closed: set[str]) -> int:
    if "-->" in never_closed:
        return at
    end = html.find("-->", at)
    if end < 0:
        never_closed.add("-->")
        return at
    return end + 3


def _behind_raw_text(html: str, at: int, name: str, never_closed: set[str]) -> int:
    if name in never_closed:
        return at
    closing = html.find("</", at)
    while closing >= 0:
        after = closing + 2 + len(name)
        if html[closing + 2 : after].lower() == name:
            return _behind(html, ">", after)
        closing = html.find("</", closing + 2)
    never_closed.add(name)
    return at
