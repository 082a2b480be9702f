"""Putting other people's words into Slack's markup. Pure.

Slack acts on `<…>` and on `&`; both are escaped in everything that comes from a mail, once and
nowhere else than here (docs.slack.dev/messaging/formatting-message-text).
"""

import re
from datetime import datetime
from typing import Any, Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff]")
_BIDI: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


_LOOK_ALIKES: Final = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼"})
_OUTER_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ADDRESS: Final = re.compile(r"\bhttps?://(?:(?!&[lg]t;)[^\s|`])+")
_MOST_LINKS: Final = 20


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
    """One line of our frame: no marks that reverse its direction, none that format what follows.

    Slack offers no escape for `*`, `_`, `~` and the backtick, so they become look-alikes; an
    underscore within a word formats nothing and stays.
    """
    line = _BIDI.sub("", " ".join(text[: 4 * limit].split()))
    return escape(_OUTER_UNDERSCORE.sub("ˍ", line.translate(_LOOK_ALIKES)), limit)


def bold(text: str) -> str:
    """Set escaped text bold. Its own asterisks would end the bold, so they become look-alikes."""
    return f"*{text.replace('*', '∗')}*" if text else text


def plain(text: str) -> str:
    """One line for a place that knows no markup: without invisible tricks."""
    return _BIDI.sub("", _CONTROLS.sub("", " ".join(text.split()))) or "(no name)"


def verbatim(text: str) -> dict[str, Any]:
    """A text object in which Slack reads nothing into plain words: no `@channel`, no `#general`.

    (docs.slack.dev/reference/block-kit/composition-objects/text-object)
    """
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def link_up(escaped: str) -> str:
    """Make web addresses in escaped text links that show where they lead, and nothing else.

    An address that was cut is left alone: it would lead somewhere else.
    """
    return _ADDRESS.sub(_linked, escaped, count=_MOST_LINKS)


def _linked(found: re.Match[str]) -> str:
    address = found[0]
    bare = address.rstrip(".,:;!?)]}'\"*_~")
    if address.endswith("…") or bare.endswith("/" * 2):
        return address
    return f"<{bare}>{address[len(bare) :]}"


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
