"""Who a member is in Slack: connected by signing in there, and disconnected.

    /profile/slack ──password──▶ Slack's page ──▶ /sign-in/slack/callback ──▶ /profile

Slack sends the browser back to the one address that it knows for signing in; `slack_sign_in` calls
`finish` for what was begun here. The state carries the session that began: nobody can have another
browser finish what theirs began. The way to Slack is a page and no redirect, since browsers let a
form lead to this site only.
"""

from fastapi import APIRouter, Request, Response

from app.container import Container
from app.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.slack.sign_in import Purpose, SlackIdentity, SlackSignIn
from app.slack.state import STATE_SECONDS
from app.store.unit_of_work import UnitOfWork
from app.team import slack_account
from app.team.patience import TooSoon
from app.web.admin.forms import Form, read
from app.web.admin.pages.profile import CurrentForm, by_password, check_current
from app.web.admin.view import page, see_other
from app.web.admin.visitor import (
    AsViewer,
    Visitor,
    cookie,
    cookie_options,
    recognise,
    slack_sign_in,
)
from app.web.deps import Parts

router = APIRouter()
_ELSEWHERE = InvalidInput(
    "Connecting was begun in another session, or that session is over.", fix="Begin once more."
)


@router.get("/profile/slack")
async def ask(request: Request, visitor: AsViewer) -> Response:
    _offered(request)
    return page(request, visitor, "profile_slack.html", form=Form())


@router.post("/profile/slack")
async def begin(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    offered = _offered(request)
    form = await read(request, CurrentForm)
    if form.is_good:
        try:
            await check_current(request, visitor, parts, form.data.current)
        except (InvalidInput, TooSoon) as error:
            form.refuse(error)
        else:
            begun = offered.begin(str(visitor.session.id), Purpose.CONNECT)
            answer = page(request, visitor, "onward.html", title="Slack", path=begun.url)
            answer.set_cookie(
                cookie(parts, "slack"), begun.cookie, max_age=STATE_SECONDS, **cookie_options(parts)
            )
            return answer
    return page(request, visitor, "profile_slack.html", status=422, form=form)


@router.get("/profile/slack/disconnect")
async def ask_to_disconnect(request: Request, visitor: AsViewer) -> Response:
    return page(request, visitor, "profile_slack_off.html", form=Form())


@router.post("/profile/slack/disconnect")
async def disconnect(request: Request, visitor: AsViewer, parts: Parts) -> Response:
    async def part(uow: UnitOfWork) -> None:
        await slack_account.disconnect(uow, visitor.actor, visitor.teammate.id)

    return await by_password(
        request, visitor, parts, part,
        asks="profile_slack_off.html", said="Your Slack account is not connected any more.",
    )  # fmt: skip


async def finish(request: Request, parts: Container, who: SlackIdentity) -> Response:
    """Connect whoever Slack says they are with the session that began. Raises `InvalidInput`."""
    visitor = await recognise(request, parts)
    if visitor is None or not _began(visitor, who):
        raise _ELSEWHERE
    try:
        async with parts.store.begin(visitor.workspace_id) as uow:
            await slack_account.connect(
                uow, visitor.actor, visitor.teammate.id, who.user_id, who.name
            )
    except (Conflict, NotAllowed, NotFound) as problem:
        return see_other(request, "/profile", problem.sentence, is_bad=True)
    return see_other(request, "/profile", "Your Slack account is connected.")


def _began(visitor: Visitor, who: SlackIdentity) -> bool:
    return (visitor.workspace_id, str(visitor.session.id)) == (who.workspace_id, who.wanted)


def _offered(request: Request) -> SlackSignIn:
    """Raise `NotFound` where the Slack app cannot say who somebody is."""
    found = slack_sign_in(request)
    if found is None:
        raise NotFound("Signing in with Slack is not set up here.")
    return found
