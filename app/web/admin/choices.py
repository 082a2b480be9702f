"""What several forms offer to choose from."""

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from app.core.errors import InvalidInput, NotAllowed
from app.core.ids import AccountId
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork
from app.web.admin.visitor import Visitor
from app.web.deps import visible_accounts

_MOST = 500
Choice = TypeVar("Choice", bound=StrEnum)


async def account_choices(uow: UnitOfWork, visitor: Visitor) -> list[tuple[str, str]]:
    """The accounts somebody sees, as pairs of id and address."""
    found = await uow.accounts.page(after=None, limit=_MOST)
    return [(str(one.id), one.address) for one in found if visitor.actor.may_see(AccountId(one.id))]


async def paused_among(
    uow: UnitOfWork, visitor: Visitor, account_id: UUID | None
) -> dict[str, Account]:
    """The accounts of a list that are paused, by id: the one it is narrowed to, or all they see."""
    wanted = visible_accounts(visitor.actor, account_id)
    return {str(one.id): one for one in await uow.waiting.paused(wanted)}


async def teammate_choices(uow: UnitOfWork) -> list[tuple[str, str]]:
    found = await uow.teammates.page(after=None, limit=_MOST)
    return [(str(one.id), one.name) for one in found]


async def chosen_account(uow: UnitOfWork, visitor: Visitor, text: str) -> AccountId | None:
    """The account of a form's field; None where it says all of them.

    Raises `InvalidInput` where that is not theirs to choose, and `NotFound`.
    """
    if not text:
        if visitor.actor.account_ids is not None:
            raise InvalidInput(
                "What is for every inbox is an admin’s to write.",
                field="account",
                fix="Choose an inbox.",
            )
        return None
    account_id = AccountId(chosen_id(text, "account"))
    visitor.check_sees(account_id)
    await uow.accounts.get(account_id)
    return account_id


def check_writes(visitor: Visitor, account_id: UUID | None) -> None:
    """Whether what belongs to this inbox, or to every one, is theirs to change and remove.

    Raises `NotFound` and `NotAllowed`.
    """
    if account_id is not None:
        visitor.check_sees(AccountId(account_id))
    elif visitor.actor.account_ids is not None:
        raise NotAllowed("What is for every inbox is an admin’s to write.", fix="Ask one of them.")


def chosen_id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("Choose one of these.", field=field) from None


def filter_id(text: str) -> UUID | None:
    """Of a list's filter: what is no id narrows nothing."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def filter_state(kind: type[Choice], text: str) -> Choice | None:
    """As `filter_id`."""
    return next((one for one in kind if one.value == text), None)
