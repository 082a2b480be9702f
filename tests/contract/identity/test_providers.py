"""Microsoft by msal and Google by Authlib, against the emulated ones of npm's `emulate`.

They model codes, PKCE, secrets, rotation and revocation; what they do not (consent, tenants, scopes
that are left out, faults) is for `tests/unit/providers/oauth` and the scripted provider.
"""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.mailbox.errors import CredentialsRefused
from app.mailbox.port import Sasl, ServerSpec
from app.mailbox.sessions import IMAPServers
from app.providers.oauth.port import (
    GrantRefused,
    OAuthProvider,
    ProviderTrouble,
    SetupWrong,
    SignedIn,
    SignInRefused,
)
from app.providers.oauth.registry import GOOGLE_MAIL_SCOPE, oauth_providers
from app.sandbox.mail.dovecot import DovecotInbox
from tests.fixtures.identity import CLIENT, SECRET, STRANGER, Identity, settings_with
from tests.fixtures.sessions import make_servers, spec_of

REDIRECT = "https://box.example.com/oauth/{}/callback"


@pytest.fixture
def provider(identity: Identity, provider_name: str) -> OAuthProvider:
    return oauth_providers(settings_with(identity)).get(provider_name)


async def sign_in(identity: Identity, provider: OAuthProvider, who: str) -> SignedIn:
    redirect = REDIRECT.format(provider.name)
    begun = provider.begin(redirect_uri=redirect, state="s1", login_hint=who)
    back = await identity.agree(begun.url, who)
    answer = dict(parse_qsl(urlsplit(back).query))
    return provider.finish(begun.saved, answer, redirect_uri=redirect)


class TestBeginning:
    def test_asks_with_pkce_and_for_lasting_access(self, provider: OAuthProvider) -> None:
        redirect = REDIRECT.format(provider.name)

        begun = provider.begin(redirect_uri=redirect, state="s1", login_hint="ana@example.com")

        asked = {key: one for key, (one, *_) in parse_qs(urlsplit(begun.url).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert asked["redirect_uri"] == redirect
        assert (asked["state"], asked["login_hint"]) == ("s1", "ana@example.com")
        if provider.name == "google":
            assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
            assert GOOGLE_MAIL_SCOPE in asked["scope"].split()
        else:
            assert {"offline_access", "https://outlook.office.com/IMAP.AccessAsUser.All"} <= {
                *asked["scope"].split()
            }
        assert "code_verifier" not in begun.url

    def test_keeps_its_secrets_to_itself(self, provider: OAuthProvider) -> None:
        begun = provider.begin(redirect_uri=REDIRECT, state="s1", login_hint="")

        assert "verifier" not in repr(begun)


class TestFinishing:
    async def test_answers_tokens_and_who_signed_in(
        self, identity: Identity, provider: OAuthProvider
    ) -> None:
        who = identity.take()

        done = await sign_in(identity, provider, who)

        assert done.identity.addresses == (who,)
        assert done.identity.subject
        assert done.tokens.refresh_token
        assert done.tokens.expires_in == 3600
        assert done.tokens.access_token not in repr(done)

    async def test_refuses_a_code_that_was_used(
        self, identity: Identity, provider: OAuthProvider
    ) -> None:
        redirect, who = REDIRECT.format(provider.name), identity.take()
        begun = provider.begin(redirect_uri=redirect, state="s1", login_hint="")
        answer = dict(parse_qsl(urlsplit(await identity.agree(begun.url, who)).query))
        provider.finish(begun.saved, answer, redirect_uri=redirect)

        with pytest.raises(SignInRefused, match="did not work"):
            provider.finish(begun.saved, answer, redirect_uri=redirect)

    async def test_refuses_a_code_of_another_sign_in(
        self, identity: Identity, provider: OAuthProvider
    ) -> None:
        redirect, who = REDIRECT.format(provider.name), identity.take()
        mine = provider.begin(redirect_uri=redirect, state="s1", login_hint="")
        theirs = provider.begin(redirect_uri=redirect, state="s1", login_hint="")
        answer = dict(parse_qsl(urlsplit(await identity.agree(theirs.url, who)).query))

        with pytest.raises(SignInRefused):
            provider.finish(mine.saved, answer, redirect_uri=redirect)

    def test_says_what_the_provider_said(self, provider: OAuthProvider) -> None:
        begun = provider.begin(redirect_uri=REDIRECT, state="s1", login_hint="")

        with pytest.raises(SignInRefused, match="told not to give SharedBox access"):
            provider.finish(
                begun.saved, {"state": "s1", "error": "access_denied"}, redirect_uri=REDIRECT
            )

    async def test_refuses_access_without_the_mailbox(
        self, identity: Identity, provider: OAuthProvider
    ) -> None:
        redirect, who = REDIRECT.format(provider.name), identity.take()
        begun = provider.begin(redirect_uri=redirect, state="s1", login_hint="")
        back = await identity.agree(begun.url, who, scope="openid email profile")

        with pytest.raises(SignInRefused, match="no access to the mailbox"):
            provider.finish(
                begun.saved, dict(parse_qsl(urlsplit(back).query)), redirect_uri=redirect
            )


class TestRefreshing:
    async def test_answers_another_token(self, identity: Identity, provider: OAuthProvider) -> None:
        done = await sign_in(identity, provider, identity.take())
        assert done.tokens.refresh_token

        again = provider.refresh(done.tokens.refresh_token)

        assert again.access_token != done.tokens.access_token
        assert (again.refresh_token is not None) == (provider.name == "microsoft")

    async def test_is_refused_for_good_once_it_was_revoked(
        self, identity: Identity, provider: OAuthProvider
    ) -> None:
        done = await sign_in(identity, provider, identity.take())
        assert done.tokens.refresh_token
        await identity.revoke(provider.name, done.tokens.refresh_token)

        with pytest.raises(GrantRefused) as refused:
            provider.refresh(done.tokens.refresh_token)

        assert refused.value.code == "invalid_grant"
        assert done.tokens.refresh_token not in refused.value.sentence

    def test_tells_a_wrong_secret_from_a_dead_grant(
        self, identity: Identity, provider_name: str
    ) -> None:
        wrong = SecretStr("no")
        settings = settings_with(identity).model_copy(
            update={"microsoft_client_secret": wrong, "google_client_secret": wrong}
        )
        provider = oauth_providers(settings).get(provider_name)

        with pytest.raises(SetupWrong, match="refused SharedBox itself"):
            provider.refresh("anything")


class TestMicrosoftAlone:
    def test_lets_an_application_in_without_a_person(self, identity: Identity) -> None:
        provider = oauth_providers(settings_with(identity)).get("microsoft")

        tokens = provider.for_application()

        assert tokens.access_token
        assert tokens.refresh_token is None

    def test_is_not_believed_without_its_authority(self, identity: Identity) -> None:
        settings = settings_with(identity).model_copy(update={"microsoft_ca_file": None})
        provider = oauth_providers(settings).get("microsoft")

        with pytest.raises(ProviderTrouble, match="certificate of Microsoft"):
            provider.begin(redirect_uri=REDIRECT, state="s1", login_hint="")

    def test_keeps_to_its_authority_whatever_the_environment_says(
        self, identity: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
        provider = oauth_providers(settings_with(identity)).get("microsoft")

        assert provider.begin(redirect_uri=REDIRECT, state="s1", login_hint="").url


@pytest.fixture
async def servers(token_inbox: DovecotInbox) -> AsyncIterator[IMAPServers]:
    async with make_servers(token_inbox.ca_file) as opened:
        yield opened


class TestAMailServerThatTakesTokens:
    """Dovecot, which asks the provider whose token it was shown."""

    async def test_lets_in_whose_token_it_is(
        self,
        identity: Identity,
        provider: OAuthProvider,
        token_inbox: DovecotInbox,
        servers: IMAPServers,
    ) -> None:
        done = await sign_in(identity, provider, token_inbox.username)

        async with servers.open(spec(token_inbox, done.tokens.access_token)) as session:
            assert "INBOX" in [folder.name for folder in await session.folders()]

    async def test_refuses_the_token_of_somebody_else(
        self,
        identity: Identity,
        provider: OAuthProvider,
        token_inbox: DovecotInbox,
        servers: IMAPServers,
    ) -> None:
        done = await sign_in(identity, provider, STRANGER)

        with pytest.raises(CredentialsRefused, match="refused the sign-in") as refused:
            async with servers.open(spec(token_inbox, done.tokens.access_token)):
                pass

        assert done.tokens.access_token not in refused.value.sentence

    async def test_refuses_a_token_that_was_revoked(
        self,
        identity: Identity,
        provider: OAuthProvider,
        token_inbox: DovecotInbox,
        servers: IMAPServers,
    ) -> None:
        done = await sign_in(identity, provider, token_inbox.username)
        await identity.revoke(provider.name, done.tokens.access_token)

        with pytest.raises(CredentialsRefused, match="refused the sign-in"):
            async with servers.open(spec(token_inbox, done.tokens.access_token)):
                pass


def spec(inbox: DovecotInbox, token: str) -> ServerSpec:
    return spec_of(inbox, password=token, sasl=Sasl.TOKEN)


class TestAnyOtherProvider:
    """One that the settings describe; here it is Google's endpoints under another name."""

    async def test_is_signed_in_at_by_its_addresses_alone(self, identity: Identity) -> None:
        base = identity.settings()["google_issuer"]
        described = {
            "name": "any", "title": "Any Mail",
            "client_id": CLIENT, "client_secret": SECRET,
            "authorize_url": f"{base}/o/oauth2/v2/auth", "token_url": f"{base}/oauth2/token",
            "userinfo_url": f"{base}/oauth2/v2/userinfo",
            "scopes": ["openid", "email", "mail"], "required_scopes": ["mail"],
            "imap": {"host": "imap.any.example", "port": 993},
        }  # fmt: skip
        settings = Settings(_env_file=None, oauth_providers=json.dumps([described]))
        provider, who = oauth_providers(settings).get("any"), identity.take()

        done = await sign_in(identity, provider, who)

        assert done.identity.addresses == (who,)
        assert done.tokens.refresh_token
        assert provider.refresh(done.tokens.refresh_token).access_token

    def test_that_names_itself_otherwise_is_not_believed(self, identity: Identity) -> None:
        settings = settings_with(identity).model_copy(
            update={"google_issuer": identity.settings()["google_issuer"] + "/"}
        )
        provider = oauth_providers(settings).get("google")
        begun = provider.begin(redirect_uri=REDIRECT, state="s1", login_hint="")

        with pytest.raises(SignInRefused, match="did not come from Google"):
            provider.finish(
                begun.saved, {"code": "x", "iss": "https://evil.example"}, redirect_uri=REDIRECT
            )
