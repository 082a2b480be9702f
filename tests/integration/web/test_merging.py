"""Merging and splitting by REST, with Undo by the command."""

from typing import Any

from app.core.access import Scope
from app.core.ids import AccountId, ConversationId, MessageId
from tests import factories
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def conversation(
    web: Web, account_id: AccountId, subject: str, mails: int = 1
) -> tuple[ConversationId, list[MessageId]]:
    async with web.store.begin(web.workspace_id) as uow:
        row = factories.conversation(
            web.workspace_id, account_id, subject=subject, message_count=mails
        )
        await uow.conversations.add_all([row])
        rows = [
            factories.message(web.workspace_id, account_id, row.id, subject=f"{subject} {n}")
            for n in range(mails)
        ]
        await uow.messages.add_all(rows)
    return row.id, [one.id for one in rows]


async def subjects(client: Any, id_: object) -> list[str]:
    detail = (await client.get(f"/conversations/{id_}")).json()
    return [one["subject"] for one in detail["messages"]]


class TestMerging:
    async def test_by_a_key_that_sees_only_one_of_both_is_refused(self, web: Web) -> None:
        mine, theirs = await web.account(), await web.account(address="sales@example.com")
        one, _ = await conversation(web, mine, "Invoice")
        other, _ = await conversation(web, theirs, "Sale")
        _, text = await web.key(Scope.WRITE, accounts=[mine])

        answer = await web.client(text).post(
            f"/conversations/{one}/merge", json={"into_id": str(other)}
        )

        assert answer.status_code == 404

    async def test_moves_the_mails_and_is_undone(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        one, _ = await conversation(web, account, "Invoice")
        other, _ = await conversation(web, account, "Reminder")

        merged = await client.post(f"/conversations/{one}/merge", json={"into_id": str(other)})
        again = await client.post(f"/conversations/{one}/merge", json={"into_id": str(other)})
        listed = (await client.get("/conversations")).json()["items"]
        gone = (await client.get(f"/conversations/{one}")).json()
        both = await subjects(client, other)
        undone = await client.post(f"/commands/{merged.json()['id']}/undo")

        assert (merged.status_code, again.status_code) == (201, 409)
        assert merged.json()["type"] == "merge"
        assert [one["id"] for one in listed] == [str(other)]
        assert gone["merged_into_id"] == str(other)
        assert sorted(both) == ["Invoice 0", "Reminder 0"]
        assert undone.json()["state"] == "undone"
        assert await subjects(client, one) == ["Invoice 0"]

    async def test_with_the_same_idempotency_key_is_done_once(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        one, _ = await conversation(web, account, "Invoice")
        other, _ = await conversation(web, account, "Reminder")

        answers = [
            await client.post(
                f"/conversations/{one}/merge",
                json={"into_id": str(other)},
                headers={"Idempotency-Key": "merge-1"},
            )
            for _ in range(2)
        ]

        assert [one.status_code for one in answers] == [201, 201]
        assert answers[0].json()["id"] == answers[1].json()["id"]


class TestSplitting:
    async def test_gives_the_mail_a_conversation_and_is_undone(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        id_, (_, second) = await conversation(web, account, "Invoice", mails=2)

        split = await client.post(f"/conversations/{id_}/split", json={"message_id": str(second)})
        new = split.json()["into_id"]
        apart = (await subjects(client, id_), await subjects(client, new))
        undone = await client.post(f"/commands/{split.json()['id']}/undo")

        assert split.status_code == 201
        assert apart == (["Invoice 0"], ["Invoice 1"])
        assert undone.json()["state"] == "undone"
        assert len(await subjects(client, id_)) == 2

    async def test_of_the_only_mail_is_refused(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        id_, (only,) = await conversation(web, account, "Invoice")

        answer = await client.post(f"/conversations/{id_}/split", json={"message_id": str(only)})

        assert answer.status_code == 409


class TestACommandOnMergedMailOfTwoAccounts:
    async def test_becomes_one_for_each_and_undo_takes_both_back(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        ids = []
        for address in ("support@example.com", "sales@example.com"):
            account = await web.account(address=address)
            ids.append((await web.conversation(account))[0])
        await client.post(f"/conversations/{ids[0]}/merge", json={"into_id": str(ids[1])})

        asked = {"type": "archive", "conversation_id": str(ids[1])}
        command = (await client.post("/commands", json=asked)).json()
        queued = (await client.get("/commands", params={"state": "queued"})).json()["items"]
        await client.post(f"/commands/{command['id']}/undo")
        left = (await client.get("/commands", params={"state": "queued"})).json()["items"]

        assert len({one["account_id"] for one in queued}) == 2
        assert left == []
