"""From rows to what a card shows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from app.core.access import Origin
from app.core.ids import CommandId, MessageId, TeammateId
from app.feed.load_list_exit import load_list_exit
from app.feed.load_outgoing import load_begun_by_us, load_latest
from app.feed.load_proposal import load_proposal
from app.feed.load_rearranged import load_elsewhere
from app.feed.notes import notes
from app.feed.view import (
    MOVES,
    CardView,
    CommandView,
    ElsewhereView,
    FailedView,
    FileView,
    MailView,
    Person,
    QuarantineView,
    Where,
)
from app.mail.flags import ANSWERED, FLAGGED, SEEN
from app.mailbox.port import Role
from app.store.models import (
    Attachment,
    Command,
    CommandState,
    CommandType,
    Direction,
    Mailbox,
    Message,
    Placement,
    PlacementState,
    Post,
    Teammate,
)
from app.store.repositories.drawing import Sources
from app.store.unit_of_work import UnitOfWork

_PUT_AWAY: Final[dict[Role | None, Where]] = {
    Role.ARCHIVE: Where.ARCHIVE,
    Role.TRASH: Where.TRASH,
    Role.JUNK: Where.JUNK,
}
_UNDOABLE: Final = frozenset(CommandType) - {
    CommandType.RESTORE,
    CommandType.DONE,
    CommandType.REOPEN,
    CommandType.SNOOZE,
}
"""Done and Reopen undo each other, and Wake now undoes Snooze, by their own buttons."""


async def load_card(uow: UnitOfWork, sources: Sources, site: str, pages: str = "") -> CardView:
    """Everything a card shows. Raises `NotFound` where the conversation is gone.

    `site`: where links to cards begin; `pages`: where our own do.
    """
    post, around = sources.post, sources.around
    assert post.conversation_id is not None
    conversation = await uow.conversations.get(post.conversation_id)
    account = await uow.accounts.get(conversation.account_id)
    message = await uow.messages.get(post.message_id) if post.message_id else None
    outgoing = await load_latest(uow, conversation.id) if around.has_outgoing else None
    placed = await uow.ledger.live_of_conversation(conversation.id)
    commands = await uow.commands.of_conversation(conversation.id) if around.has_commands else []
    command = _command_to_show(commands)
    people = await _people(
        uow,
        conversation.assignee_id,
        conversation.done_by_id,
        command.requested_by_id if command else None,
    )
    drafts = await uow.drafts.writing(conversation.id) if around.has_drafts else []
    writing = [one.author_id for one in drafts]
    writers = await _people(uow, *writing)
    shown = None
    if command:
        holds = await _still_holds(uow, command, placed)
        is_held = account.paused_at is not None
        shown = replace(_command_view(command, people, holds=holds), is_held=is_held)
    where, folder = _where(placed, is_ours=post.message_id is None)
    received = [placement for placement, mailbox in placed if mailbox.role != Role.SENT]
    return CardView(
        conversation_id=conversation.id,
        address=account.address,
        subject=conversation.subject,
        mail=await _mail(uow, message, pages) if message else await load_begun_by_us(uow, post),
        page=_page(pages, f"conversations/{conversation.id}"),
        further_mails=around.further_mails,
        first_contact=around.is_first_contact,
        assignee=people.get(conversation.assignee_id),
        done_by=people.get(conversation.done_by_id),
        done_at=conversation.done_at,
        is_done=conversation.status == "done",
        snoozed_until=conversation.snoozed_until,
        snoozed_until_reply=conversation.snoozed_until_reply,
        waiting_since=conversation.waiting_since,
        where=where,
        folder=folder,
        flagged=any(FLAGGED in placement.flags for placement in received),
        read=bool(received) and all(SEEN in placement.flags for placement in received),
        answered=_is_answered(received),
        tags=tuple(conversation.tags),
        command=shown,
        outgoing=outgoing,
        writers=tuple(writers[one] for one in writing if one in writers),
        proposal=await load_proposal(uow, conversation),
        list_exit=await load_list_exit(uow, conversation.id) if around.has_list_exits else None,
        merged_into=await load_elsewhere(uow, conversation, post.channel_id, site),
        follow_up_at=conversation.follow_up_at,
        no_answer_since=conversation.no_answer_since,
    )


async def load_mail(uow: UnitOfWork, message_id: MessageId, pages: str = "") -> MailView:
    return await _mail(uow, await uow.messages.get(message_id), pages)


async def load_command(uow: UnitOfWork, post: Post) -> CommandView:
    """The command that a notice is about."""
    command = await uow.commands.get(CommandId(UUID(post.payload["command_id"])))
    return _command_view(command, await _people(uow, command.requested_by_id), holds=True)


async def load_failed(uow: UnitOfWork, post: Post) -> FailedView:
    """What its asker is told directly of a command that was given up. Raises `NotFound`."""
    command = await load_command(uow, post)
    subject = address = ""
    if post.conversation_id is not None:
        conversation = await uow.conversations.get(post.conversation_id)
        account = await uow.accounts.get(conversation.account_id)
        subject, address = conversation.subject, account.address
    return FailedView(command, ElsewhereView(subject, address, post.payload.get("link")))


async def load_quarantine(uow: UnitOfWork, post: Post) -> QuarantineView:
    assert post.placement_id is not None
    placement = await uow.ledger.get(post.placement_id)
    mailbox = await uow.mailboxes.get(placement.mailbox_id)
    account = await uow.accounts.get(mailbox.account_id)
    return QuarantineView(
        placement_id=placement.id,
        address=account.address,
        folder=mailbox.name,
        reason=placement.reason,
        received_at=placement.internaldate,
        has_raw=placement.raw_sha256 is not None,
        settled=placement.state not in {PlacementState.QUARANTINED, PlacementState.PENDING},
        pending=placement.state is PlacementState.PENDING,
    )


async def _mail(uow: UnitOfWork, message: Message, pages: str) -> MailView:
    files = await uow.messages.attachments([message.id]) if message.attachment_count else []
    return MailView(
        sender_name=message.from_name,
        sender_address=message.from_address,
        received_at=message.received_at,
        excerpt=message.excerpt,
        files=tuple(_file(pages, one) for one in files if not one.inline),
        id=message.id,
        cc_count=len(message.cc),
        is_ours=message.direction is Direction.OUTBOUND,
        sent_with=message.sent_with,
        notes=notes(message),
    )


def _file(pages: str, file: Attachment) -> FileView:
    link = _page(pages, f"messages/{file.message_id}/files/{file.n}")
    return FileView(file.filename, file.size, link)


def _page(pages: str, path: str) -> str:
    return f"{pages.rstrip('/')}/{path}" if pages else ""


def _where(
    placed: Sequence[tuple[Placement, Mailbox]], *, is_ours: bool
) -> tuple[Where, str | None]:
    """Where the mails lie, and the folder to name. What we sent ourselves does not count."""
    folders = [mailbox for _, mailbox in placed if mailbox.role != Role.SENT]
    if not folders:
        return (Where.HERE if placed or is_ours else Where.GONE), None
    at_work = [one for one in folders if one.watched and _role(one) not in _PUT_AWAY]
    if at_work:
        return Where.HERE, at_work[-1].name
    put_away = [_PUT_AWAY.get(_role(one)) for one in folders]
    if None in put_away:
        return Where.ELSEWHERE, folders[-1].name
    return put_away[-1] or Where.ELSEWHERE, folders[-1].name


def _role(mailbox: Mailbox) -> Role | None:
    return Role(mailbox.role) if mailbox.role else None


def _command_to_show(commands: Sequence[Command]) -> Command | None:
    """The last wish, unless it came to nothing or was an Undo that worked."""
    for command in commands:
        if command.state in {CommandState.CANCELLED, CommandState.UNDONE}:
            continue
        if command.type is CommandType.MARK_READ and command.origin is Origin.SYSTEM:
            continue  # the account wants so; nobody asked for it
        if command.type is CommandType.RESTORE and command.state is CommandState.DONE:
            return None
        return command
    return None


def _is_answered(received: Sequence[Placement]) -> bool:
    latest = max(received, key=lambda one: (one.internaldate or one.seen_at, one.uid), default=None)
    return latest is not None and ANSWERED in latest.flags


def _command_view(
    command: Command, people: dict[TeammateId | None, Person], *, holds: bool
) -> CommandView:
    return CommandView(
        id=command.id,
        type=command.type,
        state=command.state,
        detail=command.detail,
        folder=command.params.get("folder"),
        by=people.get(command.requested_by_id) if holds else None,
        at=command.settled_at or command.created_at,
        can_be_undone=command.type in _UNDOABLE
        and command.state in {CommandState.QUEUED, CommandState.DONE}
        and holds,
    )


async def _still_holds(
    uow: UnitOfWork, command: Command, placed: Sequence[tuple[Placement, Mailbox]]
) -> bool:
    """Whether a mail lies where the command put it.

    Others move mail, too: where they moved it on, the command explains nothing and undoes nothing.
    """
    if command.state is not CommandState.DONE or command.type not in MOVES:
        return True
    places = {(one.mailbox_id, one.uidvalidity, one.uid) for one, _ in placed}
    return any(
        (target.new_mailbox_id, target.new_uidvalidity, target.new_uid) in places
        for target in await uow.commands.targets(command.id)
    )


async def _people(uow: UnitOfWork, *ids: TeammateId | None) -> dict[TeammateId | None, Person]:
    found = await uow.teammates.get_many([id_ for id_ in ids if id_ is not None])
    return {id_: _person(teammate) for id_, teammate in found.items()}


def _person(teammate: Teammate) -> Person:
    return Person(teammate.name, teammate.slack_user_id)
