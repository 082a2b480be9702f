"""From the cards that are held back to what their digest shows."""

from typing import Final

from app.feed.view import DigestView, HeldView
from app.store.models import Post
from app.store.unit_of_work import UnitOfWork

_LISTED: Final = 10


async def load_digest(uow: UnitOfWork, post: Post) -> DigestView:
    if (total := post.payload.get("total")) is not None:
        return DigestView(post.id, total, waiting=0, first=(), is_asked_for=True)
    channel = await uow.channels.get(post.channel_id)
    held = await uow.posts.held_cards(post.channel_id, limit=_LISTED)
    waiting, _, last = await uow.posts.count_held(post.channel_id)
    return DigestView(
        post_id=post.id,
        total=await uow.posts.count_cards(post.channel_id, post.payload["first"], last),
        waiting=waiting,
        first=tuple(HeldView(mail.subject, mail.from_name, mail.from_address) for mail in held),
        is_asked_for=last <= channel.all_through,
    )
