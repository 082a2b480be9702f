"""What a person settles for themselves: the windows that the Home tab opens, and what they say."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.commands.summary import want_summary
from app.core.access import Actor
from app.core.errors import InvalidInput
from app.sending.wording import put_own_signature
from app.slack.ids import FieldId, ViewId
from app.slack.listeners.home import HomeTab
from app.slack.middleware import Door, actor_of, user_of, workspace_of
from app.slack.people import look_up
from app.slack.submitted import field, typed
from app.slack.views import settings, told
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]


class PersonalSettings:
    def __init__(self, door: Door, home: HomeTab) -> None:
        self._door = door
        self._home = home

    def register(self, app: AsyncApp) -> None:
        app.action(settings.SIGNATURE)(self.open_signature)
        app.action(settings.NOTICES)(self.open_notices)
        app.view(ViewId.SIGNATURE.value)(self.save_signature)
        app.view(ViewId.NOTICES.value)(self.save_notices)

    async def open_signature(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        async with self._door.store.begin(workspace_of(context)) as uow:
            actor = await actor_of(uow, body)
            found = await uow.signatures.exactly(None, actor.teammate_id)
            text, is_formatted = (found.text, bool(found.html)) if found else ("", False)
        if len(text) > settings.LONGEST:
            view = told.view("Your signature is too long for this window. Change it in the admin.")
        else:
            view = settings.signature_view(text, is_formatted=is_formatted)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def open_notices(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        await ack()
        async with self._door.store.begin(workspace_of(context)) as uow:
            me = await uow.teammates.by_slack_user(*user_of(body))
        view = settings.notices_view(me.quiet_about, has_summary=me.summary_at is not None)
        await client.views_open(trigger_id=body["trigger_id"], view=view)
        if (zone := (await look_up(client, user_of(body)[0])).time_zone) is not None:
            async with self._door.store.begin(workspace_of(context)) as uow:
                (await uow.teammates.by_slack_user(*user_of(body))).time_zone = zone

    async def save_signature(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        text = typed(field(body, FieldId.SIGNATURE).get("value"))

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            assert actor.teammate_id is not None
            await put_own_signature(uow, actor.teammate_id, text)

        try:
            await self._door.act(context, body, do)
        except InvalidInput as error:
            await ack(response_action="errors", errors={FieldId.SIGNATURE: str(error)})
            return
        await ack()
        await self._home.publish(context, client, *user_of(body), None)

    async def save_notices(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        options = field(body, FieldId.NOTICES).get("selected_options") or ()
        quiet_about = settings.quiet([str(one.get("value")) for one in options])
        daily = field(body, FieldId.SUMMARY).get("selected_options") or ()
        wants_summary = any(one.get("value") == settings.DAILY for one in daily)

        async def do(uow: UnitOfWork, _: Actor) -> None:
            me = await uow.teammates.by_slack_user(*user_of(body))
            me.quiet_about = quiet_about
            await want_summary(uow, me, wanted=wants_summary, now=self._door.clock.now())

        await self._door.act(context, body, do)
        await ack()
        await self._home.publish(context, client, *user_of(body), None)
