"""Whether Slack still vouches for somebody who signed in by it.

Slack tells of people who leave (`slack.listeners.people`), and ends their sessions by that. Such a
word can be missed, so Slack is asked as well: at a click, about one session, once an hour at most.
What it says counts at once. Where it does not answer, what it said last is believed for a day.
"""

from datetime import datetime, timedelta
from typing import Final

from app.container import Container
from app.core.errors import NotAllowed
from app.slack.sign_in import SlackSignIn
from app.store.models import BrowserSession, Teammate
from app.team.members import suspend
from app.team.sessions import BY_SLACK

_ASKED_EVERY: Final = timedelta(hours=1)
_BELIEVED: Final = timedelta(days=1)


async def is_vouched_for(
    parts: Container, slack: SlackSignIn | None, session: BrowserSession, teammate: Teammate
) -> bool:
    """False where their session is over, or has to wait for Slack. Others need nobody's word."""
    user_id, now = teammate.slack_user_id, parts.clock.now()
    if session.signed_in_by != BY_SLACK or user_id is None:
        return True
    if not _is_due(session, now) or slack is None:
        return _is_believed(session, now)
    async with parts.store.begin(teammate.workspace_id) as uow:
        if not await uow.members.claim_question(session.id, before=now - _ASKED_EVERY, now=now):
            return _is_believed(session, now)
    try:
        why = await slack.why_not_a_member(teammate.workspace_id, user_id)
    except NotAllowed:
        return _is_believed(session, now)
    async with parts.store.begin(teammate.workspace_id) as uow:
        if why:
            await suspend(uow, teammate.id, why, now=now)
        else:
            await uow.members.note_vouched(session.id, now=now)
    return not why


def _is_due(session: BrowserSession, now: datetime) -> bool:
    return (session.asked_at or session.created_at) <= now - _ASKED_EVERY


def _is_believed(session: BrowserSession, now: datetime) -> bool:
    """To sign in by Slack is to be vouched for."""
    return (session.vouched_at or session.created_at) > now - _BELIEVED
