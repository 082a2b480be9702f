"""What endpoints are given: the container, who asks, and where a page of a list begins."""

import base64
import json
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator

from app.container import Container
from app.core.access import Actor, Scope
from app.core.errors import InvalidInput, NotAllowed, NotFound
from app.core.ids import AccountId
from app.web.auth import authenticate

bearer = HTTPBearer(auto_error=False, description="An API key of SharedBox.")


def container(request: Request) -> Container:
    found: Container = request.app.state.container
    return found


Parts = Annotated[Container, Depends(container)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def actor(parts: Parts, credentials: Credentials) -> Actor:
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


async def sender(caller: Caller) -> Actor:
    caller.require(Scope.SEND)
    return caller


Reader = Annotated[Actor, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]
Sender = Annotated[Actor, Depends(sender)]
Admin = Annotated[Actor, Depends(admin)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at the most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before.")
]


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it contains a NUL character")
    return text


Words = Annotated[str, AfterValidator(_without_nul)]
"""Text that the database can keep."""


def check_visible(caller: Actor, account_id: AccountId, what: str) -> None:
    """Raise `NotFound` where a key is bound to other accounts: it may not know there is one."""
    if not caller.may_see(account_id):
        raise NotFound(f"There is no such {what}.")


def visible_accounts(caller: Actor, wanted: UUID | None) -> frozenset[AccountId] | None:
    """The accounts whose things a list may name: the one asked for, else all the key may see.

    None: all there are. Raises `NotFound` where the key may not see the one asked for.
    """
    if wanted is None:
        return caller.account_ids
    check_visible(caller, AccountId(wanted), "account")
    return frozenset({AccountId(wanted)})


def check_unbound(caller: Actor, what: str) -> None:
    """Raise `NotAllowed` where a key is bound to certain accounts, and this is beyond them."""
    if caller.account_ids is not None:
        raise NotAllowed(
            f"This key is bound to certain accounts, so it cannot {what}.",
            fix="Use a key that is bound to none.",
        )


def write_cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: Callable[[str], Any]) -> list[Any] | None:
    """What `write_cursor` was given, each read by its kind; None where there is no cursor.

    Raises `InvalidInput` for anything we did not write.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode()))
        return [kind(_text(value)) for kind, value in zip(kinds, list(values), strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InvalidInput(
            "This cursor is not one of ours.", field="cursor", fix="Begin without a cursor."
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError
    return value.encode().decode()
