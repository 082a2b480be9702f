"""A mail that was sent becomes a mail of its conversation, at once: nobody waits for Sent."""

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from app.core.ids import MessageId, new_id
from app.mail.address import Address
from app.mail.parsed import ParsedMail
from app.sending.read_back import from_rows
from app.store.models import (
    Account,
    ConversationStatus,
    Direction,
    Outgoing,
    OutgoingMode,
    ReadPolicy,
)
from app.store.new import NewAttachment, NewMessage
from app.store.queue import mark_read
from app.store.unit_of_work import UnitOfWork

_MOST_PARTICIPANTS: Final = 50


async def join_conversation(
    uow: UnitOfWork, account: Account, outgoing: Outgoing, parsed: ParsedMail | None
) -> None:
    """Store it as a message that went out, and note what that changes about its conversation.

    Where the copy in Sent was seen first, that is the message. Without `parsed` it is made from
    what was written down. Where its conversation was merged meanwhile, it is the other one's.
    """
    outgoing.conversation_id = (await uow.conversations.head(outgoing.conversation_id)).id
    known = await uow.messages.by_internet_message_id(account.id, [outgoing.internet_message_id])
    if known:
        outgoing.message_id = known[0].id
    else:
        if parsed is None:
            recipients = await uow.outgoing.recipients(outgoing.id)
            parsed = from_rows(outgoing, recipients)
        outgoing.message_id = await _store(uow, account, outgoing, parsed)
    await _note(uow, outgoing, is_new=not known)
    step = ReadPolicy.DONE if outgoing.then_done else ReadPolicy.ANSWERED
    if outgoing.mode is not OutgoingMode.FORWARD and account.mark_read.includes(step):
        uow.leave(mark_read(uow.workspace_id, outgoing.conversation_id, step))


async def _store(
    uow: UnitOfWork, account: Account, outgoing: Outgoing, parsed: ParsedMail
) -> MessageId:
    assert outgoing.sent_at is not None
    message = NewMessage(
        workspace_id=uow.workspace_id,
        id=MessageId(new_id()),
        account_id=account.id,
        conversation_id=outgoing.conversation_id,
        direction=Direction.OUTBOUND,
        internet_message_id=outgoing.internet_message_id,
        in_reply_to=parsed.in_reply_to,
        reference_ids=list(parsed.references),
        subject=outgoing.subject,
        from_name=outgoing.from_name,
        from_address=outgoing.from_address,
        to=_people(parsed.to),
        cc=_people(parsed.cc),
        sent_at=parsed.sent_at,
        received_at=outgoing.sent_at,
        body=parsed.body,
        excerpt=outgoing.text.strip(),
        has_html=parsed.has_html,
        attachment_count=len(parsed.attachments),
        size=outgoing.size,
        raw_sha256=outgoing.raw_sha256,
    )
    files = [
        NewAttachment(workspace_id=uow.workspace_id, message_id=message.id, **asdict(file))
        for file in parsed.attachments
    ]
    await uow.messages.add_all([message], files)
    await uow.contacts.note([message])
    uow.emit(
        "message.sent",
        account_id=account.id,
        conversation_id=outgoing.conversation_id,
        message_id=str(message.id),
        outgoing_id=str(outgoing.id),
    )
    return message.id


async def _note(uow: UnitOfWork, outgoing: Outgoing, *, is_new: bool) -> None:
    assert outgoing.sent_at is not None
    conversation = await uow.conversations.lock(outgoing.conversation_id)
    conversation.version += 1
    if is_new:
        conversation.message_count += 1
    conversation.last_message_at = max(conversation.last_message_at, outgoing.sent_at)
    people = dict.fromkeys(conversation.participants)
    for one in await uow.outgoing.recipients(outgoing.id):
        people[one.address.lower()] = None
    conversation.participants = list(people)[:_MOST_PARTICIPANTS]
    conversation.acted_at = outgoing.sent_at
    if outgoing.mode is not OutgoingMode.FORWARD:
        conversation.waiting_since = conversation.reminded_of = None
        conversation.answered_at, conversation.no_answer_since = outgoing.sent_at, None
    if outgoing.follow_up_days:
        conversation.follow_up_at = outgoing.sent_at + timedelta(days=outgoing.follow_up_days)
        conversation.follow_up_by_id = outgoing.requested_by_id
    if outgoing.then_done and conversation.status is not ConversationStatus.DONE:
        conversation.status = ConversationStatus.DONE
        conversation.done_by_id, conversation.done_at = outgoing.requested_by_id, outgoing.sent_at
        conversation.wake_up()
        uow.emit(
            "conversation.done",
            account_id=conversation.account_id,
            conversation_id=conversation.id,
            status=conversation.status,
            assignee_id=str(conversation.assignee_id) if conversation.assignee_id else None,
        )


def _people(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]
