"""`sharedbox doctor` on a running installation, and on broken ones."""

import json
from typing import Any

from pydantic import SecretStr

from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually


async def examined(stack: Stack) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by what they are about."""
    code, printed = await stack.sharedbox("doctor", "--json")
    return code, {one["subject"]: one for one in json.loads(printed)["findings"]}


class TestDoctor:
    async def test_finds_nothing_where_all_is_well(self, stack: Stack) -> None:
        account = await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice", "1@acme.example"))
        await stack.card("Invoice")

        async def was_looked_at() -> bool:
            shown = (await stack.api.get(f"/accounts/{account['id']}")).json()
            return bool(shown["mailboxes"][0]["last_checked_at"])

        await eventually(was_looked_at, within=25)
        code, printed = await stack.sharedbox("doctor")

        assert code == 0, printed
        assert "✔ Database: It answers, and has our schema." in printed
        assert "✔ Workers: 1 live." in printed
        assert "✔ Slack token: The token is that of" in printed
        assert f"✔ {account['address']}: Live. 1 mail accounted for, 0 missing." in printed
        assert "INBOX: settled below UID 2, 1 accounted for, 0 missing, looked at" in printed

    async def test_says_who_must_do_what(self, stack: Stack) -> None:
        account = await stack.connect_account()
        await stack.inbox.server.set_password(stack.inbox.username, "another")
        await stack.api.post(f"/accounts/{account['id']}/test")
        await stack.stop_worker()
        object.__setattr__(stack.settings, "slack_bot_token", SecretStr("xoxb-wrong"))

        code, found = await examined(stack)

        assert code == 1
        assert "None runs" in found["Workers"]["what"]
        assert "sharedbox run worker" in found["Workers"]["fix"]
        assert "invalid_auth" in found["Slack token"]["what"]
        trouble = found[account["address"]]
        assert trouble["level"] == "problem"
        assert "refused the password" in trouble["what"]
        assert f"accounts retry {account['address']}" in trouble["fix"]

    async def test_of_a_database_that_is_not_there(self, stack: Stack) -> None:
        url = "postgresql://nobody@127.0.0.1:1/nowhere"
        object.__setattr__(stack.settings, "database_url", url)

        code, found = await examined(stack)

        assert code == 1
        assert "cannot be reached" in found["Database"]["what"]
        assert "SHAREDBOX_DATABASE_URL" in found["Database"]["fix"]
