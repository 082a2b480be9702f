"""Saying in which channel alarms of mailboxes stand."""

from app.accounts.connect import checked_channel, used
from app.core.errors import InvalidInput
from app.core.ids import ChannelId
from app.store.unit_of_work import UnitOfWork


async def set_ops_channel(uow: UnitOfWork, channel: str) -> ChannelId | None:
    """Have alarms stand there from now on; nowhere for no channel. Answers the channel.

    One that is shared with another organisation is refused as for mail, until an admin has said
    yes to that: an alarm names mailboxes, and what their servers say. Raises `InvalidInput`.
    """
    workspace = await uow.sight.workspace()
    if not channel:
        workspace.ops_channel_id = None
        return None
    channel_id = checked_channel(channel)
    known = await uow.channels.find(channel_id)
    if known is not None and known.is_shared and not known.sharing_accepted:
        raise InvalidInput(
            "This channel is shared with another organisation, who would read the alarms.",
            field="channel",
            fix="Choose another one, or say under Channels that posting there is meant.",
        )
    workspace.ops_channel_id = channel_id
    await used(uow, channel_id)
    return channel_id
