"""Attaching the raw mail in the thread of its quarantine post, by Slack's three steps.

An upload that was begun and not completed is invisible, so it may be begun again. The file id is
noted before the upload is completed; found again, it tells whether the file was shared.
(docs.slack.dev/messaging/working-with-files)
"""

from app.core.faults import faultpoint
from app.core.ids import ChannelId, PostId, WorkspaceId
from app.feed.port import MessageGone, SlackFeed
from app.store.blobs import Blobs
from app.store.unit_of_work import Store


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
        assert post.placement_id is not None
        placement = await uow.ledger.get(post.placement_id)
    assert placement.raw_sha256 is not None
    if post.file_id and await _is_shared(slack, post.file_id, post.channel_id):
        return post.file_id
    raw = await blobs.get(placement.raw_sha256)
    filename = f"mail-{placement.raw_sha256.hex()[:12]}.eml"
    upload = await slack.begin_upload(filename, len(raw))
    async with store.begin(workspace_id) as uow:
        (await uow.posts.lock(post_id)).file_id = upload.file_id
    await slack.send_bytes(upload, raw)
    faultpoint("K15")
    await slack.complete_upload(upload.file_id, filename, post.channel_id, thread_ts=thread_ts)
    faultpoint("K16")
    return upload.file_id


async def _is_shared(slack: SlackFeed, file_id: str, channel_id: ChannelId) -> bool:
    try:
        return await slack.is_shared(file_id, channel_id)
    except MessageGone:
        return False
