"""What came before, below an answer or within a forward: in plain text and in HTML. Pure.

The HTML is made from the text that we read of the mail, so nothing of a stranger's markup, and no
picture that reports back, ever leaves under our name.
"""

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.mail.address import Address
from app.mail.answer import Original

MOST_CHARACTERS: Final = 60_000
MOST_LINES: Final = 1_500
_CUT: Final = "[…]"
_QUOTE: Final = (
    '<blockquote type="cite" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'
)


@dataclass(frozen=True, slots=True)
class Text:
    """The same words twice."""

    plain: str
    html: str


def quoted(original: Original) -> Text:
    """The mail that is answered, marked as quoted (RFC 3676 §4.5)."""
    lines = _bounded(original.text)
    intro = f"On {_moment(original.at)}, {_person(original.sender)} wrote:"
    body = "\n".join(lines)
    plain = "\n".join([intro, *(f">{line}" if line[:1] == ">" else f"> {line}" for line in lines)])
    return Text(
        "\n".join(line.rstrip() for line in plain.split("\n")),
        f"<div>{html.escape(intro)}</div>\n{_QUOTE}{as_html(body)}</blockquote>",
    )


def forwarded(original: Original) -> Text:
    """The mail that is passed on, with what its header said."""
    said = [
        ("From", str(original.sender)),
        ("Date", _moment(original.at)),
        ("Subject", original.subject),
        ("To", ", ".join(map(str, original.to))),
        ("Cc", ", ".join(map(str, original.cc))),
    ]
    head = [(name, value[:2_000]) for name, value in said if value]
    intro = "---------- Forwarded message ----------"
    body = "\n".join(_bounded(original.text))
    rows = "".join(f"<div><b>{name}:</b> {html.escape(value)}</div>" for name, value in head)
    return Text(
        "\n".join([intro, *(f"{name}: {value}" for name, value in head), "", body]),
        f"<div>{intro}</div>{rows}<br>{as_html(body)}",
    )


def as_html(text: str) -> str:
    """Plain text as HTML that looks the same; links stay text, and readers make them links."""
    lines = html.escape(text).split("\n")
    return "<br>\n".join(_keep_blanks(line) for line in lines)


def _keep_blanks(line: str) -> str:
    return line.replace("  ", " &nbsp;")


def _bounded(text: str) -> list[str]:
    """The beginning of a long mail; whoever wrote it has the rest."""
    kept = text[:MOST_CHARACTERS]
    lines = kept.strip("\n").split("\n")
    if len(kept) < len(text) or len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], _CUT]
    return lines


def _person(address: Address) -> str:
    return str(address) or "somebody"


def _moment(at: datetime) -> str:
    """In UTC and without names of days or months: the reader's language is not known."""
    return at.astimezone(UTC).strftime("%Y-%m-%d at %H:%M UTC")
