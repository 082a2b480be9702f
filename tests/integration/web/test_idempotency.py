"""An `Idempotency-Key` with every request that creates: repeated, it creates nothing more."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures.web import BOOTSTRAP_KEY, Web

RULE = {
    "name": "Bills",
    "conditions": [{"field": "subject", "test": "contains", "value": "bill"}],
    "actions": [{"do": "flag"}],
}
ONCE = {"Idempotency-Key": "once"}


class TestARequestThatCreates:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/rules", RULE),
            ("/templates", {"name": "Hello", "text": "Dear {{ customer.first_name }}"}),
            ("/identities", {"address": "sales@example.com"}),
        ],
    )
    async def test_again_with_its_key_gets_the_first_answer(
        self, web: Web, path: str, body: dict[str, Any]
    ) -> None:
        client, account = web.client(BOOTSTRAP_KEY), str(await web.account())
        body = {**body, "account_id": account} if path == "/identities" else body

        first, again = [await client.post(path, json=body, headers=ONCE) for _ in range(2)]

        assert (first.status_code, again.status_code) == (201, 201), again.text
        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"

    async def test_again_takes_one_turn(self, web: Web) -> None:
        """A group's next member would be given it by the repetition."""
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())
        path, body = f"/conversations/{id_}/assign-by-turns", {"group_id": "S0614TZR7"}

        answers = [await client.post(path, json=body, headers=ONCE) for _ in range(2)]

        assert [one.status_code for one in answers] == [202, 202]
        async with web.store.begin(web.workspace_id) as uow:
            jobs = await uow.session.exec(  # type: ignore[call-overload]
                text("SELECT count(*) FROM procrastinate_jobs WHERE args->>'group_id' IS NOT NULL")
            )
            assert jobs.scalar_one() == 1
