"""Browsers that are signed in: begun, recognised, listed, ended.

A browser shows a random secret; we keep its digest. It is made anew whenever somebody signs in, so
a secret that was planted before is worth nothing afterwards.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.access import Actor, Origin
from app.core.crypto import digest, new_secret
from app.core.errors import NotFound
from app.core.ids import SessionId
from app.store.models import BrowserSession, Teammate
from app.store.unit_of_work import Store, UnitOfWork

IDLE: Final = timedelta(hours=12)
LONGEST: Final = timedelta(days=7)
BY_SLACK: Final = "Slack"
"""How a session was begun for which Slack vouches."""
_MOST_LETTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from."""

    address: str
    browser: str


def actor_of(teammate: Teammate) -> Actor:
    """A person at the web admin."""
    return Actor(
        teammate.workspace_id,
        Origin.WEB,
        teammate_id=teammate.id,
        name=teammate.name,
        scopes=teammate.standing.scopes,
        role=teammate.standing,
    )


def begin(
    uow: UnitOfWork, teammate: Teammate, place: Place, signed_in_by: str, *, now: datetime
) -> str:
    """A new session; answers the secret that the browser is to show."""
    secret = new_secret()
    uow.members.add(
        BrowserSession(
            workspace_id=uow.workspace_id,
            digest=digest(secret),
            teammate_id=teammate.id,
            signed_in_by=signed_in_by,
            browser=place.browser[:_MOST_LETTERS],
            address=place.address,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return secret


async def find(
    store: Store, secret: str, place: Place | None, *, now: datetime
) -> tuple[BrowserSession, Teammate] | None:
    """Whose session it is, if it is not over. `place`: note that it was used, and from where."""
    async with store.across_workspaces() as fleet:
        found = await fleet.door.session(digest(secret), now=now, idle=IDLE)
        if found is not None and place is not None:
            await fleet.door.note_sight(found[0], place.address, now=now)
    return found


async def end(uow: UnitOfWork, teammate: Teammate, session_id: SessionId) -> None:
    """Raises `NotFound` where it is none of theirs."""
    if not await uow.members.end_session(teammate.id, session_id):
        raise NotFound("There is no such session.", fix="It may be over already.")
