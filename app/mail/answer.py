"""Answering a mail: to whom, from which address, under which subject, in which thread. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from app.mail.address import Address
from app.mail.compose_headers import is_message_id
from app.mail.threading import has_forward_prefix, has_reply_prefix

MOST_REFERENCES: Final = 40
"""Kept of a long conversation: its first mail and the nearest ones (RFC 5322 §3.6.4)."""
_NO_SUBJECT: Final = "(no subject)"


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that is answered or forwarded."""

    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    """The addresses that the servers on its way noted it was for."""
    at: datetime
    text: str
    is_ours: bool = False
    """We sent it ourselves: an answer goes where it went."""


@dataclass(frozen=True, slots=True)
class Recipients:
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()


def recipients(original: Original, own: Collection[str], *, everybody: bool) -> Recipients:
    """Who gets the answer. `own` are all our addresses: none of them is answered.

    Reply-To is honoured unless it leads back to ourselves. With `everybody` the others whom the
    mail went to get a copy. Where nobody is left, it is for a person to say.
    """
    taken = {address.lower() for address in own}
    if original.is_ours:
        to = _others(original.to, taken)
        return Recipients(to, _others(original.cc, taken) if everybody else ())
    replying = _others(original.reply_to, set(taken))
    if replying:
        taken |= {address.address.lower() for address in replying}
        to = replying
    else:
        to = _others([original.sender], taken)
    if not everybody:
        return Recipients(to or _others(original.to, taken))
    taken |= set() if replying else {original.sender.address.lower()}
    cc = _others([*original.to, *original.cc], taken)
    return Recipients(to, cc) if to else Recipients(cc)


def _others(addresses: Iterable[Address], taken: set[str]) -> tuple[Address, ...]:
    """Each address once; those in `taken` not at all. `taken` grows by them."""
    found = []
    for address in addresses:
        key = address.address.lower()
        if key and key not in taken:
            taken.add(key)
            found.append(address)
    return tuple(found)


Item = TypeVar("Item")


def written_to(original: Original, aliases: Sequence[tuple[str, Item]], default: Item) -> Item:
    """The one of our addresses that the customer wrote to.

    First as the mail itself says it (To, then Cc), then as the servers noted it, which tells for a
    Bcc or a forwarding; `default` where none is ours. Our own mail is continued from where it came.
    """
    known = {address.lower(): item for address, item in aliases}
    places: list[str] = []
    if original.is_ours:
        places.append(original.sender.address)
    places += [one.address for one in (*original.to, *original.cc)]
    places += original.delivered_to
    return next((known[one.lower()] for one in places if one.lower() in known), default)


def reply_subject(subject: str) -> str:
    """`Re:` once, whatever language the other side's prefix is in."""
    if has_reply_prefix(subject) and not has_forward_prefix(subject):
        return subject
    return f"Re: {subject.strip() or _NO_SUBJECT}"


def forward_subject(subject: str) -> str:
    if has_forward_prefix(subject):
        return subject
    return f"Fwd: {subject.strip() or _NO_SUBJECT}"


@dataclass(frozen=True, slots=True)
class Thread:
    """What In-Reply-To and References say."""

    in_reply_to: str | None
    references: tuple[str, ...]


def thread_of_answer(original: Original) -> Thread:
    """The place of an answer in the conversation, by the rules of RFC 5322 §3.6.4."""
    own = original.message_id
    if own is not None and not is_message_id(own):
        own = None
    before = list(original.references)
    if not before and original.in_reply_to:
        before = [original.in_reply_to]
    chain = [*before, own] if own else before
    usable = list(dict.fromkeys(id_ for id_ in chain if is_message_id(id_)))
    if len(usable) > MOST_REFERENCES:
        usable = [usable[0], *usable[-(MOST_REFERENCES - 1) :]]
    return Thread(own, tuple(usable))


def thread_of_forward(original: Original) -> Thread:
    """A forward answers nobody, and still belongs to its conversation."""
    return Thread(None, thread_of_answer(original).references)


def new_domains(addresses: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Domains that nobody of `known` belongs to: a mail to them is worth a second look."""
    seen = {_domain(address) for address in known}
    return tuple(sorted({_domain(address) for address in addresses} - seen - {""}))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
