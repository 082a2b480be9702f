"""The providers that this installation may sign in at: those it has a client id for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.core.config import Settings
from app.core.errors import NotFound
from app.core.oauth_settings import MailServerSettings, OAuthProviderSettings, parse_providers
from app.providers.oauth.microsoft import Microsoft
from app.providers.oauth.port import MailHost, MailHosts, OAuthProvider
from app.providers.oauth.standard import Endpoints, Profile, StandardProvider

# developers.google.com/workspace/gmail/imap/xoauth2-protocol: the one scope for IMAP and SMTP.
GOOGLE_MAIL_SCOPE: Final = "https://mail.google.com/"
TITLES: Final[Mapping[str, str]] = MappingProxyType({"microsoft": "Microsoft", "google": "Google"})


class OAuthProviders:
    def __init__(self, providers: Mapping[str, OAuthProvider] | None = None) -> None:
        self._providers = MappingProxyType(dict(providers or {}))

    def all(self) -> tuple[OAuthProvider, ...]:
        return tuple(self._providers.values())

    def find(self, name: str) -> OAuthProvider | None:
        return self._providers.get(name)

    def get(self, name: str) -> OAuthProvider:
        """Raises `NotFound` with what the operator has to set."""
        if (found := self._providers.get(name)) is not None:
            return found
        title = TITLES.get(name, name[:60])
        upper = name.upper() if name in TITLES else ""
        raise NotFound(
            f"SharedBox is not set up to sign in with {title}.",
            fix=f"Register an application there and set SHAREDBOX_{upper}_CLIENT_ID; "
            "docs/connecting.md says how."
            if upper
            else "Name it in SHAREDBOX_OAUTH_PROVIDERS; docs/connecting.md says how.",
        )


def oauth_providers(settings: Settings) -> OAuthProviders:
    """Those the settings describe."""
    found: list[OAuthProvider] = []
    if settings.microsoft_client_id:
        secret = settings.microsoft_client_secret
        found.append(
            Microsoft(
                client_id=settings.microsoft_client_id,
                client_secret=secret.get_secret_value() if secret else None,
                authority=settings.microsoft_authority,
                ca_file=settings.microsoft_ca_file,
            )
        )
    if settings.google_client_id:
        found.append(_google(settings))
    if settings.oauth_providers is not None:
        described = parse_providers(settings.oauth_providers.get_secret_value())
        found += [_described(one) for one in described]
    return OAuthProviders({one.name: one for one in found})


def _google(settings: Settings) -> StandardProvider:
    secret = settings.google_client_secret
    return StandardProvider(
        Profile(
            name="google",
            title="Google",
            client_id=settings.google_client_id or "",
            client_secret=secret.get_secret_value() if secret else None,
            scopes=("openid", "email", GOOGLE_MAIL_SCOPE),
            required=(GOOGLE_MAIL_SCOPE,),
            mail_hosts=MailHosts(
                MailHost("imap.gmail.com", 993, "tls"), MailHost("smtp.gmail.com", 465, "tls")
            ),
            domains=("gmail.com", "googlemail.com", "google.com"),
            issuer=settings.google_issuer,
            # developers.google.com/identity/protocols/oauth2/web-server: a refresh token comes only
            # with the first consent, unless the consent is asked for again.
            parameters={"access_type": "offline", "prompt": "consent"},
            when_scopes_lack="Sign in again and tick the box for reading and sending mail.",
            when_not_lasting="Remove SharedBox at myaccount.google.com/permissions, then sign in "
            "again.",
        )
    )


def _described(one: OAuthProviderSettings) -> StandardProvider:
    endpoints = None
    if one.authorize_url and one.token_url and one.userinfo_url:
        endpoints = Endpoints(one.authorize_url, one.token_url, one.userinfo_url, one.issuer)
    hosts = [one.imap.host, *([one.smtp.host] if one.smtp else [])]
    return StandardProvider(
        Profile(
            name=one.name,
            title=one.title,
            client_id=one.client_id,
            client_secret=one.client_secret.get_secret_value() if one.client_secret else None,
            scopes=tuple(one.scopes),
            required=tuple(one.required_scopes),
            mail_hosts=MailHosts(_host(one.imap), _host(one.smtp) if one.smtp else None),
            domains=tuple(hosts),
            endpoints=endpoints,
            issuer=one.issuer,
            parameters=one.parameters,
            secret_in=one.secret_in,
        )
    )


def _host(server: MailServerSettings) -> MailHost:
    return MailHost(server.host, server.port, server.security)
