"""Claiming the next mail of an account: the attempt is counted before it is made.

A mail that is found being sent is one whose sender died. If it died before the last line was sent,
nothing was delivered and the mail is tried again; if it may have died after it, nobody may try
again, and the mail is looked for.

So is one that should have left long ago. Workers may only have been away; but a database that was
restored from its backup does not know what has left since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.ids import AccountId, GrantId, OutgoingId, WorkspaceId
from app.core.logging import get_logger
from app.mailbox.port import ServerSpec
from app.sending.context import HOUR, Sending
from app.sending.enqueue import show_again, tell
from app.sending.gather import senders
from app.sending.port import Envelope, Refused
from app.sending.settle import fail, leave_unknown, look_first
from app.store.models import (
    Account,
    Outgoing,
    OutgoingRecipient,
    OutgoingState,
    RecipientState,
)
from app.store.repositories.outgoing import Turn
from app.store.unit_of_work import UnitOfWork

_ANSWERED: Final = "They wrote again before this was sent, so it was held back."
_BRAKE_MARGIN: Final = timedelta(seconds=1)
OVERDUE: Final = timedelta(minutes=15)
"""So late a mail is looked for in Sent before it is sent."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail with all it takes to send it without the database."""

    id: OutgoingId
    fence: int
    account_id: AccountId
    server: ServerSpec
    grant_id: GrantId | None
    """Whose token is shown to the server, in place of a password."""
    envelope: Envelope
    raw_sha256: bytes


async def claim_next(
    on: Sending, workspace_id: WorkspaceId, account_id: AccountId
) -> Claimed | None:
    """Claim the next mail that is due and may go out; None where there is none, or we are paused.

    Those that may not are settled on the way: answered meanwhile, over the hourly limit, in doubt.
    """
    while True:
        async with on.store.begin(workspace_id) as uow:
            account = await uow.accounts.get(account_id)
            if account.paused_at is not None:
                return None
            turn = await uow.outgoing.claim_next(account_id)
            if turn is None:
                return None
            outgoing = turn.outgoing
            if not await _is_held_back(on, uow, account, turn):
                try:
                    await _check_sender(uow, account, outgoing)
                    server = on.server(account)
                except Refused as error:
                    await fail(uow, outgoing, error.sentence)
                else:
                    return await _claim(uow, outgoing, account, server)


async def _is_held_back(on: Sending, uow: UnitOfWork, account: Account, turn: Turn) -> bool:
    outgoing = turn.outgoing
    if turn.before is OutgoingState.SENDING and outgoing.past_the_dot:
        log.warning("outgoing.sender_died", outgoing=str(outgoing.id))
        await leave_unknown(uow, account, outgoing, "SharedBox stopped while it was being sent.")
        return True
    if outgoing.sent_at is not None:
        return False  # what is left are people who were refused for now
    if turn.late > OVERDUE:
        await look_first(uow, account, outgoing)
        return True
    if outgoing.cancel_if_answered and await uow.messages.was_answered(
        outgoing.conversation_id, since=outgoing.created_at
    ):
        outgoing.state, outgoing.detail = OutgoingState.CANCELLED, _ANSWERED
        outgoing.settled_at = await uow.outgoing.time()
        tell(uow, outgoing, "cancelled")
        await show_again(uow, outgoing)
        return True
    return await _is_braked(on, uow, account, outgoing)


async def _is_braked(on: Sending, uow: UnitOfWork, account: Account, outgoing: Outgoing) -> bool:
    """Whether the account has sent all it may in an hour: a script that runs wild is stopped."""
    most = on.sends_per_hour if account.sends_per_hour is None else account.sends_per_hour
    count, seconds = await uow.outgoing.sent_within(account.id, HOUR)
    if count < most:
        return False
    outgoing.state = OutgoingState.QUEUED
    outgoing.detail = f"{account.address} may send {most} mails in an hour, and has."
    await uow.outgoing.due_in(outgoing, timedelta(seconds=seconds) + _BRAKE_MARGIN)
    log.warning("outgoing.braked", account=str(account.id), most=most)
    tell(uow, outgoing, "held_back")
    await show_again(uow, outgoing)
    return True


async def _check_sender(uow: UnitOfWork, account: Account, outgoing: Outgoing) -> None:
    """An address may have been taken from the account since the mail was written.

    Raises `Refused`. What some have already goes to the others as it went to them.
    """
    known = senders(account, await uow.identities.of_account(account.id))
    if outgoing.sent_at is None and outgoing.from_address.lower() not in known:
        raise Refused(
            f"{account.address} may not send as {outgoing.from_address} any more.",
            fix="Write it from another address, or have that one added to the account again.",
        )


async def _claim(
    uow: UnitOfWork, outgoing: Outgoing, account: Account, server: ServerSpec
) -> Claimed:
    outgoing.attempts += 1
    outgoing.tried_since = outgoing.tried_since or await uow.outgoing.time()
    outgoing.past_the_dot = False
    pending = _pending(await uow.outgoing.recipients(outgoing.id))
    await show_again(uow, outgoing)
    return Claimed(
        id=outgoing.id,
        fence=outgoing.fence,
        account_id=account.id,
        server=server,
        grant_id=account.grant_id,
        envelope=Envelope(
            outgoing.from_address,
            [one.address for one in pending],
            needs_smtputf8=outgoing.needs_smtputf8,
        ),
        raw_sha256=outgoing.raw_sha256,
    )


def _pending(recipients: Sequence[OutgoingRecipient]) -> list[OutgoingRecipient]:
    return [one for one in recipients if one.state is RecipientState.PENDING]
