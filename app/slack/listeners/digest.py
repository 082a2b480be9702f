"""*Show all* below the one message for many cards that are held back."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from app.feed.burst import show_all_of
from app.feed.ids import ActionId, parse_post
from app.slack.clicked import value_of
from app.slack.middleware import Door

Body = Mapping[str, Any]


class Digest:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        app.action(ActionId.SHOW_ALL.value)(self.show_all)

    async def show_all(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        digest_id = parse_post(value_of(body))
        await self._door.act(context, body, lambda uow, _: show_all_of(uow, digest_id))
        await ack()
