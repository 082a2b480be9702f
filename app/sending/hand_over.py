"""Handing a claimed mail over, with the token it takes where the account has no password."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from app.core.ids import AccountId, GrantId, WorkspaceId
from app.mailbox.errors import SignInNeeded, Transient
from app.mailbox.port import ServerSpec
from app.sending.context import Sending
from app.sending.port import Deferred, Delivered, Envelope, LoginRefused


class Parcel(Protocol):
    """What is handed over, and to whom."""

    @property
    def account_id(self) -> AccountId: ...

    @property
    def server(self) -> ServerSpec: ...

    @property
    def grant_id(self) -> GrantId | None:
        """Whose token is shown to the server, in place of a password."""
        ...

    @property
    def envelope(self) -> Envelope: ...


async def hand_over(
    on: Sending,
    workspace_id: WorkspaceId,
    claimed: Parcel,
    raw: bytes,
    before_the_end: Callable[[], Awaitable[None]],
) -> Delivered:
    """One attempt. Raises as `Transport.deliver`.

    A token that the server refuses is replaced by a fresh one, once. While somebody has to sign in
    again the mail waits: it leaves when they have.
    """
    server = await _with_token(on, workspace_id, claimed)
    try:
        return await _deliver(on, server, claimed, raw, before_the_end)
    except LoginRefused:
        if claimed.grant_id is None:
            raise
    server = await _with_token(on, workspace_id, claimed, instead_of=server.password)
    return await _deliver(on, server, claimed, raw, before_the_end)


async def _deliver(
    on: Sending,
    server: ServerSpec,
    claimed: Parcel,
    raw: bytes,
    before_the_end: Callable[[], Awaitable[None]],
) -> Delivered:
    return await on.transport.deliver(
        server,
        claimed.envelope,
        raw,
        before_the_end=before_the_end,
        account_id=claimed.account_id,
    )


async def _with_token(
    on: Sending, workspace_id: WorkspaceId, claimed: Parcel, *, instead_of: str | None = None
) -> ServerSpec:
    if claimed.grant_id is None:
        return claimed.server
    if on.tokens is None:
        raise Deferred("This process cannot sign in at providers.")
    try:
        token = await on.tokens.get(workspace_id, claimed.grant_id, instead_of=instead_of)
    except SignInNeeded as error:
        raise Deferred(
            f"It waits until somebody has signed in for this account again. {error}"
        ) from None
    except Transient as error:
        raise Deferred(str(error), fix=error.fix) from None
    return replace(claimed.server, password=token)
