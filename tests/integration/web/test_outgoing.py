"""Asking for mail to be sent, taking it back, and what it is written with."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.access import Scope
from app.core.ids import SlackUserId, new_id
from tests.fixtures.web import BOOTSTRAP_KEY, Web

REPLY = {"text": "You are right.", "undo_seconds": 60}


async def asked(web: Web, client: Any, **body: Any) -> Any:
    """Have the only mail of a new conversation answered."""
    account = await web.account(address=f"{new_id().hex}@example.com")
    conversation, _ = await web.conversation(account)
    values = {"account_id": str(account), "conversation_id": str(conversation), **REPLY, **body}
    return await client.post("/outgoing", json=values)


class TestAsking:
    async def test_is_answered_with_a_mail_that_waits(self, web: Web) -> None:
        client = web.client((await web.key(Scope.SEND, Scope.READ))[1])

        answer = await asked(web, client)

        assert answer.status_code == 202, answer.text
        mail = answer.json()
        assert mail["state"] == "undo"
        assert mail["to"] == [
            {"name": "Ana Ruiz", "address": "ana@acme.example", "state": "pending", "detail": ""}
        ]
        assert (mail["subject"], mail["author"]) == ("Re: Invoice 4471", "a key")
        assert mail.pop("warnings") == []
        assert (await client.get(f"/outgoing/{mail['id']}")).json() == mail
        assert (await client.get("/outgoing")).json()["items"] == [mail]

    async def test_with_everything(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        tomorrow = datetime.now(UTC) + timedelta(days=1)

        answer = await asked(
            web,
            client,
            mode="reply_all",
            cc=["Ben <ben@acme.example>", {"name": "", "address": "carl@acme.example"}],
            bcc=["boss@example.com"],
            subject="Über <all>",
            html="<p>You are <b>right</b>.</p>",
            attachments=[
                {
                    "filename": "größe.txt",
                    "content_type": "text/plain",
                    "content": base64.b64encode(b"12").decode(),
                }
            ],
            send_at=tomorrow.isoformat(),
            cancel_if_answered=True,
        )

        assert answer.status_code == 202, answer.text
        mail = answer.json()
        assert mail["state"] == "scheduled"
        assert [one["address"] for one in mail["cc"]] == ["ben@acme.example", "carl@acme.example"]
        assert [one["address"] for one in mail["bcc"]] == ["boss@example.com"]
        assert mail["attachments"] == [
            {"n": 1, "filename": "größe.txt", "content_type": "text/plain", "size": 2}
        ]

    async def test_to_an_address_that_nobody_reads_is_warned_of(self, web: Web) -> None:
        answer = await asked(web, web.client(BOOTSTRAP_KEY), to=["NoReply@acme.example"])

        assert answer.status_code == 202
        assert answer.json()["warnings"] == [
            "By its name, nobody reads mail at NoReply@acme.example."
        ]

    async def test_a_file_says_enough(self, web: Web) -> None:
        file = {"filename": "a.txt", "content": base64.encodebytes(b"12" * 60).decode()}

        answer = await asked(web, web.client(BOOTSTRAP_KEY), text="", attachments=[file])

        assert answer.status_code == 202, answer.text
        assert answer.json()["attachments"][0]["size"] == 120

    async def test_twice_with_one_key_is_one_mail(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = await web.account()
        conversation, _ = await web.conversation(account)
        body = {"account_id": str(account), "conversation_id": str(conversation), **REPLY}

        first, second = [
            await client.post("/outgoing", json=body, headers={"Idempotency-Key": "once"})
            for _ in range(2)
        ]

        assert first.json() == second.json()
        assert second.headers["idempotent-replayed"] == "true"
        assert len((await client.get("/outgoing")).json()["items"]) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"text": "  "},
            {"text": "a\0b"},
            {"mode": "shout"},
            {"conversation_id": None},
            {"undo_seconds": -1},
            {"undo_seconds": 4000},
            {"to": ["x"] * 101},
            {"attachments": [{"filename": "a", "content": "not base64!"}]},
            {"attachments": [{"filename": "a", "content": "!!!"}]},
            {"attachments": [{"filename": "a", "content": "aGk=é"}]},
            {"attachments": [{"filename": "a", "content": 7}]},
            {"send_at": "2026-03-02T09:00:00"},
            {"bcc_everybody": True},
        ],
    )
    async def test_a_malformed_wish_is_refused(self, web: Web, wrong: dict[str, Any]) -> None:
        assert (await asked(web, web.client(BOOTSTRAP_KEY), **wrong)).status_code == 422

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"to": ["not an address"]}, "to"),
            ({"to": []}, "to"),
            ({"subject": "a\r\nBcc: x@y.example"}, "subject"),
            ({"from": "boss@bank.example"}, "from"),
            ({"to": ["a@b.example, c@d.example"]}, "to"),
            ({"to": ["ana ruiz@acme.example"]}, "to"),
            ({"send_at": "2026-03-02T09:00:00Z"}, "send_at"),
            ({"to": ["Ana <ana@acme.example> ben@acme.example"]}, "to"),
            ({"cc": ["a@b.example>\r\nRCPT TO:<x@y.example"]}, "cc"),
        ],
    )
    async def test_what_cannot_be_sent_is_refused_by_field(
        self, web: Web, wrong: dict[str, Any], field: str
    ) -> None:
        answer = await asked(web, web.client(BOOTSTRAP_KEY), **wrong)

        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["field"] == field
        assert (await web.client(BOOTSTRAP_KEY).get("/outgoing")).json()["items"] == []

    async def test_files_may_be_larger_than_other_requests(self, web: Web) -> None:
        content = base64.b64encode(b"x" * 2_500_000).decode()

        answer = await asked(
            web,
            web.client(BOOTSTRAP_KEY),
            attachments=[{"filename": "a.bin", "content": content}],
        )

        assert answer.status_code == 202, answer.text


class TestPreview:
    async def test_shows_what_would_be_sent_and_keeps_nothing(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = await web.account()
        conversation, _ = await web.conversation(account, participants=["ana@acme.example"])
        body = {
            "account_id": str(account),
            "conversation_id": str(conversation),
            **REPLY,
            "cc": ["eva@new.example"],
        }

        shown = (await client.post("/outgoing/preview", json=body)).json()

        assert shown["from"] == {"name": "", "address": "support@example.com"}
        assert shown["new_domains"] == ["new.example"]
        assert shown["warnings"] == ["Nobody of this conversation is at new.example so far."]
        assert "> The total is wrong." in shown["text"]
        assert (await client.get("/outgoing")).json()["items"] == []


class TestWarnings:
    async def test_stand_in_the_answer_and_stop_nothing(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        warned = (await asked(web, client, cc=["eva@new.example"])).json()

        assert warned["warnings"] == ["Nobody of this conversation is at new.example so far."]
        assert warned["state"] == "undo"
        replaced = await client.put(
            f"/outgoing/{warned['id']}",
            json={
                "account_id": warned["account_id"],
                "conversation_id": warned["conversation_id"],
                "text": "x",
            },
        )
        assert replaced.json()["warnings"] == []

    async def test_know_whom_the_answered_mail_names(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        mail = (await asked(web, client, to=["ana@acme.example"])).json()

        assert mail["warnings"] == []


class TestTakingBack:
    async def test_cancels_while_it_waits(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mail = (await asked(web, client)).json()

        for _ in range(2):
            answer = await client.delete(f"/outgoing/{mail['id']}")
            assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")

    @pytest.mark.parametrize("state", ["sending", "sent", "unknown"])
    async def test_what_may_have_left_is_a_conflict(self, web: Web, state: str) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mail = (await asked(web, client)).json()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.outgoing.lock(mail["id"])).state = state  # type: ignore[assignment]

        answer = await client.delete(f"/outgoing/{mail['id']}")

        assert answer.status_code == 409


class TestReplacing:
    async def test_takes_the_old_one_back_and_sends_the_new_one(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        old = (await asked(web, client)).json()
        body = {key: old[key] for key in ("account_id", "conversation_id")}

        answer = await client.put(f"/outgoing/{old['id']}", json={**body, "text": "No, wait."})

        new = answer.json()
        assert (answer.status_code, new["state"], new["text"]) == (202, "undo", "No, wait.")
        assert new["internet_message_id"] != old["internet_message_id"]
        assert (await client.get(f"/outgoing/{old['id']}")).json()["state"] == "cancelled"

    async def test_what_may_have_left_is_not_replaced(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        old = (await asked(web, client)).json()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.outgoing.lock(old["id"])).state = "sent"  # type: ignore[assignment]
        body = {key: old[key] for key in ("account_id", "conversation_id")}

        answer = await client.put(f"/outgoing/{old['id']}", json={**body, "text": "No, wait."})

        assert answer.status_code == 409
        assert len((await client.get("/outgoing")).json()["items"]) == 1


class TestListing:
    async def test_goes_by_pages_and_filters(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mails = [(await asked(web, client)).json() for _ in range(3)]
        await client.delete(f"/outgoing/{mails[0]['id']}")

        first = (await client.get("/outgoing", params={"limit": 2})).json()
        rest = (await client.get("/outgoing", params={"cursor": first["next_cursor"]})).json()
        waiting = (await client.get("/outgoing", params={"state": "undo"})).json()["items"]
        of_one = (await client.get("/outgoing", params={"account": mails[1]["account_id"]})).json()[
            "items"
        ]

        ids = [one["id"] for one in mails]
        assert [one["id"] for one in (*first["items"], *rest["items"])] == ids[::-1]
        assert {one["id"] for one in waiting} == set(ids[1:])
        assert [one["id"] for one in of_one] == [ids[1]]


class TestWhatMailIsWrittenWith:
    async def test_identities(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = str(await web.account())
        body = {"account_id": account, "address": "Sales@example.com", "is_default": True}

        made = await client.post("/identities", json=body)
        again = await client.post("/identities", json=body)
        listed = (await client.get("/identities", params={"account": account})).json()
        verified = await client.post(f"/identities/{made.json()['id']}/verify")
        gone = await client.delete(f"/identities/{made.json()['id']}")

        assert (made.status_code, again.status_code, gone.status_code) == (201, 409, 204)
        assert (made.json()["address"], made.json()["is_default"]) == ("sales@example.com", True)
        assert listed == [made.json()]
        assert (made.json()["state"], made.json()["verified_at"]) == ("waiting", None)
        assert verified.status_code == 202

    async def test_the_account_itself_is_an_identity_that_needs_no_proof(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        body = {"account_id": str(await web.account()), "address": "support@example.com"}

        made = (await client.post("/identities", json={**body, "name": "Acme"})).json()

        assert (made["state"], made["name"]) == ("verified", "Acme")
        assert (await client.post(f"/identities/{made['id']}/verify")).status_code == 202

    async def test_a_signature_is_set_and_replaced(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = str(await web.account())

        first = await client.put("/signatures", json={"account_id": account, "text": "Acme"})
        second = await client.put(
            "/signatures", json={"account_id": account, "text": "{{ agent.name }}"}
        )

        assert first.json()["id"] == second.json()["id"]
        assert [one["text"] for one in (await client.get("/signatures")).json()] == [
            "{{ agent.name }}"
        ]
        wrong = await client.put("/signatures", json={"text": "{{ agent.shoe_size }}"})
        assert wrong.status_code == 400

    async def test_a_persons_signature_takes_an_admins_key(self, web: Web) -> None:
        account = await web.account()
        async with web.store.begin(web.workspace_id) as uow:
            ana = await uow.teammates.by_slack_user(SlackUserId("U0ANA"), "ana")
        _, text = await web.key(Scope.WRITE, Scope.SEND)
        writer, admin = web.client(text), web.client(BOOTSTRAP_KEY)
        hers = {"teammate_id": str(ana.id), "text": "Ana"}
        inboxes = {"account_id": str(account), "text": "Acme"}

        refused = [
            await writer.put("/signatures", json=hers),
            await writer.put("/signatures", json=hers | inboxes),
            await writer.put("/signatures", json=hers | {"teammate_id": str(new_id())}),
        ]
        kept = await admin.put("/signatures", json=hers)
        path = f"/signatures/{kept.json()['id']}"
        of_inbox = await writer.put("/signatures", json=inboxes)

        assert [one.status_code for one in refused] == [403, 403, 403]
        assert "written by themself" in refused[0].json()["detail"]
        assert (kept.status_code, of_inbox.status_code) == (200, 200)
        assert (await writer.delete(path)).status_code == 403
        assert (await admin.delete(path)).status_code == 204

    async def test_templates_are_filled_in(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        account = await web.account()
        conversation, _ = await web.conversation(account)
        made = await client.post(
            "/templates",
            json={"name": "Hello", "text": "Dear {{ customer.first_name }}, {{ inbox.name }}"},
        )
        template = made.json()["id"]

        filled = await client.post(
            f"/templates/{template}/fill",
            json={"account_id": str(account), "conversation_id": str(conversation)},
        )
        taken = await client.post("/templates", json={"name": "Hello"})
        changed = await client.put(f"/templates/{template}", json={"name": "Hi", "text": "Hi"})

        assert filled.json()["text"] == "Dear Ana, support"
        assert (taken.status_code, changed.json()["text"]) == (409, "Hi")
        assert (await client.delete(f"/templates/{template}")).status_code == 204

    async def test_a_bound_key_writes_nothing_for_every_inbox(self, web: Web) -> None:
        _, text = await web.key(Scope.WRITE, accounts=[await web.account()])
        client = web.client(text)

        answers = [
            await client.put("/signatures", json={"text": "Acme"}),
            await client.post("/templates", json={"name": "Hello"}),
        ]

        assert [one.status_code for one in answers] == [403, 403]
