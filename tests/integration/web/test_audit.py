"""What a script changes that matters for security stands in the audit log, as with people."""

from typing import Any

from app.core.ids import ChannelId
from app.store.models import AccountState, AuditEntry
from tests.fixtures.web import BOOTSTRAP_KEY, Web

IMAP = {
    "host": "imap.example.com", "port": 993, "security": "tls", "username": "u",
    "password": "secret-4711",
}  # fmt: skip


async def lines(web: Web) -> list[AuditEntry]:
    """The oldest first."""
    async with web.store.begin(web.workspace_id) as uow:
        return list(await uow.audit.page(before=None, limit=50))[::-1]


async def told(web: Web) -> list[tuple[str, str]]:
    return [(one.act, one.about) for one in await lines(web)]


async def done(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


class TestAScript:
    async def test_that_makes_and_revokes_keys(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        key = await done(await client.post("/api-keys", json={"name": "bot", "scopes": ["read"]}))
        await done(await client.delete(f"/api-keys/{key['id']}"))

        made, revoked = await lines(web)
        assert (made.act, made.about, revoked.act) == ("api_key.created", "bot", "api_key.revoked")
        assert (made.actor_name, made.origin) == ("bootstrap key", "api")
        assert key["key"] not in str(made.data)

    async def test_that_connects_changes_and_removes_an_account(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        new = {"address": "sales@example.com", "imap": IMAP, "channel": "C0SALES"}

        account = await done(await client.post("/accounts", json=new))
        await done(await client.patch(f"/accounts/{account['id']}", json={"imap": IMAP}))
        await done(await client.post(f"/accounts/{account['id']}/import", json={"days": 3}))
        await done(await client.delete(f"/accounts/{account['id']}"))

        acts = ("connected", "changed", "import_started", "removed")
        assert await told(web) == [(f"account.{one}", "sales@example.com") for one in acts]
        assert "secret-4711" not in str([one.data for one in await lines(web)])

    async def test_that_tends_an_account(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.accounts.get(account)).state = AccountState.RETRYING

        await done(await client.post(f"/accounts/{account}/retry"))
        await done(await client.patch(f"/accounts/{account}/sending", json={"sends_per_hour": 5}))

        assert [act for act, _ in await told(web)] == ["account.retried", "account.changed"]

    async def test_that_says_who_sees_what(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), str(await web.account())
        to = {"account_id": account, "channel": "C0SALES"}

        route = await done(
            await client.put("/routes", json={**to, "kind": "alias", "value": "sales@example.com"})
        )
        await done(await client.delete(f"/routes/{route['id']}"))
        await done(await client.put("/routes/own", json=to))
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.channels.lock(ChannelId("C0SALES"))).name = "sales"
        wanted = {"exposure": "headers", "sharing_accepted": True, "emoji_actions": True}
        await done(await client.patch("/channels/C0SALES", json=wanted))
        await done(await client.patch("/workspace", json={"guests_may_act": True}))

        *acts, workspace = await told(web)
        assert acts == [
            ("route.set", "sales@example.com"), ("route.removed", "sales@example.com"),
            ("route.set", "support@example.com"), ("channel.exposure_changed", "#sales"),
            ("channel.sharing_accepted", "#sales"), ("channel.emoji_switched_on", "#sales"),
        ]  # fmt: skip
        assert workspace[0] == "workspace.changed"

    async def test_that_says_what_happens_by_itself_and_who_is_told(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), str(await web.account())
        rule = {
            "name": "Bills",
            "conditions": [{"field": "subject", "test": "contains", "value": "bill"}],
            "actions": [{"do": "flag"}],
        }

        made = await done(await client.post("/rules", json=rule))
        await done(await client.patch(f"/rules/{made['id']}", json={"enabled": False}))
        await done(await client.delete(f"/rules/{made['id']}"))
        hook = await done(await client.post("/webhooks", json={"url": "https://hooks.example.com"}))
        await done(await client.patch(f"/webhooks/{hook['id']}", json={"active": False}))
        await done(await client.post(f"/webhooks/{hook['id']}/rotate-secret"))
        await done(await client.delete(f"/webhooks/{hook['id']}"))
        sender = await done(
            await client.post("/identities", json={"account_id": account, "address": "a@b.example"})
        )
        await done(await client.delete(f"/identities/{sender['id']}"))

        assert [act for act, _ in await told(web)] == [
            "rule.created", "rule.changed", "rule.removed", "webhook.created", "webhook.changed",
            "webhook.secret_rotated", "webhook.deleted", "sender.added", "sender.removed",
        ]  # fmt: skip
