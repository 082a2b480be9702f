"""Which mails belong together.

A mail joins the conversation of the mail that it answers (In-Reply-To), else of the nearest mail
before it that we know (References, last to first). Only a mail that says it is an answer, and whose
references nobody knows, may join by its subject, and then only people who already take part, soon
after. Everything else starts a conversation of its own: two conversations in one are worse than one
in two.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.ids import ConversationId
from app.mail.parsed import ParsedMail

MAX_REFERENCES: Final = 100
MAX_ID: Final = 500
MAX_SUBJECT_KEY: Final = 300
SHORTEST_SUBJECT_KEY: Final = 4
"""In letters and digits; `Re: Hi` proves nothing."""
SUBJECT_WINDOW: Final = timedelta(days=14)
"""How long after its last mail a conversation can still be joined by its subject."""

_IN_BRACKETS: Final = re.compile(r"<([^<>]++)>")
_PREFIX: Final = re.compile(
    r"\s*([^\W\d_]{1,12}|[\u4e00-\u9fff]{2})\s?(?:[\[(]\d{1,3}[\])]|\^?\d{1,3})?\s?[:：]"
)
_LIST_TAG: Final = re.compile(r"\s*\[[^\[\]]{1,60}\]\s*")


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_REPLY_PREFIXES: Final = _words(
    # Latin, German, Nordic, Dutch, French, Italian, Spanish, Portuguese, Polish, Finnish, Turkish,
    # Hungarian, Welsh, Indonesian, Greek, Russian, Hebrew, Arabic, Chinese
    "re aw antw antwort sv vs antwd ref rép rif r res odp vá ynt atb bls απ σχετ отв ответ"
    " השב رد 回复 回覆 答复 答覆"
)
_FORWARD_PREFIXES: Final = _words(
    "fw fwd wg weitergeleitet vb videresendt tr i rv enc pd vl ilt továbbítás doorst fs πρθ"
    " пересл הועבר إعادة 转发 轉寄"
)
_PREFIXES: Final = _REPLY_PREFIXES | _FORWARD_PREFIXES


class Reason(StrEnum):
    REPORT = "it reports on a mail of the conversation"
    IN_REPLY_TO = "it answers a mail of the conversation"
    REFERENCES = "it refers to a mail of the conversation"
    SUBJECT = "it answers this subject, among the same people, soon after"
    NEW = "it belongs to no conversation that we know"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation of the same subject."""

    conversation: ConversationId
    participants: Collection[str]
    """Addresses, ours left out or not; letter case does not matter."""
    last_message_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    conversation: ConversationId | None
    """None: a new conversation."""
    reason: Reason


def decide(
    mail: ParsedMail,
    linked: Mapping[str, ConversationId],
    same_subject: Iterable[Candidate],
    *,
    arrived_at: datetime,
    own_addresses: Collection[str] = (),
) -> Decision:
    """Find the conversation of a mail.

    `linked` holds the conversations of those among `known_by(mail)` that we know; `same_subject`
    those with the key `subject_key(mail.subject)`. The first candidate that fits is taken.
    """
    about = mail.report.original_message_id if mail.report else None
    if about is not None and (found := linked.get(about)) is not None:
        return Decision(found, Reason.REPORT)
    if mail.in_reply_to is not None and (found := linked.get(mail.in_reply_to)) is not None:
        return Decision(found, Reason.IN_REPLY_TO)
    for reference in reversed(mail.references):
        if (found := linked.get(reference)) is not None:
            return Decision(found, Reason.REFERENCES)
    if has_reply_prefix(mail.subject) and not _is_trivial(subject_key(mail.subject)):
        people = participants(mail, own_addresses)
        for candidate in same_subject:
            if _fits(candidate, people, arrived_at):
                return Decision(candidate.conversation, Reason.SUBJECT)
    return Decision(None, Reason.NEW)


def known_by(mail: ParsedMail) -> tuple[str, ...]:
    """The Message-IDs by which the conversation of a mail may be known, to be looked up."""
    ids = dict.fromkeys(mail.references)
    if mail.in_reply_to is not None:
        ids[mail.in_reply_to] = None
    if mail.report is not None and mail.report.original_message_id is not None:
        ids[mail.report.original_message_id] = None
    return tuple(ids)


def participants(mail: ParsedMail, own_addresses: Collection[str] = ()) -> frozenset[str]:
    """Everybody who has a part in a mail, in lower case, but for ourselves."""
    own = {address.lower() for address in own_addresses}
    everybody = (*mail.to, *mail.cc, *mail.reply_to, *((mail.sender,) if mail.sender else ()))
    found = {address.address.lower() for address in everybody if address.address}
    return frozenset(found - own)


def _fits(candidate: Candidate, people: frozenset[str], arrived_at: datetime) -> bool:
    if arrived_at - candidate.last_message_at >= SUBJECT_WINDOW:
        return False
    return any(address.lower() in people for address in candidate.participants)


def message_ids(text: str) -> tuple[str, ...]:
    """The Message-IDs of a header in order, each once, without their angle brackets.

    Of more than `MAX_REFERENCES` the first and the last ones are kept: the beginning of the
    conversation and its nearest mails.
    """
    found = _IN_BRACKETS.findall(text) or [word for word in text.split() if "@" in word]
    ids = list(dict.fromkeys(id_ for each in found if (id_ := normalised(each))))
    if len(ids) > MAX_REFERENCES:
        ids = [ids[0], *ids[-MAX_REFERENCES + 1 :]]
    return tuple(ids)


def normalised(message_id: str) -> str:
    """One Message-ID without angle brackets and blanks, and of bounded length."""
    return "".join(message_id.split()).strip("<>,;")[:MAX_ID]


def has_reply_prefix(subject: str) -> bool:
    """Whether the subject itself says that this mail is an answer."""
    return any(prefix in _REPLY_PREFIXES for prefix in _split(subject)[0])


def has_forward_prefix(subject: str) -> bool:
    """Whether the last thing done to this mail was to forward it."""
    prefixes = _split(subject)[0]
    return bool(prefixes) and prefixes[0] in _FORWARD_PREFIXES


def subject_key(subject: str) -> str:
    """The subject without reply and forward prefixes, letter case and runs of blanks.

    A list's tag stays, wherever the prefixes stood: `Re: [x] a` and `[x] Re: a` are the same.
    """
    return " ".join(_split(subject)[1].split()).casefold()[:MAX_SUBJECT_KEY]


def _is_trivial(key: str) -> bool:
    return sum(character.isalnum() for character in key) < SHORTEST_SUBJECT_KEY


def _split(subject: str) -> tuple[list[str], str]:
    """The prefixes, in lower case, and the subject that is left; list tags stay with the latter."""
    prefixes: list[str] = []
    tags: list[str] = []
    at = 0
    while True:
        if (match := _PREFIX.match(subject, at)) and match[1].lower() in _PREFIXES:
            prefixes.append(match[1].lower())
        elif match := _LIST_TAG.match(subject, at):
            tags.append(match[0].strip())
        else:
            break
        at = match.end()
    return prefixes, " ".join([*tags, subject[at:]])
