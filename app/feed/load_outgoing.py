"""From the rows of a mail of ours to what is shown of it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.core.ids import ConversationId, OutgoingId
from app.feed.port import NothingToShow
from app.feed.view import FileView, MailView, OutgoingView, Person
from app.store.models import (
    WAITING,
    Filing,
    Outgoing,
    OutgoingRecipient,
    OutgoingState,
    Post,
    RecipientKind,
    RecipientState,
)
from app.store.repositories.outgoing import OutgoingFilter
from app.store.unit_of_work import UnitOfWork

_LOOKED_AT: Final = 10


async def load_outgoing_of(uow: UnitOfWork, post: Post) -> OutgoingView:
    """The mail that a post tells of. Raises `NotFound` where it is gone, and `NothingToShow`."""
    return await _view(uow, await _outgoing_of(uow, post))


async def load_latest(uow: UnitOfWork, conversation_id: ConversationId) -> OutgoingView | None:
    """The last mail of ours in a conversation that was not taken back, or may have left."""
    wanted = OutgoingFilter(conversation_id=conversation_id)
    for outgoing in await uow.outgoing.page(wanted, before=None, limit=_LOOKED_AT):
        if outgoing.state is not OutgoingState.CANCELLED or outgoing.was_dropped:
            return await _view(uow, outgoing)
    return None


async def load_begun_by_us(uow: UnitOfWork, post: Post) -> MailView:
    """What the card of a conversation shows that began with a mail of ours. Raises as above."""
    outgoing = await _outgoing_of(uow, post)
    files = await uow.outgoing.files(outgoing.id)
    return MailView(
        sender_name=outgoing.author or outgoing.from_name,
        sender_address=outgoing.from_address,
        received_at=outgoing.sent_at or outgoing.created_at,
        excerpt=outgoing.text,
        files=tuple(FileView(file.filename, file.size) for file in files),
        cc_count=len(await uow.outgoing.recipients(outgoing.id)) - 1,
    )


async def _outgoing_of(uow: UnitOfWork, post: Post) -> Outgoing:
    try:
        outgoing_id = OutgoingId(UUID(post.payload["outgoing_id"]))
    except (KeyError, ValueError):
        raise NothingToShow("It names no mail, neither one that came in nor one of ours.") from None
    return await uow.outgoing.get(outgoing_id)


async def _view(uow: UnitOfWork, outgoing: Outgoing) -> OutgoingView:
    recipients = await uow.outgoing.recipients(outgoing.id)
    files = await uow.outgoing.files(outgoing.id)
    account = await uow.accounts.get(outgoing.account_id)
    asked_by = outgoing.requested_by_id
    teammates = await uow.teammates.get_many([asked_by] if asked_by else [])
    teammate = teammates.get(asked_by) if asked_by else None
    return OutgoingView(
        id=outgoing.id,
        mode=outgoing.mode,
        state=outgoing.state,
        by=Person(outgoing.author, teammate.slack_user_id if teammate else None),
        to=_of_kind(recipients, RecipientKind.TO),
        cc=_of_kind(recipients, RecipientKind.CC),
        bcc_count=len(_of_kind(recipients, RecipientKind.BCC)),
        text=outgoing.text,
        files=tuple(FileView(file.filename, file.size) for file in files),
        due_at=outgoing.due_at,
        sent_at=outgoing.sent_at,
        detail=outgoing.detail,
        subject=outgoing.subject,
        is_held=account.paused_at is not None and outgoing.state in WAITING,
        cancel_if_answered=outgoing.cancel_if_answered,
        needs_a_person=outgoing.state is OutgoingState.UNKNOWN and outgoing.settled_at is not None,
        is_only_late=outgoing.is_only_late,
        was_dropped=outgoing.was_dropped,
        is_filed=outgoing.filing is not Filing.FAILED,
        bounced=tuple(
            f"{one.address}: {one.detail}"
            for one in recipients
            if one.state is RecipientState.BOUNCED
        ),
    )


def _of_kind(recipients: Sequence[OutgoingRecipient], kind: RecipientKind) -> tuple[str, ...]:
    return tuple(one.address for one in recipients if one.kind is kind)
