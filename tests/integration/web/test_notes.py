"""Notes by REST."""

from app.core.access import Scope
from app.core.ids import new_id
from tests.fixtures.feed import Feed
from tests.fixtures.web import BOOTSTRAP_KEY, Web


class TestWriting:
    async def test_without_the_scope_or_beyond_the_accounts_is_refused(self, web: Web) -> None:
        mine, other = await web.account(), await web.account(address="sales@example.com")
        id_, _ = await web.conversation(other)
        _, reads = await web.key(Scope.READ)
        _, bound = await web.key(Scope.WRITE, accounts=[mine])
        url = f"/conversations/{id_}/notes"

        assert (await web.client().post(url, json={"text": "x"})).status_code == 401
        assert (await web.client(reads).post(url, json={"text": "x"})).status_code == 403
        assert (await web.client(bound).post(url, json={"text": "x"})).status_code == 404

    async def test_is_shown_with_the_conversation_and_logged(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())
        headers = {"Idempotency-Key": "once"}

        answer, again = [
            await client.post(
                f"/conversations/{id_}/notes", json={"text": "She is right."}, headers=headers
            )
            for _ in range(2)
        ]

        assert (answer.status_code, again.status_code) == (201, 201)
        (note,) = (await client.get(f"/conversations/{id_}")).json()["notes"]
        assert note == answer.json()
        assert (note["text"], note["author_name"]) == ("She is right.", "bootstrap key")
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == ["note.added"]
        assert "She is right" not in str(events)

    async def test_what_cannot_be_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())

        for body in ({}, {"text": ""}, {"text": "a\0"}, {"text": "x" * 10_001}):
            answer = await client.post(f"/conversations/{id_}/notes", json=body)
            assert answer.status_code == 422, body
        answer = await client.post(f"/conversations/{new_id()}/notes", json={"text": "x"})
        assert answer.status_code == 404


class TestShowing:
    async def test_it_stands_in_the_thread_and_pings_nobody(self, feed: Feed, web: Web) -> None:
        await feed.mail("Invoice")
        await feed.drain()
        id_ = feed.conversations["Invoice"]

        await web.client(BOOTSTRAP_KEY).post(
            f"/conversations/{id_}/notes", json={"text": "<!channel> She is right."}
        )
        await feed.drain()

        (card,) = feed.slack.messages("support")
        (line,) = feed.slack.replies("support", card["ts"])
        assert "bootstrap key" in line["text"]
        assert "She is right." in str(line["blocks"])
        assert "<!channel>" not in str(line)
