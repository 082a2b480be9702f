"""History comes in beside everything else, and people can follow it."""

import json
from typing import Any

from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of


async def progress(stack: Stack, account_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await stack.api.get(f"/accounts/{account_id}/import")).json()
    return told


async def filled(stack: Stack, count: int) -> dict[str, Any]:
    """An account in whose inbox there were mails before it was connected."""
    for n in range(count):
        await stack.inbox.deliver(mail(f"Old {n}", f"old{n}@acme.example"))
    return await stack.connect_account()


class TestAnImport:
    async def test_never_keeps_new_mail_waiting(self, stack: Stack) -> None:
        account = await filled(stack, 60)
        url = f"/accounts/{account['id']}/import"
        await stack.api.post(url, json={"all": True, "mails_per_minute": 60})

        async def has_begun() -> bool:
            return bool((await progress(stack, account["id"]))["done"])

        await eventually(has_begun)
        await stack.inbox.deliver(mail("Fresh", "fresh@acme.example"))
        await stack.card("Fresh")

        told = await progress(stack, account["id"])
        assert (told["state"], told["found"]) == ("running", 60)
        assert told["done"] < 60
        assert (await stack.api.delete(url)).json()["state"] == "cancelled"
        assert [text_of(card) for card in stack.cards() if "Old" in text_of(card)] == []

    async def test_survives_its_worker(self, stack: Stack) -> None:
        account = await filled(stack, 60)
        await stack.stop_worker()
        url = f"/accounts/{account['id']}/import"
        await stack.api.post(url, json={"all": True})

        await stack.run_until_it_dies("worker", "K10:kill:1")
        await stack.start_worker()

        async def is_done() -> bool:
            return bool((await progress(stack, account["id"]))["state"] == "done")

        await eventually(is_done)
        told = await progress(stack, account["id"])
        assert (told["found"], told["done"], told["failed"]) == (60, 60, 0)
        assert len(await stack.events("message.imported")) == 60
        assert stack.cards() == []


class TestTheCommand:
    async def test_starts_it_and_waits_for_its_end(self, stack: Stack) -> None:
        account = await filled(stack, 3)

        code, printed = await stack.sharedbox("import", account["address"], "--all", "--wait")

        assert code == 0, printed
        assert "3 of 3 mails are in. The import is done." in printed
        code, printed = await stack.sharedbox("import", account["id"], "--json")
        assert code == 0, printed
        assert json.loads(printed)["done"] == 3

    async def test_of_an_unknown_account(self, stack: Stack) -> None:
        code, printed = await stack.sharedbox("import", "nobody@example.com", "--all")

        assert code == 1
        assert "There is no account nobody@example.com" in printed
