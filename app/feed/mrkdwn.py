"""Putting other people's words into Slack's markup. Pure.

Slack acts on `<…>` and on `&`; both are escaped in everything that comes from a mail, once and
nowhere else than here (docs.slack.dev/messaging/formatting-message-text).
"""

import re
import unicodedata
from datetime import datetime
from typing import Any, Final

_LINE_ENDS: Final = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0d-\x1f\x7f-\x9f"
    "\u00ad\u034f\u115f\u1160\u180e\u200b\u202d\u202e\u2060-\u2065\u206a-\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff]"
)
"""Controls, characters that take no room or only look like room, the two that turn all that follows
round, and halves of characters, which no JSON may hold."""
_FLAG_OR_TAG: Final = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f)|[\U000e0000-\U000e007f]"
)
"""Tags are letters that nobody sees; only in the flag of a region do they have a place."""
_NEEDLESS_JOINERS: Final = re.compile(
    "(?<=[!-~])[\u200c\u200d]+|[\u200c\u200d]+(?=[!-~])|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
"""Emoji and some scripts need them, Latin letters never: there they only hide a difference."""
_BIDI: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_MARKS: Final = frozenset({"Mn", "Me"})
_MOST_MARKS: Final = 4
"""On one letter: more are painted over the lines above and below."""

_LOOK_ALIKES: Final = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼"})
_OUTER_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LEADING_QUOTE: Final = re.compile(r"\A(?:>\s*)+")
_ADDRESS: Final = re.compile(
    r"\bhttps?://(?:(?!&[lg]t;)[^\s|`\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c])+"
)
_HOST: Final = re.compile(r"(?:[\w-]+\.)*[\w-]+\.?(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_UNMISTAKABLE: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts of which no letter looks like a Latin one."""
_MOST_LINKS: Final = 20
_LOOKED_AT: Final = 4
"""So many times as much as can be shown is looked at: some of it may be nothing to see."""
_LONGEST_NAME: Final = 1000


_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, limit: int) -> str:
    """Make text show as it is: no mention, no link, no invisible trick.

    The answer has at most `limit` characters, escapes included and none of them cut in half. A
    character beyond the BMP counts as two, as Slack may count UTF-16. It may be empty, where the
    text has nothing that can be seen.
    """
    kept: list[str] = []
    room = limit - 1
    most = _LOOKED_AT * limit
    for character in _seen(text[:most]):
        shown = _ENTITIES.get(character, character)
        room -= 2 if character > "\uffff" else len(shown)
        if room < 0:
            return "".join(kept).rstrip() + "…"
        kept.append(shown)
    return "".join(kept) + ("…" if len(text) > most else "")


def escape_line(text: str, limit: int) -> str:
    """One line of our frame: no marks that reverse its direction, none that format what follows.

    Slack offers no escape for `*`, `_`, `~` and the backtick, nor for the `>` that begins a quote,
    so they become look-alikes; an underscore within a word formats nothing and stays.
    """
    line = " ".join(_BIDI.sub("", _seen(" ".join(text[: _LOOKED_AT * limit].split()))).split())
    while line and unicodedata.category(line[0]) in _MARKS:
        line = line[1:]  # It would stand on a sign of ours.
    line = _LEADING_QUOTE.sub(lambda found: found[0].replace(">", "›"), line)
    return escape(_OUTER_UNDERSCORE.sub("ˍ", line.translate(_LOOK_ALIKES)), limit)


def _seen(text: str) -> str:
    """The text without what nobody sees."""
    if text.isascii():
        return _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    text = _NEEDLESS_JOINERS.sub("", _FLAG_OR_TAG.sub(lambda found: found[1] or "", text))
    kept, marks = [], 0
    for character in text:
        is_mark = character > "\u02ff" and unicodedata.category(character) in _MARKS
        marks = marks + 1 if is_mark else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def bold(text: str) -> str:
    """Set escaped text bold. Its own asterisks would end the bold, so they become look-alikes."""
    return f"*{text.replace('*', '∗')}*" if text else text


def plain(text: str) -> str:
    """One line for a place that knows no markup: without invisible tricks."""
    return (
        " ".join(_BIDI.sub("", _seen(" ".join(text[:_LONGEST_NAME].split()))).split())
        or "(no name)"
    )


def verbatim(text: str) -> dict[str, Any]:
    """A text object in which Slack reads nothing into plain words: no `@channel`, no `#general`.

    (docs.slack.dev/reference/block-kit/composition-objects/text-object)
    """
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def link_up(escaped: str) -> str:
    """Make web addresses in escaped text links that show where they lead, and nothing else.

    An address that was cut is left alone: it would lead somewhere else. So is one that reads as if
    it led somewhere else: with a name before the host, or with letters of another script in it.
    """
    return _ADDRESS.sub(_linked, escaped, count=_MOST_LINKS)


def _linked(found: re.Match[str]) -> str:
    address = found[0]
    bare = address.rstrip(".,:;!?)]}'\"*_~")
    if address.endswith("…") or bare.endswith("/" * 2):
        return address
    host = re.split(r"[/?#]", bare.partition("://")[2], maxsplit=1)[0]
    if not _HOST.fullmatch(host) or _is_mistakable(host):
        return address
    return f"<{bare}>{address[len(bare) :]}"


def _is_mistakable(host: str) -> bool:
    """Whether letters of several scripts that look alike stand in it."""
    if host.isascii():
        return False
    scripts = {unicodedata.name(one, "?").split()[0] for one in host if one.isalpha()}
    return len(scripts - _UNMISTAKABLE) > 1


def cut(text: str, limit: int) -> str:
    """The beginning of a text; it ends in … where something is left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_lines(text: str, *, lines: int, characters: int) -> str:
    """The beginning of a text that takes at most so many lines."""
    kept = [line.rstrip() for line in text.strip().splitlines()]
    shown = "\n".join(kept[:lines]).rstrip()
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
