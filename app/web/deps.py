"""What endpoints are given: the container, who asks, and where a page of a list begins."""

import base64
import json
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.container import Container
from app.core.access import Actor, Scope
from app.core.errors import InvalidInput, NotFound
from app.core.ids import AccountId
from app.web.auth import authenticate

_bearer = HTTPBearer(auto_error=False, description="An API key of SharedBox.")


def container(request: Request) -> Container:
    found: Container = request.app.state.container
    return found


Parts = Annotated[Container, Depends(container)]


async def actor(
    parts: Parts,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Actor:
    """Whoever holds the key. Raises `Unauthenticated`."""
    return await authenticate(parts, credentials.credentials if credentials else None)


Caller = Annotated[Actor, Depends(actor)]


async def reader(caller: Caller) -> Actor:
    caller.require(Scope.READ)
    return caller


async def writer(caller: Caller) -> Actor:
    caller.require(Scope.WRITE)
    return caller


async def admin(caller: Caller) -> Actor:
    caller.require(Scope.ADMIN)
    return caller


Reader = Annotated[Actor, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]
Admin = Annotated[Actor, Depends(admin)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at the most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


def check_visible(caller: Actor, account_id: AccountId, what: str) -> None:
    """Raise `NotFound` where a key is bound to other accounts: it may not know there is one."""
    if not caller.may_see(account_id):
        raise NotFound(f"There is no such {what}.")


def write_cursor(*values: Any) -> str:  # noqa: ANN401 -- whatever JSON can say
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> list[Any]:
    """Raises `InvalidInput`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise InvalidInput(
            "This cursor is not one of ours.", field="cursor", fix="Begin without a cursor."
        )
    return values
