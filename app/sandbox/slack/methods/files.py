"""files.*: uploads in three steps, and what is known of a file."""

from functools import partial
from typing import Final

from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.files import File
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.wire import JSON, Refused, bad_arguments

_SHARING_TAKES_SECONDS: Final = 0.05
"""Slack shares after it has answered: no ts is in the answer, and none may be counted on."""


def _begin(call: Call) -> JSON:
    name = call.arguments.needed("filename")
    try:
        length = int(call.arguments.needed("length"))
    except ValueError:
        raise bad_arguments("length must be a number") from None
    if length <= 0:
        raise bad_arguments("length must be greater than 0")
    created = int(call.emulator.clock.now().timestamp())
    file = call.emulator.files.begin(name, length, call.bot, created)
    return {"upload_url": f"{call.emulator.base_url}/upload/{file.ticket}", "file_id": file.id}


def _complete(call: Call) -> JSON:
    files = [
        _named(call, entry) for entry in call.arguments.array("files", "invalid_arguments") or []
    ]
    if not files:
        raise bad_arguments("missing required field: files")
    channel = None
    if "channel_id" in call.arguments:
        channel = call.channel_to_write(call.channel_in_sight("channel_id"), in_public=False)
    thread_ts = call.arguments.text("thread_ts") or None
    if channel and thread_ts and thread_ts not in channel.messages:
        raise Refused("thread_not_found")
    for file in files:
        file.complete = True
    if channel:
        comment = call.arguments.text("initial_comment")
        share = partial(_share, call.emulator, files, channel, thread_ts, comment)
        call.emulator.later(_SHARING_TAKES_SECONDS, share)
    return {"files": [{"id": file.id, "title": file.title or file.name} for file in files]}


def _named(call: Call, entry: object) -> File:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise bad_arguments("each file must have an id")
    file = call.emulator.files.uploaded(entry["id"])
    file.title = entry.get("title") or ""
    return file


def _share(
    emulator: Emulator, files: list[File], channel: Channel, thread_ts: str | None, comment: str
) -> None:
    here = emulator.workspace
    message = Message(here.next_ts(), here.bot.id, comment, by_app=True, thread_ts=thread_ts)
    for file in files:
        file.shares.append((channel, message.ts, thread_ts))
    message.files = [file.as_json(here, emulator.base_url) for file in files]
    here.post(channel, message)


def _info(call: Call) -> JSON:
    file = call.emulator.files.complete(call.arguments.needed("file"))
    return {"file": file.as_json(call.workspace, call.emulator.base_url), "comments": []}


def _delete(call: Call) -> JSON:
    """Takes the file out of the messages it was shared in; an empty message goes with it."""
    file = call.emulator.files.complete(call.arguments.needed("file"))
    call.emulator.files.delete(file)
    for channel, ts, _ in file.shares:
        message = channel.messages.get(ts)
        if message is None:
            continue
        message.files = [told for told in message.files if told["id"] != file.id]
        if message.files or message.text:
            call.workspace.change(channel, message, call.bot)
        else:
            call.workspace.remove(channel, message)
    return {}


METHODS: Final = {
    "files.getUploadURLExternal": Method(_begin, scope="files:write", tier=Tier.FOUR),
    "files.completeUploadExternal": Method(
        _complete, scope="files:write", tier=Tier.FOUR, writes=True
    ),
    "files.info": Method(_info, scope="files:read", tier=Tier.FOUR),
    "files.delete": Method(_delete, scope="files:write", writes=True),
}
