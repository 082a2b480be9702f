"""Which mails are our own: written by the team, with whatever mail client.

- What lies in the folder for sent mail is ours.
- Elsewhere, a mail from one of the account's own addresses is ours if it answers a conversation
  that we know: a colleague has put the mailbox in copy. Anybody can write our address into a From
  line, and contact forms do; so a mail that answers nothing, or wants its answers elsewhere, is
  somebody else's.
- Copies of a mail of ours differ in their bytes, since every server adds lines of its own. The same
  Message-ID is the same mail, if both are ours. Of other people's mail that is no proof.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core.ids import MessageId
from app.mail.parsed import ParsedMail
from app.mail.threading import known_by
from app.mailbox.port import Role
from app.store.models import Account, Direction, Mailbox
from app.store.queue import drain_outgoing
from app.store.unit_of_work import UnitOfWork
from app.sync.rows import Readable


@dataclass(frozen=True, slots=True)
class Sender:
    """The addresses that an account writes from, in lower case."""

    addresses: frozenset[str]

    def wrote(self, mail: ParsedMail) -> bool:
        return mail.sender is not None and mail.sender.address.lower() in self.addresses

    def wants_answers(self, mail: ParsedMail) -> bool:
        return all(one.address.lower() in self.addresses for one in mail.reply_to)

    def wrote_to_others(self, mail: ParsedMail) -> bool:
        """Whether anybody but ourselves is told of the mail; blind copies cannot be seen."""
        people = [one.address.lower() for one in (*mail.to, *mail.cc) if one.address]
        return not people or not self.addresses.issuperset(people)


def sender_of(account: Account, proven: Iterable[str] = ()) -> Sender:
    """`proven`: its further addresses, in lower case."""
    return Sender(frozenset({account.address.lower(), *proven}))


async def directions(
    uow: UnitOfWork,
    account: Account,
    mailbox: Mailbox,
    sender: Sender,
    mails: Sequence[Readable],
) -> dict[MessageId, Direction]:
    """Who wrote each mail: somebody to us, or we."""
    if mailbox.role == Role.SENT:
        return {one.message_id: Direction.OUTBOUND for one in mails}
    ours = [one for one in mails if one.is_sent or _may_be_ours(sender, one.parsed)]
    answered = {one.message_id: known_by(one.parsed) for one in ours}
    linked = await _linked(uow, account, answered.values())
    linked |= {one.parsed.internet_message_id or "" for one in mails}
    return {
        one.message_id: Direction.OUTBOUND
        if one.is_sent or linked.intersection(answered.get(one.message_id, ()))
        else Direction.INBOUND
        for one in mails
    }


def _may_be_ours(sender: Sender, mail: ParsedMail) -> bool:
    return sender.wrote(mail) and sender.wants_answers(mail)


async def _linked(
    uow: UnitOfWork, account: Account, ids: Iterable[Sequence[str]]
) -> frozenset[str]:
    wanted = {one for some in ids for one in some}
    if not wanted:
        return frozenset()
    return frozenset(await uow.threads.linked(account.id, wanted))


async def copies(
    uow: UnitOfWork,
    account: Account,
    mailbox: Mailbox,
    sender: Sender,
    mails: Sequence[Readable],
) -> dict[bytes, MessageId]:
    """By digest, the mails of ours that we have already, as another copy."""
    wanted: Mapping[str, bytes] = {
        one.parsed.internet_message_id: one.digest
        for one in mails
        if one.parsed.internet_message_id
        and (mailbox.role == Role.SENT or one.is_sent or sender.wrote(one.parsed))
    }
    if not wanted:
        return {}
    return {
        wanted[known.internet_message_id]: known.id
        for known in await uow.messages.by_internet_message_id(account.id, wanted)
        if known.internet_message_id
        and (
            known.direction is Direction.OUTBOUND or known.from_address.lower() in sender.addresses
        )
    }


async def sent_by_us(
    uow: UnitOfWork, account: Account, internet_message_ids: Iterable[str | None]
) -> frozenset[str]:
    """Of these Message-IDs, the ones of mails that were sent from here: they are known already."""
    ids = [one for one in internet_message_ids if one]
    if not ids:
        return frozenset()
    outgoing = await uow.outgoing.by_internet_message_id(account.id, ids)
    return frozenset(one.internet_message_id for one in outgoing)


async def settle_doubts(uow: UnitOfWork, account: Account, mails: Sequence[Readable]) -> None:
    """What lies in Sent has left, whatever was thought of it: whoever sends settles it so.

    To be called before a conversation is locked, as whoever sends locks the two.
    """
    ids = [one for mail in mails if (one := mail.parsed.internet_message_id)]
    found = await uow.outgoing.in_doubt_among(account.id, ids) if ids else ()
    for outgoing in found:
        outgoing.note_seen_in_sent()
    if found:
        uow.leave(drain_outgoing(uow.workspace_id, account.id))
