"""Addresses inside the operator's network, one by one, at each door that takes an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from cryptography.fernet import Fernet

from app.accounts.connect import Gate, ServerLogin, check_server
from app.accounts.discovery import Discovery, Source
from app.core.crypto import Vault
from app.core.errors import InvalidInput
from app.mailbox.port import Security
from app.outside.dns import DNS, Service
from app.outside.http import AddressRefused, Answer, OutsideHTTP, read_url
from app.providers.oauth.registry import OAuthProviders

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "127.000.000.001", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1",
]  # fmt: skip
METADATA = ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"]
NETWORKS = [
    "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "fd00::1", "fe80::1",
    "0.0.0.0", "::", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "255.255.255.255",
]  # fmt: skip
INSIDE = [*LOOPBACK, *METADATA, *NETWORKS]
NO_NAMES = [
    "fe80::1%eth0", "imap.example.com\r\nA1 LOGOUT", "imap.example.com\0", "/var/run/dovecot/imap",
    "user@imap.example.com", "imap.example.com:5432", "imap。example／com",
]  # fmt: skip
AUTOCONFIG = """<clientConfig version="1.1"><emailProvider id="acme.example">
<incomingServer type="imap"><hostname>{host}</hostname><port>993</port><socketType>SSL</socketType>
<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
</incomingServer></emailProvider></clientConfig>"""


@dataclass
class Web:
    """Answers every question with this body."""

    body: bytes
    status: int = 200

    async def request(self, _method: str, _url: str, **_: object) -> Answer:
        return Answer(self.status, {}, self.body)


@dataclass
class Names:
    """Says that every service of every domain is at this host."""

    host: str

    async def services(self, _service: str, _domain: str) -> Sequence[Service]:
        return [Service(self.host, 993, 0)] if self.host else []

    async def mail_exchangers(self, _domain: str) -> Sequence[str]:
        return [self.host] if self.host else []


async def discovered(web: Web, names: Names) -> Source:
    discovery = Discovery(
        cast("OutsideHTTP", web), cast("DNS", names), OAuthProviders(), allow_private=False
    )
    return (await discovery.discover("support@acme.example")).source


class TestAHostThatIsTyped:
    @pytest.mark.parametrize("host", [*INSIDE, *NO_NAMES])
    @pytest.mark.parametrize("field", ["imap", "smtp"])
    def test_is_refused_at_its_field(self, host: str, field: str) -> None:
        gate = Gate(Vault([Fernet.generate_key().decode()]), allow_private=False)
        login = ServerLogin(host, 993, Security.TLS, "support", "secret")

        with pytest.raises(InvalidInput) as refused:
            check_server(field, "support@acme.example", gate, login, needs_password=True)

        assert refused.value.field == f"{field}.host"


class TestAnAddressOfTheWeb:
    @pytest.mark.parametrize("host", INSIDE)
    def test_is_refused_for_a_webhook_and_wherever_a_redirect_leads(self, host: str) -> None:
        written = f"[{host}]" if ":" in host else host

        with pytest.raises(AddressRefused):
            read_url(f"https://{written}/mail/config-v1.1.xml", allow_private=False)


class TestAServerThatADomainNames:
    @pytest.mark.parametrize("host", INSIDE)
    async def test_in_its_description_is_not_proposed(self, host: str) -> None:
        web = Web(AUTOCONFIG.format(host=host).encode())

        assert await discovered(web, Names("")) is Source.NOTHING

    @pytest.mark.parametrize("host", INSIDE)
    async def test_in_its_dns_is_not_proposed(self, host: str) -> None:
        assert await discovered(Web(b"", 404), Names(host)) is Source.NOTHING

    async def test_outside_is_proposed(self) -> None:
        web = Web(AUTOCONFIG.format(host="imap.acme.example").encode())

        assert await discovered(web, Names("")) is Source.AUTOCONFIG
