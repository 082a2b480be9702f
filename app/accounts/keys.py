"""Keys for the REST API: made, and revoked. Whoever asks may do so."""

from collections.abc import Sequence
from datetime import datetime

from app.core.access import Scope
from app.core.errors import InvalidInput
from app.core.ids import AccountId, APIKeyId
from app.core.keys import NewKey, new_key
from app.store.models import APIKey
from app.store.unit_of_work import UnitOfWork


async def make_key(
    uow: UnitOfWork,
    name: str,
    scopes: Sequence[Scope],
    account_ids: Sequence[AccountId] | None = None,
) -> tuple[APIKey, NewKey]:
    """A new key, and its text, which nobody can read again. Raises `InvalidInput`."""
    if account_ids is not None:
        known = await uow.accounts.page(
            after=None, limit=len(account_ids) + 1, only=frozenset(account_ids)
        )
        if not account_ids or len(known) != len(set(account_ids)):
            raise InvalidInput(
                "A key can be bound only to accounts that are connected.",
                field="account_ids",
                fix="List the accounts to find their ids.",
            )
    key = new_key()
    row = APIKey(
        workspace_id=uow.workspace_id,
        prefix=key.prefix,
        digest=key.digest,
        name=name,
        scopes=sorted({str(one) for one in scopes}),
        account_ids=list(account_ids) if account_ids is not None else None,
    )
    uow.api_keys.add(row)
    uow.emit("api_key.created", key_id=str(row.id), prefix=row.prefix, scopes=row.scopes)
    return row, key


async def revoke_key(uow: UnitOfWork, key_id: APIKeyId, *, now: datetime) -> APIKey:
    """Have it refused from the next request on. Raises `NotFound`; twice is harmless."""
    row = await uow.api_keys.get(key_id)
    if row.revoked_at is None:
        row.revoked_at = now
        uow.emit("api_key.revoked", key_id=str(row.id), prefix=row.prefix)
    return row
