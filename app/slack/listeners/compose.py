"""Answering from the card: the buttons that open the window, and everything one does in it."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.access import Actor, Origin
from app.core.errors import InvalidInput, NotFound, SharedBoxError
from app.core.ids import AccountId, DraftId, TemplateId
from app.feed.ids import ActionId, CardValue, parse_outgoing
from app.feed.mrkdwn import plain
from app.sending import drafts
from app.sending.context import Writing
from app.sending.offer import offer
from app.sending.templates import filled
from app.sending.write import preview
from app.slack.clicked import option_of, value_of
from app.slack.composer import Composer, Start, show
from app.slack.described import wanted
from app.slack.errors import words
from app.slack.ids import ViewId
from app.slack.middleware import Door, actor_of, workspace_of
from app.slack.rich_html import from_html
from app.slack.rich_text import from_text, joined
from app.slack.views import compose, told
from app.slack.views import preview as preview_view
from app.slack.writing import Button, ComposeMemory, Field, Form, first_options
from app.store.models import OutgoingMode
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
_MOST_OPTIONS: Final = 100
_OPTION_TEXT: Final = 75
_KEPT: Final = (
    Field.SENDER,
    Field.TO,
    Field.CC,
    Field.BCC,
    Field.SUBJECT,
    Field.BODY,
    Field.KEPT,
    Field.ORIGINALS,
    Field.AT,
)
"""Fields whose change is kept, and changes nothing else in the window."""


class Compose:
    def __init__(self, door: Door, composer: Composer, writing: Writing) -> None:
        self._door = door
        self._composer = composer
        self._writing = writing

    def register(self, app: AsyncApp) -> None:
        app.action(ActionId.REPLY.value)(self.reply)
        app.action(ActionId.PROPOSED.value)(self.review)
        app.action(ActionId.OUTGOING_EDIT.value)(self.edit)
        app.shortcut(ViewId.NEW_EMAIL.value)(self.new)
        for field in _KEPT:
            app.action(field.value)(self.keep)
        for field in (Field.MODE, Field.WHEN, Field.OPTIONS):
            app.action(field.value)(self.redraw)
        app.action(Field.ACCOUNT.value)(self.change_account)
        app.action(Field.TEMPLATE.value)(self.use_template)
        app.options(Field.TEMPLATE.value)(self.templates)
        app.action(Button.TAKE_OVER.value)(self.take_over)
        app.action(Button.DISCARD.value)(self.discard)
        app.action(Button.PREVIEW.value)(self.preview)
        app.view_closed(ViewId.COMPOSE.value)(self.closed)

    # Opening

    async def reply(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        start = Start(CardValue.parse(value_of(body)).conversation_id)
        await ack()
        await self._composer.open(context, body, client, start)

    async def review(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Look at the answer that a rule proposes, in the window in which any answer is written."""
        start = Start(CardValue.parse(value_of(body)).conversation_id, as_proposed=True)
        await ack()
        await self._composer.open(context, body, client, start)

    async def edit(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        start = Start(mends=parse_outgoing(value_of(body)))
        await ack()
        await self._composer.open(context, body, client, start)

    async def new(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self._composer.open(context, body, client, Start(mode=OutgoingMode.NEW))

    # Writing

    async def keep(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._composer.keep(context, body)
        await ack()

    async def redraw(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self._composer.redraw(context, body, client, lambda form: form)

    async def change_account(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Write a new mail from another inbox."""
        memory, account_id = _memory(body), AccountId(_uuid(option_of(body)))
        async with self._door.store.begin(workspace_of(context)) as uow:
            account = await uow.accounts.get(account_id)
            draft = await drafts.own(uow, await actor_of(uow, body), memory.draft)
            if draft.conversation_id is None:
                draft.account_id = account.id
        await ack()
        await self._composer.redraw(context, body, client, lambda form: form.but(sender=None))

    async def templates(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        memory, typed = _memory(body), str(body.get("value", "")).strip().casefold()
        async with self._door.store.begin(workspace_of(context)) as uow:
            draft = await drafts.own(uow, await actor_of(uow, body), memory.draft)
            found = await uow.templates.all(for_account=draft.account_id)
        fitting = [one for one in found if typed in one.name.casefold()][:_MOST_OPTIONS]
        options = [
            {
                "text": {"type": "plain_text", "text": plain(one.name)[:_OPTION_TEXT]},
                "value": str(one.id),
            }
            for one in fitting
        ]
        await ack(options=options)

    async def use_template(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Put the template below what is written; nothing of that is lost."""
        memory, template_id = _memory(body), TemplateId(_uuid(option_of(body)))
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            template = await filled(
                uow, actor, template_id, draft.account_id, draft.conversation_id
            )
        await ack()

        def put(form: Form) -> Form:
            return form.but(
                body=joined(form.body, from_html(template.html) or from_text(template.text)),
                subject=form.subject or template.subject,
                body_drawing=form.body_drawing + 1,
            )

        await self._composer.redraw(context, body, client, put)

    async def discard(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        memory = _memory(body)
        async with self._door.store.begin(workspace_of(context)) as uow:
            draft = await drafts.discard(uow, await actor_of(uow, body), memory.draft)
            account = await uow.accounts.get(draft.account_id)
        await ack()

        def afresh(form: Form) -> Form:
            return Form(
                mode=form.mode,
                options=first_options(done=account.done_after_send),
                time_zone=form.time_zone,
                inboxes=form.inboxes,
                drawing=form.drawing,
                body_drawing=form.body_drawing + 1,
            )

        await self._composer.redraw(context, body, client, afresh)

    async def take_over(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Go on with a colleague's text; their window, where it is open, says so."""
        memory, from_id = _memory(body), DraftId(_uuid(value_of(body)))
        view = body["view"]
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            before = Form.of((await uow.drafts.get(memory.draft)).content)
            mine, theirs = await drafts.take_over(uow, actor, memory.draft, from_id)
            form = _taken(before.read(view), Form.of(mine.content))
            window = await self._composer.drawn(uow, actor, mine, form, memory=memory)
            their_view = await self._told(uow, theirs.id) if theirs.view_id else None
            their_view_id = theirs.view_id
        await ack()
        await show(client, view["id"], compose.view(window), view["hash"])
        if their_view is not None and their_view_id is not None:
            await show(client, their_view_id, their_view)

    async def _told(self, uow: UnitOfWork, draft_id: DraftId) -> dict[str, Any]:
        """The window of the one whose text was taken over: as it was, and with a word on top."""
        draft = await uow.drafts.get(draft_id)
        author = Actor(uow.workspace_id, Origin.SLACK, teammate_id=draft.author_id)
        window = await self._composer.drawn(uow, author, draft, Form.of(draft.content))
        return compose.view(window)

    async def preview(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        view = preview_view.loading()
        pushed = await client.views_push(trigger_id=body["trigger_id"], view=view)
        try:
            shown = await self._preview(context, body)
        except SharedBoxError as error:
            shown = told.view(words(error))
        await show(client, str(pushed["view"]["id"]), shown)

    async def _preview(self, context: AsyncBoltContext, body: Body) -> dict[str, Any]:
        memory = _memory(body)
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            form = Form.of(draft.content).read(body["view"])
            offered = await offer(uow, actor, draft.account_id, draft.conversation_id, form.mode)
            asked = await wanted(uow, draft, form, offered)
        written = await preview(self._writing, actor, asked)
        mail = written.mail
        return preview_view.view(
            sender=mail.sender,
            people=[("To", mail.to), ("Cc", mail.cc), ("Bcc", asked.bcc)],
            subject=mail.subject,
            text=mail.text,
            files=[
                *((one.filename, len(one.data)) for one in mail.files),
                *((one.name, one.size) for one in form.files),
            ],
        )

    # Closing

    async def closed(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        """The draft is kept as it was typed, and nobody is writing any more."""
        memory = _memory(body)
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            with contextlib.suppress(NotFound):
                await drafts.let_go(uow, actor, memory.draft, str(body["view"]["id"]))
        await ack()


def _taken(mine: Form, theirs: Form) -> Form:
    """Their text in my window; what I had begun myself stands below it."""
    return theirs.but(
        body=joined(theirs.body, mine.body),
        time_zone=mine.time_zone,
        drawing=mine.drawing,
        body_drawing=mine.body_drawing + 1,
    )


def _memory(body: Body) -> ComposeMemory:
    return ComposeMemory.parse(str((body.get("view") or {}).get("private_metadata", "")))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("This choice is not one of ours.") from None
