"""Telling that a conversation was merged, or a mail split off. Pure.

In a thread people stand by name: there it is for the record, and pings nobody.
"""

from typing import Final

from app.feed.blocks import context
from app.feed.blocks import linked as linked_to
from app.feed.mrkdwn import bold, escape_line
from app.feed.port import Rendered
from app.feed.view import ElsewhereView, Person, RearrangedView

_SUBJECT: Final = 200
_ADDRESS: Final = 120
_NAME: Final = 80


def line(view: RearrangedView) -> Rendered:
    """The line in the thread of the conversation that stayed."""
    who = _who(view.by)
    other = linked(view.other)
    text = (
        f"🔀 {who} merged {other} into this"
        if view.is_merge
        else f"✂️ {who} split {other} off from this"
    )
    if view.is_undone:
        text = f"~{text}~ (undone)"
    return Rendered(text, [context(text)])


def linked(view: ElsewhereView, *, subject: int = _SUBJECT, address: int = _ADDRESS) -> str:
    """Its subject, which leads to its card, and its inbox, of so many characters each."""
    words = escape_line(view.subject, subject) or "(no subject)"
    shown = linked_to(words, view.link) if view.link else bold(words)
    return f"{shown} ({escape_line(view.address, address)})"


def _who(person: Person | None) -> str:
    return bold(escape_line(person.name, _NAME)) if person else "SharedBox"
