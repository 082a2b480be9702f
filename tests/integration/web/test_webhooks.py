"""Webhooks over REST."""

from typing import Any

from app.core.ids import new_id
from tests.fixtures.web import BOOTSTRAP_KEY, Web

URL = "https://example.com/hook"


async def made(web: Web, **values: Any) -> dict[str, Any]:
    answer = await web.client(BOOTSTRAP_KEY).post("/webhooks", json={"url": URL, **values})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestCreate:
    async def test_an_address_that_would_not_be_asked_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for url in ("http://example.com/", "https://127.0.0.1/", "https://[::1]/", "x", "ftp://a/"):
            answer = await client.post("/webhooks", json={"url": url})

            assert answer.status_code == 400, url
            assert "url" in answer.text

    async def test_an_account_that_is_not_there_is_refused(self, web: Web) -> None:
        answer = await web.client(BOOTSTRAP_KEY).post(
            "/webhooks", json={"url": URL, "account_ids": [str(new_id())]}
        )

        assert answer.status_code == 404

    async def test_a_cursor_to_come_is_refused(self, web: Web) -> None:
        answer = await web.client(BOOTSTRAP_KEY).post(
            "/webhooks", json={"url": URL, "after": 10_000}
        )

        assert answer.status_code == 400

    async def test_it_is_told_of_what_comes(self, web: Web) -> None:
        webhook = await made(web, event_types=["message.*"], description="CRM")

        assert webhook["secret"].startswith("whsec_")
        assert webhook["state"] == "active"
        shown = await web.client(BOOTSTRAP_KEY).get(f"/webhooks/{webhook['id']}")
        assert "secret" not in shown.json()
        assert (shown.json()["description"], shown.json()["url"]) == ("CRM", URL)

    async def test_once_for_each_idempotency_key(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        headers = {"Idempotency-Key": "one"}
        first = await client.post("/webhooks", json={"url": URL}, headers=headers)
        again = await client.post("/webhooks", json={"url": URL}, headers=headers)

        assert first.json() == again.json()
        assert len((await client.get("/webhooks")).json()["items"]) == 1


class TestChange:
    async def test_it_is_paused_and_goes_on(self, web: Web) -> None:
        client, webhook = web.client(BOOTSTRAP_KEY), await made(web)
        where = f"/webhooks/{webhook['id']}"

        paused = await client.patch(where, json={"active": False})
        assert paused.json()["state"] == "paused"
        refused = await client.post(f"{where}/test")
        assert refused.status_code == 409
        going = await client.patch(where, json={"active": True, "event_types": ["note.added"]})

        assert (going.json()["state"], going.json()["event_types"]) == ("active", ["note.added"])

    async def test_to_an_address_that_would_not_be_asked_is_refused(self, web: Web) -> None:
        webhook = await made(web)

        answer = await web.client(BOOTSTRAP_KEY).patch(
            f"/webhooks/{webhook['id']}", json={"url": "https://10.0.0.1/"}
        )

        assert answer.status_code == 400

    async def test_a_new_secret_is_another_one(self, web: Web) -> None:
        webhook = await made(web)

        answer = await web.client(BOOTSTRAP_KEY).post(f"/webhooks/{webhook['id']}/rotate-secret")

        assert answer.json()["secret"].startswith("whsec_")
        assert answer.json()["secret"] != webhook["secret"]

    async def test_what_was_told_is_told_again(self, web: Web) -> None:
        webhook = await made(web)

        answer = await web.client(BOOTSTRAP_KEY).post(
            f"/webhooks/{webhook['id']}/replay", json={"after": 0}
        )

        assert (answer.status_code, answer.json()["cursor"]) == (202, 0)
        assert answer.json()["behind"] > 0

    async def test_removed_it_is_no_more(self, web: Web) -> None:
        client, webhook = web.client(BOOTSTRAP_KEY), await made(web)

        assert (await client.delete(f"/webhooks/{webhook['id']}")).status_code == 204
        assert (await client.get(f"/webhooks/{webhook['id']}")).status_code == 404
        assert (await client.get("/webhooks")).json()["items"] == []
