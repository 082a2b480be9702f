"""Rules over REST: written, put in order, tried out on mail that is there."""

from typing import Any

import pytest

from app.core.access import Scope
from app.core.ids import AccountId, new_id
from app.rules.edit import MOST_RULES
from app.store.models import Rule
from tests.fixtures.web import BOOTSTRAP_KEY, RULE, Web


def rule(name: str = "From Acme", **values: Any) -> dict[str, Any]:
    return {"name": name, **RULE, **values}


class TestWriting:
    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"name": ""}, 422),
            ({"name": "  "}, 400),
            ({"name": "x" * 101}, 422),
            ({"name": "a\0b"}, 422),
            ({"conditions": []}, 422),
            ({"conditions": [{"field": "text", "test": "regex", "value": "("}]}, 422),
            ({"actions": [{"do": "move", "folder": "a\nb"}]}, 422),
            ({"actions": [{"do": "assign", "teammate_id": str(new_id())}]}, 400),
            ({"actions": [{"do": "reply", "template_id": str(new_id())}]}, 404),
            ({"actions": [{"do": "channel", "channel": "#general"}]}, 422),
            ({"account_id": str(new_id())}, 404),
            ({"position": 1}, 422),
        ],
    )
    async def test_what_cannot_be_carried_out_is_refused(
        self, web: Web, values: dict[str, Any], status: int
    ) -> None:
        client = web.client(BOOTSTRAP_KEY)

        answer = await client.post("/rules", json=rule(**values))

        assert answer.status_code == status, answer.text
        assert (await client.get("/rules")).json()["items"] == []

    async def test_of_a_bound_key_only_for_its_account(self, web: Web) -> None:
        mine, other = await web.account(), await web.account(address="sales@example.com")
        client = web.client((await web.key(Scope.ADMIN, accounts=[mine]))[1])

        assert (await client.post("/rules", json=rule())).status_code == 403
        theirs = await client.post("/rules", json=rule(account_id=str(other)))
        assert theirs.status_code == 404
        made = await client.post("/rules", json=rule(account_id=str(mine)))
        assert made.status_code == 201
        order = await client.put("/rules/order", json={"rule_ids": [made.json()["id"]]})
        assert order.status_code == 403

    async def test_no_more_than_can_be_asked(self, web: Web) -> None:
        async with web.store.begin(web.workspace_id) as uow:
            uow.session.add_all(
                Rule(workspace_id=web.workspace_id, name=str(n), body=RULE)
                for n in range(MOST_RULES)
            )

        answer = await web.client(BOOTSTRAP_KEY).post("/rules", json=rule())

        assert answer.status_code == 409
        assert f"{MOST_RULES} rules" in answer.json()["detail"]

    async def test_is_told_as_it_was_written(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        made = await client.post("/rules", json=rule(stop=True))

        assert made.status_code == 201, made.text
        told = made.json()
        assert told["name"] == "From Acme"
        assert (told["enabled"], told["stop"], told["times"]) == (True, True, 0)
        assert told["actions"] == [{"do": "tag", "tags": ["acme"]}]
        assert (await client.get(f"/rules/{told['id']}")).json() == told
        events = (await client.get("/events")).json()["events"]
        assert [one["type"] for one in events] == ["rule.created", "audit.recorded"]

    async def test_changes_only_what_is_given(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        path = f"/rules/{(await client.post('/rules', json=rule())).json()['id']}"

        renamed = (await client.patch(path, json={"name": "Acme", "enabled": False})).json()
        changed = (await client.patch(path, json={"actions": [{"do": "flag"}]})).json()
        twice = await client.patch(path, json={"actions": [{"do": "flag"}, {"do": "flag"}]})

        assert (renamed["name"], renamed["enabled"], renamed["revision"]) == ("Acme", False, 0)
        assert changed["conditions"] == renamed["conditions"]
        assert (changed["actions"], changed["revision"]) == ([{"do": "flag"}], 1)
        assert twice.status_code == 400

    async def test_removed_it_is_gone(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        path = f"/rules/{(await client.post('/rules', json=rule())).json()['id']}"

        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


class TestOrder:
    async def test_is_that_of_writing_until_it_is_changed(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        ids = [(await client.post("/rules", json=rule(n))).json()["id"] for n in ("1", "2", "3")]

        changed = await client.put("/rules/order", json={"rule_ids": [ids[2], ids[0], ids[1]]})

        assert [one["name"] for one in changed.json()["items"]] == ["3", "1", "2"]
        listed = (await client.get("/rules")).json()["items"]
        assert [one["name"] for one in listed] == ["3", "1", "2"]

    async def test_of_other_rules_than_there_are_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        ids = [(await client.post("/rules", json=rule(n))).json()["id"] for n in ("1", "2")]

        for wrong in (ids[:1], [*ids, str(new_id())], [ids[0], ids[0]]):
            answer = await client.put("/rules/order", json={"rule_ids": wrong})

            assert answer.status_code == 409, wrong


class TestTryingOut:
    async def test_counts_and_shows_what_it_fits(self, web: Web) -> None:
        account = await web.account()
        for subject in ("Invoice 1", "Invoice 2", "Refund"):
            await web.conversation(account, subject=subject)
        asked = {"conditions": [{"field": "subject", "test": "starts", "value": "invoice"}]}

        told = (await web.client(BOOTSTRAP_KEY).post("/rules/test", json=asked)).json()

        assert (told["matched"], told["looked_at"], told["complete"]) == (2, 3, True)
        assert [one["subject"] for one in told["samples"]] == ["Invoice 2", "Invoice 1"]

    @pytest.mark.parametrize(
        ("condition", "matched"),
        [
            ({"field": "text", "test": "contains", "value": "total is"}, 2),
            ({"field": "header", "header": "mime-version", "test": "is", "value": "1.0"}, 2),
            ({"field": "header", "header": "x-spam", "test": "exists"}, 0),
            ({"field": "attachment", "test": "ends", "value": ".pdf"}, 1),
            ({"field": "attachment", "test": "exists", "negated": True}, 1),
            ({"field": "list", "test": "exists"}, 0),
        ],
    )
    async def test_by_what_is_read_only_for_it(
        self, web: Web, condition: dict[str, Any], matched: int
    ) -> None:
        account = await web.account()
        await web.conversation(account)
        _, message = await web.conversation(account)
        await web.attach(message, "invoice.pdf", "application/pdf")

        answer = await web.client(BOOTSTRAP_KEY).post(
            "/rules/test", json={"conditions": [condition]}
        )

        assert answer.json()["matched"] == matched

    async def test_on_mail_of_the_accounts_that_the_key_may_see(self, web: Web) -> None:
        mine, other = await web.account(), await web.account(address="sales@example.com")
        await web.conversation(mine, subject="Mine")
        await web.conversation(other, subject="Theirs")
        client = web.client((await web.key(Scope.READ, accounts=[mine]))[1])
        everything = {"conditions": [{"field": "from", "test": "contains", "value": "@"}]}

        told = (await client.post("/rules/test", json=everything)).json()
        theirs = await client.post("/rules/test", json={**everything, "account_id": str(other)})

        assert [one["subject"] for one in told["samples"]] == ["Mine"]
        assert theirs.status_code == 404


class TestRoutes:
    async def route(self, web: Web, account: AccountId, **values: Any) -> Any:
        body = {"account_id": str(account), "kind": "alias", "value": "Billing@Example.com",
                "channel": "C0BILLING", **values}  # fmt: skip
        return await web.client(BOOTSTRAP_KEY).put("/routes", json=body)

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"value": "billing"}, 400),
            ({"value": "a\r\n@example.com"}, 400),
            ({"kind": "folder", "value": "Nowhere"}, 400),
            ({"kind": "mood"}, 422),
            ({"channel": "#billing"}, 400),
        ],
    )
    async def test_that_lead_nowhere_are_refused(
        self, web: Web, values: dict[str, str], status: int
    ) -> None:
        answer = await self.route(web, await web.account(), **values)

        assert answer.status_code == status, answer.text

    async def test_set_changed_and_removed(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()

        made = (await self.route(web, account)).json()
        changed = (await self.route(web, account, channel="C0OTHER")).json()
        await client.put("/routes/own", json={"account_id": str(account), "channel": "C0NEW"})

        assert changed == {**made, "channel": "C0OTHER"}
        assert made["value"] == "billing@example.com"
        told = (await client.get("/routes")).json()
        assert told["items"] == [changed]
        assert [one["channel"] for one in told["own"]] == ["C0NEW"]
        channels = {one["id"] for one in (await client.get("/channels")).json()["items"]}
        assert {"C0BILLING", "C0OTHER", "C0NEW"} <= channels
        assert (await client.delete(f"/routes/{made['id']}")).status_code == 204
        assert (await client.get("/routes")).json()["items"] == []


class TestChannels:
    async def test_unknown_ones_cannot_be_changed(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        for id_ in ("C0NOWHERE", "%00"):
            answer = await client.patch(f"/channels/{id_}", json={"exposure": "headers"})

            assert answer.status_code in {404, 422}, id_

    async def test_show_as_much_as_they_are_told_to(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await self.channel(web)

        changed = await client.patch("/channels/C0SUPPORT", json={"exposure": "headers"})

        assert changed.status_code == 200, changed.text
        assert changed.json()["exposure"] == "headers"
        (told,) = (await client.get("/channels")).json()["items"]
        assert told == changed.json()

    async def test_have_emoji_act_once_they_are_told_to(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await self.channel(web)
        (before,) = (await client.get("/channels")).json()["items"]

        changed = await client.patch("/channels/C0SUPPORT", json={"emoji_actions": True})

        assert (before["emoji_actions"], changed.json()["emoji_actions"]) == (False, True)

    async def channel(self, web: Web) -> None:
        account = await web.account()
        body = {"account_id": str(account), "channel": "C0SUPPORT"}
        await web.client(BOOTSTRAP_KEY).put("/routes/own", json=body)
