"""Is it alive, is it ready, how is it doing: for proxies, Prometheus and people."""

import re
from datetime import UTC, datetime, timedelta

import psycopg

from app.core.access import Scope
from app.core.ids import AccountId
from app.store.engine import conninfo
from app.store.models import AccountState
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def put(web: Web, account_id: AccountId, **values: object) -> None:
    async with web.store.begin(web.workspace_id) as uow:
        account = await uow.accounts.get(account_id)
        for name, value in values.items():
            setattr(account, name, value)
        inbox = await uow.mailboxes.named(account_id, "INBOX")
        inbox.missing, inbox.last_checked_at = 3, datetime.now(UTC) - timedelta(seconds=20)


class TestReadiness:
    async def test_without_a_worker_is_degraded_and_says_so(self, web: Web) -> None:
        await put(web, await web.account())
        client = web.client(base="")

        answer = await client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert "sharedbox run worker" in answer.json()["detail"]

    async def test_with_another_schema_is_refused_with_the_command(self, web: Web) -> None:
        with psycopg.connect(conninfo(web.container.url), autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0001'")

        answer = await web.client(base="").get("/readyz")

        assert answer.status_code == 503
        assert "sharedbox migrate" in answer.json()["detail"]


class TestMetrics:
    async def test_each_has_help_and_names_nobody(self, web: Web) -> None:
        tenant = await web.tenant()
        await put(web, tenant.account_id, state=AccountState.REFUSED)

        text = (await web.client(base="").get("/metrics")).text

        names = set(re.findall(r"^(sharedbox_\w+)", text, re.MULTILINE))
        assert len(names) >= 10
        for name in names:
            assert re.search(rf"^# HELP {name} .+\.$", text, re.MULTILINE), name
        assert 'sharedbox_accounts{state="refused"} 1.0' in text
        assert "sharedbox_missing_mails 3.0" in text
        assert "sharedbox_commands_open 1.0" in text
        assert "sharedbox_workers 0.0" in text
        assert "support@example.com" not in text
        assert tenant.key not in text


class TestTheOverview:
    async def test_tells_how_many_and_names_nobody(self, web: Web) -> None:
        await put(web, await web.account(), state=AccountState.STOPPED)

        page = (await web.client(base="").get("/")).text

        assert "given up, waiting for a person" in page
        assert "No worker runs" in page
        assert "support@example.com" not in page
        assert 'href="/status"' in page


class TestTheAccountsPage:
    async def test_asks_for_a_key(self, web: Web) -> None:
        await web.account()
        client = web.client(base="")

        for auth in (None, ("", ""), ("any", "wrong"), (BOOTSTRAP_KEY, "")):
            answer = await client.get("/status", auth=auth)
            assert answer.status_code == 401, auth
            assert answer.headers["www-authenticate"].startswith("Basic realm=")
            assert "support@example.com" not in answer.text
        broken = await client.get("/status", headers={"Authorization": "Basic %%%"})
        assert broken.status_code == 401
        _, writer = await web.key(Scope.WRITE)
        assert (await client.get("/status", auth=("", writer))).status_code == 403

    async def test_tells_of_each_what_is_wrong_and_what_to_do(self, web: Web) -> None:
        well = await web.account(address="a@example.com")
        await put(web, well, state=AccountState.LIVE)
        hostile = "<script>alert(1)</script>"
        ill = await web.account(address="z@example.com")
        await put(web, ill, state=AccountState.REFUSED, detail=f"Wrong password. {hostile}")

        answer = await web.client(base="").get("/status", auth=("any", BOOTSTRAP_KEY))

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        page = answer.text
        assert page.index("z@example.com") < page.index("a@example.com")
        assert "1 in need of a person" in " ".join(page.split())
        assert "sharedbox accounts retry z@example.com" in page
        assert hostile not in page
        assert '<td class="missing">3</td>' in page
        assert re.search(r"\d+ seconds ago", page)

    async def test_shows_a_bound_key_its_accounts_only(self, web: Web) -> None:
        mine = await web.account(address="a@example.com")
        await web.account(address="z@example.com")
        _, key = await web.key(Scope.READ, accounts=[mine])

        page = (await web.client(base="").get("/status", auth=("", key))).text

        assert "a@example.com" in page
        assert "z@example.com" not in page
