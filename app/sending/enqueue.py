"""Asking for a written mail to be sent: one row, in the transaction of whoever asks.

It may be taken back until its undo window is over, or until the time it was given.
"""

from datetime import datetime, timedelta

from app.core.access import Actor
from app.core.ids import ConversationId, PostId, new_id
from app.mail.threading import subject_key
from app.sending.gather import check_not_merged
from app.sending.guard import check_seen
from app.sending.write import Written
from app.store.models import (
    Account,
    Outgoing,
    OutgoingFile,
    OutgoingRecipient,
    OutgoingState,
    PostKind,
)
from app.store.new import NewConversation, NewPost
from app.store.queue import drain_outgoing
from app.store.telling import tell_author
from app.store.unit_of_work import UnitOfWork


async def enqueue(uow: UnitOfWork, actor: Actor, written: Written) -> Outgoing:
    """Write the row and show it in the conversation. Raises `NotFound` and `Conflict`.

    Whoever names what they have seen is told here of what they have not: nothing can come between
    this and the row.
    """
    wanted = written.wanted
    account = await uow.accounts.get(wanted.account_id)
    conversation_id = await _conversation(uow, written)
    await check_seen(uow, wanted)
    now = await uow.outgoing.time()
    state, due_at = _when(written, now)
    outgoing = _row(actor, written, conversation_id, state, due_at)
    outgoing.post_id = await _show(uow, account, outgoing)
    await uow.outgoing.add(outgoing, _recipients(outgoing, written), _files(outgoing, written))
    links = {outgoing.internet_message_id: conversation_id}
    await uow.threads.link(account.id, links)
    tell(uow, outgoing, "queued")
    if state is OutgoingState.QUEUED:
        uow.leave(drain_outgoing(uow.workspace_id, account.id))
    await uow.cards_are_stale([conversation_id])
    return outgoing


def tell(uow: UnitOfWork, outgoing: Outgoing, what: str) -> None:
    """Add a line about the mail to the event log."""
    uow.emit(
        f"outgoing.{what}",
        account_id=outgoing.account_id,
        conversation_id=outgoing.conversation_id,
        outgoing_id=str(outgoing.id),
        state=outgoing.state,
        detail=outgoing.detail,
    )


async def show_again(uow: UnitOfWork, outgoing: Outgoing) -> None:
    """Have what stands in Slack about the mail say what is true now."""
    if outgoing.post_id is not None:
        for channel_id in await uow.posts.refresh(outgoing.post_id):
            uow.feed_is_due(channel_id)
    for channel_id in await uow.posts.refresh_direct(outgoing.conversation_id, outgoing.id):
        uow.feed_is_due(channel_id)
    await uow.cards_are_stale([outgoing.conversation_id])


def tell_whoever_asked(uow: UnitOfWork, outgoing: Outgoing) -> None:
    """It did not go as it should, and its author may be looking elsewhere by now."""
    if outgoing.requested_by_id is not None:
        uow.leave(tell_author(uow.workspace_id, outgoing.id))


def _when(written: Written, now: datetime) -> tuple[OutgoingState, datetime]:
    """In which state it begins, and when it is due."""
    undo_until = now + timedelta(seconds=written.undo_seconds)
    send_at = written.wanted.send_at
    if send_at is not None and send_at > undo_until:
        return OutgoingState.SCHEDULED, send_at
    return (OutgoingState.UNDO if written.undo_seconds else OutgoingState.QUEUED), undo_until


async def _conversation(uow: UnitOfWork, written: Written) -> ConversationId:
    """The one it belongs to, held; a new mail begins one of its own.

    Raises `Conflict` where it was merged into another one since the mail was written.
    """
    if written.gathered.conversation is not None:
        found = await uow.conversations.lock(written.gathered.conversation.id)
        check_not_merged(found)
        return found.id
    subject = written.mail.subject
    conversation = NewConversation(
        workspace_id=uow.workspace_id,
        id=ConversationId(new_id()),
        account_id=written.wanted.account_id,
        subject=subject,
        subject_key=subject_key(subject),
        first_message_at=written.gathered.now,
        last_message_at=written.gathered.now,
        participants=[address.address.lower() for _, address in written.envelope][:50],
    )
    await uow.conversations.add_all([conversation])
    return conversation.id


async def _show(uow: UnitOfWork, account: Account, outgoing: Outgoing) -> PostId:
    """Put the mail into the thread of its conversation's card, and a card where there is none."""
    about = {"outgoing_id": str(outgoing.id)}
    card = (await uow.posts.home_cards([outgoing.conversation_id])).get(outgoing.conversation_id)
    if card is not None:
        channel_id = card.channel_id
    else:
        routing = await uow.routes.of(account)
        channel_id = routing.channel(addresses=[outgoing.from_address.lower()])
        first = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=channel_id,
            kind=PostKind.CARD,
            conversation_id=outgoing.conversation_id,
            message_id=outgoing.answers_id,
            payload={} if outgoing.answers_id else about,
        )
        await uow.posts.add_all([first])
    line = NewPost(
        workspace_id=uow.workspace_id,
        channel_id=channel_id,
        kind=PostKind.OUTGOING,
        conversation_id=outgoing.conversation_id,
        payload=about,
    )
    await uow.posts.add_all([line])
    uow.feed_is_due(channel_id)
    return line.id


def _row(
    actor: Actor,
    written: Written,
    conversation_id: ConversationId,
    state: OutgoingState,
    due_at: datetime,
) -> Outgoing:
    wanted, gathered, mail = written.wanted, written.gathered, written.mail
    return Outgoing(
        workspace_id=actor.workspace_id,
        id=written.id,
        account_id=wanted.account_id,
        conversation_id=conversation_id,
        mode=wanted.mode,
        answers_id=gathered.message.id if gathered.message else None,
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        author=gathered.author,
        from_name=mail.sender.name,
        from_address=mail.sender.address,
        subject=mail.subject,
        text=written.text,
        html=wanted.html,
        quotes=wanted.quote,
        attaches_original=wanted.attach_original,
        internet_message_id=mail.message_id,
        raw_sha256=written.digest,
        size=len(written.composed.raw),
        needs_smtputf8=written.composed.needs_smtputf8,
        state=state,
        due_at=due_at,
        send_at=wanted.send_at,
        cancel_if_answered=wanted.cancel_if_answered,
        is_automatic=wanted.is_automatic,
        then_done=wanted.then_done,
        follow_up_days=wanted.follow_up_days,
    )


def _recipients(outgoing: Outgoing, written: Written) -> list[OutgoingRecipient]:
    return [
        OutgoingRecipient(
            workspace_id=outgoing.workspace_id,
            outgoing_id=outgoing.id,
            n=n,
            kind=kind,
            name=address.name,
            address=address.address,
        )
        for n, (kind, address) in enumerate(written.envelope, start=1)
    ]


def _files(outgoing: Outgoing, written: Written) -> list[OutgoingFile]:
    return [
        OutgoingFile(
            workspace_id=outgoing.workspace_id,
            outgoing_id=outgoing.id,
            n=n,
            filename=file.filename,
            content_type=file.content_type,
            size=len(file.data),
            sha256=digest,
            content_id=file.content_id,
        )
        for n, (file, digest) in enumerate(
            zip(written.mail.files, written.file_digests, strict=True), start=1
        )
    ]
