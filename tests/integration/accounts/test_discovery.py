"""Finding servers by an address alone, against a name server and a web server that answer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.accounts.discovery import Discovered, Discovery, Source
from app.core.config import Settings
from app.core.errors import InvalidInput
from app.outside.dns import DNS
from app.outside.http import open_outside
from app.providers.oauth.registry import OAuthProviders, oauth_providers
from app.sandbox.slack.serving import LoopbackServer
from tests.fixtures.nameserver import NameServer
from tests.unit.accounts.test_autoconfig import SMTP_SERVER, TLS_SERVER, config

ADDRESS = "support@acme.example"


@dataclass
class Internet:
    """What the domain `acme.example` says of itself."""

    names: NameServer
    url: str
    pages: dict[str, Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answers(self, xml: bytes) -> None:
        self.pages["/mail/config-v1.1.xml"] = Response(xml, media_type="text/xml")

    async def discover(
        self,
        address: str = ADDRESS,
        *,
        allow_private: bool = True,
        oauth: OAuthProviders | None = None,
        urls: tuple[str, ...] | None = None,
    ) -> Discovered:
        async with open_outside(allow_private=allow_private) as outside:
            discovery = Discovery(
                outside,
                DNS(self.names.resolver(), seconds=0.5),
                oauth or OAuthProviders(),
                allow_private=allow_private,
                autoconfig_urls=urls or (f"{self.url}/mail/config-v1.1.xml",),
            )
            return await discovery.discover(address)


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    async with AsyncExitStack() as stack:
        names = await stack.enter_async_context(NameServer())
        pages: dict[str, Response] = {}
        asked: list[str] = []

        async def page(request: Request) -> Response:
            asked.append(request.url.path)
            return pages.get(request.url.path, Response(status_code=404))

        server = LoopbackServer(Starlette(routes=[Route("/{path:path}", page)]))
        await stack.enter_async_context(server)
        yield Internet(names, server.url, pages, asked)


def both() -> OAuthProviders:
    return oauth_providers(Settings(_env_file=None, google_client_id="g", microsoft_client_id="m"))


def shown(found: Discovered) -> tuple[Any, ...]:
    imap, smtp = found.imap, found.smtp
    return (
        found.source,
        (imap.host, imap.port, str(imap.security)) if imap else None,
        (smtp.host, smtp.port, str(smtp.security)) if smtp else None,
    )


class TestAKnownDomain:
    async def test_is_asked_nothing(self, internet: Internet) -> None:
        found = await internet.discover("ana@gmail.com", oauth=both())

        assert shown(found) == (
            Source.KNOWN,
            ("imap.gmail.com", 993, "tls"),
            ("smtp.gmail.com", 465, "tls"),
        )
        assert (found.oauth, found.title) == ("google", "Gmail")
        assert "app password" in found.hint
        assert (internet.names.asked, internet.asked) == ([], [])

    async def test_where_sharedbox_is_not_set_up_for_it_says_so(self, internet: Internet) -> None:
        found = await internet.discover("ana@outlook.com")

        assert (found.oauth, found.oauth_missing) == (None, "microsoft")
        assert not found.takes_passwords


class TestADomainThatDescribesItself:
    async def test_is_believed(self, internet: Internet) -> None:
        internet.answers(config(TLS_SERVER, SMTP_SERVER))

        found = await internet.discover()

        assert shown(found) == (
            Source.AUTOCONFIG,
            ("mail.acme.example", 993, "tls"),
            ("smtp.acme.example", 465, "tls"),
        )
        assert found.title == "Acme"

    async def test_may_send_us_on_a_little(self, internet: Internet) -> None:
        internet.answers(config(TLS_SERVER))
        internet.pages["/a"] = RedirectResponse("/mail/config-v1.1.xml")

        found = await internet.discover(urls=(f"{internet.url}/a",))

        assert found.source is Source.AUTOCONFIG

    async def test_may_not_send_us_round(self, internet: Internet) -> None:
        internet.pages["/a"] = RedirectResponse("/a")

        found = await internet.discover(urls=(f"{internet.url}/a",))

        assert found.source is Source.NOTHING
        assert internet.asked == ["/a"] * 3

    async def test_is_read_up_to_a_limit(self, internet: Internet) -> None:
        internet.answers(config("<!--" + "x" * 70_000 + "-->", TLS_SERVER))

        assert (await internet.discover()).source is Source.NOTHING

    async def test_may_name_no_server_inside_our_network(self, internet: Internet) -> None:
        internet.answers(config(TLS_SERVER.replace("mail.%EMAILDOMAIN%", "169.254.169.254")))
        internet.names.zone = {("acme.example", "MX"): ["10 aspmx.l.google.com."]}

        found = await internet.discover(allow_private=False, urls=("https://127.0.0.1/x",))

        assert found.source is Source.MX

    async def test_inside_our_network_is_not_asked(self, internet: Internet) -> None:
        internet.answers(config(TLS_SERVER))
        https = internet.url.replace("http:", "https:")

        found = await internet.discover(
            allow_private=False,
            urls=(
                f"{https}/mail/config-v1.1.xml",
                internet.url,
                f"{https}/x".replace("127.0.0.1", "2130706433"),
            ),
        )

        assert found.source is Source.NOTHING
        assert internet.asked == []

    async def test_may_not_send_us_to_what_is_no_address(self, internet: Internet) -> None:
        """A redirect is looked at like any other address."""
        for place in ("file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@127.0.0.1/"):
            internet.pages["/a"] = RedirectResponse(place)

            found = await internet.discover(urls=(f"{internet.url}/a",))

            assert found.source is Source.NOTHING


class TestADomainThatTheNameServerKnows:
    async def test_is_found_by_its_services(self, internet: Internet) -> None:
        internet.names.zone = {
            ("_imaps._tcp.acme.example", "SRV"): [
                "20 1 993 second.acme.example.", "10 1 993 imap.acme.example.",
            ],
            ("_submissions._tcp.acme.example", "SRV"): ["0 1 465 smtp.acme.example."],
        }  # fmt: skip

        assert shown(await internet.discover()) == (
            Source.SRV,
            ("imap.acme.example", 993, "tls"),
            ("smtp.acme.example", 465, "tls"),
        )

    async def test_that_offers_no_tls_is_taken_with_starttls(self, internet: Internet) -> None:
        internet.names.zone = {
            ("_imaps._tcp.acme.example", "SRV"): ["0 0 0 ."],
            ("_imap._tcp.acme.example", "SRV"): ["0 1 143 imap.acme.example."],
        }

        assert shown(await internet.discover()) == (
            Source.SRV,
            ("imap.acme.example", 143, "starttls"),
            None,
        )

    async def test_is_found_by_where_its_mail_goes(self, internet: Internet) -> None:
        internet.names.zone = {
            ("acme.example", "MX"): ["0 acme-example.mail.protection.outlook.com."]
        }

        found = await internet.discover(oauth=both())

        assert (found.source, found.title, found.oauth) == (Source.MX, "Microsoft 365", "microsoft")

    async def test_may_name_no_address_inside_our_network(self, internet: Internet) -> None:
        internet.names.zone = {("_imaps._tcp.acme.example", "SRV"): ["0 1 993 127.0.0.1."]}

        found = await internet.discover(allow_private=False, urls=("https://127.0.0.1/x",))

        assert found.source is Source.NOTHING

    async def test_that_does_not_answer_costs_seconds_only(self, internet: Internet) -> None:
        internet.names.is_silent = True

        assert (await internet.discover()).source is Source.NOTHING


class TestAnAddress:
    @pytest.mark.parametrize(
        "address",
        ["", "ana", "ana@", "@acme.example", "a@b@c", "ana@acme.example\r\nX: y", "ana@a/../b",
         "ana@[127.0.0.1]", "ana@user:pass@acme.example"],
    )  # fmt: skip
    async def test_that_is_none_is_refused(self, internet: Internet, address: str) -> None:
        with pytest.raises(InvalidInput):
            await internet.discover(address)

        assert (internet.names.asked, internet.asked) == ([], [])

    async def test_with_other_letters_is_asked_for_in_ascii(self, internet: Internet) -> None:
        await internet.discover("ana@büro.example")

        assert ("xn--bro-hoa.example", "MX") in internet.names.asked
