"""From the last wish to leave a list to what the card says of it."""

from app.core.ids import ConversationId
from app.feed.view import ListExitView, Person
from app.store.models import ListExitState, OutgoingState
from app.store.unit_of_work import UnitOfWork


async def load_list_exit(uow: UnitOfWork, conversation_id: ConversationId) -> ListExitView | None:
    """None as well where the mail that asked for it was taken back: its own line says so."""
    row = await uow.list_exits.latest(conversation_id)
    if row is None:
        return None
    if row.state is ListExitState.MAILED and row.outgoing_id is not None:
        outgoing = await uow.outgoing.get(row.outgoing_id)
        if outgoing.state in {OutgoingState.CANCELLED, OutgoingState.FAILED}:
            return None
    asked_by = row.requested_by_id
    people = await uow.teammates.get_many([asked_by] if asked_by else [])
    teammate = people.get(asked_by) if asked_by else None
    return ListExitView(
        state=row.state,
        whom=row.whom,
        detail=row.detail,
        by=Person(teammate.name, teammate.slack_user_id) if teammate else None,
        at=row.settled_at or row.created_at,
    )
