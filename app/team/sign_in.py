"""Signing in with a password, and then with a second factor where there is one.

    address and password ──▶ is there a second factor? ──no──▶ session
                                   └─yes─▶ code, or recovery code ──▶ session

Every attempt is counted before it is looked at (`patience.begin`). An address that nobody has takes
the same time and gets the same answer as a wrong password.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core.access import Actor, Origin
from app.core.crypto import Vault
from app.core.errors import SharedBoxError
from app.core.ids import TeammateId, WorkspaceId
from app.store.audit import audit
from app.store.models import Login, Teammate
from app.store.unit_of_work import Store, UnitOfWork
from app.team import patience, sessions
from app.team.passwords import LONGEST, Passwords
from app.team.second_factor import digest_of, step_of
from app.team.sessions import Place


class NotYou(SharedBoxError):
    """What was shown is not right; which part of it is not said."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has shown a right password."""

    workspace_id: WorkspaceId
    teammate_id: TeammateId
    needs_code: bool


async def check_password(
    store: Store, passwords: Passwords, email: str, password: str, place: Place, *, now: datetime
) -> Person:
    """Raises `NotYou` and `patience.TooSoon`."""
    attempt = patience.attempt_of(email, place.address)
    await patience.begin(store, attempt, now=now)
    async with store.across_workspaces() as fleet:
        found = await fleet.door.login(email.strip())
    is_right = await passwords.verify(found[0].password_hash if found else None, password[:LONGEST])
    if found is None or not is_right:
        if found is not None:
            await _note_failure(store, found[1], place, "password")
        raise NotYou(
            "The address or the password is not right.",
            fix="Without them, ask an admin; whoever runs SharedBox can say “sharedbox owner”.",
        )
    await patience.succeeded(store, attempt)
    login, teammate = found
    return Person(teammate.workspace_id, teammate.id, needs_code=login.totp_since is not None)


async def check_code(
    store: Store, vault: Vault, person: Person, code: str, place: Place, *, now: datetime
) -> str:
    """Use up a code, and tell what kind it was. Raises `NotYou` and `patience.TooSoon`."""
    attempt = patience.code_attempt_of(person.teammate_id, place.address)
    await patience.begin(store, attempt, now=now)
    async with store.begin(person.workspace_id) as uow:
        login = await uow.members.lock_login(person.teammate_id)
        kind = _use(login, vault, code, now) if login is not None else None
    if kind is None:
        async with store.begin(person.workspace_id) as uow:
            teammate = await uow.members.lock(person.teammate_id)
        await _note_failure(store, teammate, place, "code")
        raise NotYou(
            "This code is not right, or was used before.",
            fix="Wait for the next one, and see that the clock of your phone is right.",
        )
    await patience.succeeded(store, attempt)
    return kind


async def enter(
    uow: UnitOfWork, teammate_id: TeammateId, place: Place, signed_in_by: str, *, now: datetime
) -> str:
    """Begin a session; answers what the browser is to show. Raises `NotYou`."""
    teammate = await uow.members.lock(teammate_id)
    if teammate.barred_at is not None:
        raise NotYou("You may not sign in here any more.", fix="Ask an admin.")
    secret = sessions.begin(uow, teammate, place, signed_in_by, now=now)
    audit(
        uow, sessions.actor_of(teammate), "session.begun", about=teammate.name,
        address=place.address, by=signed_in_by,
    )  # fmt: skip
    return secret


def _use(login: Login, vault: Vault, code: str, now: datetime) -> str | None:
    if login.totp_secret is None or login.totp_since is None:
        return None
    step = step_of(vault.open(login.totp_secret), code, now=now, after=login.totp_step)
    if step is not None:
        login.totp_step = step
        return "password and code"
    recovery = digest_of(code)
    if recovery in login.recovery_digests:
        login.recovery_digests = [one for one in login.recovery_digests if one != recovery]
        return "recovery code"
    return None


async def _note_failure(store: Store, teammate: Teammate, place: Place, what: str) -> None:
    nobody = Actor(teammate.workspace_id, Origin.WEB)
    async with store.begin(teammate.workspace_id) as uow:
        audit(
            uow, nobody, "session.refused", about=teammate.name, address=place.address, wrong=what
        )
