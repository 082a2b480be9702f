"""Writing together: who is at it, whose text it is, and what becomes of it.

Everybody has a draft of their own, so nobody's typing can overwrite another's. Whoever opens a
conversation that somebody is writing in sees who that is, and may take the text over; the other
one's stays theirs, and only cannot be sent any more without saying so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.access import Actor
from app.core.errors import Conflict, NotAllowed
from app.core.ids import AccountId, APIKeyId, ConversationId, DraftId, TeammateId
from app.sending.enqueue import show_again, tell
from app.store.models import Draft, Outgoing, OutgoingState
from app.store.unit_of_work import UnitOfWork

WRITING: Final = timedelta(minutes=5)
"""How long somebody counts as writing after the last thing they typed."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody else who is writing in the conversation."""

    draft_id: DraftId
    name: str
    slack_user_id: str | None
    since: datetime


async def begin(
    uow: UnitOfWork,
    actor: Actor,
    account_id: AccountId,
    conversation_id: ConversationId | None,
    view_id: str,
) -> Draft:
    """The person's draft, begun or gone on with in this window; the others see it.

    A mail that was taken back, or did not leave, is a draft again. One that left is none.
    """
    author_id = author_of(actor)
    if conversation_id is not None:
        await uow.conversations.lock(conversation_id)  # one at a time makes it
        found = await uow.drafts.of_conversation(conversation_id, author_id)
    else:
        found = await uow.drafts.latest_new(account_id, author_id)
    if found is not None and await _has_left(uow, found):
        await uow.drafts.delete(found)
        found = None
    if found is None:
        found = Draft(
            workspace_id=uow.workspace_id,
            account_id=account_id,
            conversation_id=conversation_id,
            author_id=author_id,
        )
        await uow.drafts.add(found)
    found.view_id, found.typed_at, found.key_id = view_id, 0.0, None
    await _show_writing(uow, found)
    return found


async def in_progress(
    uow: UnitOfWork, conversation_id: ConversationId, author_id: TeammateId
) -> Draft | None:
    """What the person has begun to write there; None where its mail has left."""
    found = await uow.drafts.of_conversation(conversation_id, author_id)
    return None if found is None or await _has_left(uow, found) else found


async def begin_elsewhere(
    uow: UnitOfWork,
    actor: Actor,
    account_id: AccountId,
    conversation_id: ConversationId | None,
    content: Mapping[str, Any],
) -> Draft:
    """A draft that is written in no window. Raises `Conflict` where the person has one there."""
    author_id = author_of(actor)
    if conversation_id is not None:
        await uow.conversations.lock(conversation_id)  # one at a time makes it
        found = await uow.drafts.of_conversation(conversation_id, author_id)
        if found is not None and not await _has_left(uow, found):
            raise Conflict(
                "This person has a draft in this conversation.", fix=f"Go on with {found.id}."
            )
        if found is not None:
            await uow.drafts.delete(found)
    draft = Draft(
        workspace_id=uow.workspace_id,
        account_id=account_id,
        conversation_id=conversation_id,
        author_id=author_id,
        key_id=actor.key_id,
        content=dict(content),
    )
    await uow.drafts.add(draft)
    await _show_writing(uow, draft)
    return draft


async def write_elsewhere(
    uow: UnitOfWork,
    draft: Draft,
    content: Mapping[str, Any],
    *,
    seen_at: datetime,
    key_id: APIKeyId | None = None,
) -> None:
    """Change a draft that is open in no window.

    `seen_at` is the `updated_at` that the writer knows: raises `Conflict` where it has been written
    on since, or is open in Slack, whose window would write over this. `key_id`: whose it is from
    now on, if not its author's alone.
    """
    if draft.view_id is not None:
        raise Conflict("This draft is open in Slack.", fix="Close its window there first.")
    if draft.updated_at != seen_at:
        raise Conflict("This draft has been written on meanwhile.", fix="Read it again first.")
    await check_not_sent(uow, draft)
    draft.content, draft.updated_at = dict(content), await uow.outgoing.time()
    draft.key_id = key_id
    await _show_writing(uow, draft)


async def discard_elsewhere(uow: UnitOfWork, draft: Draft) -> None:
    """Raises `Conflict` for one that is open in Slack, whose window would bring it back."""
    draft = await uow.drafts.lock(DraftId(draft.id))
    if draft.view_id is not None:
        raise Conflict("This draft is open in Slack.", fix="Discard it there.")
    if draft.conversation_id is not None:
        await uow.cards_are_stale([draft.conversation_id])
    await uow.drafts.delete(draft)


async def take_elsewhere(uow: UnitOfWork, actor: Actor, from_id: DraftId) -> Draft:
    """Go on with a colleague's text, in no window. Raises as `take_over` does."""
    theirs = await uow.drafts.get(from_id)
    author_id = author_of(actor)
    if theirs.author_id == author_id:
        raise Conflict("This draft is theirs already.")
    if theirs.conversation_id is None:
        raise NotAllowed("Only an answer can be handed over.")
    await uow.conversations.lock(theirs.conversation_id)
    mine = await uow.drafts.of_conversation(theirs.conversation_id, author_id)
    if mine is not None and await _has_left(uow, mine):
        await uow.drafts.delete(mine)
        mine = None
    if mine is not None and mine.view_id is not None:
        raise Conflict("Their own draft is open in Slack.", fix="Take it over there.")
    if mine is not None and mine.content:
        raise Conflict("They have begun a text of their own.", fix=f"Discard {mine.id} first.")
    if mine is None:
        mine = await begin_elsewhere(uow, actor, theirs.account_id, theirs.conversation_id, {})
    taken, _ = await take_over(uow, actor, mine.id, from_id)
    return taken


async def save(
    uow: UnitOfWork,
    actor: Actor,
    draft_id: DraftId,
    view_id: str,
    content: Mapping[str, Any],
    typed_at: float,
) -> Draft:
    """Keep what stands in the window. What comes late, or from an older window, changes nothing.

    Raises `NotFound` and `NotAllowed`.
    """
    draft = await own(uow, actor, draft_id)
    if draft.view_id not in {view_id, None} or typed_at < draft.typed_at:
        return draft
    if was_sent_from_its_window(draft):
        return draft  # and this is what was typed before
    draft.content, draft.typed_at = dict(content), typed_at
    draft.updated_at = await uow.outgoing.time()
    if draft.view_id == view_id and draft.taken_by_id is None:
        await _show_writing(uow, draft)
    return draft


async def let_go(uow: UnitOfWork, actor: Actor, draft_id: DraftId, view_id: str) -> None:
    """The window was closed: nobody is writing there any more. The text is kept."""
    draft = await own(uow, actor, draft_id)
    if draft.view_id == view_id:
        await _leave(uow, draft)


async def discard(uow: UnitOfWork, actor: Actor, draft_id: DraftId) -> Draft:
    """Begin anew in the same window. Raises `NotFound` and `NotAllowed`."""
    draft = await own(uow, actor, draft_id)
    draft.content, draft.outgoing_id, draft.taken_by_id = {}, None, None
    return draft


async def take_over(
    uow: UnitOfWork, actor: Actor, draft_id: DraftId, from_id: DraftId
) -> tuple[Draft, Draft]:
    """Go on with another's text; answers the person's own draft, and the other's.

    Raises `NotFound`, `NotAllowed`, and `Conflict` where it was sent meanwhile.
    """
    if (where := (await uow.drafts.get(from_id)).conversation_id) is not None:
        await uow.conversations.lock(where)  # two who take each other's wait in no ring
    mine = await own(uow, actor, draft_id)
    theirs = await uow.drafts.lock(from_id)
    if theirs.conversation_id is None or theirs.conversation_id != mine.conversation_id:
        raise NotAllowed("That draft belongs to another conversation.")
    if theirs.outgoing_id is not None:
        raise Conflict("It was sent meanwhile.")
    mine.content, mine.taken_by_id, mine.key_id = dict(theirs.content), None, actor.key_id
    mine.updated_at = await uow.outgoing.time()
    theirs.taken_by_id, theirs.writing_until = mine.author_id, None
    uow.emit(
        "draft.taken_over",
        account_id=mine.account_id,
        conversation_id=mine.conversation_id,
        teammate_id=str(mine.author_id),
        from_id=str(theirs.author_id),
    )
    await _show_writing(uow, mine)
    return mine, theirs


def was_sent_from_its_window(draft: Draft) -> bool:
    return draft.outgoing_id is not None and draft.view_id is None


async def left_from_another_window(uow: UnitOfWork, draft: Draft) -> bool:
    """Whether there is nothing more to send here: its mail is on its way, and has not come back."""
    return was_sent_from_its_window(draft) and await _has_left(uow, draft)


async def check_not_sent(uow: UnitOfWork, draft: Draft) -> None:
    """Raises `Conflict` where its mail has left, or is about to."""
    if await _has_left(uow, draft):
        raise Conflict("It was sent meanwhile.")


async def check_came_back(uow: UnitOfWork, draft: Draft) -> None:
    """Raise `Conflict` where a new mail that is written on again has left after all.

    The draft is a text of its own from then on. In a conversation the stale guard tells of that.
    """
    if draft.conversation_id is None and await _has_left(uow, draft):
        draft.outgoing_id = None
        raise Conflict(
            "This mail went out meanwhile: somebody had it tried again.",
            fix="What you have changed is kept: it stands in the next new e-mail you begin.",
        )


async def hold(uow: UnitOfWork, draft_id: DraftId) -> Draft:
    """The draft with all that sending it touches, held until we commit.

    In one order: the mail that came back as it, its conversation, the draft. Who sends a mail and
    who merges conversations lock them so as well: nobody waits in a ring, and nobody has the old
    mail tried again while a new one is asked for in its place.

    Raises `NotFound`, and `Conflict` where it belongs elsewhere by the time that all is held.
    """
    found = await uow.drafts.get(draft_id)
    former_id, conversation_id = found.outgoing_id, found.conversation_id
    if former_id is not None:
        await uow.outgoing.lock(former_id)
    if conversation_id is not None:
        await uow.conversations.lock(conversation_id)
    draft = await uow.drafts.lock(draft_id)
    if draft.conversation_id != conversation_id:
        raise Conflict(
            "The conversation was merged into another one meanwhile, and your draft with it.",
            fix="Go on there.",
        )
    if draft.outgoing_id != former_id and not was_sent_from_its_window(draft):
        raise Conflict("It was sent meanwhile.")
    return draft


async def hold_own(uow: UnitOfWork, actor: Actor, draft_id: DraftId) -> Draft:
    """The same of the person's own. Raises `NotAllowed`, too."""
    draft = await hold(uow, draft_id)
    _check_own(actor, draft)
    return draft


async def was_asked_for(uow: UnitOfWork, draft: Draft, outgoing: Outgoing) -> None:
    """Its mail is on its way. A mail it was made from before is given up for this one."""
    if draft.outgoing_id is not None:
        before = await uow.outgoing.lock(draft.outgoing_id)
        if before.state is OutgoingState.FAILED:
            before.state, before.settled_at = OutgoingState.CANCELLED, await uow.outgoing.time()
            tell(uow, before, "cancelled")
            await show_again(uow, before)
    draft.outgoing_id = outgoing.id
    await _leave(uow, draft)


async def others_writing(
    uow: UnitOfWork, conversation_id: ConversationId | None, author_id: TeammateId
) -> Writer | None:
    """The one who has been writing in this conversation the longest, but for the person."""
    if conversation_id is None:
        return None
    others = [
        one for one in await uow.drafts.writing(conversation_id) if one.author_id != author_id
    ]
    if not others:
        return None
    people = await uow.teammates.get_many([others[0].author_id])
    teammate = people[others[0].author_id]
    return Writer(others[0].id, teammate.name, teammate.slack_user_id, others[0].created_at)


async def own(uow: UnitOfWork, actor: Actor, draft_id: DraftId) -> Draft:
    """The person's own draft, locked. Raises `NotFound` and `NotAllowed`."""
    draft = await uow.drafts.lock(draft_id)
    _check_own(actor, draft)
    return draft


def _check_own(actor: Actor, draft: Draft) -> None:
    if draft.author_id != actor.teammate_id:
        raise NotAllowed("This draft belongs to somebody else.")


def author_of(actor: Actor) -> TeammateId:
    """Raises `NotAllowed`: a script has nobody's draft."""
    if actor.teammate_id is None:
        raise NotAllowed("Only people have drafts.")
    return actor.teammate_id


async def _has_left(uow: UnitOfWork, draft: Draft) -> bool:
    if draft.outgoing_id is None:
        return False
    outgoing = await uow.outgoing.get(draft.outgoing_id)
    return outgoing.state not in {OutgoingState.CANCELLED, OutgoingState.FAILED}


async def _show_writing(uow: UnitOfWork, draft: Draft) -> None:
    """Others see that it is being written on; where they saw that already, nothing is redrawn."""
    was_shown = draft.writing_until is not None
    await uow.drafts.writes_on(draft, WRITING)
    if not was_shown and draft.conversation_id is not None:
        await uow.cards_are_stale([draft.conversation_id])


async def _leave(uow: UnitOfWork, draft: Draft) -> None:
    draft.view_id, draft.writing_until = None, None
    if draft.conversation_id is not None:
        await uow.cards_are_stale([draft.conversation_id])
