"""The ids and values of the card's buttons: a contract with scripts, and parsed like any input."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from app.core.errors import InvalidInput
from app.core.ids import (
    CommandId,
    ConversationId,
    MessageId,
    OutgoingId,
    PlacementId,
    PostId,
)


class ActionId(StrEnum):
    """`action_id`s of the card."""

    REPLY = "conversation.reply"
    PROPOSED = "conversation.proposed"
    ASSIGN_ME = "conversation.assign_me"
    DONE = "conversation.done"
    REOPEN = "conversation.reopen"
    HAND_OVER = "conversation.hand_over"
    SNOOZE = "conversation.snooze"
    WAKE = "conversation.wake"
    UNDO = "conversation.undo"
    RETRY = "conversation.retry"
    MENU = "conversation.menu"
    READ = "conversation.read"
    SEND_NOTE = "conversation.send_note"
    """Beside the word that what is typed in a thread stays internal."""
    PROCESS_AGAIN = "quarantine.process_again"
    SHOW_ALL = "digest.show_all"
    OUTGOING_UNDO = "outgoing.undo"
    OUTGOING_SEND_NOW = "outgoing.send_now"
    OUTGOING_RETRY = "outgoing.retry"
    OUTGOING_SEND_AGAIN = "outgoing.send_again"
    OUTGOING_WAS_SENT = "outgoing.was_sent"
    OUTGOING_DROP = "outgoing.drop"
    OUTGOING_EDIT = "outgoing.edit"
    REROUTE = "channel.reroute"
    """What an admin is offered where nothing can be posted in a channel."""


class MenuChoice(StrEnum):
    """The options of the card's overflow menu."""

    ARCHIVE = "archive"
    MOVE = "move"
    DELETE = "delete"
    SPAM = "spam"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class CardValue:
    """What a button carries: the conversation, and the command it is about, if any."""

    conversation_id: ConversationId
    command_id: CommandId | None = None

    def __str__(self) -> str:
        parts = (
            [self.conversation_id, self.command_id] if self.command_id else [self.conversation_id]
        )
        return "/".join(map(str, parts))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        conversation, command = id_and_more(text)
        return cls(ConversationId(conversation), CommandId(_uuid(command)) if command else None)


@dataclass(frozen=True, slots=True)
class MenuValue:
    """What an option of the overflow menu carries."""

    choice: MenuChoice
    conversation_id: ConversationId

    def __str__(self) -> str:
        return f"{self.choice}/{self.conversation_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        choice, _, conversation = text.partition("/")
        if choice not in set(MenuChoice):
            raise InvalidInput("This menu entry is not one of ours.")
        return cls(MenuChoice(choice), ConversationId(_uuid(conversation)))


def id_and_more(text: str) -> tuple[UUID, str]:
    """What a button's value begins with, and what follows its slash. Raises `InvalidInput`."""
    id_, _, more = text.partition("/")
    return _uuid(id_), more


def not_ours() -> InvalidInput:
    return InvalidInput("This button carries a value that is not ours.")


def parse_message(text: str) -> MessageId:
    """Raises `InvalidInput`."""
    return MessageId(_uuid(text))


def parse_outgoing(text: str) -> OutgoingId:
    """Raises `InvalidInput`."""
    return OutgoingId(_uuid(text))


def parse_post(text: str) -> PostId:
    """Raises `InvalidInput`."""
    return PostId(_uuid(text))


def parse_placement(text: str) -> PlacementId:
    """Raises `InvalidInput`."""
    return PlacementId(_uuid(text))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_ours() from None
