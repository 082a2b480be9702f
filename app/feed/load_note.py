"""From a note's row to what its line shows."""

from uuid import UUID

from app.core.ids import NoteId
from app.feed.view import NoteView, Person
from app.store.models import Post
from app.store.unit_of_work import UnitOfWork


async def load_note(uow: UnitOfWork, post: Post) -> NoteView:
    """Raises `NotFound`."""
    note = await uow.notes.get(NoteId(UUID(post.payload["note_id"])))
    return NoteView(Person(note.author_name), note.text)
