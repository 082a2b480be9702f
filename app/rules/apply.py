"""Doing what rules came to, by the functions that people's clicks run, and writing it down.

What a rule cannot do (the folder is gone, the teammate left) is written down with the reason and
stops nothing else. Its own moves and flags are commands like any other, with the origin `rule`: the
mail they move is known, so it does not come in again, and no rule is asked about it twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.commands.assign import assign
from app.commands.change import change_conversation, changed
from app.commands.enqueue import TooManyWaiting, enqueue_for_messages
from app.commands.types import (
    Archive,
    ConversationIntent,
    Done,
    Flag,
    MailIntent,
    MarkRead,
    Move,
    Tag,
)
from app.core.access import Actor, by_rule
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import AccountId, ConversationId, MessageId, TeammateId, TemplateId
from app.mail.parsed import Automatic
from app.rules.plan import Step
from app.rules.types import (
    Action,
    AddTags,
    AssignTo,
    MoveTo,
    Mute,
    ProposeReply,
    SetDone,
    SetFlag,
    SetRead,
    ToArchive,
    ToChannel,
)
from app.store.models import RuleApplication
from app.store.unit_of_work import UnitOfWork

_MOST_TAGS: Final = 50
_DONE: Final = "done"
_NOTHING: Final = "nothing to do"


@dataclass(frozen=True, slots=True)
class About:
    """The mail a step is about, and how things stand with it."""

    account_id: AccountId
    conversation_id: ConversationId
    message_id: MessageId
    received_at: datetime
    automatic: Automatic | None = None
    has_card: bool = False
    is_latest: bool = True
    """Whether it is the last mail of its conversation."""
    on_history: bool = False


async def carry_out(uow: UnitOfWork, step: Step, about: About, *, now: datetime) -> bool:
    """Do what a rule says about one mail; answers whether anything changed.

    Raises `TooManyWaiting` for older mail, which can wait; new mail is let in all the same.
    """
    actor = by_rule(uow.workspace_id, step.rule_name)
    outcomes = {action: await _do(uow, actor, action, step, about, now) for action in step.actions}
    outcomes |= dict.fromkeys(step.left_out, "an earlier rule had decided that")
    await uow.session.flush()
    is_first = await uow.rules.note(
        RuleApplication(
            workspace_id=uow.workspace_id,
            rule_id=step.rule_id,
            rule_name=step.rule_name,
            account_id=about.account_id,
            conversation_id=about.conversation_id,
            message_id=about.message_id,
            done=[_told(action, outcome) for action, outcome in outcomes.items()],
            on_history=about.on_history,
        )
    )
    if is_first:
        uow.emit(
            "rule.applied",
            account_id=about.account_id,
            conversation_id=about.conversation_id,
            rule_id=str(step.rule_id),
            rule=step.rule_name,
            message_id=str(about.message_id),
            did=[action.do for action, outcome in outcomes.items() if outcome == _DONE],
        )
    return _DONE in outcomes.values()


def _told(action: Action, outcome: str) -> dict[str, Any]:
    return {**action.model_dump(mode="json"), "outcome": outcome}


async def _do(
    uow: UnitOfWork, actor: Actor, action: Action, step: Step, about: About, now: datetime
) -> str:
    """What became of it, in a few words."""
    if (why_not := _needless(action, about)) is not None:
        return why_not
    try:
        match action:
            case SetFlag() | SetRead() | ToArchive() | MoveTo():
                return await _enqueue(uow, actor, action, about)
            case ProposeReply():
                return await _propose(uow, action, step, about)
            case AddTags(tags=tags):
                return await _tag(uow, actor, tags, about, now)
            case AssignTo(teammate_id=id_):
                return await _assign(uow, actor, TeammateId(id_), about, now)
            case SetDone():
                return await _change(uow, actor, Done(), about, now)
            case Mute() if not about.has_card:
                await _change(uow, actor, Done(), about, now)
            case _:  # where it is shown is for whoever shows it
                pass
    except (Conflict, InvalidInput, NotFound) as error:
        if about.on_history and isinstance(error, TooManyWaiting):
            raise
        return str(error)
    return _DONE


def _needless(action: Action, about: About) -> str | None:
    """Why there is nothing to do; None where there is."""
    match action:
        case ToChannel() | Mute() | ProposeReply() if about.on_history:
            return "only for new mail"
        case ToChannel() if about.has_card:
            return "its card stays where it is"
        case ProposeReply() if about.automatic is not None:
            return "software wrote it, so it is not answered"
        case AssignTo() | SetDone() if not about.is_latest:
            return "newer mail came in"
        case _:
            return None


async def _enqueue(
    uow: UnitOfWork, actor: Actor, action: SetFlag | SetRead | ToArchive | MoveTo, about: About
) -> str:
    intent: MailIntent
    match action:
        case SetFlag():
            intent = Flag()
        case SetRead():
            intent = MarkRead()
        case ToArchive():
            intent = Archive()
        case MoveTo(folder=folder):
            intent = Move(folder)
    await enqueue_for_messages(uow, actor, [about.message_id], intent)
    return _DONE


async def _assign(
    uow: UnitOfWork, actor: Actor, teammate_id: TeammateId, about: About, now: datetime
) -> str:
    if not await uow.teammates.get_many([teammate_id]):
        return "there is no such teammate any more"
    conversation = await uow.conversations.get(about.conversation_id)
    if conversation.assignee_id is not None:
        return "somebody had it already"
    command = await assign(uow, actor, about.conversation_id, teammate_id, now=now)
    return _DONE if command else _NOTHING


async def _tag(
    uow: UnitOfWork, actor: Actor, tags: tuple[str, ...], about: About, now: datetime
) -> str:
    conversation = await uow.conversations.lock(about.conversation_id)
    found = {tag.casefold(): tag for tag in conversation.tags}
    for tag in tags:
        found.setdefault(tag.casefold(), tag)
    if len(found) > _MOST_TAGS:
        return f"{_MOST_TAGS} tags are the most"
    return await _change(uow, actor, Tag(tuple(found.values())), about, now)


async def _change(
    uow: UnitOfWork, actor: Actor, intent: ConversationIntent, about: About, now: datetime
) -> str:
    command = await change_conversation(uow, actor, about.conversation_id, intent, now=now)
    return _DONE if command else _NOTHING


async def _propose(uow: UnitOfWork, action: ProposeReply, step: Step, about: About) -> str:
    template = await uow.templates.get(TemplateId(action.template_id))
    conversation = await uow.conversations.lock(about.conversation_id)
    conversation.proposal = {
        "template_id": str(template.id),
        "rule_id": str(step.rule_id),
        "rule_name": step.rule_name,
        "at": about.received_at.isoformat(),
    }
    await changed(uow, conversation, "conversation.reply_proposed")
    return _DONE
