"""Finding conversations, reading them, and changing what the team keeps about them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.ids import ChannelId, PostId, SlackUserId, TeammateId, new_id
from app.feed.announce import Announcer
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def teammate(web: Web, slack_id: str = "U0ANA", name: str = "ana") -> TeammateId:
    async with web.store.begin(web.workspace_id) as uow:
        return (await uow.teammates.by_slack_user(SlackUserId(slack_id), name)).id


async def subjects(client: Any, **query: Any) -> list[str]:
    page = await client.get("/conversations", params=query)
    assert page.status_code == 200, page.text
    return [one["subject"] for one in page.json()["items"]]


class TestFinding:
    async def test_by_account_status_assignee_and_words(self, web: Web) -> None:
        client, ana = web.client(BOOTSTRAP_KEY), await teammate(web)
        one, two = await web.account(), await web.account(address="sales@example.com")
        mine, _ = await web.conversation(one, subject="Mine")
        await web.conversation(two, subject="Refund wanted")
        await client.patch(
            f"/conversations/{mine}", json={"assignee_id": str(ana), "status": "done"}
        )

        assert await subjects(client, account=str(two)) == ["Refund wanted"]
        assert await subjects(client, status="done") == ["Mine"]
        assert await subjects(client, assignee=str(ana)) == ["Mine"]
        assert await subjects(client, assignee="none") == ["Refund wanted"]
        assert await subjects(client, q="refund") == ["Refund wanted"]
        assert await subjects(client, q='"wanted refund"') == []
        assert await subjects(client, account=str(new_id())) == []

    async def test_by_anything_people_type(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await web.conversation(await web.account())

        for words in ("'", '"', "a & | ! ( ) :*", "\\", "%_", "'; DROP TABLE messages; --", "🤷"):
            assert await subjects(client, q=words) == [], words
        for query in ({"q": "a\0b"}, {"q": "x" * 501}, {"status": "closed"}, {"account": "1"}):
            answer = await client.get("/conversations", params=query)
            assert answer.status_code == 422, query
        answer = await client.get("/conversations", params={"assignee": "me"})
        assert answer.status_code == 400

    async def test_pages_are_the_same_while_mail_arrives(self, web: Web) -> None:
        """Seven conversations, two of them of the same moment, and new ones between the pages."""
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        for n in range(7):
            at = MOMENT + timedelta(minutes=n // 2)
            await web.conversation(account, subject=f"Old {n}", last_message_at=at)

        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while True:
            page = (await client.get("/conversations", params=query)).json()
            seen += [one["subject"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
            late = MOMENT + timedelta(days=1)
            await web.conversation(account, subject="New", last_message_at=late)

        assert len(seen) == 7
        assert set(seen) == {f"Old {n}" for n in range(7)}


class TestReading:
    async def test_tells_its_mails(self, web: Web) -> None:
        id_, message = await web.conversation(await web.account())

        shown = (await web.client(BOOTSTRAP_KEY).get(f"/conversations/{id_}")).json()

        assert shown["subject"] == "Invoice 4471"
        (mail,) = shown["messages"]
        assert mail["id"] == str(message)
        assert mail["sender"] == {"name": "Ana Ruiz", "address": "ana@acme.example"}


class TestChanging:
    async def test_assigns_closes_tags_and_reopens(self, web: Web) -> None:
        client, ana = web.client(BOOTSTRAP_KEY), await teammate(web)
        id_, _ = await web.conversation(await web.account())
        url = f"/conversations/{id_}"

        body = {"assignee_id": str(ana), "status": "done", "tags": ["refund", "vip", "refund"]}
        changed = (await client.patch(url, json=body)).json()
        assert changed["assignee_id"] == str(ana)
        assert changed["status"] == "done"
        assert changed["tags"] == ["refund", "vip"]
        assert (await client.patch(url, json={})).json()["status"] == "done"
        freed = (await client.patch(url, json={"assignee_id": None, "status": "open"})).json()

        assert (freed["assignee_id"], freed["status"]) == (None, "open")
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == [
            "conversation.assigned",
            "conversation.done",
            "conversation.tagged",
            "conversation.unassigned",
            "conversation.reopened",
        ]
        assert {one["conversation_id"] for one in events} == {str(id_)}

    async def test_snoozes_and_wakes(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = await web.account()
        id_, _ = await web.conversation(account)
        await web.conversation(account, subject="Awake")
        url = f"/conversations/{id_}"
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()

        asleep = (await client.patch(url, json={"snooze": {"until": until}})).json()
        assert await subjects(client, snoozed=True) == ["Invoice 4471"]
        assert await subjects(client, snoozed=False) == ["Awake"]
        either = (
            await client.patch(url, json={"snooze": {"until": until, "until_reply": True}})
        ).json()
        awake = (await client.patch(url, json={"snooze": None})).json()

        assert datetime.fromisoformat(asleep["snooze"]["until"]) == datetime.fromisoformat(until)
        assert not asleep["snooze"]["until_reply"]
        assert either["snooze"]["until_reply"]
        assert awake["snooze"] is None
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == [
            "conversation.snoozed",
            "conversation.snoozed",
            "conversation.woke",
        ]
        commands = (await client.get("/commands")).json()["items"]
        await client.post(f"/commands/{commands[0]['id']}/undo")
        assert (await client.get(url)).json()["snooze"] == either["snooze"]

    async def test_the_same_wish_at_the_same_moment_happens_once(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())

        answers = await asyncio.gather(
            *(client.patch(f"/conversations/{id_}", json={"status": "done"}) for _ in range(6))
        )

        assert {one.status_code for one in answers} == {200}
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == ["conversation.done"]

    async def test_what_cannot_be_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())
        malformed: list[dict[str, Any]] = [
            {"status": "snoozed"},
            {"assignee_id": "ana"},
            {"tags": "refund"},
            {"tags": [""]},
            {"tags": ["x" * 61]},
            {"tags": ["a\0b"]},
            {"tags": ["x"] * 51},
            {"subject": "new"},
            {"snooze": {"until": "2100-01-01T09:00:00"}},
            {"snooze": {"until": "tomorrow"}},
            {"account_id": str(new_id())},
        ]

        for body in malformed:
            answer = await client.patch(f"/conversations/{id_}", json=body)
            assert answer.status_code == 422, body
        stranger = await client.patch(
            f"/conversations/{id_}", json={"status": "done", "assignee_id": str(new_id())}
        )
        assert stranger.status_code == 400
        for snooze in ({}, {"until": "2020-01-01T09:00:00Z"}, {"until": "2999-01-01T09:00:00Z"}):
            answer = await client.patch(f"/conversations/{id_}", json={"snooze": snooze})
            assert answer.status_code == 400, snooze
            assert answer.json()["errors"][0]["field"] == "snooze"
        assert stranger.json()["errors"][0]["field"] == "assignee_id"
        assert (await client.get(f"/conversations/{id_}")).json()["status"] == "open"


class TestTeammatesAndChannels:
    async def test_are_listed(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        # An id stands in for a name that is not known yet; a name, once known, stays.
        for slack_id, name in (
            ("U0ANA", "U0ANA"),
            ("U0BEN", "ben"),
            ("U0ANA", "ana"),
            ("U0BEN", "b"),
        ):
            await teammate(web, slack_id, name)
        await web.account(channel_id="C0SUPPORT")

        first = (await client.get("/teammates", params={"limit": 1})).json()
        second = (await client.get("/teammates", params={"cursor": first["next_cursor"]})).json()
        (channel,) = (await client.get("/channels")).json()["items"]

        assert [one["name"] for one in first["items"] + second["items"]] == ["ana", "ben"]
        assert second["next_cursor"] is None
        told = {
            "id": "C0SUPPORT",
            "state": "open",
            "detail": "",
            "unsent": 0,
            "parked": 0,
            "parked_detail": "",
            "held": 0,
            "next_post_at": None,
        }
        assert channel.items() >= told.items()

    async def test_held_cards_are_counted_and_shown(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account_id = await web.account(channel_id="C0SUPPORT")
        async with web.store.begin(web.workspace_id) as uow:
            channel = await uow.channels.get(ChannelId("C0SUPPORT"))
            account = await uow.accounts.get(account_id)
            row = factories.conversation(web.workspace_id, account_id)
            await uow.conversations.add_all([row])
            mail = factories.message(web.workspace_id, account_id, row.id)
            await uow.messages.add_all([mail])
            await Announcer().arrived(uow, account, [mail])
            channel.digest_id = PostId(new_id())

        (before,) = (await client.get("/channels")).json()["items"]
        shown = await client.post("/channels/C0SUPPORT/show-all")
        (after,) = (await client.get("/channels")).json()["items"]
        unknown = await client.post("/channels/C0NOWHERE/show-all")

        assert (before["held"], after["held"]) == (1, 0)
        assert (shown.status_code, shown.json()) == (202, {"asked_for": 1})
        assert unknown.status_code == 404


class TestManyMails:
    async def test_come_in_pages_the_latest_first(self, web: Web) -> None:
        account_id = await web.account()
        conversation_id, _ = await web.conversation(account_id)
        moment = factories.MOMENT + timedelta(days=1)
        async with web.store.begin(web.workspace_id) as uow:
            later = [
                factories.message(
                    web.workspace_id, account_id, conversation_id,
                    subject=f"Mail {n}", received_at=moment + timedelta(minutes=n // 2),
                )
                for n in range(4)
            ]  # fmt: skip
            await uow.messages.add_all(later)
        client, path = web.client(BOOTSTRAP_KEY), f"/conversations/{conversation_id}"

        pages: list[list[str]] = []
        cursor = None
        while not pages or cursor:
            asked = {"messages_limit": "2"} | ({"messages_cursor": cursor} if cursor else {})
            page = (await client.get(path, params=asked)).json()
            pages.append([one["subject"] for one in page["messages"]])
            cursor = page["messages_cursor"]

        assert pages == [["Mail 2", "Mail 3"], ["Mail 0", "Mail 1"], ["Invoice 4471"]]
        whole = (await client.get(path)).json()
        assert [one["subject"] for one in whole["messages"]] == [*pages[2], *pages[1], *pages[0]]
        assert whole["messages_cursor"] is None

    async def test_with_a_cursor_that_is_not_ours(self, web: Web) -> None:
        conversation_id, _ = await web.conversation(await web.account())
        client = web.client(BOOTSTRAP_KEY)

        answer = await client.get(f"/conversations/{conversation_id}?messages_cursor=nonsense")

        assert answer.status_code in {400, 422}
        assert answer.json()["errors"][0]["field"] == "cursor"
