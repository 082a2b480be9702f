"""How people come into a team: by a link that works once.

The very first link is printed when SharedBox starts and nobody owns the workspace yet; all others
are made by admins. Whoever opens one chooses their name, address and password.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.access import Actor, Origin, Role
from app.core.crypto import digest, new_secret
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import InvitationId, TeammateId, WorkspaceId, new_id
from app.mail.address import is_plain
from app.store.audit import audit
from app.store.models import Invitation, Login, Teammate
from app.store.unit_of_work import Store, UnitOfWork
from app.team.members import check_may_grant

FIRST: Final = "the first owner"
_LASTS: Final = timedelta(days=7)
_FIRST_LASTS: Final = timedelta(hours=24)
_LONGEST_NAME: Final = 100
_LONGEST_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody who opens a link tells of themselves."""

    name: str
    email: str
    password_hash: str


def link_path(secret: str) -> str:
    return f"/join/{secret}"


def is_first(invitation: Invitation) -> bool:
    """Whether it was printed for the first owner, and so is worth nothing once there is one."""
    return invitation.invited_by_id is None and invitation.note == FIRST


async def first_link(store: Store, *, now: datetime) -> str | None:
    """The secret of a link for the first owner; None where there is an owner already."""
    async with store.across_workspaces() as fleet:
        workspace_id = await fleet.default_workspace()
        if await fleet.door.has_owner(workspace_id):
            return None
    return await owner_link(store, workspace_id, FIRST, now=now)


async def owner_link(store: Store, workspace_id: WorkspaceId, note: str, *, now: datetime) -> str:
    """The secret of a link for an owner, for whoever runs SharedBox."""
    secret = new_secret()
    async with store.begin(workspace_id) as uow:
        uow.members.add(_invitation(uow, secret, Role.OWNER, note, None, now + _FIRST_LASTS))
    return secret


def invite(
    uow: UnitOfWork, actor: Actor, role: Role, note: str, *, now: datetime
) -> tuple[Invitation, str]:
    """An invitation, and the secret of its link. Raises `NotAllowed` and `InvalidInput`."""
    check_may_grant(actor, role)
    if len(note) > _LONGEST_NOTE:
        raise InvalidInput(f"Write {_LONGEST_NOTE} letters at the most.", field="note")
    secret = new_secret()
    row = _invitation(uow, secret, role, note.strip(), actor.teammate_id, now + _LASTS)
    uow.members.add(row)
    audit(uow, actor, "invitation.created", about=row.note or f"an {role}", role=role)
    return row, secret


async def withdraw(
    uow: UnitOfWork, actor: Actor, invitation_id: InvitationId, *, now: datetime
) -> None:
    """Have its link work no more; twice is harmless. Raises `NotFound`."""
    row = await uow.members.lock_invitation(invitation_id)
    check_may_grant(actor, row.role)
    if row.revoked_at is None and row.used_at is None:
        row.revoked_at = now
        audit(uow, actor, "invitation.withdrawn", about=row.note or f"an {row.role}")


async def find(store: Store, secret: str, *, now: datetime) -> Invitation:
    """The invitation of a link that still works. Raises `NotFound`."""
    async with store.across_workspaces() as fleet:
        found = await fleet.door.invitation(digest(secret), now=now)
        if found is not None and is_first(found):
            found = None if await fleet.door.has_owner(found.workspace_id) else found
    if found is None:
        raise NotFound(
            "This link does not work: it was used, withdrawn, or is too old.",
            fix="Ask whoever sent it for a new one.",
        )
    return found


def check_newcomer(name: str, email: str) -> tuple[str, str]:
    """Both in the form that is kept. Raises `InvalidInput`."""
    name, email = " ".join(name.split()), email.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidInput(f"A name has 1 to {_LONGEST_NAME} letters.", field="name")
    if not is_plain(email):
        raise InvalidInput(
            "That is not a mail address.", field="email", fix="Write it as name@example.com."
        )
    return name, email


async def join(
    uow: UnitOfWork, invitation_id: InvitationId, who: Newcomer, *, now: datetime
) -> Teammate:
    """Let somebody in, once. Raises `NotFound` and `Conflict`."""
    invitation = await uow.members.lock_invitation(invitation_id)
    if invitation.used_at or invitation.revoked_at or invitation.expires_at <= now:
        raise NotFound("This link was just used or withdrawn.", fix="Ask for a new one.")
    if is_first(invitation):
        if await uow.members.lock_owners():
            raise NotFound("There is an owner by now.", fix="Ask them for an invitation.")
        await uow.members.withdraw_printed(FIRST, but=invitation.id, now=now)
    if await uow.members.email_is_taken(who.email):
        raise Conflict(
            "Somebody signs in by this address already.",
            fix="Sign in with it, or use another address.",
        )
    teammate = Teammate(
        id=TeammateId(new_id()),
        workspace_id=uow.workspace_id,
        name=who.name,
        role=invitation.role,
    )
    uow.members.add(teammate)
    await uow.session.flush()
    uow.members.add(
        Login(
            workspace_id=uow.workspace_id,
            teammate_id=teammate.id,
            email=who.email,
            password_hash=who.password_hash,
        )
    )
    invitation.used_at = now
    joined = Actor(uow.workspace_id, Origin.WEB, teammate_id=teammate.id, name=teammate.name)
    audit(uow, joined, "team.joined", about=who.email, role=invitation.role)
    return teammate


def _invitation(
    uow: UnitOfWork,
    secret: str,
    role: Role,
    note: str,
    invited_by_id: TeammateId | None,
    expires_at: datetime,
) -> Invitation:
    return Invitation(
        workspace_id=uow.workspace_id,
        digest=digest(secret),
        role=role,
        note=note,
        invited_by_id=invited_by_id,
        expires_at=expires_at,
    )
