"""The window in which mail is written. Pure.

What a person has typed stays where it is as long as the `block_id` around it does, so a field has a
new one exactly when the window itself puts something else in it. To, Cc and Bcc are plain fields: a
select of Slack's holds nothing but what it was offered, and addresses are typed, pasted and mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.feed.mrkdwn import (
    bold,
    cut_lines,
    escape,
    escape_line,
    plain,
    size,
    verbatim,
)
from app.sending.drafts import Writer
from app.sending.guard import Newer
from app.sending.offer import Inbox, Offer, sender_id
from app.slack.ids import ViewId
from app.slack.rich_text import clean
from app.slack.views import compose_alerts as alerts
from app.slack.writing import (
    FOLLOW_UP_DAYS,
    MOST_FILES,
    MOST_TEXT,
    Button,
    ComposeMemory,
    Field,
    Form,
    Option,
    When,
    shown_options,
)
from app.store.models import OutgoingMode

Block = dict[str, Any]
_OPTION_TEXT: Final = 75
_MOST_OPTIONS: Final = 100
_MOST_BOXES: Final = 10
_TITLES: Final = {
    OutgoingMode.NEW: "New e-mail",
    OutgoingMode.REPLY: "Reply",
    OutgoingMode.REPLY_ALL: "Reply to all",
    OutgoingMode.FORWARD: "Forward",
}
_MODES: Final = {
    OutgoingMode.REPLY: "Reply",
    OutgoingMode.REPLY_ALL: "Reply to all",
    OutgoingMode.FORWARD: "Forward",
}
_OPTIONS: Final = {
    Option.QUOTE: "Quote the mail below",
    Option.AS_FILE: "Attach the original as it came (.eml)",
    Option.DONE: "Mark Done after sending",
    Option.FOLLOW_UP: f"Remind me if no answer comes in {FOLLOW_UP_DAYS} days",
    Option.UNLESS_ANSWERED: "Do not send it if they write first",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Everything the window shows."""

    memory: ComposeMemory
    offer: Offer
    form: Form
    undo_seconds: int
    inboxes: Sequence[Inbox] = ()
    """Of a new mail: where it may be written from."""
    writer: Writer | None = None
    taken_by: str = ""
    """Who has taken this text over, as markup."""
    newer: Newer | None = None
    left_out: int = 0
    """How many who had the answered mail are not in To and Cc."""
    new_domains: tuple[str, ...] = ()
    restored: bool = False


def skeleton(mode: OutgoingMode = OutgoingMode.REPLY) -> Block:
    """What stands there until the rest is known: Slack gives three seconds to open a window."""
    return {
        "type": "modal",
        "callback_id": ViewId.COMPOSE,
        "title": _plain(_TITLES[mode]),
        "close": _plain("Cancel"),
        "blocks": [_context("⏳ One moment…")],
    }


def view(window: Window) -> Block:
    form = window.form
    blocks = [
        *_alerts(window),
        *_about(window),
        *_envelope(window),
        *_message(window),
        *_files(window),
        *_sending(window),
    ]
    return {
        "type": "modal",
        "callback_id": ViewId.COMPOSE,
        "private_metadata": window.memory.model_dump_json(),
        "notify_on_close": True,
        "title": _plain(_TITLES[form.mode]),
        "submit": _plain("Send" if form.when is When.NOW else "Schedule"),
        "close": _plain("Keep draft"),
        "blocks": blocks,
    }


def _alerts(window: Window) -> list[Block]:
    offer, found = window.offer, list[Block]()
    if not offer.can_send:
        found += alerts.cannot_send(offer.address)
    if window.taken_by and not window.newer:
        found += alerts.taken_over(window.taken_by)
    if window.newer:
        found += alerts.newer(window.newer)
    if window.left_out:
        found += alerts.left_out(window.left_out)
    if window.form.to == window.form.offered_to:
        found += alerts.unread([one.address for one in offer.to])
    if window.new_domains:
        found += alerts.strangers(window.new_domains)
    if window.writer:
        found += alerts.others_writing(window.writer)
    return found


def _about(window: Window) -> list[Block]:
    """What is answered."""
    offer, form = window.offer, window.form
    blocks: list[Block] = []
    if offer.answered:
        subject = bold(escape_line(offer.subject, 200) or "(no subject)")
        shown = cut_lines(offer.excerpt, lines=4, characters=300)
        quoted = (
            "\n".join(f"&gt; {line}" for line in escape(shown, 1200).split("\n")) if shown else ""
        )
        head = f"{subject}\n{escape_line(offer.answered, 160)} wrote:"
        blocks.append(_section(f"{head}\n{quoted}".strip()))
    if window.restored:
        blocks.append(_context("✍️ Your draft is back."))
    if form.mode is not OutgoingMode.NEW:
        options = [_option(label, mode) for mode, label in _MODES.items()]
        chosen = _option(_MODES[form.mode], form.mode)
        radio: Block = {
            "type": "radio_buttons",
            "options": options,
            "initial_option": chosen,
        }
        blocks.append(_input(window, Field.MODE, "How?", radio, dispatch=True))
    return blocks


def _envelope(window: Window) -> list[Block]:
    form, offer = window.form, window.offer
    blocks: list[Block] = []
    if len(window.inboxes) > 1:
        options = [_option(one.address, str(one.id)) for one in window.inboxes[:_MOST_OPTIONS]]
        chosen = next((one for one in options if one["value"] == str(offer.account_id)), None)
        blocks.append(
            _input(window, Field.ACCOUNT, "Inbox", _select(options, chosen), dispatch=True)
        )
    senders = [_option(str(one), sender_id(one)) for one in offer.senders[:_MOST_OPTIONS]]
    chosen = next((one for one in senders if one["value"] == form.sender), senders[0])
    blocks += [
        _input(window, Field.SENDER, "From", _select(senders, chosen), dispatch=True),
        _text(window, Field.TO, "To", form.to, "ana@example.com, Ben <ben@example.com>"),
        _text(window, Field.CC, "Cc", form.cc),
        _text(window, Field.BCC, "Bcc", form.bcc),
    ]
    search = {
        "type": "external_select",
        "min_query_length": 1,
        "placeholder": _plain("Type a name or an address"),
    }
    blocks.append(
        _input(window, Field.PERSON, "Add somebody", search, dispatch=True, optional=True)
    )
    if form.mode is OutgoingMode.NEW:
        blocks.append(_text(window, Field.SUBJECT, "Subject", form.subject))
    return blocks


def _message(window: Window) -> list[Block]:
    form = window.form
    blocks: list[Block] = []
    if window.offer.has_templates:
        select = {
            "type": "external_select",
            "min_query_length": 0,
            "placeholder": _plain("Choose or type a name"),
        }
        blocks.append(
            _input(window, Field.TEMPLATE, "Template", select, dispatch=True, optional=True)
        )
    editor: Block = {
        "type": "rich_text_input",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    if (written := clean(form.body)) is not None:
        editor["initial_value"] = written
    blocks.append(
        {
            **_input(
                window,
                Field.BODY,
                "Comment" if form.mode is OutgoingMode.FORWARD else "Message",
                editor,
                dispatch=True,
                optional=True,  # files may go alone; Send says so where there is nothing at all
            ),
            "block_id": f"{Field.BODY}/{form.body_drawing}",
        }
    )
    if window.offer.signature:
        shown = cut_lines(window.offer.signature, lines=6, characters=400)
        blocks.append(_context(f"Signature below it:\n{escape(shown, 1600)}"))
    return blocks


def _files(window: Window) -> list[Block]:
    form, offer = window.form, window.offer
    blocks: list[Block] = []
    if form.mode is OutgoingMode.FORWARD and offer.files and Option.AS_FILE not in form.options:
        options = [
            _option(f"{plain(one.name)} ({size(one.size)})", str(one.n))
            for one in offer.files[:_MOST_OPTIONS]
        ]
        ticked = {str(one) for one in form.originals or ()}
        blocks.append(_boxes(window, Field.ORIGINALS, "Files of the original", options, ticked))
    if form.files:
        kept = [
            _option(f"{plain(one.name)} ({size(one.size)})", one.id)
            for one in form.files[:_MOST_OPTIONS]
        ]
        ids = {one.id for one in form.files}
        blocks.append(_boxes(window, Field.KEPT, "Attached to the draft", kept, ids))
    files = {"type": "file_input", "max_files": MOST_FILES}
    attach = _input(window, Field.FILES, "Attach files", files, optional=True)
    return [*blocks, attach]


def _sending(window: Window) -> list[Block]:
    form = window.form
    labels = {
        When.NOW: "Now",
        When.HOUR: "In 1 hour",
        When.TOMORROW: f"Tomorrow 9:00 ({form.time_zone})",
        When.AT: "Pick a time…",
    }
    times = [_option(label, when) for when, label in labels.items()]
    chosen = next(one for one in times if one["value"] == form.when)
    blocks = [_input(window, Field.WHEN, "When", _select(times, chosen), dispatch=True)]
    if form.when is When.AT:
        picker: Block = {"type": "datetimepicker"}
        if form.at is not None:
            picker["initial_date_time"] = form.at
        blocks.append(_input(window, Field.AT, "Send at", picker))
    options = [_option(_OPTIONS[one], one) for one in shown_options(form)]
    blocks.append(_boxes(window, Field.OPTIONS, "Options", options, set(form.options)))
    if form.when is When.NOW:
        note = f"It leaves {window.undo_seconds} s after Send; until then Undo takes it back."
    else:
        note = "Until it leaves it can be taken back, in the thread of its card."
    blocks += [
        _context(note),
        _actions(
            _button(Button.PREVIEW, "Preview", "preview"),
            {
                **_button(Button.DISCARD, "Discard draft", "discard"),
                "confirm": {
                    "title": _plain("Discard this draft?"),
                    "text": _plain("What you have written here will be gone."),
                    "confirm": _plain("Discard"),
                    "deny": _plain("Keep it"),
                    "style": "danger",
                },
            },
        ),
    ]
    return blocks


# The parts


def _input(
    window: Window,
    field: Field,
    label: str,
    element: Block,
    *,
    dispatch: bool = False,
    optional: bool = False,
) -> Block:
    """A field; its `block_id` is new in every drawing but for files, which stay chosen."""
    drawing = 0 if field is Field.FILES else window.form.drawing
    block: Block = {
        "type": "input",
        "block_id": f"{field}/{drawing}",
        "label": _plain(label),
        "element": {**element, "action_id": field},
    }
    if dispatch:
        block["dispatch_action"] = True
    return {**block, "optional": True} if optional else block


def _text(window: Window, field: Field, label: str, value: str, hint: str = "") -> Block:
    element: Block = {
        "type": "plain_text_input",
        "max_length": MOST_TEXT,
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    if value:
        element["initial_value"] = value[:MOST_TEXT]
    if hint:
        element["placeholder"] = _plain(hint)
    optional = field in {Field.CC, Field.BCC}
    return _input(window, field, label, element, dispatch=True, optional=optional)


def _boxes(
    window: Window, field: Field, label: str, options: list[Block], ticked: set[Any]
) -> Block:
    """Boxes to tick; where they are more than Slack shows, a select of many."""
    kind = "checkboxes" if len(options) <= _MOST_BOXES else "multi_static_select"
    element: Block = {"type": kind, "options": options}
    if initial := [one for one in options if one["value"] in ticked]:
        element["initial_options"] = initial
    return _input(window, field, label, element, dispatch=True, optional=True)


def _select(options: list[Block], chosen: Block | None) -> Block:
    element: Block = {"type": "static_select", "options": options}
    return {**element, "initial_option": chosen} if chosen else element


def _option(label: str, value: str) -> Block:
    words = plain(label)
    if len(words) > _OPTION_TEXT:
        words = words[: _OPTION_TEXT - 1] + "…"
    return {
        "text": {"type": "plain_text", "text": words, "emoji": False},
        "value": value,
    }


def _button(action: Button, label: str, value: str) -> Block:
    return {"type": "button", "action_id": action, "text": _plain(label), "value": value}


def _actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def _section(text: str) -> Block:
    return {"type": "section", "text": verbatim(text)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [verbatim(text)]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
