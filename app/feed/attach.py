"""Attaching a mail, or a file of one, in the thread of its post, by Slack's three steps.

An upload that was begun and not completed is invisible, so it may be begun again. The file id is
noted before the upload is completed; found again, it tells whether the file was shared. What Slack
will not have, or never takes, is said in words instead, with the way to it (`render_file`).
(docs.slack.dev/messaging/working-with-files)
"""

import asyncio
from dataclasses import dataclass

from app.core.faults import faultpoint
from app.core.ids import ChannelId, PostId, WorkspaceId
from app.feed.mrkdwn import plain
from app.feed.port import MessageGone, SlackFeed
from app.mail.transfer import decode
from app.store.blobs import Blobs
from app.store.models import Attachment, Post, PostKind
from app.store.unit_of_work import Store, UnitOfWork


async def attach(
    store: Store,
    blobs: Blobs,
    slack: SlackFeed,
    workspace_id: WorkspaceId,
    post_id: PostId,
    thread_ts: str,
) -> str:
    """Share the file; answers its Slack file id. May be killed and called again at any point."""
    async with store.begin(workspace_id) as uow:
        post = await uow.posts.get(post_id)
        source = await source_of(uow, post)
    if post.file_id and await _is_shared(slack, post.file_id, post.channel_id):
        return post.file_id
    data, filename = await _bytes_of(blobs, source), source.filename
    upload = await slack.begin_upload(filename, len(data))
    async with store.begin(workspace_id) as uow:
        (await uow.posts.lock(post_id)).file_id = upload.file_id
    await slack.send_bytes(upload, data)
    faultpoint("K15")
    await slack.complete_upload(upload.file_id, filename, post.channel_id, thread_ts=thread_ts)
    faultpoint("K16")
    return upload.file_id


async def _bytes_of(blobs: Blobs, source: "Source") -> bytes:
    if (file := source.file) is None:
        return await blobs.get(source.digest)
    data = await blobs.part(source.digest, file.offset, file.length)
    return await asyncio.to_thread(decode, data, file.encoding)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes are: a mail, or a file of one."""

    digest: bytes
    filename: str
    file: Attachment | None = None


def is_upload(post: Post) -> bool:
    """Whether the post is to be a file, and not the line that stands for one."""
    return post.kind is PostKind.FILE and not post.payload.get("plain")


async def source_of(uow: UnitOfWork, post: Post) -> Source:
    if post.message_id is not None:
        message = await uow.messages.get(post.message_id)
        n = post.payload.get("n")
        files = await uow.messages.attachments([message.id]) if n else ()
        file = next((one for one in files if one.n == n), None)
        name = plain(file.filename) if file else _eml(message.raw_sha256)
        return Source(message.raw_sha256, name, file)
    assert post.placement_id is not None
    placement = await uow.ledger.get(post.placement_id)
    assert placement.raw_sha256 is not None
    return Source(placement.raw_sha256, _eml(placement.raw_sha256))


def _eml(digest: bytes) -> str:
    return f"mail-{digest.hex()[:12]}.eml"


async def _is_shared(slack: SlackFeed, file_id: str, channel_id: ChannelId) -> bool:
    try:
        return await slack.is_shared(file_id, channel_id)
    except MessageGone:
        return False
