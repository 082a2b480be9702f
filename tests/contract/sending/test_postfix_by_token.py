"""Logging in for sending with a token, at a real Postfix whose Dovecot asks the provider."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.core.ids import AccountId, new_id
from app.mailbox.port import Sasl, Security, ServerSpec
from app.providers.oauth.registry import oauth_providers
from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.mail.process import free_ports
from app.sending.port import Envelope, LoginRefused
from app.sending.smtp import SMTPTransport
from app.sending.smtp_line import Limits
from tests.contract.identity.test_providers import sign_in
from tests.fixtures.identity import Identity, dovecot_trusting, settings_with
from tests.fixtures.mailservers import PASSWORD, mails
from tests.fixtures.postfix import SASL, Postfix, insist_on_postfix, running_postfix
from tests.fixtures.stack import eventually

LIMITS = Limits(connect=10, answer=20, end=20, total=60)


async def nothing() -> None: ...


@dataclass
class Post:
    postfix: Postfix
    theirs: DovecotInbox
    transport: SMTPTransport
    who: str
    token: str

    def server(self, token: str | None = None, who: str | None = None) -> ServerSpec:
        port = self.postfix.starttls_port
        return ServerSpec(
            "127.0.0.1", port, Security.STARTTLS, who or self.who, token or self.token, Sasl.TOKEN
        )

    def methods(self) -> list[str]:
        """How those logged in who did, as Postfix wrote it down, for each mail."""
        return re.findall(rf"sasl_method=(\w+), sasl_username={self.who}", self.postfix.log())


@pytest.fixture
def provider_name() -> str:
    """Of one provider: Dovecot asks each in the same way."""
    return "microsoft"


@pytest.fixture
async def post(identity: Identity, provider_name: str) -> AsyncIterator[Post]:
    insist_on_postfix()
    (sasl_port,) = free_ports(1)
    provider, who = oauth_providers(settings_with(identity)).get(provider_name), identity.take()
    signed_in = await sign_in(identity, provider, who)
    async with dovecot_trusting(
        identity.introspection[provider_name], SASL.format(port=sasl_port)
    ) as dovecot:
        dovecot.add_user(who, PASSWORD)
        theirs = dovecot.add_user("eva@example.com", PASSWORD)
        transport = SMTPTransport(allow_private=True, ca_file=theirs.ca_file, limits=LIMITS)
        async with running_postfix(dovecot, sasl_port) as postfix:
            yield Post(postfix, theirs, transport, who, signed_in.tokens.access_token)


class TestAToken:
    async def test_that_nobody_gave_is_refused(self, post: Post) -> None:
        with pytest.raises(LoginRefused):
            await post.transport.try_login(post.server("a-token-nobody-gave"))

        assert post.methods() == []

    async def test_of_somebody_else_is_refused(self, post: Post) -> None:
        with pytest.raises(LoginRefused):
            await post.transport.try_login(post.server(who="eva@example.com"))

    async def test_that_was_taken_back_is_refused(
        self, post: Post, identity: Identity, provider_name: str
    ) -> None:
        await post.transport.try_login(post.server())

        await identity.revoke(provider_name, post.token)

        with pytest.raises(LoginRefused):
            await post.transport.try_login(post.server())

    async def test_of_ones_own_sends(self, post: Post) -> None:
        raw = f"From: {post.who}\r\nTo: eva@example.com\r\nSubject: By token\r\n\r\nHello\r\n"
        envelope = Envelope(post.who, ["eva@example.com"], needs_smtputf8=False)

        await post.transport.deliver(
            post.server(), envelope, raw.encode(), before_the_end=nothing,
            account_id=AccountId(new_id()),
        )  # fmt: skip

        async def arrived() -> list[bytes]:
            return mails(post.theirs)

        (mail,) = await eventually(arrived)
        assert b"Subject: By token" in mail
        (method,) = post.methods()
        assert method in {"XOAUTH2", "OAUTHBEARER"}
