"""From a command that gave a conversation to somebody to what tells of it."""

from uuid import UUID

from app.core.ids import CommandId, NoteId, TeammateId
from app.feed.view import AssignedView, Person
from app.store.models import Post, Teammate
from app.store.unit_of_work import UnitOfWork


async def load_assigned(uow: UnitOfWork, post: Post) -> AssignedView:
    """Raises `NotFound`."""
    command = await uow.commands.get(CommandId(UUID(post.payload["assigned_by"])))
    assert command.conversation_id is not None
    conversation = await uow.conversations.get(command.conversation_id)
    account = await uow.accounts.get(conversation.account_id)
    assignee_id = TeammateId(UUID(command.params["assignee_id"]))
    by = command.requested_by_id
    people = await uow.teammates.get_many([assignee_id, *([by] if by else [])])
    note_id = command.params.get("note_id")
    note = await uow.notes.get(NoteId(UUID(note_id))) if note_id else None
    return AssignedView(
        subject=conversation.subject,
        address=account.address,
        by=_person(people, by),
        to=_person(people, assignee_id),
        note=note.text if note else "",
        link=post.payload.get("link"),
    )


def _person(people: dict[TeammateId, Teammate], id_: TeammateId | None) -> Person | None:
    teammate = people.get(id_) if id_ else None
    return Person(teammate.name, teammate.slack_user_id) if teammate else None
