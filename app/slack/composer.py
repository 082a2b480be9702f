"""The window in which mail is written, over its whole life: begun, redrawn, kept, closed.

Whoever wants one opens it here: the card, its menu, a shortcut, a command. A window is opened
before anything is asked of the database, because Slack gives three seconds for it, and drawn once
all is known. Slack does not say what stood in a window that is closed, so everything that is typed
is kept while it is typed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.access import Actor
from app.core.errors import NotFound, SharedBoxError
from app.core.ids import AccountId, ChannelId, ConversationId, OutgoingId, TemplateId
from app.core.logging import get_logger
from app.feed.mrkdwn import mention
from app.mail.address import Address
from app.mail.typed import as_typed
from app.sending import drafts
from app.sending.guard import Newer, seen_now
from app.sending.offer import Inbox, inboxes, offer, sender_id
from app.sending.templates import filled
from app.slack.errors import words
from app.slack.leading import lead_to
from app.slack.members import Members
from app.slack.mended import mended
from app.slack.middleware import Door, actor_of, user_of, workspace_of
from app.slack.people import look_up
from app.slack.rich_text import from_text
from app.slack.views import compose, told
from app.slack.writing import MOST_TEXT, ComposeMemory, Form, When, first_options
from app.store.models import Draft, OutgoingMode
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
Change = Callable[[Form], Form]
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What somebody wants to write."""

    conversation_id: ConversationId | None = None
    account_id: AccountId | None = None
    """Of a new mail; None is the first one that can send."""
    mode: OutgoingMode = OutgoingMode.REPLY
    text: str = ""
    """What is to stand there already, where no draft does."""
    mends: OutgoingId | None = None
    """A mail that did not leave, to be written on."""
    as_proposed: bool = False
    """With the answer that a rule proposes, where no draft stands there already."""


class Composer:
    def __init__(self, door: Door, members: Members, undo_seconds: int) -> None:
        self._door = door
        self._members = members
        self._undo_seconds = undo_seconds

    async def open(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, start: Start
    ) -> None:
        """Open a window on whatever the person acted in; acknowledge before you call this.

        Raises `SlackApiError` where Slack would not open it any more.
        """
        opened = await client.views_open(
            trigger_id=body["trigger_id"], view=compose.skeleton(start.mode)
        )
        view_id = str(opened["view"]["id"])
        view = await self._begun(context, body, client, start, view_id)
        await self._show_begun(context, body, client, view_id, view)

    async def lead_to(
        self,
        ack: AsyncAck,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        start: Start,
    ) -> None:
        """Turn the window that was just submitted into this one."""
        view_id = str(body["view"]["id"])
        await lead_to(
            ack,
            self._begun(context, body, client, start, view_id),
            skeleton=compose.skeleton(start.mode),
            show=partial(self._show_begun, context, body, client, view_id),
        )

    async def _begun(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        start: Start,
        view_id: str,
    ) -> dict[str, Any]:
        """The window as it begins, or the reason why it does not."""
        try:
            await self._note_time_zone(context, body, client)
            channels = await self._channels(context, body, client, start)
            async with self._door.store.begin(workspace_of(context)) as uow:
                actor = await actor_of(uow, body)
                window = await self._begin(uow, actor, start, view_id, channels)
            return compose.view(window)
        except SharedBoxError as error:
            return told.view(words(error))

    async def _show_begun(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        view_id: str,
        view: dict[str, Any],
    ) -> None:
        if not await show(client, view_id, view):
            await self._let_go(context, body, view)

    async def _let_go(self, context: AsyncBoltContext, body: Body, view: Mapping[str, Any]) -> None:
        """The window was closed before it was drawn, of which Slack says nothing."""
        if "private_metadata" not in view:
            return
        memory = ComposeMemory.parse(view["private_metadata"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            await drafts.let_go(uow, actor, draft.id, draft.view_id or "")

    async def _channels(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, start: Start
    ) -> frozenset[ChannelId]:
        """Where the writer is, if it matters: an answer belongs where its mail came in."""
        if start.conversation_id is not None or start.mends is not None:
            return frozenset()
        return await self._members.channels(client, (workspace_of(context), user_of(body)[0]))

    async def _begin(
        self,
        uow: UnitOfWork,
        actor: Actor,
        start: Start,
        view_id: str,
        channels: frozenset[ChannelId],
    ) -> compose.Window:
        # Held, so that nobody has it tried again while its text is taken for another one.
        mends = await uow.outgoing.lock(start.mends) if start.mends else None
        conversation_id = mends.conversation_id if mends else start.conversation_id
        may_write = await inboxes(uow, channels=channels) if channels else ()
        account_id = await _account(uow, start, conversation_id, may_write)
        draft = await drafts.begin(uow, actor, account_id, conversation_id, view_id)
        form = Form.of(draft.content)
        is_restored = not form.is_empty
        if mends is not None:
            form = await mended(uow, draft, form, mends)
        elif not is_restored:
            account = await uow.accounts.get(draft.account_id)
            form = Form(
                mode=start.mode,
                body=from_text(await _words(uow, actor, start, draft)),
                options=first_options(done=account.done_after_send),
                drawing=form.drawing,
            )
        elif start.mode is OutgoingMode.FORWARD:
            form = form.but(mode=start.mode)
        zone = await _time_zone(uow, actor) or "UTC"
        form = form.but(
            time_zone=zone,
            accepted=(),
            body_drawing=form.body_drawing + 1,
            inboxes=tuple(one.id for one in may_write),
        )
        if form.when is not When.AT:
            form = form.but(at=None)
        return await self.drawn(uow, actor, draft, form, restored=is_restored)

    async def drawn(
        self,
        uow: UnitOfWork,
        actor: Actor,
        draft: Draft,
        form: Form,
        *,
        memory: ComposeMemory | None = None,
        newer: Newer | None = None,
        new_domains: tuple[str, ...] = (),
        restored: bool = False,
    ) -> compose.Window:
        """The window as it is to be drawn, and its draft as it stands in it.

        Only who is shown what is newer has seen it: without that the `memory` stays what it was.
        """
        offered = await offer(uow, actor, draft.account_id, draft.conversation_id, form.mode)
        to, cc = (as_typed(people, room=MOST_TEXT) for people in (offered.to, offered.cc))
        known = {sender_id(one) for one in offered.senders}
        changes: dict[str, Any] = {
            "offered_to": to.text,
            "offered_cc": cc.text,
            "drawing": form.drawing + 1,
        }
        if form.to.strip() == form.offered_to.strip():
            changes["to"] = to.text
        if form.cc.strip() == form.offered_cc.strip():
            changes["cc"] = cc.text
        if form.sender not in known:
            changes["sender"] = sender_id(Address("", offered.sender))
        if form.originals is None and form.mode is OutgoingMode.FORWARD:
            changes["originals"] = tuple(one.n for one in offered.files if not one.inline)
        form = form.but(**changes)
        draft.content = form.model_dump(mode="json")
        if memory is None or newer is not None:
            seen = await seen_now(uow, draft.conversation_id) if draft.conversation_id else None
            memory = ComposeMemory.of(draft.id, seen) if seen else ComposeMemory(draft_id=draft.id)
        return compose.Window(
            memory=memory,
            offer=offered,
            form=form,
            undo_seconds=self._undo_seconds
            if offered.undo_seconds is None
            else offered.undo_seconds,
            inboxes=await _choice(uow, draft, form),
            writer=await drafts.others_writing(uow, draft.conversation_id, draft.author_id),
            taken_by=await _taken_by(uow, draft),
            newer=newer,
            left_out=to.left_out + cc.left_out,
            new_domains=new_domains,
            restored=restored,
        )

    async def redraw(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, change: Change
    ) -> None:
        """Change what stands in the window, and draw it anew. Raises `NotFound`, `NotAllowed`."""
        view = body["view"]
        memory = ComposeMemory.parse(view["private_metadata"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            draft.view_id, draft.typed_at = view["id"], moment_of(body)
            form = change(Form.of(draft.content).read(view))
            window = await self.drawn(uow, actor, draft, form, memory=memory)
        await show(client, view["id"], compose.view(window), view["hash"])

    async def keep(self, context: AsyncBoltContext, body: Body) -> None:
        """Keep what stands in the window; nothing of it is drawn anew."""
        view = body["view"]
        memory = ComposeMemory.parse(view["private_metadata"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            content = Form.of(draft.content).read(view).model_dump(mode="json")
            await drafts.save(uow, actor, draft.id, view["id"], content, moment_of(body))

    async def _note_time_zone(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Have it known where the person lives, before they choose a time."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            if await _time_zone(uow, actor) is not None:
                return
        found = await look_up(client, user_of(body)[0])
        async with self._door.store.begin(workspace_of(context)) as uow:
            people = await uow.teammates.get_many([drafts.author_of(actor)])
            person = people[drafts.author_of(actor)]
            person.time_zone, person.name = found.time_zone, found.name or person.name


async def show(
    client: AsyncWebClient, view_id: str, view: dict[str, Any], hash_: str | None = None
) -> bool:
    """Draw a view; False where it was closed, or drawn anew, meanwhile."""
    try:
        await client.views_update(view_id=view_id, view=view, **({"hash": hash_} if hash_ else {}))
    except SlackApiError as error:
        if error.response.get("error") not in {"hash_conflict", "not_found", "view_not_found"}:
            raise
        log.info("slack.view_gone", code=error.response.get("error"))
        return False
    return True


def moment_of(body: Body) -> float:
    """When the window saw what it tells of, by Slack's clock."""
    for action in body.get("actions") or ():
        try:
            return float(action.get("action_ts") or 0)
        except ValueError:
            break
    return time.time()


async def _time_zone(uow: UnitOfWork, actor: Actor) -> str | None:
    author_id = drafts.author_of(actor)
    return (await uow.teammates.get_many([author_id]))[author_id].time_zone


async def _account(
    uow: UnitOfWork,
    start: Start,
    conversation_id: ConversationId | None,
    may_write: Sequence[Inbox],
) -> AccountId:
    if conversation_id is not None:
        return (await uow.conversations.get(conversation_id)).account_id
    fitting = [one.id for one in may_write if start.account_id in {None, one.id}]
    if not fitting:
        raise NotFound(
            "None of the inboxes of the channels you are in can send mail.",
            fix="Give one of them an SMTP server, or have somebody add you to its channel.",
        )
    return fitting[0]


async def _choice(uow: UnitOfWork, draft: Draft, form: Form) -> tuple[Inbox, ...]:
    """A new mail may be written from another inbox; an answer belongs where its mail came in."""
    if draft.conversation_id is not None:
        return ()
    return tuple(await inboxes(uow, only=frozenset(map(AccountId, form.inboxes))))


async def _words(uow: UnitOfWork, actor: Actor, start: Start, draft: Draft) -> str:
    """What stands in a window in which nothing was written yet."""
    if not start.as_proposed or draft.conversation_id is None:
        return start.text
    proposal = (await uow.conversations.get(draft.conversation_id)).proposal
    if proposal is None:
        return start.text
    template_id = TemplateId(UUID(proposal["template_id"]))
    found = await filled(uow, actor, template_id, draft.account_id, draft.conversation_id)
    return found.text


async def _taken_by(uow: UnitOfWork, draft: Draft) -> str:
    if draft.taken_by_id is None:
        return ""
    people = await uow.teammates.get_many([draft.taken_by_id])
    teammate = people.get(draft.taken_by_id)
    return mention(teammate.name, teammate.slack_user_id) if teammate else "Somebody"
