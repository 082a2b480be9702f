"""How an account fares: connected, refused, out of reach, changed, removed."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.store.engine import open_engine, parse_database_url
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.faults import Reset
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually


async def reaches(stack: Stack, account_id: str, state: str) -> dict[str, Any]:
    """The account, once it is in this state."""

    async def look() -> dict[str, Any] | None:
        account: dict[str, Any] = (await stack.api.get(f"/accounts/{account_id}")).json()
        return account if account["state"] == state else None

    account: dict[str, Any] = await eventually(look)
    return account


async def add(stack: Stack, **imap: Any) -> str:
    """Connect the inbox with something wrong about it."""
    answer = await stack.api.post("/accounts", json=stack.account(imap=imap))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestSomethingIsWrong:
    @pytest.mark.parametrize(
        ("imap", "state", "words"),
        [
            ({"password": "wrong"}, "refused", "refused the password"),
            ({"host": "mail.invalid"}, "retrying", "could not be found"),
            ({"port": 1}, "retrying", "Nothing answers"),
            ({"host": "localhost"}, "live", ""),
        ],
    )
    async def test_is_said_within_fifteen_seconds_with_the_mailbox_and_what_to_do(
        self, stack: Stack, imap: dict[str, Any], state: str, words: str
    ) -> None:
        started = time.monotonic()

        account = await reaches(stack, await add(stack, **imap), state)

        assert time.monotonic() - started < 15
        assert words in account["detail"]
        if words:
            assert stack.inbox.username in account["detail"]
            assert "Check" in account["detail"]

    async def test_an_untrusted_certificate(self, stack: Stack) -> None:
        await stack.stop_worker()
        object.__setattr__(stack.settings, "tls_ca_file", None)
        await stack.start_worker()

        account = await reaches(stack, await add(stack), "retrying")

        assert "certificate" in account["detail"]


class TestItIsMended:
    async def test_by_new_credentials_at_once(self, stack: Stack) -> None:
        account_id = await add(stack, password="wrong")
        await reaches(stack, account_id, "refused")

        answer = await stack.api.patch(
            f"/accounts/{account_id}", json={"imap": stack.account()["imap"]}
        )

        assert answer.status_code == 200, answer.text
        account = await reaches(stack, account_id, "live")
        assert account["detail"] == ""

    async def test_and_a_test_tells_how_it_is_now(self, stack: Stack) -> None:
        account = await stack.connect_account()
        url = f"/accounts/{account['id']}/test"
        well = (await stack.api.post(url)).json()
        assert (well["ok"], well["state"], well["detail"]) == (True, "live", "")

        await stack.inbox.server.set_password(stack.inbox.username, "another")
        told = (await stack.api.post(url)).json()

        assert (told["ok"], told["state"]) == (False, "refused")
        assert "refused the password" in told["detail"]

    async def test_by_retry_now_once_its_server_is_back(self, stack: Stack) -> None:
        async with FaultProxy(stack.inbox.host, stack.inbox.port) as proxy:
            proxy.set(to_client=Reset())
            account_id = await add(stack, port=proxy.port)
            await reaches(stack, account_id, "retrying")
            proxy.set()

            answer = await stack.api.post(f"/accounts/{account_id}/retry")

            assert answer.status_code == 202, answer.text
            assert (await reaches(stack, account_id, "live"))["retry_at"] is None

    async def test_an_account_that_is_well_has_nothing_to_try_again(self, stack: Stack) -> None:
        account = await stack.connect_account()

        answer = await stack.api.post(f"/accounts/{account['id']}/retry")

        assert answer.status_code == 409

    async def test_without_a_worker_a_test_says_that_nobody_tried(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.accounts.trying.TRY_SECONDS", 0.5)
        account = await stack.connect_account()
        await stack.stop_worker()

        told = (await stack.api.post(f"/accounts/{account['id']}/test")).json()

        assert not told["ok"]
        assert "worker" in told["detail"]


class TestNoSignOfLife:
    async def test_makes_the_installation_not_ready_and_names_the_mailbox(
        self, stack: Stack
    ) -> None:
        account = await stack.connect_account()
        readyz, web = (f"{stack.settings.base_url}/{path}" for path in ("readyz", "readyz/web"))
        assert (await stack.api.get(readyz)).json() == {"status": "ready"}
        await stack.stop_worker()
        engine = open_engine(parse_database_url(stack.settings.database_url or ""))
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE mailboxes SET next_poll_at = now() - interval '1 hour',"
                    " last_checked_at = now() - interval '1 hour 1 minute' WHERE watched"
                )
            )
        await engine.dispose()

        told = await stack.api.get(readyz)
        async with httpx.AsyncClient() as anybody:
            told_anybody = await anybody.get(readyz)

        assert (told.status_code, told_anybody.status_code) == (503, 503)
        (named,) = told.json()["silent"]
        assert named["address"] == stack.inbox.username
        assert "INBOX" in named["folders"]
        (unnamed,) = told_anybody.json()["silent"]
        assert unnamed["account_id"] == account["id"]
        assert stack.inbox.username not in told_anybody.text
        assert (await stack.api.get(web)).status_code == 200
        metrics = (await stack.api.get(f"{stack.settings.base_url}/metrics")).text
        assert "sharedbox_silent_mailboxes 1.0" in metrics


class TestRemoval:
    async def test_ends_the_watch_and_forgets_the_mail(self, stack: Stack) -> None:
        account = await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice", "1@acme.example"))
        ts = (await stack.card("Invoice"))["ts"]

        answer = await stack.api.delete(f"/accounts/{account['id']}")

        assert answer.status_code == 204
        assert (await stack.api.get(f"/accounts/{account['id']}")).status_code == 404
        assert (await stack.api.get("/conversations")).json()["items"] == []
        await stack.slack.click("Ana", "support", ts, "conversation.done")
        await asyncio.sleep(0)
        (told,) = await stack.ephemerals("Ana")
        assert "no such conversation" in told["text"]
