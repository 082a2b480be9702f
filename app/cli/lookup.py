"""Finding what a command's words name."""

from uuid import UUID

from app.core.errors import NotFound
from app.core.ids import AccountId
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork


async def account_named(uow: UnitOfWork, words: str) -> Account:
    """The account of this address or id. Raises `NotFound`."""
    if found := await uow.accounts.find_by_address(words):
        return found
    try:
        return await uow.accounts.get(AccountId(UUID(words)))
    except ValueError:
        raise NotFound(
            f"There is no account {words}.", fix="See: sharedbox accounts list"
        ) from None
