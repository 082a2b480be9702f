"""Addresses that an account may send from: adding one, and how each stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.errors import Conflict
from app.mail import fill
from app.mail.address import Address
from app.mail.compose_headers import check_address, check_line
from app.sending.prove import ask
from app.store.models import Account, Proof, SenderIdentity
from app.store.unit_of_work import UnitOfWork


class IdentityState(StrEnum):
    WAITING = "waiting"
    """The mail that proves it is to be sent, or on its way."""
    VERIFIED = "verified"
    """It is offered wherever mail is written."""
    EXPIRED = "expired"
    """The mail has not come back in time."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Standing:
    state: IdentityState
    detail: str


def standing(identity: SenderIdentity, now: datetime) -> Standing:
    """Whether it may be used, and if not, why and what to do."""
    if identity.is_verified:
        return Standing(IdentityState.VERIFIED, "")
    if identity.proof is Proof.FAILED:
        return Standing(IdentityState.FAILED, identity.proof_detail)
    if identity.proof_expires_at is not None and now > identity.proof_expires_at:
        return Standing(
            IdentityState.EXPIRED,
            f"The mail to {identity.address} has not come back into a watched folder. Have the "
            "address delivered into this account, then verify it again.",
        )
    return Standing(IdentityState.WAITING, identity.proof_detail)


async def add_identity(
    uow: UnitOfWork, account: Account, address: str, name: str, *, is_default: bool = False
) -> SenderIdentity:
    """Add an address, and have it proven. Raises `InvalidInput` and `Conflict`."""
    checked = check_address("address", Address("", address)).address.lower()
    fill.check("name", check_line("name", name))
    if any(one.address == checked for one in await uow.identities.of_account(account.id)):
        raise Conflict(f"{checked} is an identity of this account already.")
    identity = SenderIdentity(
        workspace_id=uow.workspace_id,
        account_id=account.id,
        address=checked,
        name=check_line("name", name),
    )
    await uow.identities.add(identity)
    if is_default:
        await uow.identities.only_default(identity)
    await ask(uow, account, identity)
    uow.emit("identity.added", account_id=account.id, address=checked)
    return identity
