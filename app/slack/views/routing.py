"""Choosing which channel an account's mail goes to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.core.ids import AccountId
from app.feed.mrkdwn import escape_line, plain, verbatim
from app.feed.port import Rendered
from app.slack.ids import FieldId, ViewId
from app.slack.views.listing import section
from app.store.models import Exposure

MOST_ACCOUNTS: Final = 100
_SHARED_OK: Final = "yes"
_EXPOSURES: Final = {
    Exposure.FULL: "As much as there is room for",
    Exposure.LINES: "The first three lines",
    Exposure.HEADERS: "No words: who, when, about what",
}


class What(StrEnum):
    """Which of an account's mail a route is about."""

    ALL = "all"
    ALIAS = "alias"
    FOLDER = "folder"


_WHAT: Final = {
    What.ALL: "All its mail that nothing else is said about",
    What.ALIAS: "What was written to an address…",
    What.FOLDER: "What comes into a folder…",
}


@dataclass(frozen=True, slots=True)
class Choice:
    account_id: AccountId
    address: str


def view(accounts: Sequence[Choice], channel: str | None) -> dict[str, Any]:
    """`channel`: the one it was asked for in, if any."""
    where: dict[str, Any] = {
        "type": "conversations_select",
        "action_id": FieldId.ROUTE_CHANNEL,
        "placeholder": _text("Choose a channel"),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if channel is not None:
        where["initial_conversation"] = channel
    return {
        "type": "modal",
        "callback_id": ViewId.ROUTE,
        "title": _text("Where mail goes"),
        "submit": _text("Save"),
        "close": _text("Cancel"),
        "blocks": [
            _input(FieldId.ROUTE_ACCOUNT, "Mailbox", _select(
                FieldId.ROUTE_ACCOUNT, [(one.address, str(one.account_id)) for one in accounts])),
            _input(FieldId.ROUTE_WHAT, "Which of its mail?", _select(
                FieldId.ROUTE_WHAT, [(label, what) for what, label in _WHAT.items()], What.ALL)),
            _input(FieldId.ROUTE_VALUE, "Address or folder", {
                "type": "plain_text_input", "action_id": FieldId.ROUTE_VALUE, "max_length": 320,
            }, optional=True, hint="billing@example.com, or a folder by its name on the server."),
            _input(FieldId.ROUTE_CHANNEL, "Into which channel?", where),
            _input(FieldId.ROUTE_EXPOSURE, "How much of a mail is shown there?", _select(
                FieldId.ROUTE_EXPOSURE, [(label, one) for one, label in _EXPOSURES.items()]),
                optional=True, hint="Left empty it stays as it is."),
            _input(FieldId.ROUTE_SHARED, "If others read along", {
                "type": "checkboxes",
                "action_id": FieldId.ROUTE_SHARED,
                "options": [{
                    "text": _text("Show mail although it is shared with another organisation"),
                    "value": _SHARED_OK,
                }],
            }, optional=True),
            {"type": "context", "elements": [verbatim(
                "It decides for new conversations. What has a card stays where it is."
            )]},
        ],
    }  # fmt: skip


def set_here(address: str, channel: str) -> Rendered:
    return _told(
        f"Mail to {escape_line(address, 120)} comes to <#{channel}> from now on. "
        "What has a card already stays where it is."
    )


def which(addresses: Sequence[str]) -> Rendered:
    listed = "\n".join(f"`/inbox here {escape_line(one, 120)}`" for one in addresses[:20])
    return _told(f"Whose mail is to come here? Name the mailbox:\n{listed}")


def muted(who: str, *, count: int, on: bool) -> Rendered:
    name = escape_line(who, 120)
    if on:
        said = "is muted: their new mail gets no card here, and is found by search."
        again = "was muted already."
    else:
        said, again = "is not muted any more.", "is not muted by `/inbox mute` here."
    return _told(f"{name} {said if count else again}")


def emoji(*, on: bool) -> Rendered:
    if not on:
        return _told(
            "Emoji on the cards of this channel do nothing. `/inbox emoji on` changes that."
        )
    return _told(
        "Emoji on the cards of this channel act: 👀 takes it, ✅ marks it as done, 💤 snoozes it "
        "until tomorrow, 📌 flags it, 🗑 moves it to Trash. Taking one’s emoji away takes that "
        "back. `/inbox emoji off` ends it."
    )


def _told(text: str) -> Rendered:
    return Rendered(text, [section(text)])


def _select(
    action_id: FieldId, options: Sequence[tuple[str, str]], initial: str | None = None
) -> dict[str, Any]:
    made = [{"text": _text(label), "value": value} for label, value in options]
    select: dict[str, Any] = {"type": "static_select", "action_id": action_id, "options": made}
    if initial is not None:
        select["initial_option"] = next(one for one in made if one["value"] == initial)
    return select


def _input(
    block_id: FieldId,
    label: str,
    element: dict[str, Any],
    *,
    optional: bool = False,
    hint: str = "",
) -> dict[str, Any]:
    made = {
        "type": "input",
        "block_id": block_id,
        "label": _text(label),
        "element": element,
        "optional": optional,
    }
    return {**made, "hint": _text(hint)} if hint else made


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": plain(text)[:75], "emoji": False}
