"""What becomes of a channel, and what that means for our posts in it.

    open ──archived, renamed away, we were removed, Slack refuses──▶ paused
     ▲                                                                │
     └── unarchived, invited again, or a post goes through ───────────┘
    open ──shared with another organisation──▶ held ──an admin says yes, or it is unshared──▶ open

Nothing that is due is lost meanwhile, and the admins are told once of each change for the worse.
"""

from typing import Final

from app.core.access import Actor
from app.core.ids import ChannelId
from app.core.logging import get_logger
from app.feed.port import ChannelInfo
from app.store.models import CLOSED_FOR, Channel, ChannelState, Exposure
from app.store.queue import look_at_channel, tell_admins
from app.store.unit_of_work import UnitOfWork

SHARED: Final = "shared"
_DETAILS: Final = {
    "archived": "The channel was archived. Unarchive it, or choose another one.",
    "deleted": "The channel was deleted. Choose another one.",
    "left": "SharedBox is no longer in the channel. Invite it: /invite @SharedBox.",
    "not_in_channel": "SharedBox is not in the channel. Invite it: /invite @SharedBox.",
    "channel_not_found": "There is no such channel, or it is private and SharedBox is not in it. "
    "Invite it: /invite @SharedBox.",
    SHARED: "The channel is shared with another organisation. An admin has to say that mail may be "
    "shown there.",
}
log = get_logger(__name__)


def is_closed(channel: Channel) -> bool:
    """Whether there is nothing to be tried there until somebody opens it again."""
    return channel.state is ChannelState.HELD or channel.reason in CLOSED_FOR


async def pause(uow: UnitOfWork, channel_id: ChannelId, reason: str, detail: str = "") -> Channel:
    """Post nothing there until it is resumed; whatever waits is kept."""
    channel = await uow.channels.lock(channel_id)
    channel.reason = reason
    _settle(uow, channel, detail or _DETAILS.get(reason, reason))
    return channel


async def resume(uow: UnitOfWork, channel_id: ChannelId) -> Channel:
    """It can be posted in again: what waits goes out now, and what was given up is tried anew."""
    channel = await uow.channels.lock(channel_id)
    was_closed = channel.state is not ChannelState.OPEN
    channel.reason = ""
    _settle(uow, channel, "")
    if was_closed and channel.state is ChannelState.OPEN:
        await _go_on(uow, channel)
    return channel


async def note(uow: UnitOfWork, channel_id: ChannelId, info: ChannelInfo) -> Channel:
    """Write down what Slack says of a channel, and act on it."""
    channel = await uow.channels.lock(channel_id)
    channel.name, channel.is_private = info.name[:200], info.is_private
    await note_sharing(uow, channel_id, is_shared=info.is_shared)
    if info.is_archived:
        return await pause(uow, channel_id, "archived")
    if not info.is_member and (info.is_private or channel.reason == "left"):
        return await pause(uow, channel_id, channel.reason or "not_in_channel")
    return await resume(uow, channel_id)


async def note_sharing(uow: UnitOfWork, channel_id: ChannelId, *, is_shared: bool) -> Channel:
    """It was shared with another organisation, or is no longer; a yes is for this time only."""
    channel = await uow.channels.lock(channel_id)
    was_held = channel.state is ChannelState.HELD
    if not is_shared:
        channel.sharing_accepted = False
    channel.is_shared = is_shared
    _settle(uow, channel, "")
    if was_held and channel.state is ChannelState.OPEN:
        await _go_on(uow, channel)
    return channel


async def accept_sharing(
    uow: UnitOfWork, actor: Actor, channel_id: ChannelId, *, accepted: bool
) -> Channel:
    """An admin says whether mail may be shown to the other organisation as well."""
    channel = await uow.channels.lock(channel_id)
    was_held = channel.state is ChannelState.HELD
    channel.sharing_accepted = accepted
    uow.emit(
        "channel.sharing_accepted" if accepted else "channel.sharing_refused",
        channel=channel_id,
        by_id=str(actor.teammate_id) if actor.teammate_id else None,
    )
    _settle(uow, channel, "")
    if was_held and channel.state is ChannelState.OPEN:
        await _go_on(uow, channel)
    return channel


async def change_id(uow: UnitOfWork, old: ChannelId, new: ChannelId) -> None:
    """Slack calls the channel something else now: everything about it goes along."""
    await uow.channels.rename(old, new)
    uow.emit("channel.id_changed", channel=new, before=old)
    uow.leave(look_at_channel(uow.workspace_id, new))
    uow.feed_is_due(new)


async def set_exposure(uow: UnitOfWork, channel_id: ChannelId, exposure: Exposure) -> Channel:
    """How much of a mail is shown there, from now on and on what stands there already."""
    channel = await uow.channels.lock(channel_id)
    if channel.exposure is not exposure:
        channel.exposure = exposure
        uow.emit("channel.exposure_changed", channel=channel_id, exposure=exposure)
        await uow.posts.refresh_channel(channel_id)
        uow.feed_is_due(channel_id)
    return channel


async def set_emoji_actions(uow: UnitOfWork, channel_id: ChannelId, *, on: bool) -> Channel:
    """Whether emoji on a card act there."""
    channel = await uow.channels.lock(channel_id)
    if channel.emoji_actions is not on:
        channel.emoji_actions = on
        uow.emit("channel.emoji_actions_changed", channel=channel_id, on=on)
    return channel


def _settle(uow: UnitOfWork, channel: Channel, detail: str) -> None:
    """Work out the state, and tell of it where it is another one."""
    if channel.is_shared and not channel.sharing_accepted:
        state, detail = ChannelState.HELD, _DETAILS[SHARED]
    elif channel.reason:
        state, detail = ChannelState.PAUSED, detail or _DETAILS.get(channel.reason, channel.reason)
    else:
        state, detail = ChannelState.OPEN, ""
    channel.detail = detail
    was, channel.state = channel.state, state
    if was is state:
        return
    channel.changes += 1
    reason = SHARED if state is ChannelState.HELD else channel.reason
    log.info("channel.state", channel=channel.id, state=state, reason=reason)
    if state is ChannelState.OPEN:
        uow.emit("channel.resumed", channel=channel.id)
    else:
        uow.emit("channel.paused", channel=channel.id, reason=reason)
        uow.leave(tell_admins(uow.workspace_id, channel.id, channel.changes))


async def _go_on(uow: UnitOfWork, channel: Channel) -> None:
    channel.next_post_at = None
    await uow.posts.unpark(channel.id)
    uow.feed_is_due(channel.id)
