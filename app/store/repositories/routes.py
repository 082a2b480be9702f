"""Which channel a new conversation is shown in."""

from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, ChannelId, RouteId
from app.store.bulk import is_any
from app.store.models import Account, Route, RouteKind
from app.store.repositories.base import Repository


class Routing:
    """The routes of one account, asked mail by mail: the address before the folder."""

    def __init__(self, account: Account, routes: Sequence[Route]) -> None:
        self._account = account
        self._by = {(one.kind, one.value): one.channel_id for one in routes}

    def channel(self, *, addresses: Iterable[str] = (), folder: str | None = None) -> ChannelId:
        """`addresses`: those it was written to, in lower case, the most telling first."""
        for address in addresses:
            if (found := self._by.get((RouteKind.ALIAS, address))) is not None:
                return found
        if folder is not None and (found := self._by.get((RouteKind.FOLDER, folder))) is not None:
            return found
        return self._account.channel_id


class Routes(Repository):
    async def of(self, account: Account) -> Routing:
        return Routing(account, await self.page(frozenset({account.id})))

    async def page(self, account_ids: frozenset[AccountId] | None = None) -> Sequence[Route]:
        """Those of these accounts, or of all."""
        statement = (
            select(Route)
            .where(Route.workspace_id == self._workspace_id)
            .order_by(col(Route.account_id), col(Route.kind), col(Route.value))
        )
        if account_ids is not None:
            statement = statement.where(is_any(col(Route.account_id), list(account_ids)))
        return (await self._session.exec(statement)).all()

    async def get(self, route_id: RouteId) -> Route:
        """Raises `NotFound`."""
        route = await self._session.get(Route, (self._workspace_id, route_id))
        if route is None:
            raise NotFound("There is no such route.")
        return route

    async def find(self, account_id: AccountId, kind: RouteKind, value: str) -> Route | None:
        statement = select(Route).where(
            Route.workspace_id == self._workspace_id,
            Route.account_id == account_id,
            Route.kind == kind,
            Route.value == value,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def add(self, route: Route) -> None:
        self._session.add(route)
        await self._session.flush()

    async def delete(self, route: Route) -> None:
        await self._session.delete(route)
