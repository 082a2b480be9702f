"""Leaving the list that a mail came by: because a person asks for it, and never otherwise.

Where one request is enough, a job makes it (`sending.leave_list`). Where the list wants a mail,
that is a mail of ours like any other, with its undo window. A page is for a person to open.
"""

import asyncio
from dataclasses import dataclass

from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import ConversationId, WorkspaceId
from app.mail.address import Address
from app.mail.lists import Way, WayOut, way_out
from app.mail.scan import MOST_HEADER, header_of, scan
from app.sending.context import Writing
from app.sending.enqueue import enqueue
from app.sending.gather import original_of, usual_sender
from app.sending.wanted import Wanted
from app.sending.write import Written, write
from app.store.blobs import Blobs
from app.store.models import ListExit, ListExitState, Message, OutgoingMode, OutgoingState
from app.store.queue import leave_list
from app.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Exit:
    """The way out of the list by which the last mail of a conversation came."""

    message: Message
    way: WayOut
    sender: str
    """The address of ours that the list knows."""


async def find_exit(
    store: Store, blobs: Blobs, workspace_id: WorkspaceId, conversation_id: ConversationId
) -> Exit | None:
    """None where the mail names none. Raises `NotFound`."""
    async with store.begin(workspace_id) as uow:
        conversation = await uow.conversations.get(conversation_id)
        account = await uow.accounts.get(conversation.account_id)
        identities = await uow.identities.of_account(account.id)
        message = await uow.messages.latest(conversation_id)
    if message is None:
        return None
    raw = await blobs.part(message.raw_sha256, 0, MOST_HEADER)
    way = await asyncio.to_thread(_way_out, raw)
    if way is None:
        return None
    sender = usual_sender(account, identities, original_of(message))
    return Exit(message, way, sender.address)


def _way_out(raw: bytes) -> WayOut | None:
    return way_out(scan(header_of(raw) + b"\r\n\r\n").root.headers)


async def letter(on: Writing, actor: Actor, exit_: Exit) -> Written | None:
    """The mail that asks to be taken off, where the list wants one. Raises as `write` does."""
    if exit_.way.way is not Way.MAIL or exit_.way.letter is None:
        return None
    asked = exit_.way.letter
    wanted = Wanted(
        account_id=exit_.message.account_id,
        mode=OutgoingMode.NEW,
        conversation_id=exit_.message.conversation_id,
        sender=exit_.sender,
        to=(Address("", asked.to),),
        subject=asked.subject,
        text=asked.text,
        quote=False,
        sign=False,
    )
    return await write(on, actor, wanted)


async def leave(uow: UnitOfWork, actor: Actor, exit_: Exit, written: Written | None) -> ListExit:
    """Have the list left. Raises `Conflict` where that was asked for already, or takes a person."""
    message, way = exit_.message, exit_.way
    if way.way is Way.LINK:
        raise Conflict(
            "This list can only be left on its own page.", fix=f"Open it yourself: {way.url}"
        )
    await uow.conversations.lock(message.conversation_id)  # one at a time asks
    await _check_not_asked(uow, message.conversation_id)
    row = ListExit(
        workspace_id=uow.workspace_id,
        account_id=message.account_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        origin=actor.origin,
        requested_by_id=actor.teammate_id,
        way=way.way,
        whom=way.whom,
        url=way.url if way.way is Way.ONE_CLICK else "",
        state=ListExitState.ASKED,
    )
    if written is not None:
        row.outgoing_id = (await enqueue(uow, actor, written)).id
        row.state = ListExitState.MAILED
    await uow.list_exits.add(row)
    if row.state is ListExitState.ASKED:
        uow.leave(leave_list(uow.workspace_id, row.id))
    tell(uow, row)
    await uow.cards_are_stale([row.conversation_id])
    return row


def tell(uow: UnitOfWork, row: ListExit) -> None:
    """Add a line to the event log."""
    uow.emit(
        f"list_exit.{row.state}",
        account_id=row.account_id,
        conversation_id=row.conversation_id,
        list_exit_id=str(row.id),
        way=row.way,
        whom=row.whom,
        detail=row.detail,
    )


async def _check_not_asked(uow: UnitOfWork, conversation_id: ConversationId) -> None:
    """A mail that was taken back, and a refusal, asked for nothing."""
    before = await uow.list_exits.latest(conversation_id)
    match before.state if before else None:
        case ListExitState.ASKED:
            raise Conflict("The list is being asked already.")
        case ListExitState.DONE:
            raise Conflict("This list was left already. Mail that is on its way may still come.")
        case ListExitState.MAILED if before and before.outgoing_id:
            outgoing = await uow.outgoing.get(before.outgoing_id)
            if outgoing.state not in {OutgoingState.CANCELLED, OutgoingState.FAILED}:
                raise Conflict("A mail has asked the list already.")
