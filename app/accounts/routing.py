"""Saying which channel an account's mail goes to: its own, or one by address or by folder.

A changed route decides for new conversations only. What has a card stays where it is.
"""

from app.accounts.connect import checked_channel, used
from app.core.errors import InvalidInput
from app.core.ids import AccountId, RouteId
from app.mail.address import Address
from app.mail.compose_headers import check_address
from app.store.models import Account, Route, RouteKind
from app.store.unit_of_work import UnitOfWork

MOST_ROUTES = 200
_LONGEST_FOLDER = 500


async def set_route(
    uow: UnitOfWork, account_id: AccountId, kind: RouteKind, value: str, channel: str
) -> Route:
    """Put what was written to an address, or lies in a folder, into a channel.

    The same one again changes its channel. Raises `NotFound` and `InvalidInput`.
    """
    account, channel_id = await uow.accounts.lock(account_id), checked_channel(channel)
    value = await _checked(uow, account, kind, value)
    route = await uow.routes.find(account_id, kind, value)
    if route is None:
        if len(await uow.routes.page(frozenset({account_id}))) >= MOST_ROUTES:
            raise InvalidInput(f"{MOST_ROUTES} routes of an account are the most.", field="value")
        route = Route(
            workspace_id=uow.workspace_id,
            account_id=account_id,
            kind=kind,
            value=value,
            channel_id=channel_id,
        )
    route.channel_id = channel_id
    await uow.routes.add(route)
    await used(uow, channel_id)
    uow.emit(
        "route.set", account_id=account_id, kind=kind, value=value, channel=channel_id,
        route_id=str(route.id),
    )  # fmt: skip
    return route


async def set_own_channel(uow: UnitOfWork, account_id: AccountId, channel: str) -> Account:
    """Where an account's mail goes that no other route is for. Raises `NotFound`, `InvalidInput`.

    Its connection goes on as it is.
    """
    account, channel_id = await uow.accounts.lock(account_id), checked_channel(channel)
    if account.channel_id != channel_id:
        account.channel_id = channel_id
        uow.emit("account.changed", account_id=account_id, channel=channel_id)
    await used(uow, channel_id)
    return account


async def remove_route(uow: UnitOfWork, route_id: RouteId) -> None:
    """Raises `NotFound`."""
    route = await uow.routes.get(route_id)
    uow.emit(
        "route.removed", account_id=route.account_id, kind=route.kind, value=route.value,
        route_id=str(route.id),
    )  # fmt: skip
    await uow.routes.delete(route)


async def _checked(uow: UnitOfWork, account: Account, kind: RouteKind, value: str) -> str:
    if kind is RouteKind.ALIAS:
        return check_address("value", Address("", value.strip())).address.lower()
    name = "INBOX" if value.upper() == "INBOX" else value
    known = {one.name for one in await uow.mailboxes.of_account(account.id)}
    if name not in known and name not in account.folders:
        raise InvalidInput(
            f"{account.address} has no folder “{name[:_LONGEST_FOLDER]}”.",
            field="value",
            fix="Choose one of the folders that GET /accounts/{id} lists.",
        )
    return name
