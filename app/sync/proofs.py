"""Mails that prove an address to be ours, as they come back. See `sending.prove`.

Such a mail is no mail for the team: it gets a placement that says what it was, and no card. A mail
only passes for one if it names an identity of the account, which nobody outside knows.
"""

from collections.abc import Sequence

from app.core.ids import IdentityId
from app.core.logging import get_logger
from app.mail import proof
from app.mailbox.port import Role
from app.store.models import Account, Mailbox, Proof, SenderIdentity
from app.store.unit_of_work import UnitOfWork
from app.sync.rows import Readable

REASON = "It proved an address to be ours."
log = get_logger(__name__)


async def take_out(
    uow: UnitOfWork, account: Account, mailbox: Mailbox, read: Sequence[Readable]
) -> tuple[list[Readable], list[Readable]]:
    """The mails for the team, and those that were proofs; what the latter prove is written down.

    What lies in Sent has not been anywhere yet, so it proves nothing.
    """
    others: list[Readable] = []
    proofs: list[Readable] = []
    for one in read:
        secret = proof.read(one.parsed.subject)
        identity = None
        if secret is not None:
            identity = await uow.identities.find(account.id, IdentityId(secret.identity_id))
        if secret is None or identity is None:
            others.append(one)
            continue
        proofs.append(one)
        if mailbox.role != Role.SENT:
            await _judge(uow, identity, secret, one)
    return others, proofs


async def _judge(
    uow: UnitOfWork, identity: SenderIdentity, secret: proof.Secret, one: Readable
) -> None:
    now = await uow.outgoing.time()
    if identity.is_verified or identity.proof_digest != secret.digest:
        return
    if identity.proof_expires_at is None or now > identity.proof_expires_at:
        return
    sender = one.parsed.sender.address.lower() if one.parsed.sender else "nobody"
    if sender != identity.address:
        identity.proof = Proof.FAILED
        identity.proof_detail = (
            f"The mail came back from {sender[:200]}: the provider puts its own sender in. Let it "
            f"send as {identity.address} first, then try again."
        )
        uow.emit("identity.failed", account_id=identity.account_id, address=identity.address)
        return
    identity.proof, identity.proof_detail = Proof.VERIFIED, ""
    identity.proof_digest, identity.verified_at = None, now
    log.info("identity.verified", identity=str(identity.id))
    uow.emit("identity.verified", account_id=identity.account_id, address=identity.address)
