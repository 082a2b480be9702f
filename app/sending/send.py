"""Sending what is due of one account: the whole story of an attempt.

    claim, attempt counted ──▶ connect, log in ──▶ MAIL, RCPT, DATA ──▶ past the dot ──▶ 2xx: sent
         │                          │                    │                   │
         │ due, not answered        ├─ 4xx, network ─────┤ later            └─ no answer: unknown
         │ meanwhile, below the     └─ 5xx, password ────┘ failed               look in Sent, then
         ▼ hourly limit                                                         a person decides

"Past the dot" is committed between the last line but one and the last line of DATA, and proves once
more that the mail is still ours. So a crash before it is tried again without a doubt, and a crash
after it is never tried again by itself. One job at a time sends for an account; `jobs/` runs it.
"""

from app.core.errors import NotFound
from app.core.faults import faultpoint
from app.core.ids import AccountId, WorkspaceId
from app.core.logging import get_logger
from app.mail.parsed import ParsedMail
from app.sending.change import go
from app.sending.claim import Claimed, claim_next
from app.sending.context import Sending
from app.sending.enqueue import show_again, tell, tell_whoever_asked
from app.sending.filing import look_in_sent, looks
from app.sending.hand_over import hand_over
from app.sending.port import (
    Deferred,
    Delivered,
    NobodyTaken,
    OutcomeUnknown,
    Refused,
    TooLarge,
)
from app.sending.read_back import read_back
from app.sending.settle import (
    became_sent,
    defer,
    fail,
    finish_or_wait,
    leave_unknown,
    note_delivered,
    note_nobody,
)
from app.store.blobs import BlobMissing
from app.store.models import Outgoing, OutgoingState, RecipientState
from app.store.repositories.outgoing import ClaimLost
from app.store.unit_of_work import UnitOfWork

_NOT_LOOKED = (
    "Nobody knows whether it left, and Sent cannot be looked into for now; it will be once that "
    "works. Ask the recipient, or send it again and risk that they get it twice."
)
_ASK = (
    "Nobody knows whether it left: it is not in Sent. Ask the recipient, or send it again and risk "
    "that they get it twice."
)
log = get_logger(__name__)


async def drain(on: Sending, workspace_id: WorkspaceId, account_id: AccountId) -> None:
    """Send everything of one account that is due. May be killed and run again at any point."""
    try:
        await _judge_looks(on, workspace_id, account_id)
        while claimed := await claim_next(on, workspace_id, account_id):
            await _send(on, workspace_id, account_id, claimed)
    except ClaimLost as lost:
        log.warning("outgoing.claim_lost", account=str(account_id), why=str(lost))
    except NotFound:
        log.info("outgoing.account_gone", account=str(account_id))


async def _send(
    on: Sending, workspace_id: WorkspaceId, account_id: AccountId, claimed: Claimed
) -> None:
    try:
        raw = await on.blobs.get(claimed.raw_sha256)
    except BlobMissing as missing:
        async with on.store.begin(workspace_id) as uow:
            await fail(uow, await uow.outgoing.held(claimed.id, claimed.fence), missing.sentence)
        return

    async def before_the_end() -> None:
        async with on.store.begin(workspace_id) as uow:
            (await uow.outgoing.held(claimed.id, claimed.fence)).past_the_dot = True

    outcome: Delivered | Exception
    try:
        outcome = await hand_over(on, workspace_id, claimed, raw, before_the_end)
        faultpoint("K27")
    except (Deferred, Refused, NobodyTaken, OutcomeUnknown) as error:
        outcome = error
    parsed = await read_back(on, claimed.id, raw)
    await _settle(on, workspace_id, account_id, claimed, outcome, parsed)
    faultpoint("K28")


async def _settle(
    on: Sending,
    workspace_id: WorkspaceId,
    account_id: AccountId,
    claimed: Claimed,
    outcome: Delivered | Exception,
    parsed: ParsedMail | None,
) -> None:
    async with on.store.begin(workspace_id) as uow:
        account = await uow.accounts.get(account_id)
        outgoing = await uow.outgoing.held(claimed.id, claimed.fence)
        if isinstance(outcome, Delivered | TooLarge) and outcome.takes != (account.smtp_takes or 0):
            account.smtp_takes = outcome.takes or None
        match outcome:
            case Delivered(accepted=accepted, refused=refused):
                await note_delivered(uow, account, outgoing, parsed, accepted, refused)
            case NobodyTaken(refused=refused):
                await note_nobody(uow, outgoing, refused, "")
            case Deferred():
                await defer(uow, outgoing, outcome.sentence)
            case Refused():
                await fail(uow, outgoing, outcome.sentence)
            case OutcomeUnknown():
                await leave_unknown(uow, account, outgoing, outcome.sentence)
            case _:
                raise AssertionError(outcome)


async def _judge_looks(on: Sending, workspace_id: WorkspaceId, account_id: AccountId) -> None:
    """Decide about mails in doubt, now that somebody has looked into Sent, or could not so far."""
    async with on.store.begin(workspace_id) as uow:
        ids = [(one.id, one.raw_sha256) for one in await uow.outgoing.looked_for(account_id)]
    for outgoing_id, digest in ids:
        try:
            raw = await on.blobs.get(digest)
        except BlobMissing as missing:
            # It stays in doubt; the others must not wait for it.
            log.warning("outgoing.blob_missing", outgoing=str(outgoing_id), error=str(missing))
            continue
        parsed = await read_back(on, outgoing_id, raw)
        async with on.store.begin(workspace_id) as uow:
            account = await uow.accounts.get(account_id)
            outgoing = await uow.outgoing.lock(outgoing_id)
            if outgoing.state is not OutgoingState.UNKNOWN or outgoing.settled_at is not None:
                continue
            if outgoing.seen_in_sent is None:
                await _ask(uow, outgoing, _NOT_LOOKED)
            elif outgoing.seen_in_sent:
                for one in await uow.outgoing.recipients(outgoing.id):
                    if one.state is RecipientState.PENDING:
                        one.state = RecipientState.ACCEPTED
                await became_sent(uow, account, outgoing, parsed)
                recipients = await uow.outgoing.recipients(outgoing.id)
                await finish_or_wait(uow, outgoing, recipients, "")
            elif not outgoing.past_the_dot:
                await go(uow, outgoing)
            elif outgoing.looks < len(looks(account)):
                await look_in_sent(uow, account, outgoing)
            else:
                await _ask(uow, outgoing, _ASK)


async def _ask(uow: UnitOfWork, outgoing: Outgoing, detail: str) -> None:
    outgoing.detail, outgoing.settled_at = detail, await uow.outgoing.time()
    tell(uow, outgoing, "needs_a_person")
    tell_whoever_asked(uow, outgoing)
    await show_again(uow, outgoing)
