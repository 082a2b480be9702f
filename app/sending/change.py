"""What people do about a mail that waits, failed, or is in doubt."""

from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import OutgoingId
from app.sending.enqueue import enqueue, show_again, tell
from app.sending.write import Written
from app.store.models import WAITING, Outgoing, OutgoingState, RecipientState
from app.store.queue import drain_outgoing
from app.store.unit_of_work import UnitOfWork

_BEING_SENT = "This is being sent just now."
_GIVEN_UP = "It was dropped, and is not sent again."
_NOT_KNOWN = f"Nobody knows whether it reached them. {_GIVEN_UP}"
_IF_IT_LEFT = "Should it have left before, it cannot be called back."


async def cancel(uow: UnitOfWork, outgoing_id: OutgoingId) -> Outgoing:
    """Take it back while that is possible. Asking twice answers the same.

    One that is only late, and looked for in case it has left, can be taken back as well.

    Raises `NotFound`, and `Conflict` where it has left, or may have.
    """
    outgoing = await uow.outgoing.lock(outgoing_id)
    detail = ""
    match outgoing.state:
        case OutgoingState.CANCELLED:
            return outgoing
        case OutgoingState.FAILED:
            pass
        case OutgoingState.UNKNOWN if outgoing.is_only_late:
            detail = _IF_IT_LEFT
        case state if state in WAITING and outgoing.sent_at is None:
            pass
        case state if state in WAITING:
            raise Conflict("Some of the recipients have it already; the others are being tried.")
        case OutgoingState.SENDING:
            raise Conflict(_BEING_SENT)
        case OutgoingState.UNKNOWN:
            raise Conflict(
                "It may have been sent already.",
                fix="Say whether it was sent, have it sent again, or drop it.",
            )
        case _:
            raise Conflict("This was sent already, and mail cannot be called back.")
    outgoing.state, outgoing.detail = OutgoingState.CANCELLED, detail
    outgoing.settled_at = await uow.outgoing.time()
    tell(uow, outgoing, "cancelled")
    await show_again(uow, outgoing)
    return outgoing


async def replace(
    uow: UnitOfWork, actor: Actor, outgoing_id: OutgoingId, written: Written
) -> Outgoing:
    """Send another text instead: the old mail is taken back, the new one waits anew.

    Raises as `cancel` does, where the old one has left or may have.
    """
    old = await uow.outgoing.lock(outgoing_id)
    if old.account_id != written.wanted.account_id:
        raise Conflict("A mail can only be replaced by one of the same account.")
    # In this order: whoever acts on a conversation locks it first, and then what is shown of it.
    new = await enqueue(uow, actor, written)
    await cancel(uow, outgoing_id)
    return new


async def send_now(uow: UnitOfWork, outgoing_id: OutgoingId) -> Outgoing:
    """Do not wait any longer. Raises `NotFound`, and `Conflict` where nothing waits."""
    outgoing = await uow.outgoing.lock(outgoing_id)
    if outgoing.state not in WAITING:
        raise Conflict("This does not wait for anything.")
    return await go(uow, outgoing)


async def retry(uow: UnitOfWork, outgoing_id: OutgoingId, *, even_if_sent: bool) -> Outgoing:
    """Try a failed mail again; with `even_if_sent` one, too, of which nobody knows if it left.

    Raises `NotFound`, and `Conflict` where it has not failed, or is being looked for.
    """
    outgoing = await uow.outgoing.lock(outgoing_id)
    match outgoing.state:
        case OutgoingState.FAILED:
            pass
        case OutgoingState.UNKNOWN if even_if_sent and _may_be_decided(outgoing):
            pass
        case OutgoingState.UNKNOWN if even_if_sent:
            raise _being_looked_for()
        case OutgoingState.UNKNOWN:
            raise Conflict(
                "It may have been sent already, so sending it again may reach people twice.",
                fix="Say so by even_if_sent, or say that it was sent.",
            )
        case OutgoingState.QUEUED:
            return await go(uow, outgoing)
        case OutgoingState.SENDING:
            raise Conflict(_BEING_SENT)
        case _:
            raise Conflict("This has not failed, so there is nothing to try again.")
    outgoing.attempts, outgoing.tried_since, outgoing.settled_at = 0, None, None
    outgoing.past_the_dot, outgoing.seen_in_sent, outgoing.looks = False, None, 0
    for one in await uow.outgoing.recipients(outgoing.id):
        if one.state is RecipientState.REFUSED:
            one.state, one.detail = RecipientState.PENDING, ""
    return await go(uow, outgoing)


def _may_be_decided(outgoing: Outgoing) -> bool:
    """Of a mail in doubt: everything was looked at, or only its lateness is against it."""
    return outgoing.settled_at is not None or outgoing.is_only_late


def _being_looked_for() -> Conflict:
    return Conflict(
        "It is being looked for in Sent just now.",
        fix="Wait until that is over: you are asked if it is not there.",
    )


async def go(uow: UnitOfWork, outgoing: Outgoing) -> Outgoing:
    """Let it go out as soon as it may."""
    outgoing.state, outgoing.detail = OutgoingState.QUEUED, ""
    outgoing.due_at = await uow.outgoing.time()
    tell(uow, outgoing, "queued")
    uow.leave(drain_outgoing(uow.workspace_id, outgoing.account_id))
    await show_again(uow, outgoing)
    return outgoing


async def it_was_sent(uow: UnitOfWork, outgoing_id: OutgoingId) -> Outgoing:
    """A person knows that a mail in doubt did leave. Raises `NotFound` and `Conflict`."""
    outgoing = await uow.outgoing.lock(outgoing_id)
    if outgoing.state is OutgoingState.SENT:
        return outgoing
    if outgoing.state is not OutgoingState.UNKNOWN:
        raise Conflict("Nobody is in doubt about this mail.")
    outgoing.seen_in_sent, outgoing.settled_at, outgoing.detail = True, None, ""
    uow.leave(drain_outgoing(uow.workspace_id, outgoing.account_id))
    await show_again(uow, outgoing)
    return outgoing


async def drop(uow: UnitOfWork, outgoing_id: OutgoingId) -> Outgoing:
    """Give up a mail of which nobody knows whether it left: neither sent again nor counted as sent.

    Should it be seen in Sent later, it counts as sent all the same. Where some have it, it is sent,
    and not taken for the others. Asking twice answers the same.

    Raises `NotFound`, and `Conflict` where nobody is in doubt, or it is being looked for.
    """
    outgoing = await uow.outgoing.lock(outgoing_id)
    if outgoing.was_dropped or await _others_were_given_up(uow, outgoing):
        return outgoing
    if outgoing.state is not OutgoingState.UNKNOWN:
        raise Conflict("Nobody is in doubt about this mail.")
    if outgoing.settled_at is None:
        raise _being_looked_for()
    doubt = "Nobody knows whether it left."
    if outgoing.sent_at is not None:
        doubt = f"Nobody knows whether it reached {await _give_up_the_others(uow, outgoing)}."
        outgoing.state = OutgoingState.SENT
    else:
        outgoing.state, outgoing.past_the_dot = OutgoingState.CANCELLED, True
    outgoing.detail = f"{doubt} {_GIVEN_UP}"
    outgoing.settled_at = await uow.outgoing.time()
    tell(uow, outgoing, "dropped")
    await show_again(uow, outgoing)
    return outgoing


async def _others_were_given_up(uow: UnitOfWork, outgoing: Outgoing) -> bool:
    """Whether it was dropped before, when some had it already."""
    if outgoing.state is not OutgoingState.SENT:
        return False
    return any(one.detail == _NOT_KNOWN for one in await uow.outgoing.recipients(outgoing.id))


async def _give_up_the_others(uow: UnitOfWork, outgoing: Outgoing) -> str:
    """Those whom it may not have reached; answers who they are."""
    given_up = [
        one
        for one in await uow.outgoing.recipients(outgoing.id)
        if one.state is RecipientState.PENDING
    ]
    for one in given_up:
        one.state = RecipientState.REFUSED
        one.detail = _NOT_KNOWN
    return ", ".join(one.address for one in given_up)
