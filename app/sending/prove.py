"""Proving that an address is ours: a mail from it, by the account's server, to itself.

    asked ──▶ sent ──▶ comes back into the account, from that address ──▶ verified  (`sync.proofs`)
      │         └────▶ does not, within a day: too late
      ├─ 4xx, network: again, four times in all
      └─ 5xx, no server ──▶ failed, with the server's words

Nobody sees this mail in Slack. Each attempt has a secret of its own, and only the latest counts.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.errors import Conflict, NotFound
from app.core.ids import AccountId, GrantId, IdentityId, WorkspaceId
from app.core.logging import get_logger
from app.mail import proof
from app.mail.address import Address
from app.mail.compose import NewMail, compose
from app.mailbox.port import ServerSpec
from app.sending.context import Sending
from app.sending.hand_over import hand_over
from app.sending.port import Deferred, Envelope, NobodyTaken, OutcomeUnknown, Refused
from app.store.models import Account, Proof, SenderIdentity
from app.store.queue import prove_identity
from app.store.unit_of_work import UnitOfWork

VALID: Final = timedelta(days=1)
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Before the next attempt, after the n-th."""
_APART: Final = timedelta(minutes=1)
"""Between two that people ask for."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Parcel:
    account_id: AccountId
    server: ServerSpec
    grant_id: GrantId | None
    envelope: Envelope
    raw: bytes


async def ask(uow: UnitOfWork, account: Account, identity: SenderIdentity) -> None:
    """Have the address proven. The account's own needs no proof.

    Raises `Conflict` where that was asked for a moment ago.
    """
    now = await uow.outgoing.time()
    if identity.address == account.address.lower():
        identity.proof, identity.verified_at = Proof.VERIFIED, now
        return
    if identity.is_verified:
        raise Conflict(f"{identity.address} is proven already.")
    if identity.proof_sent_at is not None and now - identity.proof_sent_at < _APART:
        raise Conflict("The mail was sent less than a minute ago.", fix="Wait for it to come back.")
    identity.proof, identity.proof_detail, identity.proof_attempts = Proof.ASKED, "", 0
    uow.leave(prove_identity(uow.workspace_id, identity.id))


async def run(on: Sending, workspace_id: WorkspaceId, identity_id: IdentityId) -> None:
    """Send the mail; whether it comes back, the account's own worker sees."""
    async with on.store.begin(workspace_id) as uow:
        parcel = await _prepare(on, uow, identity_id)
    if parcel is None:
        return
    try:
        await hand_over(on, workspace_id, parcel, parcel.raw, _nothing)
    except (Deferred, NobodyTaken, Refused) as error:
        async with on.store.begin(workspace_id) as uow:
            identity = await uow.identities.lock(identity_id)
            if identity.proof is Proof.ASKED:
                _not_sent(uow, identity, error, await uow.outgoing.time())
    except OutcomeUnknown as error:
        # It comes back or it does not; that is what this is about.
        log.info("identity.unknown", identity=str(identity_id), reason=str(error))


async def _nothing() -> None:
    """A mail to ourselves may be sent twice."""


async def _prepare(on: Sending, uow: UnitOfWork, identity_id: IdentityId) -> _Parcel | None:
    """The attempt is counted, and its secret kept, before it is made."""
    try:
        identity = await uow.identities.lock(identity_id)
    except NotFound:
        return None
    if identity.proof is not Proof.ASKED:
        return None
    account = await uow.accounts.get(identity.account_id)
    try:
        server = on.server(account)
    except Refused as error:
        _failed(uow, identity, error.sentence)
        return None
    now = await uow.outgoing.time()
    secret = proof.new_secret(identity.id)
    identity.proof_digest = secret.digest
    identity.proof_attempts += 1
    identity.proof_sent_at, identity.proof_expires_at = now, now + VALID
    ours = Address("", identity.address)
    composed = compose(
        NewMail(
            message_id=f"{secrets.token_hex(16)}@{identity.address.rpartition('@')[2]}",
            sent_at=now,
            sender=ours,
            subject=proof.subject(secret),
            text=proof.text(identity.address, account.address),
            html=None,
            to=(ours,),
            cc=(),
            is_automatic=True,
        ),
        boundary=secrets.token_hex(12),
    )
    envelope = Envelope(
        identity.address, [identity.address], needs_smtputf8=composed.needs_smtputf8
    )
    return _Parcel(account.id, server, account.grant_id, envelope, composed.raw)


def _not_sent(
    uow: UnitOfWork,
    identity: SenderIdentity,
    error: Deferred | NobodyTaken | Refused,
    now: datetime,
) -> None:
    for_good = isinstance(error, Refused) or (
        isinstance(error, NobodyTaken) and all(one.is_for_good for one in error.refused.values())
    )
    if for_good or identity.proof_attempts > len(WAITS):
        _failed(uow, identity, error.sentence)
        return
    identity.proof_detail = error.sentence
    not_before = now + WAITS[identity.proof_attempts - 1]
    uow.leave(prove_identity(uow.workspace_id, identity.id, not_before=not_before))


def _failed(uow: UnitOfWork, identity: SenderIdentity, reason: str) -> None:
    identity.proof, identity.proof_detail = Proof.FAILED, reason[:2000]
    log.info("identity.failed", identity=str(identity.id), reason=reason)
    uow.emit("identity.failed", account_id=identity.account_id, address=identity.address)
