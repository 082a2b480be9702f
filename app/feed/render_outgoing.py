"""A mail of ours as Slack's Block Kit. Pure.

One line in the thread of the conversation's card, always edited in place: from the moment somebody
presses Send to the moment the server has it, and what to do where it does not.
"""

from typing import Any, Final

from app.feed.blocks import button, context, files, linked, section
from app.feed.ids import ActionId
from app.feed.mrkdwn import (
    bold,
    cut_lines,
    escape,
    escape_line,
    mention,
    moment,
)
from app.feed.port import Block, Rendered
from app.feed.view import OutgoingView
from app.store.models import OutgoingMode, OutgoingState

_EXCERPT: Final = 2400
_LINES: Final = 40
_SECTION: Final = 2900
_DETAIL: Final = 600
_PEOPLE: Final = 6
_SUBJECT: Final = 200
_DONE: Final = {
    OutgoingMode.NEW: "wrote",
    OutgoingMode.REPLY: "replied",
    OutgoingMode.REPLY_ALL: "replied to all",
    OutgoingMode.FORWARD: "forwarded this",
}
_NOUN: Final = {
    OutgoingMode.NEW: "mail",
    OutgoingMode.REPLY: "reply",
    OutgoingMode.REPLY_ALL: "reply to all",
    OutgoingMode.FORWARD: "forward",
}


def outgoing(view: OutgoingView) -> Rendered:
    """The line in the thread."""
    is_held = view.is_held and view.state is not OutgoingState.SCHEDULED
    head = f"{_held(view) if is_held else _headline(view)} · {_people(view)}"
    blocks: list[Block] = [context(head)]
    body = cut_lines(view.text, lines=_LINES, characters=_EXCERPT)
    if words := escape(body, _SECTION).strip():
        blocks.append(section(words))
    if view.files:
        blocks.append(context(files(view.files)))
    blocks += [context(note) for note in _notes(view)]
    if buttons := _buttons(view):
        blocks.append({"type": "actions", "elements": buttons})
    return Rendered(head, blocks)


def outgoing_direct(view: OutgoingView, link: str | None) -> Rendered:
    """The same for its author alone, who sees no card above it."""
    line = outgoing(view)
    subject = escape_line(view.subject, _SUBJECT) or "(no subject)"
    shown = linked(subject, link) if link else bold(subject)
    return Rendered(f"{line.text} · {subject}", [context(f"✉️ {shown}"), *line.blocks])


def outgoing_state(view: OutgoingView) -> str:
    """The same in a few words, for the state line of the card."""
    who, noun = _by(view), _NOUN[view.mode]
    if view.is_held:
        return f"⏸ {noun} waits: the mailbox is paused"
    match view.state:
        case OutgoingState.UNDO | OutgoingState.SENDING:
            return f"📤 {who} is sending a {noun}"
        case OutgoingState.SCHEDULED:
            return f"🕒 {noun} goes out {moment(view.due_at)}"
        case OutgoingState.QUEUED:
            return f"⏳ {noun} waits to be sent"
        case OutgoingState.SENT if view.bounced:
            return f"⚠️ the {noun} came back"
        case OutgoingState.SENT:
            at = f" {moment(view.sent_at)}" if view.sent_at else ""
            return f"📮 {who} {_DONE[view.mode]}{at}"
        case OutgoingState.UNKNOWN if view.is_only_late:
            return f"⏳ the {noun} is late, and looked for in Sent first"
        case OutgoingState.UNKNOWN:
            return f"❓ nobody knows whether the {noun} was sent"
        case OutgoingState.CANCELLED if view.was_dropped:
            return f"🚫 the {noun} was dropped; it may have been sent"
        case _:
            return f"⚠️ the {noun} was not sent"


def _held(view: OutgoingView) -> str:
    return f"⏸ {_by(view)}: the {_NOUN[view.mode]} leaves once the mailbox is resumed"


def _headline(view: OutgoingView) -> str:
    who, noun = _by(view), _NOUN[view.mode]
    match view.state:
        case OutgoingState.UNDO:
            return f"📤 {who}: the {noun} leaves in a moment"
        case OutgoingState.SCHEDULED:
            held = ", unless they write first" if view.cancel_if_answered else ""
            return f"🕒 {who}: the {noun} goes out {moment(view.due_at)}{held}"
        case OutgoingState.QUEUED:
            return f"⏳ {who}: the {noun} is tried again {moment(view.due_at)}"
        case OutgoingState.SENDING:
            return f"📤 {who}: sending the {noun}…"
        case OutgoingState.SENT:
            return f"📮 {who} {_DONE[view.mode]}"
        case OutgoingState.UNKNOWN:
            return _in_doubt(view, who, noun)
        case OutgoingState.CANCELLED if view.was_dropped:
            return f"🚫 {who}: the {noun} was dropped; it may have been sent"
        case OutgoingState.CANCELLED:
            how = (
                "was late and is taken back" if view.is_only_late else "was taken back and not sent"
            )
            return f"🚫 {who}: the {noun} {how}"
        case OutgoingState.FAILED:
            return f"⚠️ {who}: the {noun} was not sent"


def _in_doubt(view: OutgoingView, who: str, noun: str) -> str:
    if view.is_only_late:
        return f"⏳ {who}: the {noun} is late; it is looked for in Sent first, should it have left"
    if view.needs_a_person:
        return f"❓ {who}: was the {noun} sent?"
    return f"❓ {who}: the {noun} may have been sent; looking for it in Sent…"


def _by(view: OutgoingView) -> str:
    return mention(view.by.name or "SharedBox", view.by.slack_user_id)


def _people(view: OutgoingView) -> str:
    parts = [f"to {_named(view.to)}"] if view.to else []
    if view.cc:
        parts.append(f"Cc {_named(view.cc)}")
    if view.bcc_count:
        parts.append(f"Bcc {view.bcc_count}")
    return " · ".join(parts)


def _named(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(escape_line(one, 80) for one in addresses[:_PEOPLE])
    more = len(addresses) - _PEOPLE
    return f"{shown} and {more} more" if more > 0 else shown


def _notes(view: OutgoingView) -> list[str]:
    """What else people must know about it."""
    notes = []
    if view.is_held and view.state is OutgoingState.SCHEDULED:
        notes.append("⏸ The mailbox is paused: until it is resumed, nothing leaves it.")
    if view.detail:
        mark = "⏳" if view.state is OutgoingState.QUEUED else "⚠️"
        notes.append(f"{mark} {escape_line(view.detail, _DETAIL)}")
    notes += [f"↩️ It came back: {escape_line(one, _DETAIL)}" for one in view.bounced[:_PEOPLE]]
    if not view.is_filed:
        notes.append("⚠️ No copy could be put into Sent.")
    return notes


def _buttons(view: OutgoingView) -> list[dict[str, Any]]:
    value = str(view.id)
    match view.state:
        case OutgoingState.UNDO:
            return [button(ActionId.OUTGOING_UNDO, "Undo", value)]
        case OutgoingState.SCHEDULED | OutgoingState.QUEUED if view.sent_at is None:
            now = "Send now" if view.state is OutgoingState.SCHEDULED else "Try now"
            return [
                button(ActionId.OUTGOING_SEND_NOW, now, value),
                button(ActionId.OUTGOING_UNDO, "Cancel", value),
            ]
        case OutgoingState.FAILED:
            return [
                button(ActionId.OUTGOING_RETRY, "Retry", value),
                button(ActionId.OUTGOING_EDIT, "Edit", value),
                button(ActionId.OUTGOING_UNDO, "Discard", value),
            ]
        case OutgoingState.UNKNOWN if view.is_only_late:
            return [
                button(ActionId.OUTGOING_SEND_AGAIN, "Send now", value),
                button(ActionId.OUTGOING_UNDO, "Cancel", value),
            ]
        case OutgoingState.UNKNOWN if view.needs_a_person:
            return [
                button(ActionId.OUTGOING_WAS_SENT, "It was sent", value),
                button(ActionId.OUTGOING_SEND_AGAIN, "Send again", value),
                button(ActionId.OUTGOING_DROP, "Drop it", value),
            ]
        case _:
            return []
