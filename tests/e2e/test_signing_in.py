"""Accounts that are opened by signing in, with the whole of SharedBox running.

The provider is npm's `emulate`, as Microsoft behind TLS and as Google; the mail server is a Dovecot
that asks it whose token it was shown. So a token that was revoked there really lets nobody in.
"""

import asyncio
import base64
import json
import logging
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import URL, text

from app.core.config import PROJECT_ROOT
from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.mail.process import free_ports
from app.sandbox.slack.local import LocalSlack
from app.store.engine import open_engine, parse_database_url
from tests.e2e.test_canaries import rows, spellings
from tests.fixtures.identity import SECRET, Identity, dovecot_trusting
from tests.fixtures.mailservers import PASSWORD
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import Script, ScriptedSMTP
from tests.fixtures.stack import Stack, eventually, text_of

POINT = "K32"


@dataclass
class SignedIn:
    """A stack whose one mailbox is opened with tokens of a provider."""

    stack: Stack
    identity: Identity
    provider: str
    account: dict[str, Any] = field(default_factory=dict)
    smtp: ScriptedSMTP | None = None
    """What the mailbox sends by, if it sends."""

    @property
    def who(self) -> str:
        return self.stack.inbox.username

    async def connect(self) -> None:
        """Connect the mailbox, sign in for it in a browser, and wait until it is watched."""
        inbox = self.stack.inbox
        answer = await self.stack.api.post(
            "/accounts",
            json={
                "address": self.who,
                "oauth": {"provider": self.provider},
                "imap": {
                    "host": inbox.host, "port": inbox.port, "security": inbox.security,
                    "username": self.who,
                },
                "smtp": None if self.smtp is None else {
                    "host": "127.0.0.1", "port": self.smtp.port, "security": "none",
                    "username": self.who,
                },
                "channel": self.stack.slack.channels["support"],
            },
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        self.account = answer.json()
        assert await self.visit(self.account["sign_in_url"]) == 200
        await self.reaches("live")

    async def visit(self, url: str, who: str | None = None) -> int:
        """Open a link and sign in there; answers what SharedBox says to it in the end."""
        async with httpx.AsyncClient(timeout=30) as browser:
            begun = await browser.get(url)
            assert begun.status_code == 303, begun.text
            back = await self.identity.agree(begun.headers["location"], who or self.who)
            return (await browser.get(back)).status_code

    async def reaches(self, state: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            url = f"/accounts/{self.account['id']}"
            found: dict[str, Any] = (await self.stack.api.get(url)).json()
            return found if found["state"] == state else None

        found: dict[str, Any] = await eventually(look, within=30)
        return found

    async def tokens(self) -> tuple[str, str]:
        """The access token and the refresh token."""
        assert self.stack.settings.database_url
        engine = open_engine(parse_database_url(self.stack.settings.database_url))
        vault = self.stack.settings.vault()
        async with engine.connect() as connection:
            row = await connection.execute(
                text("SELECT access_token, refresh_token FROM oauth_grants")
            )
            access, refresh = row.one()
        await engine.dispose()
        return vault.open(access), vault.open(refresh)

    async def execute(self, statement: str) -> None:
        assert self.stack.settings.database_url
        engine = open_engine(parse_database_url(self.stack.settings.database_url))
        async with engine.begin() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    async def revoke(self) -> None:
        """As an admin of the provider does; its mail server hangs up, too."""
        for token in await self.tokens():
            await self.identity.revoke(self.provider, token)
        await self.stack.inbox.server.doveadm("kick", self.who)

    async def told(self) -> str:
        """What the admin was told directly, once there is something."""

        async def look() -> str | None:
            said = [_said(write.arguments) for write in self.stack.slack.writes]
            return next((one for one in said if "needs somebody to sign in" in one), None)

        found: str = await eventually(look, within=60)
        return found


def _said(arguments: dict[str, Any]) -> str:
    blocks = arguments.get("blocks") or []
    return text_of(
        {**arguments, "blocks": json.loads(blocks) if isinstance(blocks, str) else blocks}
    )


@pytest.fixture
async def signed_in(database: URL, tmp_path: Path, provider_name: str) -> AsyncIterator[SignedIn]:
    (port,) = free_ports(1)
    base_url = f"http://127.0.0.1:{port}"
    async with (
        Identity(base_url) as identity,
        dovecot_trusting(identity.introspection[provider_name]) as server,
        LocalSlack() as slack,
    ):
        inbox: DovecotInbox = server.add_user(identity.take(), PASSWORD)
        stack = Stack(database, tmp_path, inbox, slack)
        stack.settings = stack.settings.model_copy(
            update={
                "port": port,
                "base_url": base_url,
                "admin_slack_users": slack.users["Ana"],
                **{
                    name: SecretStr(value) if name.endswith("secret") else value
                    for name, value in identity.settings().items()
                },
            }
        )
        async with stack:
            yield SignedIn(stack, identity, provider_name)


class TestAnAccountThatIsSignedIn:
    async def test_is_told_of_when_its_token_is_revoked_and_mended_by_one_link(
        self, signed_in: SignedIn
    ) -> None:
        stack = signed_in.stack
        await stack.start_web()
        await stack.start_worker()
        await signed_in.connect()
        await stack.inbox.deliver(mail("Before", "before@acme.example"))
        await stack.card("Before")

        await signed_in.revoke()
        told = await signed_in.told()
        await stack.inbox.deliver(mail("In the gap", "gap@acme.example"))
        refused = await signed_in.reaches("refused")

        assert f"The mailbox {signed_in.who} needs somebody to sign in again" in told
        assert refused["oauth"]["state"] == "dead"
        assert "invalid_grant" in refused["detail"]
        link = re.search(r"<(http[^|>]+)\|Sign in again>", told)
        assert link is not None
        assert await signed_in.visit(link[1]) == 200
        await stack.card("In the gap")
        await signed_in.reaches("live")
        assert len([one for one in stack.cards() if "In the gap" in text_of(one)]) == 1
        assert len([one for one in stack.cards() if "Before" in text_of(one)]) == 1

    async def test_goes_on_with_the_next_token_when_one_has_ended(
        self, signed_in: SignedIn
    ) -> None:
        stack = signed_in.stack
        await stack.start_web()
        await stack.start_worker()
        await signed_in.connect()
        access, refresh = await signed_in.tokens()

        await signed_in.identity.revoke(signed_in.provider, access)
        await stack.inbox.server.doveadm("kick", signed_in.who)
        await stack.inbox.deliver(mail("After", "after@acme.example"))
        await stack.card("After")

        new_access, new_refresh = await signed_in.tokens()
        assert new_access != access
        assert (new_refresh != refresh) == (signed_in.provider == "microsoft")


class TestAnAnswer:
    async def test_leaves_with_the_token_and_with_a_fresh_one_where_that_was_refused(
        self, signed_in: SignedIn
    ) -> None:
        stack = signed_in.stack
        offered = ("8BITMIME", "AUTH XOAUTH2")
        expired: Script = {"AUTH": "535 5.7.8 the token has expired"}
        async with ScriptedSMTP(scripts=[expired], extensions=offered) as signed_in.smtp:
            smtp = signed_in.smtp
            await stack.start_web()
            await stack.start_worker()
            await signed_in.connect()
            await stack.inbox.deliver(mail("Where is it?", "1@acme.example"))
            await stack.card("Where is it?")
            first, _ = await signed_in.tokens()
            (conversation,) = (await stack.api.get("/conversations")).json()["items"]

            answer = await stack.api.post(
                "/outgoing",
                json={
                    "account_id": signed_in.account["id"], "conversation_id": conversation["id"],
                    "text": "On its way.", "undo_seconds": 0,
                },
            )  # fmt: skip
            assert answer.status_code == 202, answer.text
            await _has_left(stack, answer.json()["id"])

            second, _ = await signed_in.tokens()
            shown = [
                base64.b64decode(line.split(" ")[2]).decode()
                for line in smtp.commands
                if line.startswith("AUTH XOAUTH2 ")
            ]
        assert first != second
        assert shown == [
            f"user={signed_in.who}\1auth=Bearer {token}\1\1" for token in (first, second)
        ]
        assert len(smtp.taken) == 1


async def _has_left(stack: Stack, outgoing_id: str) -> None:
    async def look() -> bool:
        row = (await stack.api.get(f"/outgoing/{outgoing_id}")).json()
        return bool(row["state"] == "sent")

    await eventually(look, within=30)


class TestTokens:
    @pytest.fixture
    def provider_name(self) -> str:
        return "microsoft"

    async def test_are_nowhere_to_be_read(
        self,
        signed_in: SignedIn,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """In no log, no answer, no event and no row; neither is the secret of the application."""
        caplog.set_level(logging.DEBUG)
        stack = signed_in.stack
        await stack.start_web()
        await stack.start_worker()
        await signed_in.connect()
        secrets = [*await signed_in.tokens(), SECRET]
        await signed_in.identity.revoke(signed_in.provider, secrets[0])
        await stack.inbox.server.doveadm("kick", signed_in.who)
        await stack.inbox.deliver(mail("After", "after@acme.example"))
        await stack.card("After")
        secrets += await signed_in.tokens()
        await signed_in.revoke()
        await signed_in.told()
        await signed_in.reaches("refused")

        everywhere = {
            "logs": caplog.text + "".join(capsys.readouterr()),
            "account": (await stack.api.get(f"/accounts/{signed_in.account['id']}")).text,
            "events": (await stack.api.get("/events", params={"limit": 1000})).text,
            "Slack": json.dumps([write.arguments for write in stack.slack.writes], default=str),
            **{
                f"table {name}": text
                for name, text in (await rows(stack.settings.database_url or "")).items()
            },
        }

        assert "grant.dead" in everywhere["logs"]
        assert len(set(secrets)) == 5
        assert [
            (where, n)
            for where, told in everywhere.items()
            for n, secret in enumerate(secrets)
            if any(spelling in told for spelling in spellings(secret))
        ] == []


class TestAWorkerThatDiesWithNewTokensInHand:
    """K32. The old refresh token may be worth nothing then: nothing is lost, a person is asked."""

    @pytest.fixture
    def provider_name(self) -> str:
        return "microsoft"

    async def test_leaves_an_account_that_asks_to_be_signed_in_again(
        self, signed_in: SignedIn
    ) -> None:
        stack = signed_in.stack
        await stack.start_web()
        await stack.start_worker()
        await signed_in.connect()
        await stack.stop_worker()
        await signed_in.execute("UPDATE oauth_grants SET expires_at = now() - interval '1 s'")

        await stack.run_until_it_dies("worker", f"{POINT}:kill:1")
        await signed_in.execute("UPDATE oauth_grants SET leased_until = now()")
        await stack.inbox.deliver(mail("In the gap", "gap@acme.example"))
        await stack.start_worker()
        refused = await signed_in.reaches("refused")

        assert refused["oauth"]["state"] == "dead"
        link = f"{stack.settings.base_url}/oauth/microsoft/start?account={refused['id']}"
        assert await signed_in.visit(link) == 200
        await stack.card("In the gap")
        assert len(stack.cards()) == 1


class TestTheTerminal:
    @pytest.fixture
    def provider_name(self) -> str:
        return "google"

    async def test_connects_a_mailbox_by_a_link_and_tests_it(self, signed_in: SignedIn) -> None:
        stack, inbox = signed_in.stack, signed_in.stack.inbox
        await stack.start_web()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "accounts", "add",
            "--address", signed_in.who, "--provider", "google",
            "--host", inbox.host, "--port", str(inbox.port), "--security", inbox.security,
            "--channel", stack.slack.channels["support"], "--check",
            env={**stack._environment(), "COLUMNS": "300"},
            cwd=PROJECT_ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            while "/oauth/google/start?ticket=" not in said:
                said += (await process.stdout.readline()).decode()
            assert await signed_in.visit(said.split()[-1]) == 200
            said += (await process.stdout.read()).decode()
            await process.wait()

        assert process.returncode == 0, said
        assert f"Signed in as {signed_in.who}." in said
        assert "✓ Login" in said
        assert f"Added {signed_in.who}." in said
        await stack.start_worker()
        (signed_in.account,) = (await stack.api.get("/accounts")).json()["items"]
        await signed_in.reaches("live")

    async def test_makes_a_link_to_sign_in_again(self, signed_in: SignedIn) -> None:
        stack = signed_in.stack
        await stack.start_web()
        await stack.start_worker()
        await signed_in.connect()

        code, said = await stack.sharedbox("accounts", "reconnect", signed_in.who, "--no-wait")
        assert code == 0, said
        assert await signed_in.visit(said.split()[-1]) == 200
        code, said = await stack.sharedbox("accounts", "check", signed_in.who)

        assert (code, "passed" in said) == (0, True), said
