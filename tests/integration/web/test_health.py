"""Is it alive, is it ready, how is it doing: for proxies, Prometheus and people."""

import re
from datetime import UTC, datetime, timedelta

import psycopg

from app.core.ids import AccountId, MessageId, new_id
from app.store.engine import conninfo
from app.store.models import AccountState, MailToIndex
from tests.factories import MOMENT
from tests.fixtures.web import Web


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


class TestMetricsOfFolders:
    async def test_tell_of_each_watched_one_by_its_id(self, web: Web) -> None:
        tenant = await web.tenant()
        await put(web, tenant.account_id)

        text = (await web.client(base="").get("/metrics/folders")).text

        api = web.client(tenant.key)
        shown = (await api.get(f"/accounts/{tenant.account_id}")).json()["mailboxes"]
        (inbox,) = [one for one in shown if one["watched"]]
        which = f'{{account="{tenant.account_id}",folder="{inbox["id"]}"}}'
        assert f"sharedbox_folder_accounted_uids{which} {inbox['accounted']:.1f}" in text
        assert f"sharedbox_folder_missing_mails{which} 3.0" in text
        checked = re.search(rf"checked_timestamp_seconds{re.escape(which)} (\S+)", text)
        assert checked is not None
        looked = datetime.fromisoformat(inbox["last_checked_at"]).timestamp()
        assert abs(float(checked[1]) - looked) < 1
        assert f"reconciled_timestamp_seconds{which}" not in text
        assert text.count(f'account="{tenant.account_id}"') == 3
        assert "support@example.com" not in text


class TestMetrics:
    async def test_each_has_help_and_names_nobody(self, web: Web) -> None:
        tenant = await web.tenant()
        await put(web, tenant.account_id, state=AccountState.REFUSED)
        async with web.store.begin(web.workspace_id) as uow:
            waits = MailToIndex(
                workspace_id=web.workspace_id, received_at=MOMENT, message_id=MessageId(new_id())
            )
            uow.session.add(waits)

        text = (await web.client(base="").get("/metrics")).text

        names = set(re.findall(r"^(sharedbox_\w+)", text, re.MULTILINE))
        assert len(names) >= 10
        for name in names:
            assert re.search(rf"^# HELP {name} .+\.$", text, re.MULTILINE), name
        assert 'sharedbox_accounts{state="refused"} 1.0' in text
        assert "sharedbox_missing_mails 3.0" in text
        assert "sharedbox_commands_open 1.0" in text
        assert "sharedbox_workers 0.0" in text
        assert "sharedbox_mails_to_index 1.0" in text
        assert "support@example.com" not in text
        assert tenant.key not in text
