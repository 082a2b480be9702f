"""What a person settles for themselves from the Home tab: their signature, what they hear of. Pure.

A mail of theirs that was not sent is always told of: nobody else would look after it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import InvalidInput
from app.feed.mrkdwn import cut_lines, escape
from app.mail.fill import VARIABLES
from app.slack.ids import FieldId, ViewId
from app.slack.views.listing import context, section
from app.store.models import Notice

SIGNATURE: Final = "home.signature"
NOTICES: Final = "home.notices"
"""`action_id`s of the Home tab's buttons."""
LONGEST: Final = 3000
"""What a field of typed text takes (docs.slack.dev/reference/block-kit/block-elements)."""
_LABELS: Final = {
    Notice.ASSIGNED: "A colleague gives you a conversation",
    Notice.REMINDED: "What is yours has stood still for long",
    Notice.WOKEN: "What you snoozed is awake, or no answer came in time",
}
_SHORT: Final = {
    Notice.ASSIGNED: "what is given to you",
    Notice.REMINDED: "what stands still",
    Notice.WOKEN: "what wakes up",
}
DAILY: Final = "daily"
_DAILY: Final = "A summary when my working day begins"
_WHAT_OF_THE_DAY: Final = (
    "What is yours, what nobody has taken in your inboxes, what waits or is overdue. "
    "Nothing comes on a day when there is nothing."
)
_ALWAYS: Final = "A mail of yours that was not sent is always told of."


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one person."""

    signature: str = ""
    """Below their mail in every inbox; empty where they wrote none."""
    quiet_about: Collection[str] = ()
    has_summary: bool = False
    """Whether a summary of the day is written to them."""


def home_part(settings: Settings) -> list[dict[str, Any]]:
    """Two rows, each with a button that opens its window."""
    signature = "None yet: only what the inbox adds stands below your mail."
    if settings.signature.strip():
        signature = escape(cut_lines(settings.signature, lines=3, characters=200), 400)
    wanted = [words for notice, words in _SHORT.items() if notice not in settings.quiet_about]
    told = ", ".join(wanted) if wanted else "nothing but mail of yours that was not sent"
    daily = " A summary comes when your working day begins." if settings.has_summary else ""
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "My settings"}},
        _row(f"*Signature*\n{signature}", SIGNATURE, "Change…"),
        _row(f"*Notifications*\nYou are told directly of: {told}.{daily}", NOTICES, "Choose…"),
    ]


def signature_view(text: str, *, is_formatted: bool) -> dict[str, Any]:
    """`is_formatted`: it has an HTML version, which the text typed here replaces."""
    note = "It stands below what you write, in every inbox; the inbox’s own follows. "
    note += f"These are filled in: {', '.join(f'`{{{{ {one} }}}}`' for one in VARIABLES)}."
    if is_formatted:
        note += " *Your signature has a formatted version, which saving here removes.*"
    element = {
        "type": "plain_text_input",
        "action_id": FieldId.SIGNATURE,
        "multiline": True,
        "max_length": LONGEST,
    }
    if text:
        element["initial_value"] = text
    field = {
        "type": "input",
        "block_id": FieldId.SIGNATURE,
        "optional": True,
        "label": {"type": "plain_text", "text": "Your signature"},
        "hint": {"type": "plain_text", "text": "Empty: none."},
        "element": element,
    }
    return _window(ViewId.SIGNATURE, "My signature", [field, context(note)])


def notices_view(quiet_about: Collection[str], *, has_summary: bool) -> dict[str, Any]:
    options = [_option(one, _LABELS[one]) for one in Notice]
    chosen = [_option(one, _LABELS[one]) for one in Notice if one not in quiet_about]
    directly = _boxes(FieldId.NOTICES, "Write to me directly when", options, chosen)
    daily = [_option(DAILY, _DAILY)]
    once = _boxes(FieldId.SUMMARY, "Once a day", daily, daily if has_summary else [])
    once["hint"] = {"type": "plain_text", "text": _WHAT_OF_THE_DAY}
    return _window(ViewId.NOTICES, "Notifications", [directly, once, context(_ALWAYS)])


def _boxes(
    id_: FieldId, label: str, options: list[dict[str, Any]], chosen: list[dict[str, Any]]
) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "checkboxes", "action_id": id_, "options": options}
    if chosen:
        element["initial_options"] = chosen
    return {
        "type": "input",
        "block_id": id_,
        "optional": True,
        "label": {"type": "plain_text", "text": label},
        "element": element,
    }


def quiet(wanted: Collection[str]) -> list[str]:
    """What is not to be told of, by the boxes that are ticked. Raises `InvalidInput`."""
    if not set(wanted) <= set(Notice):
        raise InvalidInput("This choice is not one of ours.", field=FieldId.NOTICES)
    return [one for one in Notice if one not in wanted]


def _row(text: str, action_id: str, label: str) -> dict[str, Any]:
    row = section(text)
    row["accessory"] = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
    }
    return row


def _option(value: str, label: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": label}, "value": value}


def _window(callback_id: ViewId, title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": blocks,
    }
