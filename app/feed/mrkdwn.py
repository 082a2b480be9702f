"""Putting other people's words into Slack's markup. Pure.

Slack acts on `<…>` and on `&`; both are escaped in everything that comes from a mail, once and
nowhere else than here (docs.slack.dev/messaging/formatting-message-text).
"""

import re
from datetime import datetime
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff]")
_BIDI: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, limit: int) -> str:
    """Make text show as it is: no mention, no link, no invisible trick.

    The answer has at most `limit` characters, escapes included and none of them cut in half. A
    character beyond the BMP counts as two, as Slack may count UTF-16.
    """
    kept: list[str] = []
    room = limit - 1
    for character in _CONTROLS.sub("", text):
        shown = _ENTITIES.get(character, character)
        room -= 2 if character > "\uffff" else len(shown)
        if room < 0:
            return "".join(kept).rstrip() + "…"
        kept.append(shown)
    return "".join(kept)


def escape_line(text: str, limit: int) -> str:
    """One line, without marks that reverse its direction."""
    return escape(_BIDI.sub("", " ".join(text[: 4 * limit].split())), limit)


def bold(text: str) -> str:
    """Set escaped text bold. Its own asterisks would end the bold, so they become look-alikes."""
    return f"*{text.replace('*', '∗')}*" if text else text


def cut(text: str, limit: int) -> str:
    """The beginning of a text; it ends in … where something is left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_lines(text: str, *, lines: int, characters: int) -> str:
    """The beginning of a text that takes at most so many lines."""
    kept = [line.rstrip() for line in text.strip().splitlines()]
    shown = "\n".join(kept[:lines])
    shorter = len(kept) > lines
    return cut(shown + ("…" if shorter and len(shown) < characters else ""), characters)


def moment(at: datetime) -> str:
    """A moment in the reader's own time zone; in UTC where the reader cannot have that."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def mention(name: str, slack_user_id: str | None) -> str:
    """A teammate: by mention, which Slack shows with the present name, else by name."""
    return f"<@{slack_user_id}>" if slack_user_id else escape_line(name, 40)


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
