"""What people change of their own: name, password, second factor."""

from datetime import datetime

from app.core.access import Actor
from app.core.crypto import Vault
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import SessionId, TeammateId
from app.store.audit import audit
from app.store.models import Login
from app.store.unit_of_work import UnitOfWork
from app.team.second_factor import digest_of, new_recovery_codes, new_secret, step_of


async def login_of(uow: UnitOfWork, teammate_id: TeammateId) -> Login:
    """Their login, held until we commit. Raises `NotFound` for who comes by Slack only."""
    login = await uow.members.lock_login(teammate_id)
    if login is None:
        raise NotFound("You sign in by Slack, so there is no password here.")
    return login


async def change_password(
    uow: UnitOfWork,
    actor: Actor,
    teammate_id: TeammateId,
    password_hash: str,
    *,
    keep: SessionId,
    now: datetime,
) -> int:
    """Answers how many other sessions this ended."""
    login = await login_of(uow, teammate_id)
    login.password_hash, login.password_changed_at = password_hash, now
    audit(uow, actor, "password.changed", about=login.email)
    return await uow.members.end_sessions(teammate_id, but=keep)


async def offer_second_factor(uow: UnitOfWork, vault: Vault, teammate_id: TeammateId) -> str:
    """A secret for the authenticator app. It counts once a code of it was shown."""
    login = await login_of(uow, teammate_id)
    if login.totp_since is not None:
        raise Conflict("You have a second factor already.", fix="Take it away first.")
    if login.totp_secret is not None:
        return vault.open(login.totp_secret)
    secret = new_secret()
    login.totp_secret = vault.seal(secret)
    return secret


async def confirm_second_factor(
    uow: UnitOfWork, vault: Vault, actor: Actor, teammate_id: TeammateId, code: str, *,
    now: datetime,
) -> list[str]:  # fmt: skip
    """Have it count; answers the recovery codes, which nobody can read again.

    Raises `InvalidInput` and `Conflict`.
    """
    login = await login_of(uow, teammate_id)
    if login.totp_secret is None or login.totp_since is not None:
        raise Conflict("There is no second factor to confirm.", fix="Begin anew.")
    step = step_of(vault.open(login.totp_secret), code, now=now, after=login.totp_step)
    if step is None:
        raise InvalidInput(
            "This code is not right.",
            field="code",
            fix="Type the one that the app shows now; the clock of the phone has to be right.",
        )
    codes = new_recovery_codes()
    login.totp_since, login.totp_step = now, step
    login.recovery_digests = [digest_of(one) for one in codes]
    audit(uow, actor, "second_factor.added", about=login.email)
    return codes


async def drop_second_factor(uow: UnitOfWork, actor: Actor, teammate_id: TeammateId) -> None:
    """Have the password alone be enough again; twice is harmless."""
    login = await login_of(uow, teammate_id)
    if login.totp_secret is None:
        return
    had_it = login.totp_since is not None
    login.totp_secret, login.totp_since, login.recovery_digests = None, None, []
    if had_it:
        audit(uow, actor, "second_factor.removed", about=login.email)
