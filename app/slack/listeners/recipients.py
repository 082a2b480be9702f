"""Finding somebody to write to, in the window in which mail is written."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.mail.address import Address
from app.slack.clicked import option_of
from app.slack.composer import Composer
from app.slack.members import Members
from app.slack.middleware import Door, actor_of, user_of, workspace_of
from app.slack.views.recipients import MOST_PEOPLE, added, suggestions
from app.slack.writing import Field, Form

Body = Mapping[str, Any]


class Recipients:
    def __init__(self, door: Door, composer: Composer, members: Members) -> None:
        self._door = door
        self._composer = composer
        self._members = members

    def register(self, app: AsyncApp) -> None:
        app.options(Field.PERSON.value)(self.offer)
        app.action(Field.PERSON.value)(self.add)

    async def offer(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Those of whom the writer may know: their last mail is seen in a channel of theirs."""
        typed, workspace_id = str(body.get("value") or "")[:320], workspace_of(context)
        channels = await self._members.channels(client, (workspace_id, user_of(body)[0]))
        async with self._door.store.begin(workspace_id) as uow:
            await actor_of(uow, body)
            found = await uow.contacts.search(typed, seen_in=channels, limit=MOST_PEOPLE)
        known = [Address(one.name, one.address) for one in found]
        await ack(**suggestions(known, typed))

    async def add(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Put somebody beside those who stand in To or Cc."""
        chosen = option_of(body)
        words = str(body["actions"][0]["selected_option"]["text"]["text"])
        await ack()

        def put(form: Form) -> Form:
            to, cc = added(chosen, words, form.to, form.cc)
            return form.but(to=to, cc=cc)

        await self._composer.redraw(context, body, client, put)
