"""Which mails a wish is about. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.commands.types import FlagIntent, MailIntent, Move, MoveToRole
from app.mailbox.port import Role
from app.store.models import Direction, Mailbox, Message, Placement

_OURS: Final = frozenset({Role.SENT, Role.DRAFTS})
"""Folders of what the team wrote itself: filing a conversation does not touch them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A mail where it lies now."""

    message: Message
    placement: Placement
    mailbox: Mailbox


def select(intent: MailIntent, placed: Sequence[Placed]) -> list[Placed]:
    """The mails that the wish would change; empty where there is nothing left to do."""
    match intent:
        case MoveToRole():
            return [one for one in placed if one.mailbox.role not in {*_OURS, intent.role}]
        case Move():
            return [
                one
                for one in placed
                if one.mailbox.role not in _OURS and one.mailbox.name != intent.folder
            ]
        case FlagIntent():
            return _flag_targets(intent, placed)
        case _:
            return []


def _flag_targets(intent: FlagIntent, placed: Sequence[Placed]) -> list[Placed]:
    received = [one for one in placed if one.message.direction is Direction.INBOUND]
    if intent.newest_only and received:
        newest = max(received, key=lambda one: (one.message.received_at, one.message.id))
        received = [one for one in received if one.message.id == newest.message.id]
    return [one for one in received if (intent.flag in one.placement.flags) != intent.add]
