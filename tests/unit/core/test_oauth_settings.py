"""Providers of OAuth2 that an operator describes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.config import Settings
from app.core.oauth_settings import parse_providers
from app.providers.oauth.registry import oauth_providers

ZOHO: dict[str, Any] = {
    "name": "zoho",
    "title": "Zoho Mail",
    "client_id": "1000.X",
    "client_secret": "a-secret-of-the-settings",
    "authorize_url": "https://accounts.zoho.com/oauth/v2/auth",
    "token_url": "https://accounts.zoho.com/oauth/v2/token",
    "userinfo_url": "https://accounts.zoho.com/oauth/v2/userinfo",
    "scopes": ["openid", "email", "mail"],
    "required_scopes": ["mail"],
    "imap": {"host": "imap.zoho.com", "port": 993},
    "smtp": {"host": "smtp.zoho.com", "port": 465},
}


def without(*names: str, **changes: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in (ZOHO | changes).items() if key not in names}]


class TestADescription:
    def test_becomes_a_provider_with_its_own_hosts(self) -> None:
        settings = Settings(_env_file=None, oauth_providers=json.dumps([ZOHO]))

        provider = oauth_providers(settings).get("zoho")

        assert provider.title == "Zoho Mail"
        assert provider.domains == ("imap.zoho.com", "smtp.zoho.com")
        assert provider.mail_hosts is not None
        assert provider.mail_hosts.imap.host == "imap.zoho.com"

    def test_may_name_an_issuer_in_place_of_addresses(self) -> None:
        text = json.dumps(
            without("authorize_url", "token_url", "userinfo_url", issuer="https://idp.example")
        )

        (found,) = parse_providers(text)

        assert found.issuer == "https://idp.example"

    @pytest.mark.parametrize(
        ("described", "where"),
        [
            (without("client_id"), "client_id"),
            (without("token_url"), "zoho"),
            (without(name="microsoft"), "microsoft"),
            (without(name="Zoho!"), "name"),
            (without(token_url="javascript:alert(1)"), "token_url"),
            (without(imap={"host": "imap.zoho.com", "port": 0}), "port"),
            (without(surprise=1), "surprise"),
            ([ZOHO, ZOHO], "a name of its own"),
            ("no list", ""),
        ],
    )
    def test_that_is_wrong_is_refused_without_its_secret(self, described: Any, where: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Settings(_env_file=None, oauth_providers=json.dumps(described))

        told = "; ".join(one["msg"] for one in refused.value.errors())
        assert where in told
        assert "a-secret-of-the-settings" not in told
