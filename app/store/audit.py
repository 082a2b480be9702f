"""Writing down an act that matters for security, in the transaction that does it."""

from typing import Any

from app.core.access import Actor
from app.core.ids import AuditEntryId, new_id
from app.store.models import AuditEntry
from app.store.unit_of_work import UnitOfWork


def audit(
    uow: UnitOfWork,
    actor: Actor,
    act: str,
    *,
    about: str = "",
    address: str = "",
    **data: Any,  # noqa: ANN401 -- whatever JSON can say
) -> None:
    """Add a line to the audit log, and an event `audit.recorded` that names it.

    `act` is a noun and what became of it, such as `api_key.created`; `about` is what it was done
    to, in words; `data` holds ids and plain facts. None of it may be a secret.
    """
    entry = AuditEntry(
        id=AuditEntryId(new_id()),
        workspace_id=uow.workspace_id,
        act=act,
        about=about,
        actor_id=actor.teammate_id,
        actor_name=actor.name,
        origin=actor.origin,
        address=address,
        data=data,
    )
    uow.audit.add(entry)
    uow.emit("audit.recorded", entry_id=str(entry.id), act=act)
