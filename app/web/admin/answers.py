"""An answer that is written here, as Slack's window writes one: same draft, same guard, same undo.

What was typed is kept before anything is said about it, so nothing that is wrong costs a text. What
the writer has not seen yet (a newer mail, a colleague's answer, a new domain) stops it once; sent
again from the page that shows it, it is meant. That is looked at under the conversation's lock, in
the transaction that asks for the mail.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.container import Container
from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, ConversationId, DraftId
from app.mail.answer import new_domains
from app.sending import drafts
from app.sending.context import writing_of
from app.sending.enqueue import enqueue
from app.sending.guard import Newer, Seen, newer_than, seen_now
from app.sending.offer import Offer, offer
from app.sending.wanted import Wanted
from app.sending.write import write
from app.slack.described import check_says_something, named_plainly, names_in, wanted
from app.slack.rich_text import from_text, typed
from app.slack.writing import Form, Option, SlackFile, first_options, storable
from app.store.models import Draft, Outgoing, OutgoingMode
from app.store.unit_of_work import UnitOfWork
from app.web.attached import bytes_of


@dataclass(frozen=True, slots=True)
class Given:
    """What stands on the page, and what its writer has seen."""

    mode: OutgoingMode
    to: str
    cc: str
    text: str
    then_done: bool
    seen: Seen
    kept_at: datetime | None
    """Of the draft as the page knows it; None where it knows none."""
    accepted: tuple[str, ...] = ()
    """New domains that the writer was warned of."""
    knows_taken: bool = False
    """That a colleague has taken the text over."""


class LookFirst(Conflict):
    """There is something to be seen before it is sent."""

    def __init__(
        self, newer: Newer | None, seen: Seen, domains: tuple[str, ...], taken_by: str
    ) -> None:
        super().__init__("Not sent yet.", fix="Look at this first, then send it.")
        self.newer = newer
        self.seen = seen
        """By whoever is shown this."""
        self.domains = domains
        self.taken_by = taken_by


async def keep(
    uow: UnitOfWork,
    actor: Actor,
    account_id: AccountId,
    conversation_id: ConversationId,
    given: Given,
) -> Draft:
    """Raises `Conflict` where the page does not know the draft as it is."""
    found = await drafts.in_progress(uow, conversation_id, drafts.author_of(actor))
    if found is not None and given.kept_at is None:
        raise Conflict(
            "You have begun an answer here already, elsewhere.",
            fix="Copy what you typed, and load the page anew to go on with that one.",
        )
    if found is None and given.kept_at is not None:
        raise Conflict("This answer was sent or discarded meanwhile.", fix="Load the page anew.")
    if found is None or given.kept_at is None:
        form = Form(mode=given.mode, options=first_options(done=False))
        content = await _content(uow, form, given)
        return await drafts.begin_elsewhere(uow, actor, account_id, conversation_id, content)
    draft = await drafts.own(uow, actor, found.id)
    content = await _content(uow, Form.of(draft.content), given)
    await drafts.write_elsewhere(uow, draft, content, seen_at=given.kept_at)
    return draft


async def send(parts: Container, actor: Actor, draft_id: DraftId, given: Given) -> Outgoing:
    """Ask for what was kept. Raises `InvalidInput`, `Conflict`, `LookFirst` and `NotFound`."""
    async with parts.store.begin(actor.workspace_id) as uow:
        draft = await drafts.own(uow, actor, draft_id)
        asked, files = await _asked(uow, actor, draft)
    async with parts.store.begin(actor.workspace_id) as uow:
        await _check_was_seen(uow, actor, draft_id, given, asked)
    asked = replace(asked, files=tuple([await bytes_of(parts.blobs, one) for one in files]))
    written = await write(writing_of(parts.store, parts.blobs, parts.settings), actor, asked)
    async with parts.store.begin(actor.workspace_id) as uow:
        draft = await _check_was_seen(uow, actor, draft_id, given, asked)
        outgoing = await enqueue(uow, actor, written)
        await drafts.was_asked_for(uow, draft, outgoing)
    return outgoing


async def text_of(uow: UnitOfWork, form: Form) -> str:
    """The words of a draft, which may have been formatted in Slack."""
    return typed(form.body, await names_in(uow, form)).text


async def _content(uow: UnitOfWork, form: Form, given: Given) -> dict[str, Any]:
    """The draft with what was typed. A text that was not touched keeps how it is formatted."""
    text = storable(given.text.replace("\r\n", "\n"))
    is_as_it_was = text.strip("\n") == await text_of(uow, form)
    return form.but(
        mode=given.mode,
        to=storable(given.to),
        cc=storable(given.cc),
        body=form.body if is_as_it_was else from_text(text),
        options=(form.options - {Option.DONE}) | ({Option.DONE} if given.then_done else set()),
        accepted=given.accepted,
        drawing=form.drawing + 1,
        body_drawing=form.body_drawing + 1,
    ).model_dump(mode="json")


async def _asked(
    uow: UnitOfWork, actor: Actor, draft: Draft
) -> tuple[Wanted, tuple[SlackFile, ...]]:
    """The mail that the draft describes, and the files that hang on it."""
    form = Form.of(draft.content)
    offered = await _offered(uow, actor, draft, form)
    if not offered.can_send:
        raise InvalidInput(
            f"{offered.address} has no server to send by.",
            fix="Whoever runs SharedBox can give the account an SMTP server.",
        )
    try:
        check_says_something(form)
        return await wanted(uow, draft, form, offered), form.files
    except InvalidInput as error:
        raise named_plainly(error) from None


async def _check_was_seen(
    uow: UnitOfWork, actor: Actor, draft_id: DraftId, given: Given, asked: Wanted
) -> Draft:
    """The draft, held, where it has not left and nothing is news to its writer.

    Raises `Conflict` and `LookFirst`.
    """
    draft = await drafts.hold_own(uow, actor, draft_id)
    await drafts.check_not_sent(uow, draft)
    assert draft.conversation_id is not None
    newer = await newer_than(uow, draft.conversation_id, given.seen)
    offered = await _offered(uow, actor, draft, Form.of(draft.content))
    named = [one.address for one in (*(asked.to or ()), *(asked.cc or ()), *asked.bcc)]
    domains = tuple(one for one in new_domains(named, offered.known) if one not in given.accepted)
    taken_by = "" if given.knows_taken else await _taken_by(uow, draft)
    if newer is not None or domains or taken_by:
        seen = await seen_now(uow, draft.conversation_id) if newer else given.seen
        raise LookFirst(newer, seen, domains, taken_by)
    return draft


async def _offered(uow: UnitOfWork, actor: Actor, draft: Draft, form: Form) -> Offer:
    return await offer(uow, actor, draft.account_id, draft.conversation_id, form.mode)


async def _taken_by(uow: UnitOfWork, draft: Draft) -> str:
    """Who has taken the text over; empty where nobody has."""
    if draft.taken_by_id is None:
        return ""
    return (await uow.teammates.get_many([draft.taken_by_id]))[draft.taken_by_id].name
