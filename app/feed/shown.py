"""What a post that is in Slack now brings about: its mail may count as read on the server."""

from typing import Final

from app.store.models import Post, ReadPolicy
from app.store.queue import mark_read
from app.store.unit_of_work import UnitOfWork

MARKS_READ: Final = "marks_read"
"""In a post’s payload: its account wanted so when the post was made."""


def note_shown(uow: UnitOfWork, post: Post) -> None:
    if post.payload.get(MARKS_READ) and post.conversation_id and post.message_id:
        uow.leave(
            mark_read(uow.workspace_id, post.conversation_id, ReadPolicy.SHOWN, post.message_id)
        )
