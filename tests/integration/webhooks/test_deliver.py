"""Telling a real server on loopback, with a real database."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from standardwebhooks import Webhook as Judge

from app.core.clock import SystemClock
from app.core.crypto import Vault
from app.core.ids import AccountId, WebhookId
from app.outside.http import open_outside
from app.store.models import Outcome, Webhook, WebhookDelivery, WebhookState
from app.webhooks.change import make_webhook, replay, rotate_secret, set_state
from app.webhooks.deliver import Delivering, deliver
from app.webhooks.payload import TEST_TYPE
from app.webhooks.retry import GIVE_UP_AFTER
from tests import factories
from tests.fixtures.database import Workspace

Answering = Callable[[dict[str, Any]], web.Response]


@dataclass
class Told:
    """A server that keeps what it is told, and answers as the test wants."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answer: Answering = lambda _: web.Response(status=204)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.requests.append((dict(request.headers), body))
        event = await request.json()
        answer = self.answer(event)
        if answer.status < 300:
            self.events.append(event)
        return answer

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.events]

    @property
    def tried(self) -> list[int]:
        """The cursors of the events it was told of, taken or not."""
        return [int(headers["webhook-id"].rpartition("_")[2]) for headers, _ in self.requests]


class Now(SystemClock):
    """Runs ahead of the real clock, as far as the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Hooks:
    workspace: Workspace
    parts: Delivering
    clock: Now
    told: Told
    secret: str = ""
    id: WebhookId = field(init=False)

    async def make(self, **values: Any) -> None:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            webhook, self.secret = await make_webhook(
                uow,
                self.parts.vault,
                **{
                    "url": self.told.url, "description": "", "event_types": [],
                    "account_ids": None, "after": None, **values,
                },
            )  # fmt: skip
        self.id = webhook.id
        # What was told of its making is not what the tests are about.
        async with self.workspace.store.begin(self.workspace.id) as uow:
            await replay(uow, self.id, after=await uow.events.latest())

    async def emit(self, *types: str, **values: Any) -> None:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            for type_ in types:
                uow.emit(type_, **values)

    async def deliver(self) -> None:
        await deliver(self.parts, self.workspace.id, self.id)

    async def due(self) -> bool:
        async with self.workspace.store.across_workspaces() as fleet:
            found = await fleet.webhooks.due(self.clock.now(), timedelta(hours=4))
        return (self.workspace.id, self.id) in found

    async def row(self) -> Webhook:
        async with self.workspace.store.begin(self.workspace.id) as uow:
            return await uow.webhooks.get(self.id)

    async def log(self) -> list[WebhookDelivery]:
        """The oldest first."""
        async with self.workspace.store.begin(self.workspace.id) as uow:
            return list(await uow.webhooks.deliveries(self.id, before=None, limit=100))[::-1]


@pytest.fixture
async def hooks(workspace: Workspace) -> AsyncIterator[Hooks]:
    told, clock = Told(), Now()
    app = web.Application()
    app.router.add_post("/hook", told.take)
    vault = Vault([Fernet.generate_key().decode()])
    async with TestServer(app) as server, open_outside(allow_private=True) as outside:
        told.url = str(server.make_url("/hook"))
        yield Hooks(workspace, Delivering(workspace.store, outside, vault, clock), clock, told)


class TestWhatIsTold:
    async def test_each_event_once_and_in_order(self, hooks: Hooks) -> None:
        await hooks.make()
        await hooks.emit("message.received", "conversation.opened", subject="Invoice")

        await hooks.deliver()
        await hooks.deliver()

        assert hooks.told.types == ["message.received", "conversation.opened"]
        first = hooks.told.events[0]["data"]
        assert first["type"] == "message.received"
        assert first["data"] == {"subject": "Invoice"}
        assert not await hooks.due()

    async def test_what_is_signed_as_receivers_check_it(self, hooks: Hooks) -> None:
        await hooks.make()
        await hooks.emit("message.received")

        await hooks.deliver()

        ((headers, body),) = hooks.told.requests
        told = Judge(hooks.secret).verify(body, headers)
        assert told["type"] == "message.received"

    async def test_what_both_secrets_sign_while_one_replaces_the_other(self, hooks: Hooks) -> None:
        await hooks.make()
        async with hooks.workspace.store.begin(hooks.workspace.id) as uow:
            new = await rotate_secret(uow, hooks.parts.vault, hooks.id, now=hooks.clock.now())

        await hooks.deliver()

        ((headers, body),) = hooks.told.requests
        for secret in (hooks.secret, new):
            assert Judge(secret).verify(body, headers)["type"] == "webhook.secret_rotated"

    async def test_what_was_asked_for_alone(self, hooks: Hooks) -> None:
        await hooks.make(event_types=["message.*", "conversation.opened"])
        await hooks.emit("message.received", "command.applied", "conversation.opened", "note.added")

        await hooks.deliver()

        assert hooks.told.types == ["message.received", "conversation.opened"]
        assert not await hooks.due()

    async def test_what_concerns_its_accounts_alone(self, hooks: Hooks) -> None:
        async with hooks.workspace.store.begin(hooks.workspace.id) as uow:
            ours, other = (factories.account(hooks.workspace.id) for _ in range(2))
            await uow.channels.get(ours.channel_id)
            other.address = "sales@example.com"
            uow.accounts.add(ours)
            uow.accounts.add(other)
        await hooks.make(account_ids=[AccountId(ours.id)])
        await hooks.emit("message.received", account_id=AccountId(ours.id))
        await hooks.emit("message.received", account_id=AccountId(other.id))
        await hooks.emit("slack.connected")

        await hooks.deliver()

        assert [one["data"]["account_id"] for one in hooks.told.events] == [str(ours.id)]

    async def test_a_test_goes_to_the_one_that_is_tested(self, hooks: Hooks) -> None:
        await hooks.make(event_types=["message.received"])
        await hooks.emit(TEST_TYPE, webhook_id="another")
        await hooks.emit(TEST_TYPE, webhook_id=str(hooks.id))

        await hooks.deliver()

        assert [one["data"]["data"] for one in hooks.told.events] == [{"webhook_id": str(hooks.id)}]

    async def test_more_than_one_look_takes_is_left_to_the_next(self, hooks: Hooks) -> None:
        await hooks.make()
        await hooks.emit(*["message.received"] * 130)

        await hooks.deliver()
        assert len(hooks.told.events) == 100
        await hooks.deliver()

        assert len(hooks.told.events) == 130
        assert hooks.told.tried == sorted(set(hooks.told.tried))


class TestAServerThatFails:
    async def test_is_tried_again_later_and_misses_nothing(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda _: web.Response(status=500)
        await hooks.emit("message.received", "message.moved")

        await hooks.deliver()

        assert len(hooks.told.requests) == 1
        assert (await hooks.row()).detail == "Its server answered 500."
        assert not await hooks.due()
        hooks.clock.ahead = timedelta(seconds=6)
        assert await hooks.due()
        hooks.told.answer = lambda _: web.Response(status=200)
        await hooks.deliver()
        assert hooks.told.types == ["message.received", "message.moved"]
        assert [one.outcome for one in await hooks.log()] == [
            Outcome.FAILED, Outcome.DELIVERED, Outcome.DELIVERED,
        ]  # fmt: skip
        assert (await hooks.row()).detail == ""

    async def test_is_left_alone_for_as_long_as_it_asks(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda _: web.Response(status=429, headers={"Retry-After": "120"})
        await hooks.emit("message.received")

        await hooks.deliver()

        hooks.clock.ahead = timedelta(seconds=110)
        assert not await hooks.due()
        await hooks.deliver()  # a job of a worker that died, put back
        assert len(hooks.told.requests) == 1
        hooks.clock.ahead = timedelta(seconds=121)
        assert await hooks.due()

    async def test_one_refused_event_does_not_hold_up_the_others(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda event: web.Response(
            status=422 if event["type"] == "message.moved" else 200
        )
        await hooks.emit("message.received", "message.moved", "message.left")

        for _ in range(5):
            await hooks.deliver()
            hooks.clock.ahead += timedelta(hours=1)

        assert hooks.told.types == ["message.received", "message.left"]
        refused = [one for one in await hooks.log() if one.outcome is Outcome.REFUSED]
        assert [(one.event_type, one.attempt, one.status) for one in refused] == [
            ("message.moved", 5, 422)
        ]

    async def test_that_is_gone_is_told_nothing_more(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda _: web.Response(status=410)
        await hooks.emit("message.received")

        await hooks.deliver()

        assert (await hooks.row()).state is WebhookState.STOPPED
        await hooks.deliver()
        assert len(hooks.told.requests) == 1

    async def test_for_days_is_told_nothing_more_until_somebody_says_so(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda _: web.Response(status=503)
        await hooks.emit("message.received")
        await hooks.deliver()
        hooks.clock.ahead = GIVE_UP_AFTER

        await hooks.deliver()

        assert (await hooks.row()).state is WebhookState.STOPPED
        assert not await hooks.due()
        hooks.told.answer = lambda _: web.Response(status=200)
        async with hooks.workspace.store.begin(hooks.workspace.id) as uow:
            await set_state(uow, hooks.id, active=True)
        await hooks.deliver()
        assert hooks.told.types == ["message.received", "webhook.stopped"]

    async def test_is_not_waited_for_by_a_clock_that_was_wrong(self, hooks: Hooks) -> None:
        await hooks.make()
        hooks.told.answer = lambda _: web.Response(status=500)
        await hooks.emit("message.received")
        hooks.clock.ahead = timedelta(days=300)

        await hooks.deliver()

        hooks.clock.ahead = timedelta()
        assert await hooks.due()

    async def test_that_sends_us_on_is_not_followed(self, hooks: Hooks) -> None:
        """Nobody has the events told to an address that was not checked."""
        await hooks.make()
        elsewhere = Told()
        app = web.Application()
        app.router.add_post("/", elsewhere.take)
        async with TestServer(app) as inside:
            onward = {"Location": str(inside.make_url("/"))}
            hooks.told.answer = lambda _: web.Response(status=307, headers=onward)
            await hooks.emit("message.received")

            await hooks.deliver()

        assert elsewhere.requests == []
        assert len(hooks.told.requests) == 1
        (attempt,) = await hooks.log()
        assert (attempt.status, attempt.outcome) == (307, Outcome.FAILED)

    async def test_at_a_private_address_is_not_asked(self, hooks: Hooks) -> None:
        await hooks.make()
        await hooks.emit("message.received")
        async with open_outside(allow_private=False) as outside:
            hooks.parts = replace(hooks.parts, outside=outside)

            await hooks.deliver()

        assert hooks.told.requests == []
        assert "not" in (await hooks.row()).detail


class TestReplay:
    async def test_tells_all_of_it_again_under_the_same_ids(self, hooks: Hooks) -> None:
        await hooks.make()
        before = (await hooks.row()).cursor
        await hooks.emit("message.received", "message.moved")
        await hooks.deliver()
        async with hooks.workspace.store.begin(hooks.workspace.id) as uow:
            await replay(uow, hooks.id, after=before)

        await hooks.deliver()

        assert hooks.told.types == ["message.received", "message.moved"] * 2
        assert hooks.told.tried[:2] == hooks.told.tried[2:]

    async def test_while_an_event_is_under_way_is_kept(self, hooks: Hooks) -> None:
        """Somebody sets the cursor back while we wait for the server's answer."""
        await hooks.make()
        before = (await hooks.row()).cursor
        await hooks.emit("message.received")
        await hooks.deliver()
        await hooks.emit("message.moved")
        parts = hooks.parts

        class Meddling:
            async def request(self, *args: Any, **values: Any) -> Any:
                async with hooks.workspace.store.begin(hooks.workspace.id) as uow:
                    await replay(uow, hooks.id, after=before)
                return await parts.outside.request(*args, **values)

        hooks.parts = replace(parts, outside=Meddling())  # type: ignore[arg-type]
        await hooks.deliver()
        hooks.parts = parts
        await hooks.deliver()

        assert hooks.told.types == [
            "message.received", "message.moved", "message.received", "message.moved",
        ]  # fmt: skip
