"""The team's rules on the Home tab, and the window that makes one from a mail. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from app.core.ids import ConversationId, RuleId
from app.feed.ids import id_and_more, not_ours
from app.feed.mrkdwn import bold, escape_line, plain
from app.slack.ids import FieldId, Memory, ViewId
from app.slack.views.listing import context, section
from app.slack.views.rules import said

MOST_RULES: Final = 10
TOGGLE: Final = "home.rule"
ROUTE: Final = "home.route"
"""`action_id`s of the Home tab's buttons."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the list shows it."""

    id: RuleId
    name: str
    body: Mapping[str, Any]
    enabled: bool
    address: str | None
    """Of the account it is for; None is every one."""
    times: int


@dataclass(frozen=True, slots=True)
class Toggle:
    """What a button carries: the rule, and whether it is to be asked from now on."""

    rule_id: RuleId
    on: bool

    def __str__(self) -> str:
        return f"{self.rule_id}/{'on' if self.on else 'off'}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        rule, state = id_and_more(text)
        if state not in {"on", "off"}:
            raise not_ours()
        return cls(RuleId(rule), state == "on")


class Whose(StrEnum):
    """Which mail a rule made from a mail is about."""

    SENDER = "sender"
    DOMAIN = "domain"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Offer:
    """One of these, and how much of the latest mail it would have fitted."""

    whose: Whose
    value: str
    matched: int
    looked_at: int


def home_part(lines: Sequence[RuleLine], count: int) -> list[dict[str, Any]]:
    """For admins, below the mailboxes."""
    title = {"type": "plain_text", "text": f"Rules ({count})" if count else "Rules"}
    shown: list[dict[str, Any]] = [{"type": "divider"}, {"type": "header", "text": title}]
    shown += [_row(one) for one in lines]
    if not lines:
        shown.append(
            context("None yet. *More actions… → Make a rule from this mail* on a card makes one.")
        )
    elif count > len(lines):
        shown.append(context(f"The first {len(lines)} are shown."))
    route = {"type": "button", "action_id": ROUTE, "text": _text("Where mail goes…")}
    return [*shown, {"type": "actions", "elements": [route]}]


def _row(one: RuleLine) -> dict[str, Any]:
    state = "✅ On" if one.enabled else "⏸ Off"
    whose = escape_line(one.address, 100) if one.address else "every mailbox"
    times = "1 mail" if one.times == 1 else f"{one.times:,} mails"
    text = f"{bold(escape_line(one.name, 100))} · {state} · {whose} · {times}\n{said(one.body)}"
    row = section(text)
    row["accessory"] = {
        "type": "button",
        "action_id": TOGGLE,
        "text": _text("Turn off" if one.enabled else "Turn on"),
        "value": str(Toggle(one.id, not one.enabled)),
    }
    return row


_DO: Final = {
    "done": "Mark it as done",
    "mute": "Mute it: no card",
    "flag": "Flag it",
    "mark_read": "Mark it as read",
    "archive": "Archive it",
}


def skeleton(conversation_id: ConversationId) -> dict[str, Any]:
    return _window(conversation_id, [section("⏳ Looking how much mail that would be…")])


def view(conversation_id: ConversationId, address: str, offers: Sequence[Offer]) -> dict[str, Any]:
    """`address`: of the account that the rule will be for."""
    whose = [_offer(one) for one in offers]
    deeds = [{"text": _text(label), "value": value} for value, label in _DO.items()]
    return _window(
        conversation_id,
        [
            _input(FieldId.RULE_WHOSE, "Which mail?", {
                "type": "radio_buttons", "options": whose, "initial_option": whose[0]}),
            _input(FieldId.RULE_DO, "What should happen to it?", {
                "type": "multi_static_select", "options": deeds}, optional=True),
            _input(FieldId.RULE_TAGS, "Tag it", {
                "type": "plain_text_input", "max_length": 300}, optional=True,
                hint="Several are separated by commas."),
            _input(FieldId.RULE_ASSIGN, "Assign it to", {"type": "users_select"}, optional=True),
            _input(FieldId.RULE_CHANNEL, "Show it in", {
                "type": "conversations_select",
                "filter": {"include": ["public", "private"], "exclude_bot_users": True},
            }, optional=True),
            context(
                f"For new mail to {escape_line(address, 120)}, from now on. What is there already "
                "is left as it is."
            ),
        ],
        submit=True,
    )  # fmt: skip


def muted(sender: str, address: str) -> dict[str, Any]:
    """`address`: of the account whose mail from `sender` gets no card any more."""
    who = escape_line(sender, 320)
    text = (
        f"{who} is muted. What they write to {escape_line(address, 120)} gets no card from now on, "
        f"and is found by search. `/inbox unmute {who}` in its channel ends that."
    )
    return {
        "type": "modal",
        "title": _text("Muted"),
        "close": _text("Close"),
        "blocks": [section(text)],
    }


def _offer(one: Offer) -> dict[str, Any]:
    label = {
        Whose.SENDER: f"All mail from {one.value}",
        Whose.DOMAIN: f"All mail from anybody at {one.value}",
        Whose.LIST: f"All mail of the list {one.value}",
    }[one.whose]
    latest = f"{one.matched:,} of the latest {one.looked_at:,} mails"
    return {"text": _text(label), "description": _text(latest), "value": one.whose}


def _window(
    conversation_id: ConversationId, blocks: list[dict[str, Any]], *, submit: bool = False
) -> dict[str, Any]:
    made = {
        "type": "modal",
        "callback_id": ViewId.RULE,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": _text("Make a rule"),
        "close": _text("Cancel"),
        "blocks": blocks,
    }
    return {**made, "submit": _text("Make it")} if submit else made


def _input(
    id_: FieldId, label: str, element: dict[str, Any], *, optional: bool = False, hint: str = ""
) -> dict[str, Any]:
    made = {
        "type": "input",
        "block_id": id_,
        "label": _text(label),
        "element": {**element, "action_id": id_},
        "optional": optional,
    }
    return {**made, "hint": _text(hint)} if hint else made


def _text(text: str) -> dict[str, Any]:
    shown = plain(text)
    return {"type": "plain_text", "text": shown if len(shown) <= 75 else f"{shown[:74]}…"}
