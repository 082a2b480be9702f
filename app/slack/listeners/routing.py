"""Saying in Slack which channel mail goes to, and whose mail is not to be shown at all."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.accounts.routing import set_own_channel, set_route
from app.core.access import Actor
from app.core.errors import InvalidInput, NotAllowed, NotFound, SharedBoxError
from app.core.ids import AccountId, ChannelId, SlackUserId
from app.feed import channels
from app.feed.ids import ActionId
from app.feed.port import ChannelInfo, Rendered
from app.rules.mute import mute, unmute
from app.slack.client import channel_info
from app.slack.gate import Gate
from app.slack.ids import FieldId, ViewId
from app.slack.middleware import Door, actor_of, user_of, workspace_of
from app.slack.submitted import chosen, field, typed
from app.slack.views import routing as views
from app.slack.views.ruling import ROUTE
from app.store.audit import audit
from app.store.models import Account, ChannelState, Exposure, RouteKind
from app.store.unit_of_work import UnitOfWork

_ASK_SECONDS: Final = 2
_MOST_ACCOUNTS: Final = 1000
Body = Mapping[str, Any]


class Routing:
    def __init__(self, door: Door, gate: Gate, admins: frozenset[SlackUserId]) -> None:
        self._door = door
        self._gate = gate
        self._admins = admins

    def register(self, app: AsyncApp) -> None:
        app.action(ROUTE)(self.open)
        app.action(ActionId.REROUTE.value)(self.open)
        app.view(ViewId.ROUTE.value)(self.save)

    async def open(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        await self.show(context, body, client)

    async def show(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        """Open the window. Raises `NotAllowed` and `NotFound`."""
        async with self._door.store.begin(workspace_of(context)) as uow:
            accounts = await uow.accounts.page(after=None, limit=views.MOST_ACCOUNTS)
        if not accounts:
            raise NotFound("No mailbox is connected yet.", fix="Connect one first.")
        shown = [views.Choice(one.id, one.address) for one in accounts]
        view = views.view(shown, _asked_in(body))
        await self.require_admin(context, body, client)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def save(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        try:
            await self.require_admin(context, body, client)
            await self._save(context, body, client)
        except SharedBoxError as error:
            wrong = {"value": FieldId.ROUTE_VALUE, "channel": FieldId.ROUTE_CHANNEL}
            about = error.field if isinstance(error, InvalidInput) else None
            at = wrong.get(about or "", FieldId.ROUTE_CHANNEL)
            await ack(response_action="errors", errors={at: error.sentence})
        else:
            await ack()

    async def _save(self, context: AsyncBoltContext, body: Body, client: AsyncWebClient) -> None:
        account_id = AccountId(_id(chosen(body, FieldId.ROUTE_ACCOUNT)))
        what = views.What(chosen(body, FieldId.ROUTE_WHAT))
        value = typed(field(body, FieldId.ROUTE_VALUE).get("value"))
        channel = ChannelId(str(field(body, FieldId.ROUTE_CHANNEL).get("selected_conversation")))
        exposure = (field(body, FieldId.ROUTE_EXPOSURE).get("selected_option") or {}).get("value")
        accepted = bool(field(body, FieldId.ROUTE_SHARED).get("selected_options"))
        info = await ask(client, channel)
        if info.is_shared and not accepted:
            raise _shared("Tick the box below if that is meant.")
        if what is not views.What.ALL and not value.strip():
            raise InvalidInput("Which address, or which folder?", field="value")

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            if what is views.What.ALL:
                about = (await set_own_channel(uow, account_id, channel)).address
            else:
                about = (await set_route(uow, account_id, RouteKind(what), value, channel)).value
            audit(uow, actor, "route.set", about=about, channel=channel)
            if accepted and info.is_shared:
                await channels.accept_sharing(uow, actor, channel, accepted=True)
                audit(uow, actor, "channel.sharing_accepted", about=f"#{info.name}")
            await channels.note(uow, channel, info)
            if exposure:
                await channels.set_exposure(uow, channel, Exposure(exposure))
                act = "channel.exposure_changed"
                audit(uow, actor, act, about=f"#{info.name}", exposure=exposure)

        await self._door.act(context, body, do)

    # What `/inbox` asks for

    async def here(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, address: str
    ) -> Rendered:
        """Have an account's mail come to the channel that this was typed in."""
        await self.require_admin(context, body, client)
        channel = ChannelId(str(body.get("channel_id")))
        async with self._door.store.begin(workspace_of(context)) as uow:
            found = await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS)
        fitting = [one for one in found if one.address.lower() == address.lower()]
        if not address and len(found) == 1:
            fitting = list(found)
        if not fitting:
            return views.which([one.address for one in found])
        info = await ask(client, channel)
        async with self._door.store.begin(workspace_of(context)) as uow:
            account = await set_own_channel(uow, fitting[0].id, channel)
            actor = await actor_of(uow, body)
            audit(uow, actor, "route.set", about=account.address, channel=channel)
            if (await channels.note(uow, channel, info)).state is ChannelState.HELD:
                raise _shared("Say so by /inbox route, and tick the box there, if that is meant.")
        return views.set_here(account.address, channel)

    async def emoji(
        self, context: AsyncBoltContext, body: Body, client: AsyncWebClient, said: str
    ) -> Rendered:
        """Whether emoji on a card act in the channel that this was typed in."""
        await self.require_admin(context, body, client)
        channel = ChannelId(str(body.get("channel_id")))
        wanted = said.lower()
        async with self._door.store.begin(workspace_of(context)) as uow:
            found = await uow.channels.find(channel)
            if found is None:
                raise NotFound(
                    "No mailbox has its mail shown in this channel.",
                    fix="Type it in a channel that gets mail.",
                )
            if wanted in {"on", "off"}:
                found = await channels.set_emoji_actions(uow, channel, on=wanted == "on")
                act = f"channel.emoji_switched_{wanted}"
                audit(uow, await actor_of(uow, body), act, about=found.title)
        return views.emoji(on=found.emoji_actions)

    async def mute(self, context: AsyncBoltContext, body: Body, who: str, *, on: bool) -> Rendered:
        """In the channel's mailboxes, and no others: whoever sees their mail may say so."""
        channel = ChannelId(str(body.get("channel_id")))
        async with self._door.store.begin(workspace_of(context)) as uow:
            accounts = await _accounts_in(uow, channel)
            ids, actor = [one.id for one in accounts], await actor_of(uow, body)
            if on:
                count = len(await mute(uow, actor, ids, who, now=self._door.clock.now()))
            else:
                count = await unmute(uow, actor, ids, who)
        return views.muted(who, count=count, on=on)

    async def require_admin(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        *,
        why: str = "Only admins say where mail goes and what happens to it by itself.",
    ) -> None:
        """Raises `NotAllowed`."""
        user_id = user_of(body)[0]
        if user_id in self._admins:
            return
        if not await self._gate.is_admin(client, workspace_of(context), user_id):
            raise NotAllowed(why)


async def ask(client: AsyncWebClient, channel: ChannelId) -> ChannelInfo:
    """What Slack says of a channel that mail is to go to.

    Raises `InvalidInput` where we could not post there, with what to do about it.
    """
    invite = "Invite it there first: /invite @SharedBox."
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            answer = await client.conversations_info(channel=channel)
    except SlackApiError as error:
        if error.response.get("error") != "channel_not_found":
            raise
        raise InvalidInput(
            "SharedBox is not in this channel.", field="channel", fix=invite
        ) from error
    except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
        raise InvalidInput(
            "Slack does not say whether mail can go there.", field="channel", fix="Try again."
        ) from error
    info = channel_info(answer.get("channel") or {})
    if info.is_archived:
        raise InvalidInput("This channel is archived.", field="channel", fix="Unarchive it first.")
    if not info.is_member:
        raise InvalidInput("SharedBox is not in this channel.", field="channel", fix=invite)
    return info


async def _accounts_in(uow: UnitOfWork, channel: ChannelId) -> list[Account]:
    found = await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS, channels=frozenset({channel}))
    if not found:
        raise NotFound(
            "No mailbox has its mail shown in this channel.",
            fix="Type it in a channel that gets mail.",
        )
    return list(found)


def _shared(fix: str) -> InvalidInput:
    what = "This channel is shared with another organisation, who would read the mail."
    return InvalidInput(what, field="channel", fix=fix)


def _asked_in(body: Body) -> str | None:
    channel = str(body.get("channel_id") or "")
    return channel if channel.startswith(("C", "G")) else None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("This choice is not one of ours.") from None
