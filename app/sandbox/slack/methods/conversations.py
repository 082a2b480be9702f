"""conversations.*: channels, who is in them, and what was said there."""

from typing import Final

from app.sandbox.slack.calls import Call, Method, page_of
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.wire import JSON, Refused, bad_arguments

_TYPES: Final = {
    "public_channel": ("channel", "channels:read"),
    "private_channel": ("group", "groups:read"),
    "im": ("im", "im:read"),
    "mpim": ("mpim", "mpim:read"),
}


def channels_of_types(call: Call) -> list[Channel]:
    """The channels in sight that are of the types asked for. Raises `Refused`."""
    wanted = []
    for name in call.arguments.words("types") or ["public_channel"]:
        if name not in _TYPES:
            raise Refused("invalid_types")
        type_, scope = _TYPES[name]
        call.need(scope)
        wanted.append(type_)
    archived_too = not call.arguments.flag("exclude_archived")
    return [
        channel
        for channel in call.workspace.channels.values()
        if channel.type in wanted
        and (not channel.private or call.bot in channel.members)
        and (archived_too or not channel.archived)
    ]


def _list(call: Call) -> JSON:
    found = [channel.as_json(call.bot) for channel in channels_of_types(call)]
    channels, cursor = page_of(found, call)
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def _info(call: Call) -> JSON:
    channel = call.channel_in_sight()
    call.need(f"{channel.scope_family}:read")
    told = channel.as_json(call.bot)
    if not call.arguments.flag("include_num_members"):
        told.pop("num_members", None)
    return {"channel": told}


def _members(call: Call) -> JSON:
    channel = call.channel_in_sight()
    call.need(f"{channel.scope_family}:read")
    ids, cursor = page_of([{"id": id_} for id_ in channel.members], call)
    members = [entry["id"] for entry in ids]
    return {"members": members, "response_metadata": {"next_cursor": cursor}}


def _join(call: Call) -> JSON:
    channel = call.channel_in_sight()
    if channel.private:
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    if call.bot in channel.members:
        call.warnings.append("already_in_channel")
    else:
        call.workspace.join(channel, call.bot)
    return {"channel": channel.as_json(call.bot)}


def _open(call: Call) -> JSON:
    users = call.arguments.words("users")
    if not users:
        raise bad_arguments("missing required field: users")
    if len(users) > 1:
        raise Refused("method_not_supported_for_channel_type")
    known = any(channel.direct_with == users[0] for channel in call.workspace.channels.values())
    channel = call.workspace.direct_channel(users[0])
    whole = call.arguments.flag("return_im")
    told = channel.as_json(call.bot) if whole else {"id": channel.id}
    return {"channel": told, **({"no_op": True, "already_open": True} if known else {})}


def _channel_to_read(call: Call) -> Channel:
    channel = call.channel_in_sight()
    call.need(f"{channel.scope_family}:history")
    if call.bot not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _history(call: Call) -> JSON:
    channel = _channel_to_read(call)
    messages = [
        message
        for message in reversed(channel.messages.values())
        if (not message.thread_ts or message.broadcast) and _in_time(call, message)
    ]
    return {**_page(call, messages), "pin_count": 0}


def _replies(call: Call) -> JSON:
    channel = _channel_to_read(call)
    asked = channel.messages.get(call.arguments.needed("ts"))
    if asked is None:
        raise Refused("thread_not_found")
    root = channel.messages.get(asked.thread_ts or asked.ts, asked)
    replies = [channel.messages[ts] for ts in root.replies if ts in channel.messages]
    return _page(call, [root, *(reply for reply in replies if _in_time(call, reply))])


def _in_time(call: Call, message: Message) -> bool:
    oldest, latest = call.arguments.text("oldest"), call.arguments.text("latest")
    edges = call.arguments.flag("inclusive")
    if oldest and (message.ts < oldest or (message.ts == oldest and not edges)):
        return False
    return not latest or message.ts < latest or (message.ts == latest and edges)


def _page(call: Call, messages: list[Message]) -> JSON:
    metadata = call.arguments.flag("include_all_metadata")
    told = [call.workspace.message_json(message, metadata=metadata) for message in messages]
    page, cursor = page_of(told, call)
    answer: JSON = {"messages": page, "has_more": bool(cursor)}
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


METHODS: Final = {
    "conversations.list": Method(_list, tier=Tier.TWO),
    "conversations.info": Method(_info),
    "conversations.members": Method(_members, tier=Tier.FOUR),
    "conversations.join": Method(_join, scope="channels:join", writes=True),
    "conversations.open": Method(_open, scope="im:write"),
    "conversations.history": Method(_history),
    "conversations.replies": Method(_replies),
}
