"""Google, and any other provider of OAuth2 by its addresses, by Authlib: the only module with it.

Authorization code with PKCE (RFC 7636). Who signed in is asked at the userinfo address, with the
token that was just given.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from app.providers.oauth.answers import plain, sign_in_error, token_error
from app.providers.oauth.http import BoundedSession
from app.providers.oauth.port import (
    Begun,
    GrantRefused,
    Identity,
    MailHosts,
    ProviderTrouble,
    SetupWrong,
    SignedIn,
    SignInRefused,
    Tokens,
)

_METADATA_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorize_url: str
    token_url: str
    userinfo_url: str
    issuer: str | None = None
    says_issuer: bool = False
    """Whether it promises to name itself when it sends the browser back (RFC 9207)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What makes one provider different from the next."""

    name: str
    title: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    required: tuple[str, ...]
    """Of these scopes, the ones without which there is no mail."""
    mail_hosts: MailHosts | None
    domains: tuple[str, ...]
    endpoints: Endpoints | None = None
    issuer: str | None = None
    """Where its metadata are, in place of `endpoints`."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What it wants to be told besides, when the browser goes there."""
    secret_in: str = "client_secret_post"  # noqa: S105 -- the name of a method
    when_scopes_lack: str = "Sign in again and agree to all that it asks."
    when_not_lasting: str = "Sign in again and agree to offline access."


class _Client(OAuth2Session, BoundedSession):  # type: ignore[misc] # Authlib has no types
    """Authlib's client over our limits."""

    def __init__(self, title: str, **options: Any) -> None:  # noqa: ANN401 -- Authlib's own
        OAuth2Session.__init__(self, **options)
        self.bound(title, None)


class StandardProvider:
    """Implements `port.OAuthProvider`."""

    is_for_applications: Final = False

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._known = profile.endpoints
        self._known_until = float("inf") if profile.endpoints else 0.0

    @property
    def name(self) -> str:
        return self._profile.name

    @property
    def title(self) -> str:
        return self._profile.title

    @property
    def mail_hosts(self) -> MailHosts | None:
        return self._profile.mail_hosts

    @property
    def domains(self) -> tuple[str, ...]:
        return self._profile.domains

    def begin(self, *, redirect_uri: str, state: str, login_hint: str) -> Begun:
        verifier = generate_token(64)
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self._endpoints().authorize_url,
                state=state,
                code_verifier=verifier,
                login_hint=login_hint,
                **self._profile.parameters,
            )
        return Begun(url, json.dumps({"verifier": verifier}))

    def finish(self, saved: str, answer: Mapping[str, str], *, redirect_uri: str) -> SignedIn:
        where = self._endpoints()
        self._check_issuer(where, answer.get("iss"))
        if "error" in answer:
            raise sign_in_error(self.title, answer["error"], answer.get("error_description"))
        if not answer.get("code"):
            raise SignInRefused(f"{self.title} sent nothing back.", fix="Begin again.")
        with self._client(redirect_uri) as client:
            try:
                told = client.fetch_token(
                    where.token_url,
                    code=answer["code"],
                    code_verifier=json.loads(saved)["verifier"],
                )
            except (AuthlibBaseError, ValueError, KeyError) as error:
                failure = self._failure(error)
                if isinstance(failure, GrantRefused):
                    raise sign_in_error(self.title, failure.code, str(failure)) from None
                raise failure from None
        tokens = self._tokens(told)
        self._check_scopes(tokens)
        return SignedIn(tokens, self._identity(where, tokens))

    def refresh(self, refresh_token: str) -> Tokens:
        with self._client(None) as client:
            try:
                told = client.refresh_token(
                    self._endpoints().token_url, refresh_token=refresh_token
                )
            except (AuthlibBaseError, ValueError, KeyError) as error:
                raise self._failure(error) from None
        tokens = self._tokens(told)
        is_same = tokens.refresh_token == refresh_token
        return Tokens(
            tokens.access_token,
            None if is_same else tokens.refresh_token,
            tokens.expires_in,
            tokens.scopes,
        )

    def for_application(self) -> Tokens:
        raise SetupWrong(
            f"{self.title} is signed in to by people only.", fix="Sign in as a person."
        )

    def _client(self, redirect_uri: str | None) -> Any:  # noqa: ANN401 -- Authlib has no types
        return _Client(
            self.title,
            client_id=self._profile.client_id,
            client_secret=self._profile.client_secret,
            token_endpoint_auth_method=self._profile.secret_in
            if self._profile.client_secret
            else "none",
            scope=" ".join(self._profile.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _endpoints(self) -> Endpoints:
        """Raises `ProviderTrouble` and `SetupWrong`."""
        if self._known is None or time.monotonic() >= self._known_until:
            self._known = self._discovered()
            self._known_until = time.monotonic() + _METADATA_SECONDS
        return self._known

    def _discovered(self) -> Endpoints:
        """By OpenID Connect Discovery §4."""
        issuer = (self._profile.issuer or "").rstrip("/")
        with BoundedSession(self.title) as session:
            response = session.get(f"{issuer}/.well-known/openid-configuration")
        try:
            told = response.json()
            found = Endpoints(
                authorize_url=str(told["authorization_endpoint"]),
                token_url=str(told["token_endpoint"]),
                userinfo_url=str(told["userinfo_endpoint"]),
                issuer=str(told["issuer"]),
                says_issuer=bool(told.get("authorization_response_iss_parameter_supported")),
            )
        except (ValueError, KeyError, TypeError):
            raise SetupWrong(
                f"{issuer} does not describe an OpenID provider.",
                fix=f"Correct the issuer of {self.title} in SharedBox’s settings.",
            ) from None
        if found.issuer is None or found.issuer.rstrip("/") != issuer:
            raise SetupWrong(
                f"{issuer} calls itself {found.issuer}.",
                fix=f"Correct the issuer of {self.title} in SharedBox’s settings.",
            )
        return found

    def _check_issuer(self, where: Endpoints, named: str | None) -> None:
        """Whose answer it is (RFC 9207), where that is said or promised."""
        if (named is None and where.says_issuer) or (
            named is not None and where.issuer is not None and named != where.issuer
        ):
            raise SignInRefused(
                f"The answer did not come from {self.title}.", fix="Begin again, from SharedBox."
            )

    def _failure(self, error: Exception) -> Exception:
        if isinstance(error, AuthlibBaseError):
            return token_error(self.title, error.error, error.description)
        return ProviderTrouble(
            f"{self.title} sent an answer that makes no sense.",
            fix="SharedBox tries again by itself.",
        )

    def _tokens(self, told: Mapping[str, Any]) -> Tokens:
        access_token = told.get("access_token")
        if not isinstance(access_token, str) or not access_token:
            raise ProviderTrouble(f"{self.title} gave no token.", fix="Try again.")
        # RFC 6749 §5.1: left out where it is what was asked for.
        scopes = str(told["scope"]).split() if told.get("scope") else self._profile.scopes
        return Tokens(
            access_token=access_token,
            refresh_token=told.get("refresh_token"),
            expires_in=float(told.get("expires_in") or 3600),
            scopes=tuple(scopes),
        )

    def _check_scopes(self, tokens: Tokens) -> None:
        lacking = [one for one in self._profile.required if one not in tokens.scopes]
        if lacking:
            raise SignInRefused(
                f"{self.title} gave no access to the mailbox: {', '.join(lacking)} is missing.",
                fix=self._profile.when_scopes_lack,
            )
        if tokens.refresh_token is None:
            raise SignInRefused(
                f"{self.title} gave no lasting access.", fix=self._profile.when_not_lasting
            )

    def _identity(self, where: Endpoints, tokens: Tokens) -> Identity:
        with BoundedSession(self.title) as session:
            response = session.get(
                where.userinfo_url, headers={"Authorization": f"Bearer {tokens.access_token}"}
            )
        try:
            told = response.json() if response.status_code == 200 else {}
            subject = plain(str(told.get("sub") or told.get("id") or ""))
            address = plain(told.get("email"))
            is_verified = told.get("email_verified", True) in {True, "true"}
        except (ValueError, AttributeError):
            subject, address, is_verified = "", "", False
        if not subject or "@" not in address or not is_verified:
            raise SignInRefused(
                f"{self.title} did not say who signed in.",
                fix="Let the application see the address (the scopes openid and email), then sign "
                "in again.",
            )
        return Identity(subject, (address,))
