"""Who is at the admin: their session, what they may do, and whether a form is really theirs.

Roles and CSRF tokens are checked here, and only here: a page names the role it needs in its
signature. The token is derived from the secret of the session, which no other site can read; the
Origin that browsers send has to be ours as well.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.container import Container
from app.core.access import Actor, Role
from app.core.crypto import digest, new_secret, same
from app.core.errors import NotAllowed, NotFound, SharedBoxError
from app.core.ids import AccountId, ChannelId, WorkspaceId
from app.slack.sign_in import SlackSignIn
from app.slack.worklist import Sight
from app.store.audit import audit
from app.store.models import BrowserSession, Event, Teammate
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork
from app.team import sessions
from app.team.sessions import BY_SLACK, Place
from app.web.admin.vouching import is_vouched_for
from app.web.deps import Parts

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInNeeded(SharedBoxError):
    """Nobody is signed in, or not any more."""


def cookie(parts: Container, name: str) -> str:
    """Its whole name. Behind HTTPS it can be set by this host alone, and is never sent in clear."""
    prefix = "__Host-" if is_https(parts) else ""
    return f"{prefix}sharedbox_{name}"


def is_https(parts: Container) -> bool:
    return parts.settings.base_url.startswith("https:")


def cookie_options(parts: Container) -> dict[str, Any]:
    return {"httponly": True, "samesite": "lax", "secure": is_https(parts), "path": "/"}


def place_of(request: Request) -> Place:
    address = request.client.host if request.client else ""
    return Place(address, request.headers.get("user-agent", ""))


def token_of(secret: str) -> str:
    return digest(f"csrf\n{secret}").hex()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    session: BrowserSession
    teammate: Teammate
    actor: Actor
    csrf: str
    place: Place
    seen_in: frozenset[ChannelId] | None = None
    """The channels whose mail they see; None where they see all of their accounts'."""

    @property
    def workspace_id(self) -> WorkspaceId:
        return self.teammate.workspace_id

    @property
    def role(self) -> Role:
        return self.teammate.standing

    def may(self, role: str) -> bool:
        return self.role.includes(Role(role))

    def check_sees(self, account_id: AccountId) -> None:
        """Raise `NotFound` where they may not know that there is such an account."""
        if not self.actor.may_see(account_id):
            raise NotFound("There is no such account.")

    async def shown(self, uow: UnitOfWork, ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of these rows of mail that they see by where it stands in Slack."""
        wanted = frozenset(ids)
        if self.seen_in is None:
            return wanted
        behind = await uow.sight.channels_behind(wanted)
        return frozenset(id_ for id_, channels in behind.items() if channels & self.seen_in)

    async def sees(self, uow: UnitOfWork, account_id: AccountId, id_: UUID) -> bool:
        """Whether they may see this row of mail of an account."""
        return self.actor.may_see(account_id) and id_ in await self.shown(uow, [id_])

    async def events_shown(self, uow: UnitOfWork, events: Sequence[Event]) -> list[Event]:
        """Those of these events that tell of nothing they may not see."""
        seen = await self.shown(uow, [one.conversation_id for one in events if one.conversation_id])
        return [
            one
            for one in events
            if (one.account_id is None or self.actor.may_see(one.account_id))
            and (one.conversation_id is None or one.conversation_id in seen)
        ]

    @property
    def sight(self) -> ConversationFilter:
        """Everything that they may see."""
        return ConversationFilter(account_ids=self.actor.account_ids, seen_in=self.seen_in)

    def audit(self, uow: UnitOfWork, act: str, *, about: str = "", **data: Any) -> None:  # noqa: ANN401 -- whatever JSON can say
        audit(uow, self.actor, act, about=about, address=self.place.address, **data)


@dataclass(frozen=True, slots=True)
class GuestVisitor:
    """Somebody who is not signed in, in a browser that we know again while they are at it."""

    secret: str
    is_new: bool

    @property
    def csrf(self) -> str:
        return token_of(self.secret)


async def recognise(request: Request, parts: Container, *, note: bool = True) -> Visitor | None:
    """Whoever the browser says it is. `note`: this counts as a sign of life."""
    secret = request.cookies.get(cookie(parts, "session"), "")
    if not _SECRET.fullmatch(secret):
        return None
    place = place_of(request)
    found = await sessions.find(parts.store, secret, place if note else None, now=parts.clock.now())
    if found is None:
        return None
    session, teammate = found
    return Visitor(session, teammate, sessions.actor_of(teammate), token_of(secret), place)


async def guest(request: Request, parts: Parts) -> GuestVisitor:
    known = request.cookies.get(cookie(parts, "guest"), "")
    is_new = not _SECRET.fullmatch(known)
    found = GuestVisitor(new_secret() if is_new else known, is_new)
    await _check_form(request, parts, None if is_new else found.csrf)
    return found


def slack_sign_in(request: Request) -> SlackSignIn | None:
    """None where the Slack app's client id and secret are not set."""
    found: SlackSignIn | None = request.app.state.slack_sign_in
    return found


async def _within_sight(request: Request, visitor: Visitor) -> Visitor:
    """Who came by Slack sees the mail of the channels they are in, unless they look after all.

    Who came by a password was let in to all mail, whoever they are in Slack. Raises `NotAllowed`
    where Slack does not say which channels these are.
    """
    user_id = visitor.teammate.slack_user_id
    came_by_slack = visitor.session.signed_in_by == BY_SLACK
    if user_id is None or not came_by_slack or visitor.role.includes(Role.ADMIN):
        return visitor
    slack = slack_sign_in(request)
    sight = Sight(frozenset(), {})
    if slack is not None:
        sight = await slack.sight_of(visitor.workspace_id, user_id)
    actor = replace(visitor.actor, account_ids=frozenset(sight.accounts))
    return replace(visitor, actor=actor, seen_in=sight.channels)


def _needs(role: Role) -> Callable[[Request, Container], Awaitable[Visitor]]:
    async def check(request: Request, parts: Parts) -> Visitor:
        visitor = await recognise(request, parts)
        if visitor is None:
            raise SignInNeeded("You are not signed in, or not any more.", fix="Sign in.")
        slack = slack_sign_in(request)
        if not await is_vouched_for(parts, slack, visitor.session, visitor.teammate):
            raise SignInNeeded("Slack does not vouch for you any more.", fix="Sign in.")
        visitor = await _within_sight(request, visitor)
        request.state.visitor = visitor
        await _check_form(request, parts, visitor.csrf)
        if not visitor.role.includes(role):
            raise NotAllowed(
                f"This is for {role}s, and you are {_article(visitor.role)} {visitor.role}.",
                fix="Ask an admin of your team.",
            )
        return visitor

    check.role = role  # type: ignore[attr-defined]
    return check


AsViewer = Annotated[Visitor, Depends(_needs(Role.VIEWER))]
AsAgent = Annotated[Visitor, Depends(_needs(Role.AGENT))]
AsAdmin = Annotated[Visitor, Depends(_needs(Role.ADMIN))]
AsOwner = Annotated[Visitor, Depends(_needs(Role.OWNER))]
Guest = Annotated[GuestVisitor, Depends(guest)]


async def _check_form(request: Request, parts: Container, token: str | None) -> None:
    """Raise `NotAllowed` unless a request that changes something comes from a page of ours."""
    if request.method in _SAFE:
        return
    if _is_from_elsewhere(request, parts) or token is None:
        raise _not_ours()
    shown: object = request.headers.get(CSRF_HEADER)
    if shown is None:
        shown = (await request.form()).get(CSRF_FIELD, "")
    if isinstance(shown, UploadFile) or not same(str(shown).encode(), token.encode()):
        raise _not_ours()


def _is_from_elsewhere(request: Request, parts: Container) -> bool:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    ours = urlsplit(parts.settings.base_url)
    return origin != f"{ours.scheme}://{ours.netloc}" and (
        urlsplit(origin).netloc != request.headers.get("host")
    )


def _not_ours() -> NotAllowed:
    return NotAllowed(
        "This was not sent from a page of SharedBox, or from one that is too old.",
        fix="Load the page anew, and try again.",
    )


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
