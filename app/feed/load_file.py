"""From a file that Slack does not have to the line that stands for it."""

from app.feed.attach import source_of
from app.feed.view import LeftOutView
from app.store.models import Post
from app.store.unit_of_work import UnitOfWork


async def load_left_out(uow: UnitOfWork, post: Post, pages: str) -> LeftOutView:
    """`pages`: where our own pages begin. Raises `NotFound`."""
    source = await source_of(uow, post)
    where = f"conversations/{post.conversation_id}" if post.conversation_id else "quarantine"
    link = f"{pages.rstrip('/')}/{where}" if pages else ""
    return LeftOutView(source.filename, str(post.payload.get("refused", "")), link)
