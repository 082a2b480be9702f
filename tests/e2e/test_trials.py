"""Trying a mailbox before it is connected, by REST and a worker."""

from typing import Any

import pytest
from sqlalchemy import text

from app.store.engine import open_engine, parse_database_url
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually


async def tried(stack: Stack, **imap: Any) -> dict[str, Any]:
    """The trial, once it is done."""
    account = stack.account(imap=imap)
    body = {"address": account["address"], "imap": account["imap"]}
    answer = await stack.api.post("/trials", json=body)
    assert answer.status_code == 202, answer.text
    url = f"/trials/{answer.json()['id']}"

    async def done() -> dict[str, Any] | None:
        found: dict[str, Any] = (await stack.api.get(url)).json()
        return found if found["state"] == "done" else None

    found: dict[str, Any] = await eventually(done, within=30)
    return found


class TestAMailboxThatIsNotConnected:
    async def test_is_tried_step_by_step(self, stack: Stack) -> None:
        await stack.inbox.deliver(mail("One"))

        found = await tried(stack)

        assert {step["state"] for step in found["steps"]} == {"ok"}
        assert found["found"]["history"]["all"] == 1
        assert "Sent" in [folder["name"] for folder in found["found"]["folders"]]
        assert (await stack.api.get("/accounts")).json()["items"] == []

    @pytest.mark.parametrize("password", ["a-wrong-password"])
    async def test_leaves_its_password_nowhere(self, stack: Stack, password: str) -> None:
        found = await tried(stack, password=password)

        assert [step["key"] for step in found["steps"] if step["state"] == "failed"] == ["login"]
        assert password not in str(found)
        assert stack.settings.database_url
        engine = open_engine(parse_database_url(stack.settings.database_url))
        async with engine.connect() as connection:
            rows = (await connection.execute(text("SELECT servers FROM trials"))).all()
        await engine.dispose()
        assert rows == [(None,)]


class TestAnAccount:
    async def test_is_tested_with_its_steps(self, stack: Stack) -> None:
        account = await stack.connect_account()

        answer = (await stack.api.post(f"/accounts/{account['id']}/test?steps=true")).json()

        assert answer["ok"]
        assert [step["state"] for step in answer["steps"]] == ["ok"] * 7
