"""Reading what a mail is made from: the mail it answers, who may send it, what stands below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput
from app.core.zones import zone_named
from app.mail import fill, loops
from app.mail.address import Address
from app.mail.answer import Original, recipients, written_to
from app.mail.history import Text
from app.sending.wanted import Wanted
from app.store.models import (
    Account,
    Attachment,
    Conversation,
    Direction,
    Message,
    OutgoingMode,
    SenderIdentity,
    Signature,
)
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything from the database that writing the mail takes."""

    account: Account
    conversation: Conversation | None
    message: Message | None
    """The mail that is answered or forwarded."""
    original: Original | None
    original_files: Sequence[Attachment]
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    signature: tuple[Text, ...]
    author: str
    now: datetime


async def gather(uow: UnitOfWork, actor: Actor, wanted: Wanted) -> Gathered:
    """Raises `NotFound`, `InvalidInput`, and `Conflict` where there is nothing to be answered."""
    account = await uow.accounts.get(wanted.account_id)
    conversation = await _conversation(uow, wanted)
    message = await _answered(uow, wanted)
    original = original_of(message) if message else None
    identities = await uow.identities.of_account(account.id)
    author = await author_name(uow, actor)
    now = await uow.outgoing.time()
    sender = _sender(account, identities, wanted, original)
    own = own_addresses(account, identities)
    to, cc = _recipients(wanted, original, own)
    if wanted.is_automatic:
        await _check_for_loops(uow, message, original, (*to, *cc), own)
    values = fill.values(
        customer=to[0] if to else None,
        agent=author,
        inbox=Address(account.address.partition("@")[0], sender.address),
        subject=wanted.subject or (original.subject if original else ""),
        today=await today(uow, actor, now),
    )
    return Gathered(
        account=account,
        conversation=conversation,
        message=message,
        original=original,
        original_files=await uow.messages.attachments([message.id]) if message else (),
        sender=Address(fill.fill(sender.name, values).text.strip(), sender.address),
        to=to,
        cc=cc,
        signature=await _signature(uow, actor, wanted, values),
        author=author,
        now=now,
    )


def own_addresses(account: Account, identities: Sequence[SenderIdentity]) -> list[str]:
    """All addresses under which mail reaches the account."""
    return [account.address, *(one.address for one in identities if one.is_verified)]


async def author_name(uow: UnitOfWork, actor: Actor) -> str:
    """Who writes, as colleagues know them."""
    if actor.teammate_id is not None:
        teammate = (await uow.teammates.get_many([actor.teammate_id])).get(actor.teammate_id)
        if teammate is not None and teammate.name:
            return teammate.name
    return actor.name


async def today(uow: UnitOfWork, actor: Actor, now: datetime) -> str:
    """The day as its author has it; the team's, where nobody knows where they are."""
    name = None
    if actor.teammate_id is not None:
        teammate = (await uow.teammates.get_many([actor.teammate_id])).get(actor.teammate_id)
        name = teammate.time_zone if teammate else None
    zone = zone_named(name) or zone_named((await uow.reminders.general()).time_zone)
    return f"{now.astimezone(zone or UTC):%Y-%m-%d}"


def original_of(message: Message) -> Original:
    """A stored mail, as an answer needs it."""
    return Original(
        message_id=message.internet_message_id,
        in_reply_to=message.in_reply_to,
        references=tuple(message.reference_ids),
        subject=message.subject,
        sender=Address(message.from_name, message.from_address),
        reply_to=_addresses(message.reply_to),
        to=_addresses(message.to),
        cc=_addresses(message.cc),
        delivered_to=tuple(message.delivered_to),
        at=message.sent_at or message.received_at,
        text=message.body,
        is_ours=message.direction is Direction.OUTBOUND,
    )


def _addresses(stored: Sequence[dict[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(one["name"], one["address"]) for one in stored)


async def _conversation(uow: UnitOfWork, wanted: Wanted) -> Conversation | None:
    if wanted.conversation_id is None:
        if wanted.mode is not OutgoingMode.NEW:
            raise InvalidInput(
                "This needs the conversation it belongs to.", field="conversation_id"
            )
        return None
    conversation = await uow.conversations.get(wanted.conversation_id)
    check_not_merged(conversation)
    if conversation.account_id != wanted.account_id:
        raise InvalidInput(
            "The conversation belongs to another account.",
            field="conversation_id",
            fix="Send from the account of the conversation.",
        )
    return conversation


def check_not_merged(conversation: Conversation) -> None:
    """Raises `Conflict`."""
    if conversation.merged_into_id is not None:
        raise Conflict(
            "This conversation was merged into another one.",
            fix="Answer there; a draft that was begun here is there, too.",
        )


async def _answered(uow: UnitOfWork, wanted: Wanted) -> Message | None:
    if wanted.conversation_id is None:
        return None
    if wanted.answers_id is not None:
        message = await uow.messages.get(wanted.answers_id)
        if message.conversation_id != wanted.conversation_id:
            raise InvalidInput("That mail is not of this conversation.", field="answers_message_id")
        return message
    if wanted.mode is OutgoingMode.NEW:
        return None
    latest = await uow.messages.latest(wanted.conversation_id)
    if latest is None:
        raise Conflict("There is no mail in this conversation to answer.")
    return latest


async def _check_for_loops(
    uow: UnitOfWork,
    message: Message | None,
    original: Original | None,
    recipients: Sequence[Address],
    own: Sequence[str],
) -> None:
    """Raise `Conflict` where a machine must not answer."""
    if message is None or original is None:
        raise Conflict("Only a mail that came in can be answered by a rule.")
    counts = await uow.outgoing.automatic_ones(
        message.account_id, [one.address for one in recipients]
    )
    reason = loops.why_not(
        original,
        message.automatic,
        recipients,
        own,
        to_them_today=counts.to_them_today,
        in_all_this_hour=counts.in_all_this_hour,
    )
    if reason is not None:
        raise Conflict(f"This is not answered by a rule: {reason}.")


def _sender(
    account: Account,
    identities: Sequence[SenderIdentity],
    wanted: Wanted,
    original: Original | None,
) -> Address:
    """The address the customer wrote to, or the one that was asked for, if it is ours."""
    known = senders(account, identities)
    if wanted.sender is not None:
        if wanted.sender.lower() not in known:
            raise InvalidInput(
                f"{account.address} may not send as {wanted.sender[:100]}.",
                field="from",
                fix=_how_it_may(wanted.sender, identities),
            )
        return known[wanted.sender.lower()]
    return usual_sender(account, identities, original)


def _how_it_may(address: str, identities: Sequence[SenderIdentity]) -> str:
    if any(one.address == address.lower() for one in identities):
        return "It is not proven yet: the mail that was sent to it has to come back first."
    return "An administrator can add it to the identities of the account."


def usual_sender(
    account: Account, identities: Sequence[SenderIdentity], original: Original | None
) -> Address:
    """The address of ours that a mail was written to; where there is none, the default."""
    known = senders(account, identities)
    default = next(
        (known[one.address.lower()] for one in identities if one.is_default and one.is_verified),
        known[account.address.lower()],
    )
    if original is None:
        return default
    return written_to(original, list(known.items()), default)


def senders(account: Account, identities: Sequence[SenderIdentity]) -> dict[str, Address]:
    """The addresses that an account may send from, by what they are in lower case.

    One that nothing has proven yet is none of them.
    """
    known = {account.address.lower(): Address("", account.address)}
    known |= {
        one.address.lower(): Address(one.name, one.address) for one in identities if one.is_verified
    }
    return known


def _recipients(
    wanted: Wanted, original: Original | None, own: Sequence[str]
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    if original is None or wanted.mode in {OutgoingMode.NEW, OutgoingMode.FORWARD}:
        return wanted.to or (), wanted.cc or ()
    found = recipients(original, own, everybody=wanted.mode is OutgoingMode.REPLY_ALL)
    to = found.to if wanted.to is None else wanted.to
    cc = found.cc if wanted.cc is None else wanted.cc
    return to, cc


async def _signature(
    uow: UnitOfWork, actor: Actor, wanted: Wanted, values: dict[str, str]
) -> tuple[Text, ...]:
    """The person's, then the inbox's."""
    if not wanted.sign:
        return ()
    found = await uow.signatures.below(wanted.account_id, actor.teammate_id)
    return tuple(filled(one, values) for one in found if one is not None)


def filled(signature: Signature, values: dict[str, str]) -> Text:
    return Text(
        fill.fill(signature.text, values).text,
        fill.fill(signature.html, values, html=True).text,
    )
