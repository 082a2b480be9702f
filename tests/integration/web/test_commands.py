"""Asking for commands, taking them back, and trying failed ones again."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.commands import enqueue
from app.core.access import Scope
from app.core.ids import CommandId, SlackUserId, new_id
from app.store.models import CommandState
from tests.fixtures.database import are_waiting
from tests.fixtures.stack import eventually
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def ask(client: Any, **body: Any) -> Any:
    return await client.post("/commands", json={"type": "archive", **body})


async def teammate(web: Web, name: str) -> str:
    async with web.store.begin(web.workspace_id) as uow:
        return str((await uow.teammates.by_slack_user(SlackUserId(f"U{name}"), name)).id)


class TestOfAPausedAccount:
    async def test_say_since_when_they_wait(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        conversation, _ = await web.conversation(account)
        before = (await ask(client, conversation_id=str(conversation))).json()
        mail = await web.outgoing(account, conversation)

        paused = (await client.post(f"/accounts/{account}/pause")).json()["paused"]
        since = [
            (await client.get(f"/commands/{before['id']}")).json()["paused_since"],
            (await client.get("/commands")).json()["items"][0]["paused_since"],
            (await client.get(f"/outgoing/{mail}")).json()["paused_since"],
            (await client.get("/outgoing")).json()["items"][0]["paused_since"],
        ]
        await client.post(f"/commands/{before['id']}/undo")
        taken_back = (await client.get(f"/commands/{before['id']}")).json()

        assert before["paused_since"] is None
        assert since == [paused["since"]] * 4
        assert (taken_back["state"], taken_back["paused_since"]) == ("cancelled", None)


class TestAsking:
    async def test_is_answered_with_a_command_that_is_queued(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        conversation, message = await web.conversation(await web.account())

        answer = await ask(client, conversation_id=str(conversation))

        assert answer.status_code == 202
        command = answer.json()
        assert (command["type"], command["state"]) == ("archive", "queued")
        assert command["targets"] == [{"message_id": str(message), "state": "pending"}]
        assert (await client.get(f"/commands/{command['id']}")).json() == command
        (event,) = (await client.get("/events")).json()["events"]
        assert event["type"] == "command.queued"

    async def test_every_type_but_those_of_our_own(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        for type_ in ("move", "archive", "delete", "spam", "flag", "mark_read"):
            conversation, _ = await web.conversation(account)
            more = {"folder": "Archive"} if type_ == "move" else {}
            answer = await ask(client, type=type_, conversation_id=str(conversation), **more)
            assert answer.status_code == 202, (type_, answer.text)
        for other in ("restore", "assign", "done", "reopen", "expunge", "", None):
            answer = await ask(client, type=other, conversation_id=str(new_id()))
            assert answer.status_code == 422, other

    async def test_about_nothing_or_too_much_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        conversation, message = await web.conversation(await web.account())
        malformed: list[dict[str, Any]] = [
            {},
            {"conversation_id": str(conversation), "message_ids": [str(message)]},
            {"message_ids": []},
            {"message_ids": [str(new_id())] * 501},
            {"message_ids": "all"},
            {"conversation_id": "42"},
            {"conversation_id": str(conversation), "folder": "Archive"},
            {"type": "move", "conversation_id": str(conversation)},
            {"type": "move", "conversation_id": str(conversation), "folder": ""},
            {"type": "move", "conversation_id": str(conversation), "folder": "A\0"},
            {"type": "move", "conversation_id": str(conversation), "folder": "x" * 501},
            {"conversation_id": str(conversation), "state": "done"},
        ]

        for body in malformed:
            answer = await ask(client, **body)
            assert answer.status_code == 422, body
            assert answer.json()["detail"]

    async def test_a_folder_that_is_not_there_is_named(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        conversation, _ = await web.conversation(await web.account())

        for folder in ("Nowhere", 'A"\r\nA1 DELETE INBOX', "inbox "):
            answer = await ask(
                client, type="move", conversation_id=str(conversation), folder=folder
            )

            assert answer.status_code == 400
            assert answer.json()["errors"][0]["field"] == "folder"

    async def test_messages_of_two_accounts_are_refused(self, web: Web) -> None:
        _, one = await web.conversation(await web.account())
        _, two = await web.conversation(await web.account(address="sales@example.com"))

        answer = await ask(web.client(BOOTSTRAP_KEY), message_ids=[str(one), str(two)])

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "message_ids"

    async def test_where_nothing_is_left_to_change_is_a_conflict(self, web: Web) -> None:
        conversation, _ = await web.conversation(await web.account())

        answer = await ask(
            web.client(BOOTSTRAP_KEY), type="mark_unread", conversation_id=str(conversation)
        )

        assert answer.status_code == 409

    async def test_where_too_many_wait_for_the_account_is_refused_until_fewer_do(
        self, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(enqueue, "MOST_WAITING", 2)
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        other = await web.account(address="sales@example.com")
        first, second, third = [str((await web.conversation(account))[0]) for _ in range(3)]
        elsewhere, _ = await web.conversation(other)
        taken = await ask(client, conversation_id=first)
        await ask(client, conversation_id=second)

        once = {"Idempotency-Key": "third"}
        body = {"type": "archive", "conversation_id": third}
        refused = await client.post("/commands", json=body, headers=once)
        beside = await ask(client, conversation_id=str(elsewhere))
        await client.post(f"/commands/{taken.json()['id']}/undo")
        again = await client.post("/commands", json=body, headers=once)

        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "60"
        assert "2 changes wait for support@example.com already" in refused.json()["detail"]
        assert beside.status_code == 202
        assert again.status_code == 202
        assert "Idempotent-Replayed" not in again.headers

    async def test_a_repetition_with_its_key_asks_once(self, web: Web) -> None:
        client, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "once"}
        conversation, _ = await web.conversation(await web.account())
        body = {"type": "archive", "conversation_id": str(conversation)}

        answers = await asyncio.gather(
            *(client.post("/commands", json=body, headers=once) for _ in range(5))
        )

        assert {one.status_code for one in answers} == {202}
        assert len({one.json()["id"] for one in answers}) == 1
        assert len((await client.get("/events")).json()["events"]) == 1


class TestUndo:
    async def test_of_one_that_is_queued_cancels_it_however_often(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        conversation, _ = await web.conversation(await web.account())
        id_ = (await ask(client, conversation_id=str(conversation))).json()["id"]

        answers = await asyncio.gather(*(client.post(f"/commands/{id_}/undo") for _ in range(3)))

        assert [(one.status_code, one.json()["state"]) for one in answers] == [
            (202, "cancelled")
        ] * 3
        types = [one["type"] for one in (await client.get("/events")).json()["events"]]
        assert types == ["command.queued", "command.cancelled"]

    async def test_of_one_that_runs_or_failed_is_a_conflict(self, web: Web) -> None:
        tenant = await web.tenant()
        client = web.client(tenant.key)

        for state, words in ((CommandState.RUNNING, "just now"), (CommandState.FAILED, "failed")):
            await put(web, tenant.command_id, state)
            answer = await client.post(f"/commands/{tenant.command_id}/undo")

            assert answer.status_code == 409
            assert words in answer.json()["detail"]


class TestUndoOfAChange:
    """What the team keeps about a conversation."""

    async def test_leaves_alone_what_somebody_decided_since(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        conversation, _ = await web.conversation(await web.account())
        ana, ben = await teammate(web, "ana"), await teammate(web, "ben")
        url = f"/conversations/{conversation}"
        for wanted in ({"assignee_id": ana}, {"assignee_id": ben}, {"tags": ["vip"]}):
            assert (await client.patch(url, json=wanted)).status_code == 200
        _, to_ben, to_ana = (await client.get("/commands")).json()["items"]

        refused = await client.post(f"/commands/{to_ana['id']}/undo")

        assert refused.status_code == 409
        assert "Somebody has changed the same since then." in refused.json()["detail"]
        assert (await client.get(url)).json()["assignee_id"] == ben
        for later, left in ((to_ben, ana), (to_ana, None)):
            assert (await client.post(f"/commands/{later['id']}/undo")).status_code == 202
            assert (await client.get(url)).json()["assignee_id"] == left
        assert (await client.get(url)).json()["tags"] == ["vip"]

    async def test_waits_for_nobody_in_a_ring(self, web: Web) -> None:
        """Whoever takes an emoji away holds the conversation, and then what they had asked for."""
        client = web.client(BOOTSTRAP_KEY)
        conversation, _ = await web.conversation(await web.account())
        await client.patch(f"/conversations/{conversation}", json={"status": "done"})
        (done,) = (await client.get("/commands")).json()["items"]

        async with asyncio.TaskGroup() as tasks, web.store.begin(web.workspace_id) as uow:
            await uow.conversations.lock(conversation)
            undoing = tasks.create_task(client.post(f"/commands/{done['id']}/undo"))
            await eventually(lambda: are_waiting(web.store, 1))
            await uow.commands.lock(CommandId(UUID(done["id"])))

        assert undoing.result().status_code == 202, undoing.result().text


class TestRetry:
    async def test_brings_a_failed_one_back_to_life(self, web: Web) -> None:
        tenant = await web.tenant()
        await put(web, tenant.command_id, CommandState.FAILED)
        client = web.client(tenant.key)

        again = await client.post(f"/commands/{tenant.command_id}/retry")
        twice = await client.post(f"/commands/{tenant.command_id}/retry")

        assert (again.status_code, again.json()["state"]) == (202, "queued")
        assert again.json()["attempts"] == 0
        assert twice.status_code == 409


async def put(web: Web, command_id: CommandId, state: CommandState) -> None:
    async with web.store.begin(web.workspace_id) as uow:
        command = await uow.commands.lock(command_id)
        command.state, command.attempts = state, 5


class TestListing:
    async def three(self, web: Web, client: Any) -> list[str]:
        """Three commands of one account, the latest first; the second of them has failed."""
        account = await web.account()
        ids: list[str] = []
        for _ in range(3):
            conversation, _message = await web.conversation(account)
            ids.insert(0, (await ask(client, conversation_id=str(conversation))).json()["id"])
        async with web.store.begin(web.workspace_id) as uow:
            command = await uow.commands.lock(CommandId(UUID(ids[1])))
            command.state, command.detail = CommandState.FAILED, "The server said no."
        return ids

    async def test_needs_a_key_that_may_read(self, web: Web) -> None:
        assert (await web.client().get("/commands")).status_code == 401

    async def test_names_the_latest_first_page_by_page(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        ids = await self.three(web, client)

        first = (await client.get("/commands", params={"limit": 2})).json()
        second = (
            await client.get("/commands", params={"limit": 2, "cursor": first["next_cursor"]})
        ).json()

        assert [one["id"] for one in first["items"] + second["items"]] == ids
        assert second["next_cursor"] is None
        assert all(len(one["targets"]) == 1 for one in first["items"])

    async def test_names_the_dead_letters(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        ids = await self.three(web, client)

        (dead,) = (await client.get("/commands", params={"state": "failed"})).json()["items"]

        assert (dead["id"], dead["detail"]) == (ids[1], "The server said no.")
        await client.post(f"/commands/{dead['id']}/retry")
        assert (await client.get("/commands", params={"state": "failed"})).json()["items"] == []

    async def test_of_one_account_or_conversation(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await self.three(web, client)
        other = await web.account(address="sales@example.com")
        conversation, _ = await web.conversation(other)
        mine = (await ask(client, conversation_id=str(conversation))).json()["id"]

        for wanted in ({"account": str(other)}, {"conversation": str(conversation)}):
            (found,) = (await client.get("/commands", params=wanted)).json()["items"]
            assert found["id"] == mine

    async def test_shows_a_bound_key_only_what_is_its(self, web: Web) -> None:
        await self.three(web, web.client(BOOTSTRAP_KEY))
        other = await web.account(address="sales@example.com")
        _, key = await web.key(Scope.READ, accounts=[other])
        client = web.client(key)

        assert (await client.get("/commands")).json()["items"] == []
