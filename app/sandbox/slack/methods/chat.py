"""chat.*: posting, editing and deleting."""

import re
from typing import Any, Final

from app.sandbox.slack.arguments import Arguments
from app.sandbox.slack.blockkit.payloads import (
    check_blocks,
    refuse_invalid_blocks,
    with_block_ids,
)
from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Channel, Message, links_in
from app.sandbox.slack.wire import JSON, Refused, without_nothings

LONGEST_TEXT: Final = 40_000
LONGEST_UPDATE: Final = 4_000
LONGEST_MARKDOWN: Final = 12_000
MOST_ATTACHMENTS: Final = 100
_TS: Final = re.compile(r"\d{10}\.\d{6}")


def _post(call: Call) -> JSON:
    channel = _where(call)
    message = _written(call)
    message.thread_ts = _thread(call, channel)
    message.broadcast = bool(message.thread_ts) and call.arguments.flag("reply_broadcast")
    call.workspace.post(channel, message)
    told = call.workspace.message_json(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": told}


def _whisper(call: Call) -> JSON:
    channel = _where(call)
    reader = call.workspace.people.get(call.arguments.needed("user"))
    if reader is None or reader.id not in channel.members:
        raise Refused("user_not_in_channel" if reader else "user_not_found")
    message = _written(call)
    message.thread_ts, message.ephemeral = call.arguments.text("thread_ts") or None, True
    call.workspace.whisper(channel, reader.id, message)
    return {"message_ts": message.ts}


def _update(call: Call) -> JSON:
    """With text but no blocks the blocks go; with neither, both stay; metadata stays if omitted."""
    channel = call.channel_in_sight()
    if channel.archived:
        raise Refused("is_inactive")
    message = call.message(channel)
    if not message.by_app:
        raise Refused("cant_update_message")
    text = call.arguments.text("text")
    if len(text) > LONGEST_UPDATE:
        raise Refused("msg_too_long")
    blocks, attachments = _blocks(call.arguments), _attachments(call.arguments)
    if not (text or blocks or attachments or "metadata" in call.arguments):
        raise Refused("no_text")
    if _all_rich(message.blocks) and blocks and not any(_rich(block) for block in blocks):
        raise Refused("block_mismatch")
    metadata = _metadata(call.arguments)
    if text or blocks is not None:
        message.text, message.blocks = text, with_block_ids(blocks or [])
    if text or attachments is not None:
        message.attachments = attachments or []
    if metadata is not None:
        message.metadata = metadata or None
    call.workspace.change(channel, message, call.bot)
    told = call.workspace.message_json(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": told}


def _delete(call: Call) -> JSON:
    channel = call.channel_in_sight()
    message = call.message(channel)
    if not message.by_app:
        raise Refused("cant_delete_message")
    call.workspace.remove(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def _permalink(call: Call) -> JSON:
    channel = call.channel_in_sight()
    message = call.message(channel, "message_ts")
    link = call.emulator.permalink(channel, message.ts, message.thread_ts)
    return {"channel": channel.id, "permalink": link}


def _unfurl(call: Call) -> JSON:
    """Below a person's message, for links that stand in it; the app must be in the channel."""
    channel = call.channel_to_write(call.channel_in_sight(), in_public=False)
    message = call.message(channel)
    unfurls = call.arguments.object("unfurls", "invalid_unfurls_format")
    if not unfurls:
        raise Refused("missing_unfurls")
    if not unfurls.keys() <= set(links_in(message)):
        raise Refused("cannot_unfurl_url")
    attachments = [{**unfurls[url], "from_url": url} for url in unfurls]
    for number, one in enumerate(attachments):
        refuse_invalid_blocks(check_blocks(one.get("blocks") or [], f"/{number}", "message"))
        one["blocks"] = with_block_ids(one.get("blocks") or [])
    call.workspace.unfurl(channel, message, attachments)
    return {}


def _where(call: Call) -> Channel:
    """The channel to post in; a person's id means the direct messages with them."""
    wanted = call.arguments.needed("channel")
    if wanted in call.workspace.people and wanted != call.bot:
        return call.workspace.direct_channel(wanted)
    return call.channel_to_write(call.channel_in_sight())


def _thread(call: Call, channel: Channel) -> str | None:
    """The head of the thread to answer in. Slack warns against a reply's ts; here it is refused."""
    thread_ts = call.arguments.text("thread_ts")
    if not thread_ts:
        return None
    if not _TS.fullmatch(thread_ts):
        raise Refused("invalid_thread_ts")
    head = channel.messages.get(thread_ts)
    if head is None:
        raise Refused("thread_not_found")
    if head.thread_ts:
        raise Refused("cannot_reply_to_message")
    return thread_ts


def _written(call: Call) -> Message:
    """What was written, checked and cut. Raises `Refused`."""
    given = call.arguments
    text, blocks = given.text("text"), _blocks(given)
    attachments, markdown = _attachments(given), given.text("markdown_text")
    if markdown and (text or blocks):
        raise Refused("markdown_text_conflict")
    if not (text or blocks or attachments or markdown):
        raise Refused("no_text")
    if len(markdown) > LONGEST_MARKDOWN:
        raise Refused("msg_too_long")
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
        call.warnings.append("message_truncated")
    if any(name in given for name in ("username", "icon_emoji", "icon_url")):
        call.need("chat:write.customize")
    icons = without_nothings(emoji=given.text("icon_emoji"), image_48=given.text("icon_url"))
    return Message(
        call.workspace.next_ts(),
        call.bot,
        text or markdown,
        by_app=True,
        blocks=with_block_ids(blocks or []),
        attachments=attachments or [],
        username=given.text("username"),
        icons=icons,
        metadata=_metadata(given) or None,
        client_msg_id=given.text("client_msg_id"),
    )


def _blocks(given: Arguments) -> list[JSON] | None:
    blocks = given.array("blocks", "invalid_blocks_format")
    if blocks is not None:
        refuse_invalid_blocks(check_blocks(blocks, "/blocks", "message"))
    return blocks


def _attachments(given: Arguments) -> list[JSON] | None:
    attachments = given.array("attachments", "invalid_attachments")
    for number, attachment in enumerate(attachments or []):
        if not isinstance(attachment, dict):
            raise Refused("invalid_attachments")
        pointer = f"/attachments/{number}/blocks"
        refuse_invalid_blocks(check_blocks(attachment.get("blocks") or [], pointer, "message"))
    if attachments and len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    return attachments


def _metadata(given: Arguments) -> JSON | None:
    """Event type and a payload of scalars, flat objects and lists of those; {} takes it away."""
    metadata = given.object("metadata", "invalid_metadata_format")
    if not metadata:
        return metadata
    payload = metadata.get("event_payload")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(payload, dict):
        raise Refused("invalid_metadata_format")
    if not all(_flat(value) for value in payload.values()):
        raise Refused("invalid_metadata_schema")
    return {"event_type": metadata["event_type"], "event_payload": payload}


def _flat(value: Any) -> bool:  # noqa: ANN401 -- whatever JSON can say
    scalars = (str, int, float, bool)
    if isinstance(value, list):
        return all(isinstance(item, scalars) or _flat_object(item) for item in value)
    return isinstance(value, scalars) or _flat_object(value)


def _flat_object(value: Any) -> bool:  # noqa: ANN401 -- whatever JSON can say
    scalars = (str, int, float, bool)
    return isinstance(value, dict) and all(isinstance(one, scalars) for one in value.values())


def _rich(block: JSON) -> bool:
    return bool(block["type"] == "rich_text")


def _all_rich(blocks: list[JSON]) -> bool:
    return bool(blocks) and all(_rich(block) for block in blocks)


METHODS: Final = {
    "chat.postMessage": Method(_post, scope="chat:write", tier=Tier.POSTING, writes=True),
    "chat.postEphemeral": Method(_whisper, scope="chat:write", tier=Tier.FOUR, writes=True),
    "chat.update": Method(_update, scope="chat:write", writes=True),
    "chat.delete": Method(_delete, scope="chat:write", writes=True),
    "chat.unfurl": Method(_unfurl, scope="links:write", writes=True),
    "chat.getPermalink": Method(_permalink, tier=Tier.UNLIMITED),
}
