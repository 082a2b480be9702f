"""Leaving a list by REST."""

from app.core.access import Scope
from app.core.ids import ConversationId, new_id
from tests import factories
from tests.fixtures.web import BOOTSTRAP_KEY, Web

SIGNED = (
    b"Authentication-Results: mx.example.com; dkim=pass header.d=list.example\r\n"
    b"DKIM-Signature: v=1; d=list.example; h=list-unsubscribe:list-unsubscribe-post; b=x\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
PAGE = b"List-Unsubscribe: <https://list.example/leave>\r\n"


async def newsletter(web: Web, header: bytes) -> ConversationId:
    account_id = await web.account(smtp_host="smtp.example.com", smtp_port=465, smtp_security="tls")
    id_, _ = await web.conversation(account_id)
    digest = await web.container.blobs.put(header + b"From: news@list.example\r\n\r\nNews!\r\n")
    async with web.store.begin(web.workspace_id) as uow:
        later = factories.message(
            web.workspace_id, account_id, id_, raw_sha256=digest, internet_message_id="n@list"
        )
        await uow.messages.add_all([later])
    return id_


class TestUnsubscribe:
    async def test_without_the_scope_or_beyond_the_accounts_is_refused(self, web: Web) -> None:
        id_ = await newsletter(web, SIGNED + PAGE)
        other = await web.account(address="sales@example.com")
        _, writes = await web.key(Scope.READ, Scope.WRITE)
        _, bound = await web.key(Scope.SEND, accounts=[other])
        url = f"/conversations/{id_}/unsubscribe"

        assert (await web.client().post(url)).status_code == 401
        assert (await web.client(writes).post(url)).status_code == 403
        assert (await web.client(bound).post(url)).status_code == 404
        assert (await web.client(BOOTSTRAP_KEY).get(url)).json()["latest"] is None

    async def test_what_cannot_be_done_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        by_page = f"/conversations/{await newsletter(web, PAGE)}/unsubscribe"
        none, _ = await web.conversation(await web.account(address="sales@example.com"))

        refused = await client.post(by_page)
        assert refused.status_code == 409
        assert "https://list.example/leave" in refused.text
        possible = (await client.get(by_page)).json()["possible"]
        assert (possible["way"], possible["url"]) == ("link", "https://list.example/leave")
        assert (await client.post(f"/conversations/{none}/unsubscribe")).status_code == 404
        assert (await client.post(f"/conversations/{new_id()}/unsubscribe")).status_code == 404

    async def test_asks_once_and_is_followed(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        url = f"/conversations/{await newsletter(web, SIGNED + PAGE)}/unsubscribe"
        assert (await client.get(url)).json()["possible"]["way"] == "one_click"

        first, again = [
            await client.post(url, headers={"Idempotency-Key": "once"}) for _ in range(2)
        ]

        assert (first.status_code, again.json()) == (202, first.json())
        found = (await client.get(url)).json()["latest"]
        assert found == first.json()
        assert (found["state"], found["way"], found["whom"]) == (
            "asked", "one_click", "list.example",
        )  # fmt: skip
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == ["list_exit.asked"]

    async def test_by_mail_answers_the_mail(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_ = await newsletter(web, b"List-Unsubscribe: <mailto:leave@list.example>\r\n")

        answer = await client.post(f"/conversations/{id_}/unsubscribe")

        assert answer.json()["state"] == "mailed"
        mail = (await client.get(f"/outgoing/{answer.json()['outgoing_id']}")).json()
        assert [one["address"] for one in mail["to"]] == ["leave@list.example"]
        assert (mail["state"], mail["subject"]) == ("undo", "unsubscribe")
