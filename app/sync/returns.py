"""A mail we know turns up under a new UID: it was moved here, or came back. No new card for it."""

from collections.abc import Collection

from app.core.ids import MessageId
from app.store.models import Account, Mailbox
from app.store.unit_of_work import UnitOfWork


async def note_return(
    uow: UnitOfWork, account: Account, mailbox: Mailbox, message_ids: Collection[MessageId]
) -> None:
    """Have its card show where it is, and the places it was known at looked at once more."""
    if not message_ids:
        return
    conversations = await uow.messages.conversation_of_each(message_ids)
    for message_id, conversation_id in conversations.items():
        uow.emit(
            "message.moved",
            account_id=account.id,
            conversation_id=conversation_id,
            message_id=str(message_id),
            to=str(mailbox.id),
        )
    for _, elsewhere in await uow.ledger.live_of_messages(message_ids):
        if elsewhere.id != mailbox.id:
            elsewhere.next_reconcile_at = None
    await uow.conversations.raise_versions(set(conversations.values()))
    await uow.cards_are_stale(conversations.values())
