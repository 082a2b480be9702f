"""The people of a team: what each may do, and whether they may sign in."""

from datetime import datetime
from typing import Final

from app.core.access import Actor, Role, system
from app.core.errors import Conflict, NotAllowed
from app.core.ids import TeammateId
from app.store.audit import audit
from app.store.models import Teammate
from app.store.unit_of_work import UnitOfWork
from app.team.sessions import BY_SLACK

SWITCHED_OFF: Final = "switched off"


def check_may_grant(actor: Actor, role: Role) -> None:
    """Nobody gives, or takes, what they have not. Raises `NotAllowed`."""
    own = actor.role or Role.ADMIN
    if not own.includes(Role.ADMIN) or not own.includes(role):
        raise NotAllowed(f"Only an owner can do that with an {role}.", fix="Ask an owner.")


async def set_role(uow: UnitOfWork, actor: Actor, teammate_id: TeammateId, role: Role) -> Teammate:
    """Change what somebody may do, from their next click on. Raises `NotAllowed`, `Conflict`."""
    owners = await uow.members.lock_owners()
    teammate = await uow.members.lock(teammate_id)
    before = teammate.standing
    check_may_grant(actor, role)
    check_may_grant(actor, before)
    if before is Role.OWNER and role is not Role.OWNER:
        _check_not_the_last(teammate, [one.id for one in owners])
    if teammate.role is not role:
        teammate.role = role
        audit(
            uow, actor, "team.role_changed", about=teammate.name,
            teammate_id=str(teammate.id), before=before, after=role,
        )  # fmt: skip
    return teammate


async def bar(uow: UnitOfWork, actor: Actor, teammate_id: TeammateId, *, now: datetime) -> Teammate:
    """Keep somebody out of the admin, and end their sessions. What they did stays.

    Raises `NotAllowed` and `Conflict`.
    """
    owners = await uow.members.lock_owners()
    teammate = await uow.members.lock(teammate_id)
    check_may_grant(actor, teammate.standing)
    if teammate.id == actor.teammate_id:
        raise Conflict("You cannot shut yourself out.", fix="Ask another admin.")
    _check_not_the_last(teammate, [one.id for one in owners])
    if teammate.barred_at is None:
        teammate.barred_at = now
        await uow.members.end_sessions(teammate.id)
        audit(uow, actor, "team.barred", about=teammate.name, teammate_id=str(teammate.id))
    return teammate


async def suspend(uow: UnitOfWork, teammate_id: TeammateId, why: str, *, now: datetime) -> None:
    """Keep somebody out who left, by what Slack says: `switched off`, `guest`, `stranger`.

    Of guests and strangers, who may not sign in anyway, only those who could until now; who has a
    password, which guests may, loses no more than what they began by Slack. Not even the last owner
    stays: whoever runs SharedBox makes another one by `sharedbox owner`.
    """
    teammate = await uow.members.lock(teammate_id)
    if why != SWITCHED_OFF and await uow.members.login(teammate_id) is not None:
        await uow.members.end_sessions(teammate.id, begun_by=BY_SLACK)
        return
    ended = await uow.members.end_sessions(teammate.id)
    had_anything = ended > 0 or teammate.role is not None
    if teammate.barred_at is not None or (why != SWITCHED_OFF and not had_anything):
        return
    teammate.barred_at = now
    audit(
        uow, system(uow.workspace_id), "team.suspended", about=teammate.name,
        teammate_id=str(teammate.id), why=why, sessions=ended,
    )  # fmt: skip


async def let_back(uow: UnitOfWork, actor: Actor, teammate_id: TeammateId) -> Teammate:
    """Let somebody sign in again. Raises `NotAllowed`."""
    teammate = await uow.members.lock(teammate_id)
    check_may_grant(actor, teammate.standing)
    if teammate.barred_at is not None:
        teammate.barred_at = None
        audit(uow, actor, "team.let_back", about=teammate.name, teammate_id=str(teammate.id))
    return teammate


def _check_not_the_last(teammate: Teammate, owners: list[TeammateId]) -> None:
    if owners == [teammate.id]:
        raise Conflict(
            f"{teammate.name} is the only owner, and a team needs one.",
            fix="Make somebody else an owner first.",
        )
