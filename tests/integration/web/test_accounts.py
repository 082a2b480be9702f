"""Connecting accounts: what is taken, what is refused and how that is said."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.access import Scope
from app.core.ids import OutgoingId
from app.store.models import OutgoingState
from tests.fixtures.web import BOOTSTRAP_KEY, Web
from tests.integration.web.test_keys import ACCOUNT, SERVER

PASSWORD = str(SERVER["password"])


def wanted(**changes: Any) -> dict[str, Any]:
    """`imap_host="x"` changes the host of the IMAP server, and so on."""
    body: dict[str, Any] = {**ACCOUNT, "imap": dict(SERVER)}
    for name, value in changes.items():
        if name.startswith("imap_"):
            body["imap"][name.removeprefix("imap_")] = value
        else:
            body[name] = value
    return body


INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.000.000.001",
    "[::1]", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:7f00:1", "0.0.0.0", "0", "::",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "::ffff:a9fe:a9fe", "10.0.0.1", "172.16.0.1",
    "172.31.255.254", "192.168.1.1", "100.64.0.1", "fd00::1", "fe80::1", "64:ff9b::a00:1",
    "2002:a00:1::", "224.0.0.1", "255.255.255.255",
]  # fmt: skip
NO_NAMES = [
    "imap.example.com:993", "user@imap.example.com", "http://imap.example.com",
    "imap.example.com/", "/var/run/dovecot/imap", "imap example.com", " imap.example.com",
    "fe80::1%eth0", "imap.example.com\u202e", "a" * 70 + "\uff0e\u3002..",
]  # fmt: skip


class TestConnecting:
    async def test_answers_what_was_connected_and_never_its_password(self, web: Web) -> None:
        body = wanted(smtp={**SERVER, "port": 465}, folders=["inbox", "Support", "INBOX"])

        answer = await web.client(BOOTSTRAP_KEY).post("/accounts", json=body)

        assert answer.status_code == 201
        told = answer.json()
        assert (told["address"], told["state"]) == ("support@example.com", "connecting")
        assert PASSWORD not in answer.text
        async with web.store.begin(web.workspace_id) as uow:
            (account,) = await uow.accounts.page(after=None, limit=10)
        assert account.folders == ["INBOX", "Support"]
        assert web.container.vault.open(account.imap_secret) == PASSWORD
        assert PASSWORD.encode() not in account.imap_secret
        for path in (f"/accounts/{told['id']}", "/accounts", "/events"):
            answer = await web.client(BOOTSTRAP_KEY).get(path)
            assert PASSWORD not in answer.text

    async def test_hosts_inside_are_refused_by_field_mailbox_and_fix(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for host in INSIDE:
            answer = await client.post("/accounts", json=wanted(imap_host=host))

            assert answer.status_code == 400, host
            problem = answer.json()
            assert problem["errors"][0]["field"] == "imap.host"
            assert "support@example.com" in problem["detail"]
            assert "not a public mail server" in problem["detail"]
            assert "SHAREDBOX_ALLOW_PRIVATE_MAIL_HOSTS" in problem["detail"]

    async def test_hosts_that_are_no_names_are_refused_likewise(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for host in NO_NAMES:
            answer = await client.post("/accounts", json=wanted(imap_host=host))

            assert answer.status_code == 400, host
            problem = answer.json()
            assert problem["errors"][0]["field"] == "imap.host"
            assert "only its name" in problem["detail"]

    async def test_the_server_for_sending_passes_the_same_gate(self, web: Web) -> None:
        smtp = {**SERVER, "host": "10.0.0.1", "port": 25}

        answer = await web.client(BOOTSTRAP_KEY).post("/accounts", json=wanted(smtp=smtp))

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "smtp.host"

    async def test_what_cannot_be_used_is_refused_by_field(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        wrongs: list[tuple[str, dict[str, Any]]] = [
            ("address", {"address": "support"}),
            ("address", {"address": "a@b\r\nRCPT TO:<x@y>"}),
            ("address", {"address": "a@b, c@d"}),
            ("address", {"address": "a\0@b"}),
            ("channel", {"channel": "#support"}),
            ("channel", {"channel": "C0\0"}),
            ("folders", {"folders": []}),
            ("folders", {"folders": ["IN\r\nBOX"]}),
            ("folders", {"folders": ["A\0"]}),
            ("history_days", {"history_days": 99_999}),
            ("imap.host", {"imap_host": "imap\r\nA1 DELETE INBOX"}),
            ("imap.username", {"imap_username": "a\r\nb"}),
            ("imap.username", {"imap_username": "a\0b"}),
            ("imap.password", {"imap_password": "a\nb"}),
        ]

        for field, wrong in wrongs:
            answer = await client.post("/accounts", json=wanted(**wrong))

            assert answer.status_code == 400, wrong
            assert answer.json()["errors"][0]["field"] == field
            assert "correct-horse" not in answer.text

    async def test_what_is_malformed_is_refused_by_field_without_an_echo(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        wrongs: list[tuple[str, dict[str, Any]]] = [
            ("imap.port", {"imap_port": 0}),
            ("imap.port", {"imap_port": 65536}),
            ("imap.port", {"imap_port": "imap"}),
            ("imap.host", {"imap_host": ""}),
            ("imap.host", {"imap_host": "a" * 254}),
            ("imap.host", {"imap_host": ["imap.example.com"]}),
            ("imap.security", {"imap_security": "ssl"}),
            ("imap.username", {"imap_username": ""}),
            ("imap.password", {"imap_password": ""}),
            ("imap.password", {"imap_password": "s3cret" * 1000}),
            ("imap.password", {"imap_password": {"secret": "s3cret"}}),
            ("imap.secret", {"imap_secret": "s3cret"}),
            ("imap", {"imap": None}),
            ("address", {"address": "\ud800@example.com"}),
            ("address", {"address": "a" * 400 + "@example.com"}),
            ("folders", {"folders": ["x"] * 51}),
            ("folders.0", {"folders": ["x" * 501]}),
            ("history_days", {"history_days": -1}),
            ("workspace_id", {"workspace_id": "1"}),
            ("state", {"state": "live"}),
            ("fence", {"fence": 7}),
        ]

        for field, wrong in wrongs:
            body = wanted(**{k: v for k, v in wrong.items() if k != "address" or v.isascii()})
            content = None
            if "\\ud800" in repr(wrong):
                content = b'{"address": "\\ud800@example.com"}'
            answer = await client.post(
                "/accounts",
                content=content,
                json=None if content else body,
                headers={"Content-Type": "application/json"},
            )

            assert answer.status_code == 422, wrong
            assert field in [one["field"] for one in answer.json()["errors"]], wrong
            assert "s3cret" not in answer.text

    async def test_the_same_address_is_connected_once_however_it_is_written(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        assert (await client.post("/accounts", json=wanted())).status_code == 201

        for address in ("support@example.com", "support@EXAMPLE.com", "Support@example.com"):
            answer = await client.post("/accounts", json=wanted(address=address))

            assert answer.status_code == 409, address
            assert "connected already" in answer.json()["detail"]

    async def test_at_the_same_moment_one_wins_and_the_other_is_told(self, web: Web) -> None:
        clients = [web.client(BOOTSTRAP_KEY) for _ in range(4)]

        answers = await asyncio.gather(
            *(client.post("/accounts", json=wanted()) for client in clients)
        )

        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
        for answer in answers:
            assert "detail" in answer.json()


class TestIdempotency:
    async def test_a_repetition_gets_the_same_answer_and_connects_nothing(self, web: Web) -> None:
        client, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "once"}

        first = await client.post("/accounts", json=wanted(), headers=once)
        again = await client.post("/accounts", json=wanted(), headers=once)

        assert first.status_code == again.status_code == 201
        assert again.json() == first.json()
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"

    async def test_at_the_same_moment_all_get_the_same_answer(self, web: Web) -> None:
        client, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "once"}

        answers = await asyncio.gather(
            *(client.post("/accounts", json=wanted(), headers=once) for _ in range(4))
        )

        assert {one.status_code for one in answers} == {201}
        assert len({one.json()["id"] for one in answers}) == 1

    async def test_another_request_with_the_same_key_is_refused(self, web: Web) -> None:
        client, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "once"}
        await client.post("/accounts", json=wanted(), headers=once)

        for path, body in (
            ("/accounts", wanted(address="sales@example.com")),
            ("/commands", {"type": "archive", "conversation_id": "0" * 32}),
            ("/api-keys", {"name": "x", "scopes": ["read"]}),
        ):
            answer = await client.post(path, json=body, headers=once)

            assert answer.status_code == 422, path
            assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
        assert len((await client.get("/accounts")).json()["items"]) == 1

    async def test_a_refusal_is_not_kept(self, web: Web) -> None:
        client, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "once"}

        refused = await client.post("/accounts", json=wanted(channel="#x"), headers=once)
        mended = await client.post("/accounts", json=wanted(), headers=once)

        assert (refused.status_code, mended.status_code) == (400, 201)

    async def test_the_answer_to_another_key_of_the_same_name_is_not_given(self, web: Web) -> None:
        _, mine = await web.key(Scope.ADMIN, name="same")
        _, theirs = await web.key(Scope.ADMIN, name="same")
        once = {"Idempotency-Key": "once"}
        await web.client(mine).post("/accounts", json=wanted(), headers=once)

        answer = await web.client(theirs).post("/accounts", json=wanted(), headers=once)

        assert answer.status_code == 409
        assert "idempotent-replayed" not in answer.headers

    async def test_a_key_that_is_none_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for key in (b"", b"x" * 256, b"\xe9"):
            answer = await client.post(
                "/accounts", json=wanted(), headers={b"Idempotency-Key": key}
            )

            assert answer.status_code == 422, key


class TestLists:
    async def test_pages_follow_each_other_while_accounts_are_added(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        addresses = [f"{n}@example.com" for n in range(5)]
        for address in addresses:
            await web.account(address=address)

        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        for step in range(4):
            page = (await client.get("/accounts", params=query)).json()
            seen += [one["address"] for one in page["items"]]
            if step == 0:
                await web.account(address="late@example.com")
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]

        assert seen == [*addresses, "late@example.com"]

    async def test_a_bound_key_gets_full_pages(self, web: Web) -> None:
        ids = [await web.account(address=f"{n}@example.com") for n in range(6)]
        _, text = await web.key(Scope.READ, accounts=[ids[1], ids[4], ids[5]])

        page = (await web.client(text).get("/accounts", params={"limit": 2})).json()

        assert [one["id"] for one in page["items"]] == [str(ids[1]), str(ids[4])]
        assert page["next_cursor"]

    async def test_limits_and_cursors_that_are_none_are_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        lists = ("/accounts", "/conversations", "/teammates", "/channels", "/api-keys")
        for path in lists:
            for limit in ("0", "-1", "201", "1e2", "", "9" * 30, "1; DROP TABLE accounts"):
                answer = await client.get(path, params={"limit": limit})
                assert answer.status_code == 422, (path, limit)
            for cursor in CURSORS:
                answer = await client.get(path, params={"cursor": cursor})
                assert answer.status_code in {400, 422}, (path, cursor)
                assert answer.json()["errors"][0]["field"] == "cursor", (path, cursor)


CURSORS = [
    "", "x", "%%%", "é", "e30", "bnVsbA", "NDI", "WzFd", "W251bGxd", "WyJ4IiwieSIsInoiXQ",
    "WyIyMDI2LTAxLTAxIiwgNV0", "WyJcdTAwMDAiXQ", "W1tbW1tb" * 20, "W" * 501, "A" * 400,
]  # fmt: skip


class TestChanging:
    async def test_credentials_are_replaced_whole(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()

        answer = await client.patch(
            f"/accounts/{id_}", json={"imap": {**SERVER, "password": "new one"}}
        )

        assert answer.status_code == 200
        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
        assert web.container.vault.open(account.imap_secret) == "new one"
        assert account.revision == 1
        half = await client.patch(f"/accounts/{id_}", json={"imap": {"password": "x"}})
        assert half.status_code == 422

    async def test_a_host_inside_is_refused_there_too(self, web: Web) -> None:
        id_ = await web.account()

        answer = await web.client(BOOTSTRAP_KEY).patch(
            f"/accounts/{id_}", json={"imap": {**SERVER, "host": "169.254.169.254"}}
        )

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "imap.host"

    async def test_the_server_for_sending_can_be_forgotten(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()
        await client.patch(f"/accounts/{id_}", json={"smtp": SERVER})

        await client.patch(f"/accounts/{id_}", json={"channel": "C0OTHER"})
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.accounts.get(id_)).smtp_host == SERVER["host"]
        await client.patch(f"/accounts/{id_}", json={"smtp": None})

        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
        assert (account.smtp_host, account.smtp_secret) == (None, None)

    async def test_what_cannot_be_changed_is_refused(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()
        for body in ({"address": "x@y.example"}, {"state": "live"}, {"id": "x"}, {"fence": 9}):
            assert (await client.patch(f"/accounts/{id_}", json=body)).status_code == 422
        for unusable in ({"channel": "general"}, {"folders": list[str]()}):
            assert (await client.patch(f"/accounts/{id_}", json=unusable)).status_code == 400


class TestImporting:
    async def test_is_asked_for_by_days(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()

        answer = await client.post(f"/accounts/{id_}/import", json={"days": 30})

        assert answer.status_code == 202
        assert (answer.json()["days"], answer.json()["state"]) == (30, "running")
        for days in (0, -1, 3651, "all", 1.5, None):
            answer = await client.post(f"/accounts/{id_}/import", json={"days": days})
            assert answer.status_code == 422, days

    async def test_by_one_window_only(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()
        url = f"/accounts/{id_}/import"

        for window in ({"since": "2026-01-01"}, {"all": True}, {"days": 3650}):
            assert (await client.post(url, json=window)).status_code == 202, window
        for wrong in ({}, {"all": False}, {"days": 1, "all": True}, {"since": "yesterday"}):
            assert (await client.post(url, json=wrong)).status_code == 422, wrong

    async def test_is_told_of_in_the_account_and_by_itself(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()
        url = f"/accounts/{id_}/import"
        assert (await client.get(url)).status_code == 404
        await client.post(url, json={"since": "2026-01-01", "mails_per_minute": 60})

        told = (await client.get(url)).json()

        assert told["since"].startswith("2026-01-01T00:00:00")
        assert (told["mails_per_minute"], told["found"], told["done"]) == (60, None, 0)
        shown = (await client.get(f"/accounts/{id_}")).json()
        assert shown["history"] == told

    async def test_can_be_cancelled_once(self, web: Web) -> None:
        client, id_ = web.client(BOOTSTRAP_KEY), await web.account()
        url = f"/accounts/{id_}/import"
        assert (await client.delete(url)).status_code == 404
        await client.post(url, json={"all": True})

        answer = await client.delete(url)

        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert answer.json()["finished_at"] is not None
        assert (await client.delete(url)).status_code == 409


class TestRemoving:
    async def test_forgets_the_account_and_its_mail_but_not_what_others_have(
        self, web: Web
    ) -> None:
        client = web.client(BOOTSTRAP_KEY)
        going, staying = await web.account(), await web.account(address="sales@example.com")
        gone, gone_mail = await web.conversation(going)
        kept, kept_mail = await web.conversation(staying)

        answer = await client.delete(f"/accounts/{going}")

        assert answer.status_code == 204
        assert answer.content == b""
        for path in (f"/accounts/{going}", f"/conversations/{gone}", f"/messages/{gone_mail}/raw"):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get(f"/messages/{kept_mail}/raw")).status_code == 200
        assert (await client.get(f"/conversations/{kept}")).status_code == 200
        assert (await client.delete(f"/accounts/{going}")).status_code == 404


class TestPausing:
    async def test_says_who_since_when_and_what_waits(self, web: Web) -> None:
        tenant = await web.tenant()
        client = web.client(BOOTSTRAP_KEY)

        answer = await client.post(f"/accounts/{tenant.account_id}/pause")

        told = answer.json()
        assert (answer.status_code, told["state"]) == (200, "paused")
        assert told["detail"] == "support@example.com: Paused by bootstrap key."
        assert told["paused"]["by"] == "bootstrap key"
        assert (told["paused"]["commands"], told["paused"]["mails"]) == (1, 1)
        async with web.store.across_workspaces() as fleet:
            assert await fleet.accounts(tended=True) == []
            assert len(await fleet.accounts()) == 1
            assert await fleet.accounts_with_mail_due() == []

    async def test_takes_no_connection_until_it_is_resumed(self, web: Web) -> None:
        account_id = await web.account()
        client = web.client(BOOTSTRAP_KEY)
        await client.post(f"/accounts/{account_id}/pause")

        for path in ("test", "retry", "pause"):
            answer = await client.post(f"/accounts/{account_id}/{path}")
            assert answer.status_code == 409, path
            assert "is paused" in answer.json()["detail"]

        answer = await client.post(f"/accounts/{account_id}/resume")
        assert (answer.status_code, answer.json()["state"]) == (200, "connecting")
        assert answer.json()["paused"] is None
        answer = await client.post(f"/accounts/{account_id}/resume")
        assert (answer.status_code, "is not paused" in answer.text) == (409, True)

    async def test_is_ready_all_the_same_and_names_it_to_those_who_may_know(self, web: Web) -> None:
        account_id = await web.account()
        await web.client(BOOTSTRAP_KEY).post(f"/accounts/{account_id}/pause")

        to_anybody = (await web.client(base="").get("/readyz")).json()
        to_us = (await web.client(BOOTSTRAP_KEY, base="").get("/readyz")).json()

        (one,) = to_anybody["paused"]
        assert (one["account_id"], one.keys()) == (str(account_id), {"account_id", "since"})
        assert to_us["paused"][0]["address"] == "support@example.com"
        assert to_us["paused"][0]["by"] == "bootstrap key"

    async def test_mail_that_waited_is_not_overdue_afterwards(self, web: Web) -> None:
        tenant = await web.tenant()
        id_ = OutgoingId(UUID(tenant.writing["outgoing_id"]))
        client = web.client(BOOTSTRAP_KEY)
        await client.post(f"/accounts/{tenant.account_id}/pause")
        async with web.store.begin(web.workspace_id) as uow:
            outgoing = await uow.outgoing.get(id_)
            outgoing.state = OutgoingState.QUEUED
            outgoing.due_at = await uow.outgoing.time() - timedelta(hours=9)

        await client.post(f"/accounts/{tenant.account_id}/resume")

        async with web.store.begin(web.workspace_id) as uow:
            late = await uow.outgoing.time() - (await uow.outgoing.get(id_)).due_at
        assert late < timedelta(minutes=5)
