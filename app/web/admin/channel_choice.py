"""Choosing a Slack channel: by its name where Slack tells the names, else by its id.

A form holds `ui.channel(form, …)`, and its page `ui.channel_names()` once: the list that browsers
offer while somebody types. It comes after the page, since Slack is asked for it.
"""

import re
from typing import Final

from fastapi import Request

from app.core.errors import InvalidInput
from app.core.ids import ChannelId
from app.slack.directory import ChannelDirectory
from app.store.unit_of_work import UnitOfWork
from app.web.admin.view import parts_of
from app.web.admin.visitor import Visitor

_ID: Final = re.compile(r"[CGD][A-Z0-9]{2,}")
_MOST: Final = 500


def directory_of(request: Request) -> ChannelDirectory:
    found: ChannelDirectory = request.app.state.channel_directory
    return found


async def chosen_channel(request: Request, visitor: Visitor, typed: str) -> str:
    """The id of the channel that somebody typed the name or the id of; nothing for nothing.

    Raises `InvalidInput` for a name that is of none, or of one in which we are not.
    """
    text = typed.strip()
    name = text.removeprefix("#").lower()
    if not name or _ID.fullmatch(text):
        return text
    found = await directory_of(request).find(visitor.workspace_id, name)
    if found is not None:
        if not found.is_member:
            raise InvalidInput(
                f"SharedBox is not in #{name}, so it cannot post there.",
                field="channel",
                fix=f"In Slack, write /invite @SharedBox in #{name}, and try again.",
            )
        return found.id
    async with parts_of(request).store.begin(visitor.workspace_id) as uow:
        ours = await uow.channels.page(after=None, limit=_MOST)
    known = next((one.id for one in ours if one.name == name), None)
    if known is None:
        raise InvalidInput(
            f"SharedBox sees no channel #{name}.",
            field="channel",
            fix="If it is private, write /invite @SharedBox there first; or type its id (C…).",
        )
    return known


async def shown_channel(uow: UnitOfWork, channel_id: str) -> str:
    """As it stands in a form that is filled in: by its name, where that is known."""
    channel = await uow.channels.find(ChannelId(channel_id))
    return channel.title if channel is not None else channel_id
