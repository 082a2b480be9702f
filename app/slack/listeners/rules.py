"""Rules in Slack: turned on and off on the Home tab, and made from a mail."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.core.access import Actor
from app.core.errors import InvalidInput, NotFound, SharedBoxError
from app.core.ids import AccountId, ChannelId, ConversationId, SlackUserId, WorkspaceId
from app.rules import edit
from app.rules.history import try_out
from app.rules.mute import mute
from app.rules.types import (
    Action,
    AddTags,
    AssignTo,
    Condition,
    Mute,
    RuleBody,
    SetDone,
    SetFlag,
    SetRead,
    Subject,
    Test,
    ToArchive,
    ToChannel,
)
from app.slack.clicked import value_of
from app.slack.composer import show
from app.slack.errors import words
from app.slack.ids import FieldId, ViewId
from app.slack.leading import lead_to
from app.slack.listeners.home import HomeTab
from app.slack.listeners.routing import Routing, ask
from app.slack.middleware import Door, user_of, workspace_of
from app.slack.submitted import chosen, field, memory_of
from app.slack.views import ruling, told
from app.slack.views.ruling import Offer, Toggle, Whose
from app.slack.views.tags import typed
from app.store.audit import audit
from app.store.blobs import Blobs
from app.store.models import Direction, Message
from app.store.unit_of_work import UnitOfWork

_SECONDS: Final = 0.4
"""How long each offer may be counted: there are three, and somebody waits."""
_DEEDS: Final[dict[str, Action]] = {
    "done": SetDone(),
    "mute": Mute(),
    "flag": SetFlag(),
    "mark_read": SetRead(),
    "archive": ToArchive(),
}
Body = Mapping[str, Any]


class Ruling:
    def __init__(self, door: Door, routing: Routing, blobs: Blobs) -> None:
        self._door = door
        self._routing = routing
        self._blobs = blobs

    def register(self, app: AsyncApp, home: HomeTab) -> None:
        async def toggle(
            ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
        ) -> None:
            await self.toggle(context, body, client)
            await ack()
            await home.publish(context, client, *user_of(body), body.get("view"))

        app.action(ruling.TOGGLE)(toggle)
        app.view(ViewId.RULE.value)(self.make)

    async def toggle(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        """Raises `NotAllowed` and `NotFound`."""
        wanted, now = Toggle.parse(value_of(body)), self._door.clock.now()
        await self._routing.require_admin(context, body, client)
        change = edit.RuleChange(enabled=wanted.on)

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            rule = await edit.change(uow, wanted.rule_id, change, now=now)
            act = "rule.switched_on" if wanted.on else "rule.switched_off"
            audit(uow, actor, act, about=rule.name, rule_id=str(rule.id))

        await self._door.act(context, body, do)

    async def lead_to(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Turn the window that was just submitted into this one."""
        conversation_id = memory_of(body).conversation_id
        try:
            await self._routing.require_admin(context, body, client)
        except SharedBoxError as error:
            await ack(response_action="update", view=told.view(words(error)))
            return
        await lead_to(
            ack,
            self._view(workspace_of(context), conversation_id),
            skeleton=ruling.skeleton(conversation_id),
            show=partial(show, client, str(body["view"]["id"])),
        )

    async def _view(
        self, workspace_id: WorkspaceId, conversation_id: ConversationId
    ) -> dict[str, Any]:
        async with self._door.store.begin(workspace_id) as uow:
            message = await _latest(uow, conversation_id)
            account = await uow.accounts.get(message.account_id)
        offers = []
        for whose, condition in _about(message).items():
            trial = await try_out(
                self._door.store,
                self._blobs,
                workspace_id,
                RuleBody(conditions=(condition,), actions=(SetFlag(),)),
                account_ids=frozenset({account.id}),
                seconds=_SECONDS,
            )
            offers.append(Offer(whose, condition.value, trial.matched, trial.looked_at))
        return ruling.view(conversation_id, account.address, offers)

    async def mute_sender(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        """Have mail like the latest get no card. Whoever sees it may say so, as by `/inbox mute`.

        Raises `Conflict`, `InvalidInput` and `NotFound`.
        """
        async with self._door.store.begin(workspace_of(context)) as uow:
            message = await _latest(uow, memory_of(body).conversation_id)
            account = await uow.accounts.get(message.account_id)
        now = self._door.clock.now()

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await mute(uow, actor, [AccountId(account.id)], message.from_address, now=now)

        await self._door.act(context, body, do)
        view = ruling.muted(message.from_address, account.address)
        await ack(response_action="update", view=view)

    async def make(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        try:
            await self._routing.require_admin(context, body, client)
            channel = field(body, FieldId.RULE_CHANNEL).get("selected_conversation")
            if channel:
                await ask(client, ChannelId(str(channel)))
            await self._door.act(context, body, partial(self._make, body))
        except SharedBoxError as error:
            named = error.field if isinstance(error, InvalidInput) else None
            at = {
                "channel": FieldId.RULE_CHANNEL,
                FieldId.TAGS_NEW: FieldId.RULE_TAGS,
            }.get(named or "", FieldId.RULE_DO)
            await ack(response_action="errors", errors={at: error.sentence})
        else:
            await ack()

    async def _make(self, body: Body, uow: UnitOfWork, actor: Actor) -> None:
        message = await _latest(uow, memory_of(body).conversation_id)
        whose = Whose(chosen(body, FieldId.RULE_WHOSE))
        condition = _about(message).get(whose)
        if condition is None:
            raise NotFound("The mail that this was about is no longer there.")
        actions = await _actions(uow, body)
        if not actions:
            raise InvalidInput("What should happen to it? Choose something.")
        rule = await edit.create(
            uow,
            actor,
            f"Mail from {condition.value}"[: edit.LONGEST_NAME],
            RuleBody(conditions=(condition,), actions=actions),
            account_id=AccountId(message.account_id),
        )
        audit(uow, actor, "rule.created", about=rule.name, rule_id=str(rule.id))


async def _actions(uow: UnitOfWork, body: Body) -> tuple[Action, ...]:
    options = field(body, FieldId.RULE_DO).get("selected_options") or ()
    found = [_DEEDS[str(one["value"])] for one in options if str(one["value"]) in _DEEDS]
    if tags := typed(str(field(body, FieldId.RULE_TAGS).get("value") or "")):
        found.append(AddTags(tags=tuple(tags[:10])))
    if user := field(body, FieldId.RULE_ASSIGN).get("selected_user"):
        teammate = await uow.teammates.by_slack_user(SlackUserId(str(user)), str(user))
        found.append(AssignTo(teammate_id=teammate.id))
    if channel := field(body, FieldId.RULE_CHANNEL).get("selected_conversation"):
        found.append(ToChannel(channel=str(channel)))
    return tuple(found)


async def _latest(uow: UnitOfWork, conversation_id: ConversationId) -> Message:
    """The last mail that came in. Raises `NotFound`."""
    message = await uow.messages.latest(conversation_id)
    if message is None or message.direction is Direction.OUTBOUND or not message.from_address:
        raise NotFound("Nobody wrote to us in this conversation yet.")
    return message


def _about(message: Message) -> dict[Whose, Condition]:
    """What a rule made from this mail can be about."""
    sender = message.from_address.lower()
    found = {Whose.SENDER: Condition(field=Subject.FROM, test=Test.IS, value=sender)}
    if domain := sender.rpartition("@")[2]:
        found[Whose.DOMAIN] = Condition(field=Subject.FROM, test=Test.DOMAIN, value=domain)
    if message.list_id:
        found[Whose.LIST] = Condition(field=Subject.LIST, test=Test.IS, value=message.list_id)
    return found
