"""HTML to plain text that reads as the mail did: paragraphs, lists, links, tables, quotes.

There is no tree, so no depth of nesting is too deep, no text is dropped for being in the wrong
place, and the time is linear whatever is left open. The result is text, not safe HTML: whoever
shows it escapes it, as with any text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from app.mail import charset
from app.mail.html_tokens import Tag, text, tokens

MAX_HTML: Final = 1_000_000
"""Characters that are read; what comes later is left out."""
MAX_TEXT: Final = 100_000
"""Characters that are made."""
MAX_LINK: Final = 500
"""A longer address of a link is left out; such links are for counting clicks, not for reading."""
_MAX_INDENT: Final = 16
_MAX_QUOTE: Final = 8

_HIDDEN: Final = re.compile(r"display\s*+:\s*+none|mso-hide\s*+:\s*+all", re.IGNORECASE)
_QUOTE_MARKS: Final = re.compile(
    r"gmail_quote|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|moz-cite-prefix"
    r"|olk_src_body_section|freshdesk_quote|front-blockquote|reply-quote",
    re.IGNORECASE,
)
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_META_WITHIN: Final = 2_048
_INVISIBLE: Final = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff \t\xa0"


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BREAKS_LINE: Final = _names(
    "address article aside body center dd div dl dt fieldset figcaption figure footer form header"
    " html main nav section tbody tfoot thead tr caption option legend details summary"
)
_BREAKS_PARAGRAPH: Final = _names("p h1 h2 h3 h4 h5 h6 table pre ul ol blockquote")
_INLINE: Final = _names("span font b strong i em u small o:p meta link")
_VOID: Final = _names("area base br col embed hr img input link meta param source track wbr")


@dataclass(frozen=True, slots=True)
class Text:
    plain: str
    """What to keep and show."""
    marked: str
    """The same, with "> " before the lines of which the mark-up (not the words) tells that they
    are quoted from an older mail."""


def to_text(html: str) -> Text:
    """Never raises. What is hidden from the reader (`display:none`) is left out."""
    html = charset.without_controls(html[:MAX_HTML])
    reader = _Reader(hides=_may_hide(html), quotes=_may_quote(html))
    reader.read(html)
    if not reader.lines and reader.hides:
        reader = _Reader(hides=False, quotes=reader.quotes)
        reader.read(html)
    return reader.text()


def stated_charset(data: bytes) -> str:
    """The charset that the HTML itself names, for mails whose header names none."""
    match = _META_CHARSET.search(data[:_META_WITHIN])
    return "" if match is None else match[1].decode("ascii")


@dataclass(slots=True)
class _Line:
    text: str
    quote: int
    """How many blockquotes it stands in."""
    marked: bool
    """Whether it stands in an element that mail software wraps quotes in."""


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int = 0


@dataclass(slots=True)
class _Link:
    address: str
    line: int
    word: int
    """Where its text begins: the line, and the piece of it."""


@dataclass(slots=True)
class _Open:
    """An open element that hides or marks what is in it."""

    name: str
    count: int = 1
    """How many of that name are open within, itself included."""

    def closed_by(self, tag: Tag) -> bool:
        if tag.name == self.name:
            self.count += -1 if tag.closes else 1
        return self.count == 0


@dataclass(slots=True)
class _Reader:
    """Writes lines while it reads tags; knows what is open, but no tree."""

    hides: bool
    """Whether some tag may hide what it contains."""
    quotes: bool
    """Whether some tag may wrap a quote."""
    lines: list[_Line] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    """Of the line that is being written."""
    _length: int = 0
    _space_due: bool = False
    _blank_due: bool = False
    _quote: int = 0
    _pre: int = 0
    _tight: bool = False
    """In one of Outlook's paragraphs, which have no margins and stand for lines."""
    _lists: list[_List] = field(default_factory=list)
    _bullet: str = ""
    _link: _Link | None = None
    _hidden: _Open | None = None
    _marks: list[_Open] = field(default_factory=list)

    def read(self, html: str) -> None:
        for token in tokens(html):
            if isinstance(token, Tag):
                self._tag(token)
            elif self._hidden is None:
                self._text(token)
            if self._length > MAX_TEXT:
                break
        self._break()

    def text(self) -> Text:
        marks = list(_quoted_by_mark_up(self.lines))
        plain = "\n".join(_prefixed(line, line.quote) for line in self.lines)[:MAX_TEXT]
        if not any(marks):
            return Text(plain, plain)
        marked = "\n".join(
            _prefixed(line, max(line.quote, int(mark)))
            for line, mark in zip(self.lines, marks, strict=True)
        )
        return Text(plain, marked[:MAX_TEXT])

    # Text

    def _text(self, source: str) -> None:
        content = text(source)
        if self._pre:
            self._preformatted(content)
            return
        words = content.split()
        if words:
            self._space_due = self._space_due or content[0].isspace()
            self._write(" ".join(words))
            self._space_due = content[-1].isspace()
        elif content:
            self._space_due = True

    def _preformatted(self, content: str) -> None:
        first, *others = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if first:
            self._write(first)
        for line in others:
            self._break(keep_blank=True)
            if line:
                self._write(line)

    def _write(self, words: str) -> None:
        if self._space_due and self._words:
            self._words.append(" ")
        self._space_due = False
        self._words.append(words)
        self._length += len(words) + 1

    def _break(self, *, keep_blank: bool = False) -> None:
        """End the line. A line without words is no line, unless it is asked for."""
        self._space_due = False
        line = "".join(self._words).rstrip() if self._words else ""
        self._words.clear()
        if not line or not line.strip(_INVISIBLE):
            if keep_blank:
                self._blank_line()
            return
        if self._blank_due:
            self._blank_line()
        self._blank_due = False
        if self._lists or self._bullet:
            depth = min(len(self._lists), _MAX_INDENT) - bool(self._bullet)
            line = f"{'  ' * depth}{self._bullet}{line}"
            self._bullet = ""
        self.lines.append(_Line(line, min(self._quote, _MAX_QUOTE), bool(self._marks)))
        self._length += 1

    def _blank_line(self) -> None:
        """Between a quote and what is none, it belongs to what is none."""
        last = self.lines[-1] if self.lines else None
        if last is not None and last.text:
            marked = last.marked and bool(self._marks)
            self.lines.append(_Line("", min(self._quote, last.quote), marked))

    # Tags

    def _tag(self, tag: Tag) -> None:
        if self._hidden is not None:
            if self._hidden.closed_by(tag):
                self._hidden = None
            return
        if self.hides and not tag.closes and tag.name not in _VOID and _is_hidden(tag):
            self._hidden = _Open(tag.name)
            return
        if self.quotes:
            self._mark(tag)
        if tag.name in _BREAKS_LINE:
            self._break()
        elif tag.name in _BREAKS_PARAGRAPH:
            self._paragraph(tag)
        elif tag.name not in _INLINE and (handle := _HANDLERS.get(tag.name)) is not None:
            handle(self, tag)

    def _mark(self, tag: Tag) -> None:
        if self._marks and tag.name == self._marks[-1].name:
            if self._marks[-1].closed_by(tag):
                self._break()
                self._marks.pop()
        elif not tag.closes and tag.name not in _VOID and _wraps_quote(tag):
            self._break()
            self._marks.append(_Open(tag.name))

    def _paragraph(self, tag: Tag) -> None:
        if tag.name == "p" and (self._tight if tag.closes else "MsoNormal" in tag.attributes):
            self._tight = not tag.closes
            is_empty = not "".join(self._words).strip(_INVISIBLE)
            self._blank_due = self._blank_due or (tag.closes and is_empty)
            self._break()
            return
        self._break()
        self._blank_due = self._blank_due or not self._lists
        step = -1 if tag.closes else 1
        if tag.name == "blockquote":
            self._quote = max(0, self._quote + step)
        elif tag.name == "pre":
            self._pre = max(0, self._pre + step)
        elif tag.name in {"ul", "ol"}:
            self._list(tag)

    def _list(self, tag: Tag) -> None:
        if not tag.closes:
            self._lists.append(_List(ordered=tag.name == "ol"))
        elif self._lists:
            self._lists.pop()
            self._blank_due = self._blank_due or not self._lists

    def item(self, tag: Tag) -> None:
        self._break()
        self._bullet = "" if tag.closes else "- "
        if not tag.closes and self._lists and self._lists[-1].ordered:
            self._lists[-1].number += 1
            self._bullet = f"{self._lists[-1].number}. "

    def line_break(self, _tag: Tag) -> None:
        """The first one ends the line; the next ones leave a blank line."""
        if self._words:
            self._break()
        else:
            self._blank_due = True

    def cell(self, tag: Tag) -> None:
        """Cells of a row stand side by side as long as each fits on the line."""
        if not tag.closes and self._words:
            self._space_due = False
            self._words.append("  ")

    def rule(self, _tag: Tag) -> None:
        self._break()
        self._write("---")
        self._break()

    def image(self, tag: Tag) -> None:
        if alternative := " ".join(tag.attribute("alt").split()):
            self._write(f"[{alternative}]")

    def anchor(self, tag: Tag) -> None:
        if not tag.closes:
            self._link = _Link(tag.attribute("href"), len(self.lines), len(self._words))
            return
        link, self._link = self._link, None
        if link is not None and link.line == len(self.lines):
            words = "".join(self._words[link.word :]).strip()
            if words and (target := _target(link.address, words)):
                self._words.append(f" {target}")
                self._length += len(target)


_HANDLERS: Final = {
    "a": _Reader.anchor,
    "br": _Reader.line_break,
    "hr": _Reader.rule,
    "img": _Reader.image,
    "li": _Reader.item,
    "td": _Reader.cell,
    "th": _Reader.cell,
}


def _prefixed(line: _Line, quote: int) -> str:
    return f"{'> ' * quote}{line.text}".rstrip() if quote else line.text


def _quoted_by_mark_up(lines: list[_Line]) -> Iterator[bool]:
    """Which lines are quotes. A forwarded mail is wrapped alike, but it is news."""
    inside, is_forward = False, False
    for line in lines:
        if line.marked and not inside:
            is_forward = line.text.startswith(("-----", "Begin forwarded"))
        inside = line.marked
        yield inside and not is_forward


def _may_hide(source: str) -> bool:
    """A quick look; most mails hide nothing."""
    return "display" in source or "DISPLAY" in source or "mso-hide" in source


def _may_quote(source: str) -> bool:
    """A quick look; every mark of a quote has one of these in it."""
    return "uote" in source or "moz-cite" in source or "OLK_SRC" in source or "zmail" in source


def _wraps_quote(tag: Tag) -> bool:
    return _may_quote(tag.attributes) and bool(_QUOTE_MARKS.search(tag.attributes))


def _is_hidden(tag: Tag) -> bool:
    return _may_hide(tag.attributes) and bool(_HIDDEN.search(tag.attribute("style")))


def _target(address: str, words: str) -> str:
    """How the address of a link is shown behind its text; empty where it says nothing new."""
    address = "".join(address.split())
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0]
        return "" if "@" in words or not address else f"<{address}>"
    if len(address) > MAX_LINK or not address.lower().startswith(("http://", "https://", "tel:")):
        return ""
    shown = address.partition("://")[2].removeprefix("www.").rstrip("/").lower()
    return "" if words.lower().rstrip("/").endswith(shown) else f"({address})"
