"""Windows to read a mail in: its whole text, its header, and why it is where it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import InvalidInput
from app.core.ids import ConversationId, MessageId
from app.feed.mrkdwn import bold, escape, escape_line, link_up, moment, verbatim
from app.slack.ids import Memory, ViewId
from app.slack.views.rules import did

PAGE_ACTION: Final = "mail.page"
IN_BROWSER: Final = "mail.in_browser"
PAGE: Final = 12_000
_SECTION: Final = 2_900
"""A section holds 3,000 characters (docs.slack.dev/reference/block-kit/blocks/section-block)."""
_WEIGHTS: Final = {"&": 5, "<": 4, ">": 4}


class Shown(StrEnum):
    TEXT = "text"
    HEADER = "header"


class PageValue(BaseModel):
    """What a button to another page carries. It comes back from outside, so it is parsed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shown: Shown
    message_id: MessageId
    page: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise InvalidInput("This button carries a value that is not ours.") from None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a mail is seen where it is. All of it is other people's words."""

    address: str
    folder: str | None
    uid: int | None
    sender: str
    thread: str
    automatic: str | None
    server: str | None
    results: dict[str, str]
    rules: Sequence[tuple[str, Sequence[Mapping[str, Any]], datetime]] = ()
    """The rules that had a hand in the conversation: name, what each did, and when."""


def skeleton(conversation_id: ConversationId) -> dict[str, Any]:
    return _window(conversation_id, "One moment", [_section("⏳ One moment…")])


@dataclass(frozen=True, slots=True)
class Head:
    """Which mail it is that somebody reads."""

    subject: str
    sender: str
    at: datetime


def page(
    conversation_id: ConversationId,
    message_id: MessageId,
    shown: Shown,
    text: str,
    number: int,
    head: Head | None = None,
    link: str = "",
) -> dict[str, Any]:
    """One page of a long text; a number beyond the end is the last page.

    `link`: our own page about it.
    """
    last = max((len(text) - 1) // PAGE, 0)
    number = min(max(number, 0), last)
    piece = text[number * PAGE : (number + 1) * PAGE] or "(nothing)"
    blocks = [_about(head)] if head else []
    blocks += [_section(_worded(part, shown)) for part in parts(piece)]
    if last:
        note = verbatim(f"Page {number + 1} of {last + 1}")
        blocks.append({"type": "context", "elements": [note]})
        blocks.append(_turning(message_id, shown, number, last))
    if link:
        blocks.append(_in_browser(link))
    return _window(conversation_id, "Mail" if shown is Shown.TEXT else "Headers", blocks)


def why(conversation_id: ConversationId, view: Why) -> dict[str, Any]:
    place = "It is in no folder that we know of any more."
    if view.folder is not None:
        place = f"It lies in {bold(escape_line(view.folder, 200))} of {_name(view.address)}"
        place += f", as UID {view.uid}."
    lines = [
        f"*Where*\n{place} What is watched there has its cards in this channel.",
        f"*Conversation*\n{escape(view.thread, 600)}",
        f"*Sender*\n{_name(view.sender)}. {_proof(view)}",
    ]
    if view.automatic:
        lines.append(f"*Written by*\nsoftware ({escape_line(view.automatic, 40)})")
    if view.rules:
        lines.append("*Rules*")
    lines += [
        f"• {bold(escape_line(name, 100))} {moment(at)}: {did(done)}"
        for name, done, at in view.rules
    ]
    return _window(conversation_id, "Why am I seeing this", [_section(line) for line in lines])


def link(conversation_id: ConversationId, url: str) -> dict[str, Any]:
    """Our own page about a conversation, to be copied: no app can copy for somebody."""
    said = f"```{url}```\nWho opens it signs in, and sees it where they may. <{url}|Open it>"
    return _window(conversation_id, "Link", [_section(said)])


def parts(text: str) -> Iterator[str]:
    """The text in parts that each fit a section once they are escaped; nothing is left out."""
    part: list[str] = []
    weight = 0
    for line in text.splitlines(keepends=True):
        for character in line:
            more = _WEIGHTS.get(character, 2 if character > "\uffff" else 1)
            if weight + more > _SECTION:
                yield "".join(part)
                part, weight = [], 0
            part.append(character)
            weight += more
        if weight > _SECTION * 3 // 4:
            yield "".join(part)
            part, weight = [], 0
    if part:
        yield "".join(part)


def _about(head: Head) -> dict[str, Any]:
    subject = bold(escape_line(head.subject, 200)) or "(no subject)"
    return _section(f"{subject}\n{_name(head.sender)} · {moment(head.at)}")


def _proof(view: Why) -> str:
    if view.server is None:
        return "The mail server says nothing about whether that is true."
    if not view.results:
        return f"{_name(view.server)} did not check whether that is true."
    found = ", ".join(
        f"{escape_line(method.upper(), 20)} {escape_line(result, 20)}"
        for method, result in view.results.items()
    )
    return f"{_name(view.server)} found: {found}."


def _name(text: str) -> str:
    return escape_line(text, 200) or "(unknown)"


def _worded(text: str, shown: Shown) -> str:
    escaped = escape(text, _SECTION + 1)
    if shown is Shown.HEADER:
        return f"```{escaped.replace('`', 'ˋ')}```"
    linked = link_up(escaped)
    return linked if len(linked) <= _SECTION else escaped


def _turning(message_id: MessageId, shown: Shown, number: int, last: int) -> dict[str, Any]:
    buttons = [
        {
            "type": "button",
            "action_id": f"{PAGE_ACTION}.{step}",
            "text": {"type": "plain_text", "text": label},
            "value": PageValue(
                shown=shown, message_id=message_id, page=number + by
            ).model_dump_json(),
        }
        for step, by, label in (("back", -1, "Previous page"), ("on", 1, "Next page"))
        if 0 <= number + by <= last
    ]
    return {"type": "actions", "block_id": f"pages.{number}", "elements": buttons}


def _in_browser(link: str) -> dict[str, Any]:
    button = {
        "type": "button",
        "action_id": IN_BROWSER,
        "text": {"type": "plain_text", "text": "Open in browser"},
        "url": link,
    }
    return {"type": "actions", "elements": [button]}


def _window(
    conversation_id: ConversationId, title: str, blocks: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": ViewId.READING,
        "private_metadata": Memory(conversation_id=conversation_id).model_dump_json(),
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": blocks,
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": verbatim(text or "(nothing)")}
