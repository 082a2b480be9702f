"""Logging in for sending with a token, and what a refusal of it comes to."""

import base64
import json

import pytest

from app.mailbox.port import Sasl, Security, ServerSpec
from app.sending.port import Deferred, LoginRefused, Refused
from app.sending.smtp import SMTPTransport
from app.sending.smtp_line import Limits
from tests.fixtures.smtp import Script, ScriptedSMTP

TOKEN = "ya29.a-token-nobody-else-may-see"
USER = "support@example.com"
EITHER = "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"


async def log_in(*extensions: str, script: Script | None = None) -> list[str]:
    """What the server heard."""
    scripts = [script] if script else []
    async with ScriptedSMTP(scripts=scripts, extensions=extensions) as smtp:
        server = ServerSpec("127.0.0.1", smtp.port, Security.NONE, USER, TOKEN, Sasl.TOKEN)
        limits = Limits(connect=2, answer=2, end=2, total=5)
        await SMTPTransport(allow_private=True, ca_file=None, limits=limits).try_login(server)
        return smtp.commands


def challenge(**told: str) -> str:
    return "334 " + base64.b64encode(json.dumps(told).encode()).decode()


def said(commands: list[str]) -> tuple[str, str]:
    """The mechanism, and what was said in it."""
    (line,) = [one for one in commands if one.startswith("AUTH")]
    _, mechanism, initial = line.split(" ")
    return mechanism, base64.b64decode(initial).decode()


class TestATokenThatIsTaken:
    async def test_is_shown_by_the_standard_where_it_is_offered(self) -> None:
        mechanism, initial = said(await log_in(EITHER))

        assert mechanism == "OAUTHBEARER"
        assert initial.startswith(f"n,a={USER},\x01host=127.0.0.1\x01port=")
        assert initial.endswith(f"\x01auth=Bearer {TOKEN}\x01\x01")

    async def test_is_shown_by_the_older_way_where_only_that_is(self) -> None:
        mechanism, initial = said(await log_in("AUTH LOGIN XOAUTH2"))

        assert mechanism == "XOAUTH2"
        assert initial == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"


class TestATokenThatIsNotTaken:
    @pytest.mark.parametrize("offered", ["AUTH XOAUTH2", "AUTH OAUTHBEARER"])
    async def test_is_refused_with_the_reason_in_words(self, offered: str) -> None:
        script = {"AUTH": challenge(status="401", scope="https://mail.google.com/")}

        with pytest.raises(LoginRefused, match="does not accept this token") as refused:
            await log_in(offered, script=script)

        assert "wants the scope https://mail.google.com/" in str(refused.value)
        assert TOKEN not in refused.value.sentence

    async def test_for_now_is_tried_again(self) -> None:
        with pytest.raises(Deferred, match="just now"):
            await log_in("AUTH XOAUTH2", script={"AUTH": "454 4.7.0 Temporary failure"})

    async def test_by_a_server_without_tokens_says_so(self) -> None:
        with pytest.raises(Refused, match="takes no sign-in by a token"):
            await log_in("AUTH PLAIN LOGIN")
