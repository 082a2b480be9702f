"""Telling that a conversation was given to somebody. Pure.

In the thread everybody stands by name: there it is for the record, and pings nobody.
"""

from typing import Final

from app.feed.blocks import context, linked, section
from app.feed.mrkdwn import bold, cut_lines, escape, escape_line, link_up, mention
from app.feed.port import Block, Rendered
from app.feed.view import AssignedView, Person

_SUBJECT: Final = 200
_NAME: Final = 80
_ADDRESS: Final = 120
_NOTE: Final = 2000
_NOTE_LINES: Final = 30
_SECTION: Final = 2900


def direct(view: AssignedView) -> Rendered:
    """The direct message: who gave it to you, the card, and the note."""
    by = mention(view.by.name, view.by.slack_user_id) if view.by else "SharedBox"
    subject = escape_line(view.subject, _SUBJECT) or "(no subject)"
    shown = linked(subject, view.link) if view.link else bold(subject)
    address = escape_line(view.address, _ADDRESS)
    blocks = [section(f"{by} assigned this to you: {shown} ({address})")]
    return Rendered(f"{_name(view.by)} assigned “{subject}” to you.", [*blocks, *_note(view)])


def line(view: AssignedView) -> Rendered:
    """The line in the thread."""
    text = f"🔵 {bold(_name(view.by))} assigned this to {bold(_name(view.to))}"
    blocks = [context(text)]
    return Rendered(
        f"🔵 {_name(view.by)} assigned this to {_name(view.to)}", [*blocks, *_note(view)]
    )


def nobody(group: str, why: str) -> Rendered:
    """The line that says why it is still nobody's."""
    name = bold("@" + escape_line(group, _NAME))
    text = f"🟠 Still unassigned: nobody of {name} is there just now. {escape_line(why, _NOTE)}"
    return Rendered(text, [context(text)])


def _name(person: Person | None) -> str:
    return escape_line(person.name, _NAME) if person else "SharedBox"


def _note(view: AssignedView) -> list[Block]:
    if not view.note:
        return []
    cut = cut_lines(view.note, lines=_NOTE_LINES, characters=_NOTE)
    text = link_up(escape(cut, _SECTION))
    return [section(text)] if text else []
