"""Finding what a command's words name."""

from uuid import UUID

from app.core.errors import InvalidInput, NotFound
from app.core.ids import AccountId
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork


async def account_named(uow: UnitOfWork, words: str) -> Account:
    """The account of this address or id. Raises `NotFound`."""
    if found := await uow.accounts.find_by_address(words):
        return found
    try:
        return await uow.accounts.get(AccountId(UUID(words)))
    except (ValueError, NotFound):
        raise NotFound(
            f"There is no account {words}.", fix="See: sharedbox accounts list"
        ) from None


def id_of(text: str, what: str) -> UUID:
    """Raises `InvalidInput` where that is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text} is not the id of {what}.", fix="The lists show ids.") from None
