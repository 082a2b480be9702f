"""Microsoft 365 and Outlook.com by msal: the only module that imports it.

A new msal application is made for each question, so that no token stays in its cache: ours are in
the database, sealed, and rotate there. What it would ask for each time, the provider's metadata, is
remembered for an hour.
"""

import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msal

from app.providers.oauth.answers import sign_in_error, token_error
from app.providers.oauth.http import BoundedSession
from app.providers.oauth.port import (
    Begun,
    GrantRefused,
    Identity,
    MailHost,
    MailHosts,
    ProviderTrouble,
    SetupWrong,
    SignedIn,
    SignInRefused,
    Tokens,
)

# learn.microsoft.com, “Authenticate an IMAP, POP or SMTP connection using OAuth”.
IMAP_SCOPE: Final = "https://outlook.office.com/IMAP.AccessAsUser.All"
SMTP_SCOPE: Final = "https://outlook.office.com/SMTP.Send"
APPLICATION_SCOPE: Final = "https://outlook.office365.com/.default"
_METADATA_SECONDS: Final = 3600
_PUBLIC: Final = frozenset({
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
})  # fmt: skip
_ANYBODYS: Final = frozenset({"common", "organizations", "consumers"})


class Microsoft:
    """Implements `port.OAuthProvider`. Without a secret the application is a public one."""

    name: Final = "microsoft"
    title: Final = "Microsoft"
    mail_hosts: Final = MailHosts(
        MailHost("outlook.office365.com", 993, "tls"),
        MailHost("smtp.office365.com", 587, "starttls"),
    )
    domains: Final = ("office365.com", "outlook.com", "office365.us", "partner.outlook.cn")

    def __init__(
        self, *, client_id: str, client_secret: str | None, authority: str, ca_file: Path | None
    ) -> None:
        self._client_id = client_id
        self._secret = client_secret
        self._authority = authority.rstrip("/")
        self._ca_file = ca_file
        self._metadata: dict[str, tuple[float, Any]] = {}

    @property
    def is_for_applications(self) -> bool:
        tenant = urlsplit(self._authority).path.strip("/").partition("/")[0]
        return self._secret is not None and tenant.lower() not in _ANYBODYS

    def begin(self, *, redirect_uri: str, state: str, login_hint: str) -> Begun:
        """The browser comes back by GET: a POST from elsewhere would lack the cookie it is told by.

        msal would rather have the POST, and says so; the code that stands in the address instead
        is good once, and only together with the verifier.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="response_mode='form_post'")
            flow = self._application().initiate_auth_code_flow(
                [IMAP_SCOPE, SMTP_SCOPE],
                redirect_uri=redirect_uri,
                state=state,
                login_hint=login_hint,
                prompt="select_account",
            )
        return Begun(flow["auth_uri"], json.dumps(flow))

    def finish(self, saved: str, answer: Mapping[str, str], *, redirect_uri: str) -> SignedIn:
        if "error" in answer:
            raise sign_in_error(self.title, answer["error"], answer.get("error_description"))
        flow = {**json.loads(saved), "redirect_uri": redirect_uri}
        try:
            told = self._application().acquire_token_by_auth_code_flow(flow, dict(answer))
        except (ValueError, RuntimeError, KeyError):  # not ours, or not to our question
            raise SignInRefused(
                "What Microsoft sent back does not belong to this sign-in.", fix="Begin again."
            ) from None
        if "error" in told:
            error = token_error(self.title, told["error"], told.get("error_description"))
            if isinstance(error, GrantRefused):
                raise sign_in_error(self.title, told["error"], told.get("error_description"))
            raise error
        tokens = self._tokens(told)
        if not any(one.lower().endswith("imap.accessasuser.all") for one in tokens.scopes):
            raise SignInRefused(
                "Microsoft gave no access to the mailbox by IMAP.",
                fix="Give the application the delegated permissions IMAP.AccessAsUser.All and "
                "SMTP.Send, then sign in again.",
            )
        if tokens.refresh_token is None:
            raise SignInRefused(
                "Microsoft gave no lasting access.",
                fix="Give the application the permission offline_access, then sign in again.",
            )
        return SignedIn(tokens, _identity(told.get("id_token_claims") or {}))

    def refresh(self, refresh_token: str) -> Tokens:
        told = self._application().acquire_token_by_refresh_token(
            refresh_token, [IMAP_SCOPE, SMTP_SCOPE]
        )
        return self._checked(told)

    def for_application(self) -> Tokens:
        if not self.is_for_applications:
            raise SetupWrong(
                "Microsoft lets an application in by itself only within one tenant and with a "
                "secret.",
                fix="Set SHAREDBOX_MICROSOFT_AUTHORITY to your tenant’s and "
                "SHAREDBOX_MICROSOFT_CLIENT_SECRET, or sign in as a person.",
            )
        return self._checked(self._application().acquire_token_for_client([APPLICATION_SCOPE]))

    def _checked(self, told: Mapping[str, Any]) -> Tokens:
        if "access_token" not in told:
            raise token_error(self.title, told.get("error"), told.get("error_description"))
        return self._tokens(told)

    def _tokens(self, told: Mapping[str, Any]) -> Tokens:
        return Tokens(
            access_token=str(told["access_token"]),
            refresh_token=told.get("refresh_token"),
            expires_in=float(told.get("expires_in") or 3600),
            scopes=tuple(str(told.get("scope") or "").split()),
        )

    def _application(self) -> Any:  # noqa: ANN401 -- msal has no types
        """Raises `ProviderTrouble` without its metadata, `SetupWrong` where it is no authority."""
        host = urlsplit(self._authority).hostname or ""
        kinds = {True: msal.ConfidentialClientApplication, False: msal.PublicClientApplication}
        secret = {"client_credential": self._secret} if self._secret else {}
        try:
            return kinds[self._secret is not None](
                self._client_id,
                authority=self._authority,
                instance_discovery=None if host in _PUBLIC else False,
                http_client=_Remembering(self.title, self._ca_file, self._metadata),
                http_cache={},
                **secret,
            )
        except ValueError:
            raise SetupWrong(
                f"{self._authority} is no authority of Microsoft Entra ID.",
                fix="Set SHAREDBOX_MICROSOFT_AUTHORITY to https://login.microsoftonline.com/ and "
                "your tenant’s id or domain.",
            ) from None


class _Remembering(BoundedSession):
    """Keeps the provider's metadata, which changes once in years, for an hour."""

    def __init__(
        self, title: str, ca_file: Path | None, metadata: dict[str, tuple[float, Any]]
    ) -> None:
        super().__init__(title, ca_file)
        self._metadata = metadata

    def get(self, url: str | bytes, **kwargs: Any) -> Any:  # noqa: ANN401 -- as requests
        key = str(url)
        kept = self._metadata.get(key)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        response = super().get(url, **kwargs)
        if response.status_code == 200 and key.endswith("/openid-configuration"):
            if not response.content.lstrip().startswith(b"{"):
                raise ProviderTrouble(f"{self._title} sent metadata that make no sense.")
            self._metadata[key] = (time.monotonic() + _METADATA_SECONDS, response)
        return response


def _identity(claims: Mapping[str, Any]) -> Identity:
    """The id token came straight from the token endpoint over TLS (OpenID Connect §3.1.3.7)."""
    subject = claims.get("oid") or claims.get("sub")
    found = [claims.get("preferred_username"), claims.get("email"), claims.get("upn")]
    addresses = tuple(dict.fromkeys(str(one) for one in found if one and "@" in str(one)))
    if not subject or not addresses:
        raise SignInRefused(
            "Microsoft did not say who signed in.",
            fix="Give the application the permissions openid and profile, then sign in again.",
        )
    return Identity(f"{claims.get('tid', '')}/{subject}", addresses)
