"""A member who signs in by a password, and who they are in Slack: connected, and parted again.

Slack's sign-in has shown which Slack account is theirs (`slack.sign_in`). What that Slack user did
before, as a teammate of their own, is theirs from then on: the two rows become one, which keeps the
id that Slack's clicks come with, so that no click is lost meanwhile.
"""

from dataclasses import replace

from app.core.access import Actor, Role
from app.core.errors import Conflict, NotAllowed
from app.core.ids import SlackUserId, TeammateId
from app.store.audit import audit
from app.store.models import Teammate
from app.store.unit_of_work import UnitOfWork
from app.team.profile import login_of
from app.team.sessions import BY_SLACK


async def connect(
    uow: UnitOfWork, actor: Actor, teammate_id: TeammateId, user_id: SlackUserId, name: str
) -> Teammate:
    """Make the member and the Slack user one person; twice is harmless.

    `name` is what Slack calls them. Raises `NotFound` for who has no password, `Conflict` and
    `NotAllowed`.
    """
    await login_of(uow, teammate_id)
    in_slack = await uow.teammates.by_slack_user(user_id, name)
    people = await uow.one_person.lock(teammate_id, in_slack.id)
    member, in_slack = people[teammate_id], people[in_slack.id]
    if member is in_slack:
        return member
    if member.slack_user_id is not None:
        raise Conflict(
            "You are connected with another Slack account.", fix="Disconnect that one first."
        )
    await _check_free(uow, member, in_slack)
    in_slack.name, in_slack.role = member.name, member.role
    # They were let in as somebody who may do less.
    await uow.members.end_sessions(in_slack.id, begun_by=BY_SLACK)
    await uow.session.flush()
    await uow.one_person.hand_over(member.id, in_slack.id)
    audit(
        uow, replace(actor, teammate_id=in_slack.id), "team.slack_connected", about=member.name,
        slack_user_id=user_id, teammate_id=str(in_slack.id), formerly=str(member.id),
    )  # fmt: skip
    return in_slack


async def disconnect(uow: UnitOfWork, actor: Actor, teammate_id: TeammateId) -> Teammate:
    """Have the password be the only way in again; twice is harmless. What they did stays theirs.

    What an admin has decided that they may not do, they may not do in Slack afterwards either.
    Raises `NotFound` for who has no password.
    """
    await login_of(uow, teammate_id)
    member = await uow.members.lock(teammate_id)
    if member.slack_user_id is None:
        return member
    former, member.slack_user_id = member.slack_user_id, None
    await uow.session.flush()
    if not member.standing.includes(Role.ADMIN):
        (await uow.teammates.by_slack_user(former, member.name)).role = member.role
    ended = await uow.members.end_sessions(member.id, begun_by=BY_SLACK)
    audit(
        uow, actor, "team.slack_disconnected", about=member.name,
        slack_user_id=former, sessions=ended,
    )  # fmt: skip
    return member


async def _check_free(uow: UnitOfWork, member: Teammate, in_slack: Teammate) -> None:
    """Raise unless nobody else is this Slack user, and nobody gains a right by it."""
    if await uow.members.login(in_slack.id) is not None:
        raise Conflict(
            f"This Slack account belongs to another member already: {in_slack.name}.",
            fix="Sign in to Slack as yourself, or have them disconnect it.",
        )
    if in_slack.barred_at is not None:
        raise NotAllowed(
            "This Slack account may not sign in here any more.",
            fix="Ask an admin to let it back in, under Team.",
        )
    if not member.standing.includes(in_slack.standing):
        raise NotAllowed(
            f"This Slack account is an {in_slack.standing} here, which is more than you are.",
            fix=f"Ask an owner to make you an {in_slack.standing} first, under Team.",
        )
