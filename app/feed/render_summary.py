"""A person's summary of the day, as a direct message. Pure."""

from collections.abc import Sequence
from typing import Final

from app.feed.blocks import context, section
from app.feed.port import Rendered
from app.feed.render_rearranged import linked
from app.feed.view import SummaryPart

MOST_LISTED: Final = 5
"""Of each part; ten with their links would fill a phone's screen twice."""
MOST_COUNTED: Final = 1000
_SUBJECT: Final = 100
_ADDRESS: Final = 60
_HEADS: Final = {
    "mine": "Mine",
    "unassigned": "Unassigned in my inboxes",
    "waiting": "Waiting / overdue",
}
_WORDS: Final = {
    "mine": "{} yours",
    "unassigned": "{} unassigned",
    "waiting": "{} waiting or overdue",
}
_ENDS: Final = "The Home tab shows all of it; *My settings* there ends this summary."


def summary(parts: Sequence[SummaryPart]) -> Rendered:
    """What a working day begins with; `text` tells all the numbers."""
    counts = " · ".join(_WORDS[part.name].format(_number(part.count)) for part in parts)
    text = f"📬 Your day: {counts}."
    listed = [section(_part(part)) for part in parts]
    return Rendered(text, [section(f"*{text}*"), *listed, context(_ENDS)])


def _part(part: SummaryPart) -> str:
    lines = [f"*{_HEADS[part.name]}*"]
    lines += [f"• {linked(one, subject=_SUBJECT, address=_ADDRESS)}" for one in part.first]
    if (more := part.count - len(part.first)) > 0:
        lines.append(f"… and {more if part.count < MOST_COUNTED else 'many'} more")
    return "\n".join(lines)


def _number(count: int) -> str:
    return f"{count:,}+" if count >= MOST_COUNTED else str(count)
