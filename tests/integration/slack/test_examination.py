"""What the doctor makes of an account: its credentials among the rest."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.core.crypto import Vault
from app.core.findings import Finding, Level
from app.slack.examination import examine
from app.store.models import AccountState, Grant, GrantState
from tests.fixtures.web import Web

ADDRESS = "support@example.com"


async def found_of(web: Web) -> Finding:
    return {one.subject: one async for one in examine(web.container, web.workspace_id)}[ADDRESS]


async def connect_by_sign_in(web: Web, **grant: Any) -> None:
    """An account that is opened without a password, and was never looked at."""
    async with web.store.begin(web.workspace_id) as uow:
        row = Grant(workspace_id=web.workspace_id, provider="google", address=ADDRESS, **grant)
        uow.grants.add(row)
        await uow.session.flush()
        grant_id = row.id
    await web.account(grant_id=grant_id, imap_secret=b"")


class TestAnAccountThatIsSignedIn:
    async def test_has_no_password_to_be_read(self, web: Web) -> None:
        seal = web.container.vault.seal
        await connect_by_sign_in(
            web,
            state=GrantState.ACTIVE,
            refresh_token=seal("refresh"),
            access_token=seal("access"),
        )

        found = await found_of(web)

        assert (found.level, found.fix) == (Level.NOTE, "See that a worker runs.")
        assert found.what.startswith("Not yet looked at since it was connected")

    async def test_that_nobody_has_signed_in_for_yet(self, web: Web) -> None:
        await connect_by_sign_in(web, state=GrantState.PENDING)

        assert "cannot be decrypted" not in (await found_of(web)).what

    @pytest.mark.parametrize("token", ["refresh_token", "access_token"])
    async def test_with_tokens_of_another_key_says_so(self, web: Web, token: str) -> None:
        sealed = Vault([Fernet.generate_key().decode()]).seal("a token")
        await connect_by_sign_in(web, state=GrantState.ACTIVE, **{token: sealed})

        found = await found_of(web)

        assert found.level is Level.PROBLEM
        assert "cannot be decrypted" in found.what
        assert "SHAREDBOX_SECRET_KEYS" in found.fix


class TestAnAccountWithAPassword:
    @pytest.mark.parametrize("secret", ["imap_secret", "smtp_secret"])
    async def test_of_another_key_says_so(self, web: Web, secret: str) -> None:
        seal = web.container.vault.seal
        secrets: dict[str, Any] = {
            "imap_secret": seal("one"),
            "smtp_secret": seal("two"),
            secret: b"unreadable",
        }
        await web.account(state=AccountState.LIVE, **secrets)

        found = await found_of(web)

        assert found.level is Level.PROBLEM
        assert "SHAREDBOX_SECRET_KEYS" in found.fix
