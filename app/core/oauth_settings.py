"""How an operator describes a provider of OAuth2 that SharedBox does not know by itself."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

_Address = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=500)]
_Host = Annotated[str, Field(min_length=1, max_length=253)]


class MailServerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    host: _Host
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["tls", "starttls", "none"] = "tls"


class OAuthProviderSettings(BaseModel):
    """`issuer` stands for the three addresses where the provider has OpenID metadata."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
    title: Annotated[str, Field(min_length=1, max_length=60)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr | None = None
    secret_in: Literal["client_secret_post", "client_secret_basic"] = "client_secret_post"  # noqa: S105
    issuer: _Address | None = None
    authorize_url: _Address | None = None
    token_url: _Address | None = None
    userinfo_url: _Address | None = None
    scopes: Annotated[list[str], Field(min_length=1)]
    required_scopes: list[str] = []
    parameters: dict[str, str] = {}
    imap: MailServerSettings
    smtp: MailServerSettings | None = None
    domains: Annotated[list[_Host], Field(description="Of the addresses it gives people.")] = []


_PROVIDERS: Final = TypeAdapter(list[OAuthProviderSettings])
_TAKEN: Final = frozenset({"microsoft", "google"})


def parse_providers(text: str) -> Sequence[OAuthProviderSettings]:
    """Read a JSON list of them. Raises `ValueError` that says where it is wrong, and no value."""
    if not text.strip():
        return ()
    try:
        found = _PROVIDERS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where or 'the list'}: {first['msg']}") from None
    names = [one.name for one in found]
    if len(set(names)) != len(names) or _TAKEN & set(names):
        raise ValueError("each provider needs a name of its own, not microsoft and not google")
    for one in found:
        if not one.issuer and not (one.authorize_url and one.token_url and one.userinfo_url):
            raise ValueError(f"{one.name}: give issuer, or authorize_url, token_url, userinfo_url")
    return found
