"""The Slack channels we post to."""

from sqlalchemy.dialects.postgresql import insert

from app.core.ids import ChannelId
from app.store.models import Channel
from app.store.repositories.base import Repository


class Channels(Repository):
    async def get(self, channel_id: ChannelId) -> Channel:
        """The channel's row; made at the first call."""
        channel = await self._session.get(Channel, (self._workspace_id, channel_id))
        if channel is not None:
            return channel
        statement = (
            insert(Channel)
            .values(workspace_id=self._workspace_id, id=channel_id, state="open", detail="")
            .on_conflict_do_nothing()
        )
        await self._session.exec(statement)
        return await self._session.get_one(Channel, (self._workspace_id, channel_id))
