"""Writing down how an attempt ended: sent, tried again later, failed for good, or nobody knows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from app.core.logging import get_logger
from app.mail.parsed import ParsedMail
from app.sending.enqueue import show_again, tell, tell_whoever_asked
from app.sending.filing import file_copy, look_in_sent
from app.sending.port import Answer
from app.sending.record import join_conversation
from app.store.models import (
    Account,
    Outgoing,
    OutgoingRecipient,
    OutgoingState,
    RecipientState,
)
from app.store.unit_of_work import UnitOfWork

WAITS: Final = (60, 300, 900, 1800, 3600, 7200, 14400)
"""Seconds before the next attempt, after the n-th; the last one from then on."""
PATIENCE: Final = timedelta(hours=24)
"""How long a mail is tried. Later than that, people would rather know that it did not go."""
LOOKING: Final = timedelta(minutes=15)
"""How long people wait for somebody to look into Sent, before they are asked what they know."""
log = get_logger(__name__)


async def note_delivered(
    uow: UnitOfWork,
    account: Account,
    outgoing: Outgoing,
    parsed: ParsedMail | None,
    accepted: Sequence[str],
    refused: Mapping[str, Answer],
) -> None:
    """The server has it for `accepted`; what it said to the others decides whether they wait."""
    recipients = await uow.outgoing.recipients(outgoing.id)
    _note_answers(recipients, accepted, refused)
    await became_sent(uow, account, outgoing, parsed)
    await finish_or_wait(uow, outgoing, recipients, "")


async def note_nobody(
    uow: UnitOfWork, outgoing: Outgoing, refused: Mapping[str, Answer], reason: str
) -> None:
    """The server has it for nobody."""
    recipients = await uow.outgoing.recipients(outgoing.id)
    _note_answers(recipients, (), refused)
    await finish_or_wait(uow, outgoing, recipients, reason)


def _note_answers(
    recipients: Sequence[OutgoingRecipient],
    accepted: Sequence[str],
    refused: Mapping[str, Answer],
) -> None:
    for one in recipients:
        if one.address in accepted:
            one.state, one.detail = RecipientState.ACCEPTED, ""
        elif (answer := refused.get(one.address)) is not None:
            one.detail = str(answer)
            if answer.is_for_good:
                one.state = RecipientState.REFUSED


async def finish_or_wait(
    uow: UnitOfWork, outgoing: Outgoing, recipients: Sequence[OutgoingRecipient], reason: str
) -> None:
    """End it if nobody is left to be tried, else try the others later. Patience ends, too."""
    pending = [one for one in recipients if one.state is RecipientState.PENDING]
    now = await uow.outgoing.time()
    if pending and now - (outgoing.tried_since or now) < PATIENCE:
        outgoing.state = OutgoingState.QUEUED
        outgoing.detail = reason or _still_waiting(pending)
        wait = WAITS[min(max(outgoing.attempts, 1), len(WAITS)) - 1]
        await uow.outgoing.due_in(outgoing, timedelta(seconds=wait))
        log.info("outgoing.deferred", outgoing=str(outgoing.id), wait_seconds=wait)
        tell(uow, outgoing, "deferred")
        await show_again(uow, outgoing)
        return
    for one in pending:
        one.state = RecipientState.REFUSED
    if outgoing.sent_at is None:
        tired = f"It could not be handed over in {PATIENCE.total_seconds() / 3600:.0f} hours. "
        await fail(uow, outgoing, (tired if pending else "") + (reason or _who_refused(recipients)))
        return
    outgoing.state, outgoing.detail = OutgoingState.SENT, _who_refused(recipients)
    outgoing.settled_at = now
    tell(uow, outgoing, "sent")
    if outgoing.detail:
        tell_whoever_asked(uow, outgoing)
    await show_again(uow, outgoing)


def _still_waiting(pending: Sequence[OutgoingRecipient]) -> str:
    return "Not taken yet for " + "; ".join(f"{one.address} ({one.detail})" for one in pending)


def _who_refused(recipients: Sequence[OutgoingRecipient]) -> str:
    refused = [one for one in recipients if one.state is RecipientState.REFUSED]
    if not refused:
        return ""
    return "Not taken for " + "; ".join(f"{one.address}: {one.detail}" for one in refused)


async def defer(uow: UnitOfWork, outgoing: Outgoing, reason: str) -> None:
    """Try again later: nothing was handed over."""
    outgoing.past_the_dot = False
    recipients = await uow.outgoing.recipients(outgoing.id)
    await finish_or_wait(uow, outgoing, recipients, reason)


async def fail(uow: UnitOfWork, outgoing: Outgoing, reason: str) -> None:
    """Give it up and say so: a person has to do something."""
    outgoing.past_the_dot = False
    if outgoing.sent_at is not None:
        for one in await uow.outgoing.recipients(outgoing.id):
            if one.state is RecipientState.PENDING:
                one.state, one.detail = RecipientState.REFUSED, one.detail or reason
    is_sent = outgoing.sent_at is not None
    outgoing.state = OutgoingState.SENT if is_sent else OutgoingState.FAILED
    outgoing.detail = reason[:2000]
    outgoing.settled_at = await uow.outgoing.time()
    log.warning("outgoing.failed", outgoing=str(outgoing.id), reason=reason)
    tell(uow, outgoing, "sent" if is_sent else "failed")
    tell_whoever_asked(uow, outgoing)
    await show_again(uow, outgoing)


async def leave_unknown(uow: UnitOfWork, account: Account, outgoing: Outgoing, reason: str) -> None:
    """It may have left. Have it looked for in Sent; nobody sends it again meanwhile."""
    log.warning("outgoing.unknown", outgoing=str(outgoing.id), reason=reason)
    outgoing.past_the_dot = True
    await _leave_in_doubt(uow, account, outgoing, reason)


async def look_first(uow: UnitOfWork, account: Account, outgoing: Outgoing) -> None:
    """Have it looked for in Sent, and send it only if it is not there."""
    log.info("outgoing.overdue", outgoing=str(outgoing.id))
    outgoing.past_the_dot = False
    await _leave_in_doubt(uow, account, outgoing, "It should have left long ago.")


async def _leave_in_doubt(
    uow: UnitOfWork, account: Account, outgoing: Outgoing, reason: str
) -> None:
    outgoing.state, outgoing.detail = OutgoingState.UNKNOWN, reason
    if outgoing.sent_at is not None:
        await _ask_about_the_others(uow, outgoing)
        return
    outgoing.looks, outgoing.seen_in_sent, outgoing.settled_at = 0, None, None
    await uow.outgoing.due_in(outgoing, LOOKING)
    tell(uow, outgoing, "unknown")
    await look_in_sent(uow, account, outgoing)
    await show_again(uow, outgoing)


async def _ask_about_the_others(uow: UnitOfWork, outgoing: Outgoing) -> None:
    """Some had it before, and their copy lies in Sent: a look would prove nothing."""
    recipients = await uow.outgoing.recipients(outgoing.id)
    pending = ", ".join(one.address for one in recipients if one.state is RecipientState.PENDING)
    outgoing.detail = f"Nobody knows whether it reached {pending}; the others have it. Ask them."
    outgoing.settled_at = await uow.outgoing.time()
    tell(uow, outgoing, "needs_a_person")
    tell_whoever_asked(uow, outgoing)
    await show_again(uow, outgoing)


async def became_sent(
    uow: UnitOfWork, account: Account, outgoing: Outgoing, parsed: ParsedMail | None
) -> None:
    """The first time a server has taken it: it is a mail of its conversation from now on."""
    if outgoing.sent_at is not None:
        return
    outgoing.sent_at = await uow.outgoing.time()
    await join_conversation(uow, account, outgoing, parsed)
    await file_copy(uow, account, outgoing)
