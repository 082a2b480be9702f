"""Send: everything is checked, written down and asked for before Slack is answered.

What is wrong is said at the field it is wrong in. What the writer has not seen yet (a newer mail, a
colleague's answer, a new domain) is shown in the same window, and Send means it the second time.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from app.core.access import Actor
from app.core.errors import Conflict, InvalidInput, NotFound, SharedBoxError
from app.mail.answer import new_domains
from app.mail.compose import File, encoded_size
from app.sending import drafts
from app.sending.context import Writing
from app.sending.enqueue import enqueue
from app.sending.guard import Newer, newer_than
from app.sending.habits import check_size, size_limit
from app.sending.offer import Offer, offer
from app.sending.wanted import Wanted
from app.sending.write import write
from app.slack.composer import Composer
from app.slack.described import check_says_something, wanted
from app.slack.errors import words
from app.slack.files import SlackFiles, StillComing
from app.slack.http import ACK_SECONDS
from app.slack.ids import ViewId
from app.slack.middleware import Door, actor_of, workspace_of
from app.slack.views import compose, told
from app.slack.writing import (
    ComposeMemory,
    Field,
    Form,
    SlackFile,
    block_of,
)
from app.store.models import Draft, OutgoingMode
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
_FILES_SECONDS: Final = 1.2
_FIELDS: Final = {
    "to": Field.TO,
    "cc": Field.CC,
    "bcc": Field.BCC,
    "from": Field.SENDER,
    "subject": Field.SUBJECT,
    "attachments": Field.FILES,
    "send_at": Field.AT,
}
"""Fields of a mail, and where the window has them."""


class NotSeen(Conflict):
    """Something the writer must see first."""

    def __init__(self, newer: Newer) -> None:
        super().__init__(f"{newer.who} wrote meanwhile.", fix="Your text is kept as a draft.")
        self.newer = newer


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be sent, once nothing speaks against it."""

    actor: Actor
    form: Form
    wanted: Wanted
    view: dict[str, Any] | None = None
    """Drawn anew where something has to be seen first."""


class ComposeSend:
    def __init__(self, door: Door, composer: Composer, writing: Writing, files: SlackFiles) -> None:
        self._door = door
        self._composer = composer
        self._writing = writing
        self._files = files

    def register(self, app: AsyncApp) -> None:
        app.view(ViewId.COMPOSE.value)(self.send)

    async def send(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        began, view = time.monotonic(), body["view"]
        try:
            again = await self._send(context, body)
        except InvalidInput as error:
            block_id = _block(view, error.field)
            answer: dict[str, Any] = {
                "response_action": "errors",
                "errors": {block_id: error.sentence},
            }
            _in_time(began, error)
        except StillComing as error:
            answer = {
                "response_action": "errors",
                "errors": {_block(view, Field.FILES): error.sentence},
            }
            _in_time(began, error)
        except (Conflict, NotFound) as error:
            answer = {"response_action": "update", "view": told.view(words(error))}
            _in_time(began, error)
        else:
            answer = {"response_action": "update", "view": again} if again else {}
            if again:
                _in_time(began, Conflict("There was something to see first."))
        await ack(**answer)

    async def _send(self, context: AsyncBoltContext, body: Body) -> dict[str, Any] | None:
        """Ask for the mail, once; or answer the window that has to be seen first."""
        ready = await self._check(context, body)
        if ready is None:
            return None
        if ready.view is not None:
            return ready.view
        wanted = await self._with_files(context, ready)
        written = await write(self._writing, ready.actor, wanted)
        memory = ComposeMemory.parse(body["view"]["private_metadata"])

        async def ask(uow: UnitOfWork, actor: Actor) -> None:
            draft = await drafts.hold_own(uow, actor, memory.draft)
            if await drafts.left_from_another_window(uow, draft):
                return  # while we wrote this
            await drafts.check_came_back(uow, draft)
            if draft.conversation_id is not None and (
                newer := await newer_than(uow, draft.conversation_id, memory.seen)
            ):
                raise NotSeen(newer)
            await drafts.was_asked_for(uow, draft, await enqueue(uow, actor, written))

        try:
            await self._door.act(context, body, ask)
        except NotSeen as error:
            return await self._again(context, body, newer=error.newer)
        return None

    async def _check(self, context: AsyncBoltContext, body: Body) -> Ready | None:
        """Keep what was typed, whatever is wrong with it; None where it was sent already.

        Raises `InvalidInput`, `NotFound`, `NotAllowed` and `Conflict`.
        """
        view = body["view"]
        memory = ComposeMemory.parse(view["private_metadata"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.hold_own(uow, actor, memory.draft)
            if await drafts.left_from_another_window(uow, draft):
                return None
            form = Form.of(draft.content).read(view)
            draft.content, draft.view_id = form.model_dump(mode="json"), view["id"]
            draft.typed_at = time.time()
            offered = await offer(uow, actor, draft.account_id, draft.conversation_id, form.mode)
            newer = None
            if draft.conversation_id is not None:
                newer = await newer_than(uow, draft.conversation_id, memory.seen)
            asked = await self._asked(uow, draft, form, offered)
            if isinstance(asked, Wanted):
                news = _news(asked, offered, form)
                if newer or news or draft.taken_by_id is not None:
                    form = form.but(accepted=(*form.accepted, *news))
                    window = await self._composer.drawn(
                        uow, actor, draft, form, memory=memory, newer=newer, new_domains=news
                    )
                    draft.taken_by_id = None
                    return Ready(actor, form, asked, compose.view(window))
        if not isinstance(asked, Wanted):
            raise asked
        return Ready(actor, form, asked)

    async def _asked(
        self, uow: UnitOfWork, draft: Draft, form: Form, offered: Offer
    ) -> Wanted | InvalidInput | Conflict:
        """What is wrong is answered and not raised: the draft is kept in the same transaction."""
        try:
            self._check_can_be_sent(offered, form)
            await drafts.check_came_back(uow, draft)
            return await wanted(uow, draft, form, offered)
        except (InvalidInput, Conflict) as error:
            return error

    def _check_can_be_sent(self, offered: Offer, form: Form) -> None:
        if not offered.can_send:
            raise InvalidInput(
                f"{offered.address} has no server to send by.",
                field=Field.BODY,
                fix="Whoever runs SharedBox can give the account an SMTP server.",
            )
        check_says_something(form)
        size = sum(encoded_size(one.size) for one in form.files)
        limit = size_limit(offered.limit, self._writing.largest_mail)
        check_size(size, limit, what="With these files the mail")

    async def _with_files(self, context: AsyncBoltContext, ready: Ready) -> Wanted:
        """The mail with its files' bytes. Raises `StillComing` and `InvalidInput`."""
        if not ready.form.files:
            return ready.wanted
        workspace_id = workspace_of(context)
        digests = await self._files.kept(workspace_id, ready.form.files, within=_FILES_SECONDS)
        files = [
            File(one.name, one.mimetype, await self._writing.blobs.get(_digest(digests, one)))
            for one in ready.form.files
        ]
        return replace(ready.wanted, files=tuple(files))

    async def _again(
        self, context: AsyncBoltContext, body: Body, *, newer: Newer
    ) -> dict[str, Any]:
        memory = ComposeMemory.parse(body["view"]["private_metadata"])
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            draft = await drafts.own(uow, actor, memory.draft)
            form = Form.of(draft.content)
            window = await self._composer.drawn(uow, actor, draft, form, memory=memory, newer=newer)
        return compose.view(window)


def _news(wanted_: Wanted, offered: Offer, form: Form) -> tuple[str, ...]:
    """Domains the writer has not been warned of. A new mail knows nobody yet."""
    if form.mode is OutgoingMode.NEW:
        return ()
    named = [*(wanted_.to or ()), *(wanted_.cc or ()), *wanted_.bcc]
    found = new_domains([one.address for one in named], offered.known)
    return tuple(one for one in found if one not in form.accepted)


def _digest(digests: Mapping[str, str], file: SlackFile) -> bytes:
    return bytes.fromhex(digests[file.id])


def _block(view: Mapping[str, Any], field: str | None) -> str:
    """The block to say it at; at the text where the window does not show the field."""
    wanted_ = _FIELDS.get(field or "") or (Field(field) if field in set(Field) else Field.BODY)
    found = block_of(view, wanted_) or block_of(view, Field.BODY)
    return found or str(Field.BODY)


def _in_time(began: float, error: SharedBoxError) -> None:
    """Slack has closed a window whose answer took too long; then the person is told by message.

    Raises `Conflict`.
    """
    if time.monotonic() - began > ACK_SECONDS:
        raise Conflict(
            f"Your mail was not sent: {error.sentence}", fix="Its text is kept: press Reply again."
        ) from error
