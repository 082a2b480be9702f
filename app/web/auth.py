"""API keys at the door."""

from app.container import Container
from app.core.access import Actor, Origin, Scope
from app.core.crypto import digest, same
from app.core.errors import SharedBoxError
from app.core.ids import AccountId
from app.core.keys import prefix_of

_NOBODY = digest("no such key")


class Unauthenticated(SharedBoxError):
    """We do not know who asks."""


async def authenticate(parts: Container, key: str | None) -> Actor:
    """Who holds this key. The same work is done for a key that does not exist.

    Raises `Unauthenticated`.
    """
    if not key:
        raise Unauthenticated(
            "This needs an API key.", fix="Send the header “Authorization: Bearer <key>”."
        )
    bootstrap = parts.settings.bootstrap_api_key
    is_bootstrap = bootstrap is not None and same(digest(key), digest(bootstrap.get_secret_value()))
    async with parts.store.across_workspaces() as fleet:
        if is_bootstrap:
            return Actor(
                await fleet.default_workspace(),
                Origin.API,
                name="bootstrap key",
                scopes=frozenset({Scope.ADMIN}),
            )
        row = await fleet.api_key(prefix_of(key) or "")
        if not same(digest(key), row.digest if row else _NOBODY) or row is None:
            raise Unauthenticated(
                "This API key is not known, or was revoked.", fix="Make a new one: sharedbox keys."
            )
        await fleet.note_use(row)
    return Actor(
        row.workspace_id,
        Origin.API,
        name=row.name,
        key_id=row.id,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        account_ids=frozenset(AccountId(one) for one in row.account_ids)
        if row.account_ids is not None
        else None,
    )
