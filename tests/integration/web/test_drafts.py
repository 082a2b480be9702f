"""Drafts by REST: whose they are, handing over, and what is never written over or overlooked."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.access import Actor, Origin, Scope
from app.core.ids import (
    AccountId,
    ConversationId,
    DraftId,
    MessageId,
    SlackUserId,
    TeammateId,
    new_id,
)
from app.sending import change, drafts
from app.store.models import OutgoingState
from tests import factories
from tests.fixtures.database import are_waiting
from tests.fixtures.stack import eventually
from tests.fixtures.web import BOOTSTRAP_KEY, Web


@pytest.fixture
async def asked(web: Web) -> tuple[AccountId, ConversationId, MessageId]:
    account_id = await web.account(smtp_host="smtp.example.com", smtp_port=465, smtp_security="tls")
    return account_id, *(await web.conversation(account_id))


Asked = tuple[AccountId, ConversationId, MessageId]


async def teammate(web: Web, name: str) -> str:
    async with web.store.begin(web.workspace_id) as uow:
        found = await uow.teammates.by_slack_user(SlackUserId(f"U{name.upper()}"), name)
        return str(found.id)


async def begin(web: Web, asked: Asked, who: str, **values: Any) -> httpx.Response:
    body = {
        "account_id": str(asked[0]),
        "conversation_id": str(asked[1]),
        "teammate_id": await teammate(web, who),
        "text": "You are right.",
        **values,
    }
    return await web.client(BOOTSTRAP_KEY).post("/drafts", json=body)


class TestWriting:
    async def test_what_cannot_be_is_refused(self, web: Web, asked: Asked) -> None:
        for wrong, status in (
            ({"teammate_id": str(new_id())}, 400),
            ({"html": "<b>both</b>"}, 400),
            ({"conversation_id": str(new_id())}, 404),
            ({"colour": "red"}, 422),
        ):
            assert (await begin(web, asked, "ana", **wrong)).status_code == status, wrong

    async def test_beyond_the_accounts_of_a_key_is_not_there(self, web: Web, asked: Asked) -> None:
        other = await web.account(address="sales@example.com")
        _, bound = await web.key(Scope.WRITE, Scope.READ, accounts=[other])
        draft = (await begin(web, asked, "ana")).json()

        client = web.client(bound)
        assert (await client.get(f"/drafts/{draft['id']}")).status_code == 404
        assert (await client.get("/drafts")).json()["items"] == []

    async def test_is_shown_to_others_as_being_written(self, web: Web, asked: Asked) -> None:
        anas = (await begin(web, asked, "ana")).json()

        bens = (await begin(web, asked, "ben")).json()

        assert anas["others_writing"] == []
        assert bens["others_writing"] == [anas["teammate_id"]]
        assert anas["writing_until"] is not None
        again = await begin(web, asked, "ana")
        assert (again.status_code, anas["id"] in again.text) == (409, True)

    async def test_html_is_what_the_editor_in_slack_shows(self, web: Web, asked: Asked) -> None:
        made = await begin(web, asked, "ana", text=None, html="<p>Dear <b>Ana</b></p>")

        assert made.json()["text"] == "Dear Ana"
        assert made.json()["html"] == "<div>Dear <b>Ana</b></div>"

    async def test_goes_on_where_it_was_read(self, web: Web, asked: Asked) -> None:
        client = web.client(BOOTSTRAP_KEY)
        draft = (await begin(web, asked, "ana")).json()
        url, seen = f"/drafts/{draft['id']}", draft["updated_at"]

        first = await client.patch(url, json={"text": "Of course.", "updated_at": seen})
        second = await client.patch(url, json={"text": "No.", "updated_at": seen})

        assert (first.status_code, second.status_code) == (200, 409)
        shown = (await client.get(url)).json()
        assert (shown["text"], shown["updated_at"]) == ("Of course.", first.json()["updated_at"])

    async def test_what_is_open_in_slack_is_left_alone(self, web: Web, asked: Asked) -> None:
        client = web.client(BOOTSTRAP_KEY)
        draft = (await begin(web, asked, "ana")).json()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.drafts.lock(draft["id"])).view_id = "V1"
        url = f"/drafts/{draft['id']}"

        changed = await client.patch(url, json={"text": "x", "updated_at": draft["updated_at"]})

        assert (changed.status_code, (await client.delete(url)).status_code) == (409, 409)
        assert (await client.get(url)).json()["in_slack"]


class TestWhose:
    """A key is nobody's own: it writes on what it began itself, until its author does."""

    async def acts(self, client: httpx.AsyncClient, draft: Any, seen: object) -> list[int]:
        url = f"/drafts/{draft['id']}"
        patch = {"text": "Mine.", "updated_at": draft["updated_at"]}
        return [
            one.status_code
            for one in (
                await client.patch(url, json=patch),
                await client.post(f"{url}/send", json={"last_seen_message_id": str(seen)}),
            )
        ]

    async def test_what_somebody_began_is_left_to_them(self, web: Web, asked: Asked) -> None:
        _, text = await web.key(Scope.WRITE, Scope.SEND, Scope.READ)
        client, anas = web.client(text), (await begin(web, asked, "ana")).json()
        url, ben = f"/drafts/{anas['id']}", await teammate(web, "ben")

        refused = await client.patch(url, json={"text": "x", "updated_at": anas["updated_at"]})

        assert refused.status_code == 403
        assert "its author’s own" in refused.json()["detail"]
        assert await self.acts(client, anas, asked[2]) == [403, 403]
        over = await client.post(f"{url}/take-over", json={"teammate_id": ben})
        assert (over.status_code, (await client.delete(url)).status_code) == (403, 403)
        assert (await client.get(url)).json()["text"] == "You are right."

    async def test_what_a_key_began_is_its_own_and_of_no_other(
        self, web: Web, asked: Asked
    ) -> None:
        keys = [(await web.key(Scope.WRITE, Scope.SEND, Scope.READ))[1] for _ in range(2)]
        first, other = (web.client(one) for one in keys)
        body = {"account_id": str(asked[0]), "conversation_id": str(asked[1]), "text": "Hello."}
        body["teammate_id"] = await teammate(web, "ana")
        draft = (await first.post("/drafts", json=body)).json()

        assert await self.acts(other, draft, asked[2]) == [403, 403]
        assert await self.acts(first, draft, asked[2]) == [200, 202]

    async def test_what_its_author_goes_on_with_is_theirs(self, web: Web, asked: Asked) -> None:
        _, text = await web.key(Scope.WRITE, Scope.SEND, Scope.READ)
        client, ana = web.client(text), await teammate(web, "ana")
        body = {"account_id": str(asked[0]), "conversation_id": str(asked[1]), "text": "Hello."}
        draft = (await client.post("/drafts", json={**body, "teammate_id": ana})).json()
        author = Actor(web.workspace_id, Origin.SLACK, teammate_id=TeammateId(UUID(ana)))
        async with web.store.begin(web.workspace_id) as uow:
            opened = await drafts.begin(uow, author, asked[0], asked[1], "V1")
            await drafts.let_go(uow, author, DraftId(opened.id), "V1")

        assert await self.acts(client, draft, asked[2]) == [403, 403]


class TestHandingOver:
    async def test_keeps_both_texts_and_stops_the_first(self, web: Web, asked: Asked) -> None:
        client, ben = web.client(BOOTSTRAP_KEY), await teammate(web, "ben")
        anas = (await begin(web, asked, "ana")).json()

        taken = await client.post(f"/drafts/{anas['id']}/take-over", json={"teammate_id": ben})

        assert taken.status_code == 201
        bens = taken.json()
        assert (bens["teammate_id"], bens["text"]) == (ben, "You are right.")
        left = (await client.get(f"/drafts/{anas['id']}")).json()
        assert (left["taken_by_id"], left["text"]) == (ben, "You are right.")
        body = {"last_seen_message_id": str(asked[2])}
        refused = await client.post(f"/drafts/{anas['id']}/send", json=body)
        assert refused.status_code == 409
        assert "taken this text over" in refused.text
        events = (await client.get("/events")).json()["events"]
        assert "draft.taken_over" in [one["type"] for one in events]

    async def test_never_writes_over_what_they_have_begun(self, web: Web, asked: Asked) -> None:
        client, ben = web.client(BOOTSTRAP_KEY), await teammate(web, "ben")
        anas = (await begin(web, asked, "ana")).json()
        bens = (await begin(web, asked, "ben", text="My own.")).json()

        refused = await client.post(f"/drafts/{anas['id']}/take-over", json={"teammate_id": ben})

        assert refused.status_code == 409
        assert (await client.get(f"/drafts/{bens['id']}")).json()["text"] == "My own."


class TestSending:
    async def test_needs_the_scope_and_what_was_seen(self, web: Web, asked: Asked) -> None:
        _, writes = await web.key(Scope.WRITE, Scope.READ)
        draft = (await begin(web, asked, "ana")).json()
        url = f"/drafts/{draft['id']}/send"

        assert (await web.client(writes).post(url, json={})).status_code == 403
        assert (await web.client(BOOTSTRAP_KEY).post(url, json={})).status_code == 400

    async def test_of_nothing_is_refused(self, web: Web, asked: Asked) -> None:
        draft = (await begin(web, asked, "ana", text=" ")).json()
        body = {"last_seen_message_id": str(asked[2])}

        refused = await web.client(BOOTSTRAP_KEY).post(f"/drafts/{draft['id']}/send", json=body)

        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "text"

    async def test_past_a_newer_mail_is_refused(self, web: Web, asked: Asked) -> None:
        account_id, conversation_id, message_id = asked
        client, draft = web.client(BOOTSTRAP_KEY), (await begin(web, asked, "ana")).json()
        async with web.store.begin(web.workspace_id) as uow:
            seen = await uow.messages.get(message_id)
            later = factories.message(
                web.workspace_id, account_id, conversation_id,
                received_at=seen.received_at.replace(year=seen.received_at.year + 1),
            )  # fmt: skip
            await uow.messages.add_all([later])
        url = f"/drafts/{draft['id']}/send"

        refused = await client.post(url, json={"last_seen_message_id": str(message_id)})
        sent = await client.post(url, json={"last_seen_message_id": str(later.id)})

        assert (refused.status_code, sent.status_code) == (409, 202)

    async def test_makes_the_mail_once_in_the_name_of_its_author(
        self, web: Web, asked: Asked
    ) -> None:
        client, draft = web.client(BOOTSTRAP_KEY), (await begin(web, asked, "ana")).json()
        url = f"/drafts/{draft['id']}/send"
        body = {"last_seen_message_id": str(asked[2]), "undo_seconds": 30}

        first, again = [
            await client.post(url, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]

        assert (first.status_code, again.json()) == (202, first.json())
        mail = first.json()
        assert [one["address"] for one in mail["to"]] == ["ana@acme.example"]
        assert (mail["author"], mail["text"], mail["state"]) == ("ana", "You are right.", "undo")
        assert (await client.get("/drafts")).json()["items"] == []

        await client.delete(f"/outgoing/{mail['id']}")
        (back,) = (await client.get("/drafts")).json()["items"]
        assert (back["id"], back["text"]) == (draft["id"], "You are right.")

    async def test_twice_makes_one_mail_though_it_answers_nothing(
        self, web: Web, asked: Asked
    ) -> None:
        """At once, and without a key. The stale guard stops answers only."""
        client = web.client(BOOTSTRAP_KEY)
        new = {"conversation_id": None, "to": "eva@acme.example", "subject": "Chairs"}
        draft = (await begin(web, asked, "ana", **new)).json()
        url = f"/drafts/{draft['id']}/send"

        answers = await asyncio.gather(*(client.post(url, json={}) for _ in range(3)))
        late = await client.post(url, json={})

        assert sorted(one.status_code for one in answers) == [202, 409, 409]
        assert late.status_code == 409
        assert "It was sent meanwhile." in late.text
        assert len((await client.get("/outgoing")).json()["items"]) == 1

    async def test_in_place_of_a_mail_that_failed_waits_for_nobody_in_a_ring(
        self, web: Web, asked: Asked
    ) -> None:
        """A colleague has the failed one tried again at the same moment."""
        client, draft = web.client(BOOTSTRAP_KEY), (await begin(web, asked, "ana")).json()
        url, body = f"/drafts/{draft['id']}/send", {"last_seen_message_id": str(asked[2])}
        first = (await client.post(url, json=body)).json()["id"]
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.outgoing.lock(first)).state = OutgoingState.FAILED

        async with asyncio.TaskGroup() as tasks, web.store.begin(web.workspace_id) as uow:
            await uow.outgoing.lock(first)
            sending = tasks.create_task(client.post(url, json=body))
            await eventually(lambda: are_waiting(web.store, 1))
            await change.retry(uow, first, even_if_sent=False)

        assert sending.result().status_code == 409
        (mail,) = (await client.get("/outgoing")).json()["items"]
        assert (mail["id"], mail["state"]) == (first, "queued")

    async def test_while_conversations_are_merged_waits_for_nobody_in_a_ring(
        self, web: Web, asked: Asked
    ) -> None:
        """Whoever merges holds the conversation, and then takes its drafts along."""
        client, draft = web.client(BOOTSTRAP_KEY), (await begin(web, asked, "ana")).json()
        url, body = f"/drafts/{draft['id']}/send", {"last_seen_message_id": str(asked[2])}

        async with asyncio.TaskGroup() as tasks, web.store.begin(web.workspace_id) as uow:
            await uow.conversations.lock(asked[1])
            sending = tasks.create_task(client.post(url, json=body))
            await eventually(lambda: are_waiting(web.store, 1))
            await uow.drafts.lock(DraftId(UUID(draft["id"])))

        assert sending.result().status_code == 202, sending.result().text

    async def test_taken_over_while_conversations_are_merged_waits_in_no_ring(
        self, web: Web, asked: Asked
    ) -> None:
        client, draft = web.client(BOOTSTRAP_KEY), (await begin(web, asked, "ana")).json()
        url, body = f"/drafts/{draft['id']}/take-over", {"teammate_id": await teammate(web, "ben")}

        async with asyncio.TaskGroup() as tasks, web.store.begin(web.workspace_id) as uow:
            await uow.conversations.lock(asked[1])
            taking = tasks.create_task(client.post(url, json=body))
            await eventually(lambda: are_waiting(web.store, 1))
            await uow.drafts.lock(DraftId(UUID(draft["id"])))

        assert taking.result().status_code == 201, taking.result().text
