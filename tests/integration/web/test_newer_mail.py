"""`last_seen_message_id`: nobody who says what they have seen writes past what they have not."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core.ids import AccountId, ConversationId, MessageId
from tests import factories
from tests.fixtures.database import are_waiting
from tests.fixtures.stack import eventually
from tests.fixtures.web import BOOTSTRAP_KEY, Web


class Talk:
    """One conversation, as a script sees it."""

    def __init__(
        self, web: Web, account_id: AccountId, ids: tuple[ConversationId, MessageId]
    ) -> None:
        self.web = web
        self.account_id = account_id
        self.conversation_id, self.first = ids
        self.client = web.client(BOOTSTRAP_KEY)

    async def arrives(self, **values: Any) -> MessageId:
        """A mail comes in, which by its date is no newer than the first one."""
        async with self.web.store.begin(self.web.workspace_id) as uow:
            conversation = await uow.conversations.lock(self.conversation_id)
            conversation.message_count += 1
            mail = factories.message(
                self.web.workspace_id, self.account_id, self.conversation_id, **values
            )
            await uow.messages.add_all([mail])
        return mail.id

    def body(self, seen: object) -> dict[str, Any]:
        return {
            "account_id": str(self.account_id),
            "conversation_id": str(self.conversation_id),
            "text": "You are right.",
            "undo_seconds": 60,
            "last_seen_message_id": str(seen),
        }

    async def sends(self, seen: object) -> httpx.Response:
        return await self.client.post("/outgoing", json=self.body(seen))


@pytest.fixture
async def talk(web: Web) -> Talk:
    account_id = await web.account()
    return Talk(web, account_id, await web.conversation(account_id))


class TestSending:
    async def test_with_a_mail_of_another_conversation_proves_nothing(self, talk: Talk) -> None:
        _, elsewhere = await talk.web.conversation(talk.account_id)

        answer = await talk.sends(elsewhere)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "last_seen_message_id"
        assert (await talk.client.get("/outgoing")).json()["items"] == []

    async def test_past_a_newer_mail_is_refused_and_says_what_to_pass(self, talk: Talk) -> None:
        later = await talk.arrives(from_name="Carl Wu")

        refused = await talk.sends(talk.first)
        sent = await talk.sends(refused.json()["last_seen_message_id"])

        assert refused.status_code == 409
        assert "a newer mail in this conversation, from Carl Wu" in refused.json()["detail"]
        assert refused.json()["last_seen_message_id"] == str(later)
        assert sent.status_code == 202, sent.text

    async def test_past_a_colleagues_waiting_answer_is_refused(self, talk: Talk) -> None:
        theirs = await talk.web.outgoing(talk.account_id, talk.conversation_id)

        refused = await talk.sends(talk.first)
        sent = await talk.sends(theirs)

        assert refused.status_code == 409
        assert "a key has written in this conversation; that mail is on its way" in refused.text
        assert refused.json()["last_seen_message_id"] == theirs
        assert sent.status_code == 202, sent.text

    async def test_past_one_that_was_taken_back_is_no_matter(self, talk: Talk) -> None:
        theirs = await talk.web.outgoing(talk.account_id, talk.conversation_id)
        await talk.client.delete(f"/outgoing/{theirs}")

        assert (await talk.sends(talk.first)).status_code == 202

    async def test_past_history_that_was_imported_is_no_matter(self, talk: Talk) -> None:
        await talk.arrives(imported=True)

        assert (await talk.sends(talk.first)).status_code == 202

    async def test_a_waiting_answer_that_left_meanwhile_is_no_news(self, talk: Talk) -> None:
        theirs = await talk.web.outgoing(talk.account_id, talk.conversation_id)
        became = await talk.arrives()
        async with talk.web.store.begin(talk.web.workspace_id) as uow:
            (await uow.outgoing.lock(theirs)).message_id = became  # type: ignore[arg-type]

        assert (await talk.sends(theirs)).status_code == 202

    async def test_of_two_at_once_one_is_told(self, talk: Talk) -> None:
        answers = await asyncio.gather(*(talk.sends(talk.first) for _ in range(4)))

        assert sorted(one.status_code for one in answers) == [202, 409, 409, 409]
        (mail,) = (await talk.client.get("/outgoing")).json()["items"]
        told = {one.json()["last_seen_message_id"] for one in answers if one.status_code == 409}
        assert told == {mail["id"]}

    async def test_again_with_its_key_is_answered_as_before(self, talk: Talk) -> None:
        first, again = [
            await talk.client.post(
                "/outgoing", json=talk.body(talk.first), headers={"Idempotency-Key": "once"}
            )
            for _ in range(2)
        ]

        assert (first.status_code, again.json()) == (202, first.json())

    async def test_instead_of_a_mail_that_waits_is_not_stopped_by_it(self, talk: Talk) -> None:
        mine = (await talk.sends(talk.first)).json()["id"]

        replaced = await talk.client.put(f"/outgoing/{mine}", json=talk.body(talk.first))

        assert replaced.status_code == 202, replaced.text

    async def test_instead_of_one_is_stopped_by_another(self, talk: Talk) -> None:
        mine = (await talk.sends(talk.first)).json()["id"]
        await talk.arrives()

        refused = await talk.client.put(f"/outgoing/{mine}", json=talk.body(talk.first))

        assert refused.status_code == 409
        assert (await talk.client.get(f"/outgoing/{mine}")).json()["state"] == "undo"

    async def test_instead_of_one_waits_for_nobody_in_a_ring(self, talk: Talk) -> None:
        """A colleague acts on the conversation at the same moment: that locks it, then its card."""
        mine = (await talk.sends(talk.first)).json()["id"]

        async with asyncio.TaskGroup() as tasks, talk.web.store.begin(talk.web.workspace_id) as uow:
            await uow.conversations.lock(talk.conversation_id)
            replacing = tasks.create_task(
                talk.client.put(f"/outgoing/{mine}", json=talk.body(talk.first))
            )
            await eventually(lambda: are_waiting(talk.web.store, 1))
            await uow.cards_are_stale([talk.conversation_id])

        assert replacing.result().status_code == 202, replacing.result().text


class TestPreview:
    async def test_past_a_newer_mail_is_refused(self, talk: Talk) -> None:
        await talk.arrives()

        refused = await talk.client.post("/outgoing/preview", json=talk.body(talk.first))

        assert refused.status_code == 409
