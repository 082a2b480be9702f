"""What the team says among itself."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import ChannelId, ConversationId, NoteId, TeammateId
from app.store.models import Note
from app.store.repositories.base import Repository


class Notes(Repository):
    async def add(self, note: Note) -> bool:
        """Keep a note; answers whether it is new. The same message is one note."""
        statement = (
            insert(Note)
            .values(**note.model_dump(exclude={"created_at"}))
            .on_conflict_do_nothing()
            .returning(col(Note.id))
        )
        return (await self._session.exec(statement)).scalar_one_or_none() is not None

    async def get(self, note_id: NoteId) -> Note:
        """Raises `NotFound`."""
        note = await self._session.get(Note, (self._workspace_id, note_id))
        if note is None:
            raise NotFound("There is no such note.")
        return note

    async def lock_message(self, channel_id: ChannelId, ts: str) -> Note | None:
        """The note that a message in Slack is, held against other changes until we commit."""
        statement = (
            select(Note)
            .where(
                Note.workspace_id == self._workspace_id,
                Note.channel_id == channel_id,
                Note.ts == ts,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def of_conversation(
        self, conversation_id: ConversationId, *, limit: int = 500
    ) -> Sequence[Note]:
        """Those that were not deleted, the oldest first."""
        statement = (
            select(Note)
            .where(
                Note.workspace_id == self._workspace_id,
                Note.conversation_id == conversation_id,
                col(Note.deleted_at).is_(None),
            )
            .order_by(col(Note.id))
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def has_typed(self, author_id: TeammateId) -> bool:
        """Whether this person has a note that was typed in a thread, and not in a window."""
        statement = (
            select(Note.id)
            .where(
                Note.workspace_id == self._workspace_id,
                Note.author_id == author_id,
                col(Note.channel_id).is_not(None),
            )
            .limit(1)
        )
        return (await self._session.exec(statement)).one_or_none() is not None
