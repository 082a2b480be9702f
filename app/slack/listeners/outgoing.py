"""The buttons below a mail of ours: take it back, try it again, say what became of it."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from app.core.ids import OutgoingId
from app.feed.ids import ActionId, parse_outgoing
from app.sending import change
from app.slack.middleware import Door

Body = Mapping[str, Any]


class OutgoingActions:
    def __init__(self, door: Door) -> None:
        self._door = door

    def register(self, app: AsyncApp) -> None:
        for action, listener in {
            ActionId.OUTGOING_UNDO: self.undo,
            ActionId.OUTGOING_SEND_NOW: self.send_now,
            ActionId.OUTGOING_RETRY: self.retry,
            ActionId.OUTGOING_SEND_AGAIN: self.send_again,
            ActionId.OUTGOING_WAS_SENT: self.was_sent,
            ActionId.OUTGOING_DROP: self.drop,
        }.items():
            app.action(action.value)(listener)

    async def undo(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        outgoing_id = _outgoing(body)
        await self._door.act(context, body, lambda uow, _: change.cancel(uow, outgoing_id))
        await ack()

    async def send_now(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        outgoing_id = _outgoing(body)
        await self._door.act(context, body, lambda uow, _: change.send_now(uow, outgoing_id))
        await ack()

    async def retry(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._again(context, body, even_if_sent=False)
        await ack()

    async def send_again(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        await self._again(context, body, even_if_sent=True)
        await ack()

    async def _again(self, context: AsyncBoltContext, body: Body, *, even_if_sent: bool) -> None:
        outgoing_id = _outgoing(body)
        await self._door.act(
            context,
            body,
            lambda uow, _: change.retry(uow, outgoing_id, even_if_sent=even_if_sent),
        )

    async def was_sent(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        outgoing_id = _outgoing(body)
        await self._door.act(context, body, lambda uow, _: change.it_was_sent(uow, outgoing_id))
        await ack()

    async def drop(self, ack: AsyncAck, context: AsyncBoltContext, body: Body) -> None:
        outgoing_id = _outgoing(body)
        await self._door.act(context, body, lambda uow, _: change.drop(uow, outgoing_id))
        await ack()


def _outgoing(body: Body) -> OutgoingId:
    """Raises `InvalidInput`."""
    actions = body.get("actions") or [{}]
    return parse_outgoing(str(actions[0].get("value", "")))
