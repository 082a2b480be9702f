"""Signing in as who one is in Slack."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.core.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from app.slack.sign_in import Purpose, SlackIdentity, SlackSignIn, purpose_of
from app.slack.state import STATE_SECONDS
from app.store.models import Teammate
from app.team.sessions import BY_SLACK
from app.team.sign_in import NotYou
from app.web.admin.pages import profile_slack
from app.web.admin.pages.signing_in import let_in, person_of
from app.web.admin.view import safe_next, see_other
from app.web.admin.visitor import Guest, cookie, cookie_options, slack_sign_in
from app.web.deps import Parts

router = APIRouter()
Text = Annotated[str, Query(max_length=2000)]


@router.get("/sign-in/slack")
async def begin(request: Request, parts: Parts, guest: Guest, next: Text = "") -> Response:  # noqa: A002, ARG001 -- the word browsers see
    begun = _offered(request).begin(safe_next(next))
    answer = see_other(request, begun.url)
    answer.set_cookie(
        cookie(parts, "slack"), begun.cookie, max_age=STATE_SECONDS, **cookie_options(parts)
    )
    return answer


@router.get("/sign-in/slack/callback")
async def finish(
    request: Request,
    parts: Parts,
    guest: Guest,  # noqa: ARG001 -- a route for people who are not signed in
    state: Text = "",
    code: Text = "",
    error: Text = "",
) -> Response:
    kept = request.cookies.get(cookie(parts, "slack"), "")
    try:
        who = await _offered(request).finish(state=state, cookie=kept, code=code, error=error)
        if who.purpose is Purpose.CONNECT:
            answer = await profile_slack.finish(request, parts, who)
        else:
            teammate = await _teammate(parts, who)
            answer = await let_in(request, parts, person_of(teammate), BY_SLACK, who.wanted)
    except (InvalidInput, NotAllowed, NotYou, Unavailable) as problem:
        begun_at = "/profile" if purpose_of(state) is Purpose.CONNECT else "/sign-in"
        answer = see_other(request, begun_at, problem.sentence, is_bad=True)
    answer.delete_cookie(cookie(parts, "slack"), **cookie_options(parts))
    return answer


async def _teammate(parts: Parts, who: SlackIdentity) -> Teammate:
    async with parts.store.begin(who.workspace_id) as uow:
        return await uow.teammates.by_slack_user(who.user_id, who.name)


def _offered(request: Request) -> SlackSignIn:
    found = slack_sign_in(request)
    if found is None:
        raise NotFound("Signing in with Slack is not set up here.", fix="Sign in with a password.")
    return found
