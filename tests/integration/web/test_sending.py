"""How an inbox sends, by REST."""

from app.core.access import Scope
from tests.fixtures.web import BOOTSTRAP_KEY, Web


class TestSending:
    async def test_is_changed_by_an_administrator_alone(self, web: Web) -> None:
        url = f"/accounts/{await web.account()}/sending"
        _, sends = await web.key(Scope.READ, Scope.SEND)

        assert (await web.client(sends).patch(url, json={})).status_code == 403
        assert (await web.client(sends).get(url)).status_code == 200

    async def test_what_makes_no_sense_is_refused(self, web: Web) -> None:
        client, url = web.client(BOOTSTRAP_KEY), f"/accounts/{await web.account()}/sending"

        for body, status in (
            ({"undo_seconds": -1}, 422),
            ({"undo_seconds": 100_000}, 422),
            ({"done_after_send": None}, 400),
            ({"colour": "red"}, 422),
        ):
            assert (await client.patch(url, json=body)).status_code == status, body

    async def test_holds_for_mail_from_then_on(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account(
            smtp_host="smtp.mail.me.com", smtp_port=587, smtp_security="starttls"
        )  # fmt: skip
        conversation, _ = await web.conversation(account)
        url = f"/accounts/{account}/sending"
        assert (await client.get(url)).json() == {
            "undo_seconds": 10, "done_after_send": False, "sends_per_hour": 200,
            "largest_mail": 20_000_000, "limited_by": "iCloud Mail",
        }  # fmt: skip

        changed = {"undo_seconds": 0, "done_after_send": True}
        assert (await client.patch(url, json=changed)).status_code == 200

        shown = (await client.get(url)).json()
        assert (shown["undo_seconds"], shown["done_after_send"]) == (0, True)
        body = {"account_id": str(account), "conversation_id": str(conversation), "text": "x"}
        assert (await client.post("/outgoing", json=body)).json()["state"] == "queued"

        await client.patch(url, json={"undo_seconds": None})
        assert (await client.get(url)).json()["undo_seconds"] == 10
