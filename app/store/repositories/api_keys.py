"""Keys for the REST API."""

from collections.abc import Sequence

from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import APIKeyId
from app.store.models import APIKey
from app.store.repositories.base import Repository


class APIKeys(Repository):
    def add(self, key: APIKey) -> None:
        self._session.add(key)

    async def get(self, key_id: APIKeyId) -> APIKey:
        """Raises `NotFound`."""
        key = await self._session.get(APIKey, (self._workspace_id, key_id))
        if key is None:
            raise NotFound("There is no such key.", fix="List the keys to find its id.")
        return key

    async def page(self, *, after: APIKeyId | None, limit: int) -> Sequence[APIKey]:
        """Keys in the order they were made, the revoked ones too."""
        statement = (
            select(APIKey)
            .where(APIKey.workspace_id == self._workspace_id)
            .order_by(col(APIKey.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(APIKey.id) > after)
        return (await self._session.exec(statement)).all()
