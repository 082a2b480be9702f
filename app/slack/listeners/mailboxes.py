"""What an admin does about a mailbox on the Home tab: have it connected anew, or go on with it."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from app.accounts.connect import retry_now
from app.accounts.pausing import resume
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.logging import get_logger
from app.slack.clicked import value_of
from app.slack.listeners.home import HomeTab
from app.slack.listeners.routing import Routing
from app.slack.middleware import Door, user_of
from app.slack.views.mailboxes import CONNECT, MEND, SIGN_IN, Mend, Mending
from app.store.audit import audit
from app.store.unit_of_work import UnitOfWork

Body = Mapping[str, Any]
log = get_logger(__name__)


class Mailboxes:
    def __init__(self, door: Door, routing: Routing, home: HomeTab) -> None:
        self._door = door
        self._routing = routing
        self._home = home

    def register(self, app: AsyncApp) -> None:
        app.action(MEND)(self.mend)
        app.action(SIGN_IN)(self.follow)
        app.action(CONNECT)(self.follow)

    async def follow(self, ack: AsyncAck) -> None:
        """Slack follows the button's link by itself."""
        await ack()

    async def mend(
        self, ack: AsyncAck, context: AsyncBoltContext, body: Body, client: AsyncWebClient
    ) -> None:
        """Raises `NotAllowed` and `NotFound`. What is well already stays as it is."""
        wanted = Mending.parse(value_of(body))
        why = "Only admins have mailboxes connected anew."
        await self._routing.require_admin(context, body, client, why=why)

        async def do(uow: UnitOfWork, actor: Actor) -> None:
            await self._mend(uow, actor, wanted)

        try:
            await self._door.act(context, body, do)
        except Conflict as error:
            # Somebody was faster, or it got well by itself: the tab shows how it is now.
            log.info("slack.mended_already", error=str(error))
        await ack()
        await self._home.publish(context, client, *user_of(body), body.get("view"))

    async def _mend(self, uow: UnitOfWork, actor: Actor, wanted: Mending) -> None:
        if wanted.mend is Mend.RESUME:
            now = self._door.clock.now()
            account = await resume(uow, wanted.account_id, by=actor.name, now=now)
            act = "account.resumed"
        else:
            account = await retry_now(uow, wanted.account_id)
            act = "account.retried"
        audit(uow, actor, act, about=account.address, account_id=str(account.id))
