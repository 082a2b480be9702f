"""Finding the servers of a mailbox by its address alone.

    known domain ──▶ else, all at once: the domain's own XML · SRV records · MX records
                     the first of these that says something, in this order

Every look-up is limited in time and size, goes to public addresses only (`outside.http`), and what
it answers is a proposal: a person sees it before anything is shown a password.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urljoin

from app.accounts import autoconfig
from app.accounts.connect import checked_address
from app.core.errors import InvalidInput
from app.mailbox.errors import ServerForbidden
from app.mailbox.hosts import refuse_by_name
from app.mailbox.port import Security
from app.outside.dns import DNS, Service
from app.outside.http import AddressRefused, OutsideError, OutsideHTTP
from app.providers.domains import KnownDomain, KnownServer, of_domain, of_exchanger
from app.providers.oauth.registry import OAuthProviders
from app.providers.registry import of_host

AUTOCONFIG: Final = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)
_SECONDS: Final = 8.0
_MOST_BYTES: Final = 64 * 1024
_REDIRECTS: Final = 2


class Source(StrEnum):
    KNOWN = "known"
    """The domain is one of a large provider's."""
    AUTOCONFIG = "autoconfig"
    """The domain describes its servers."""
    SRV = "srv"
    """The domain's DNS says where they are (RFC 6186, RFC 8314)."""
    MX = "mx"
    """Its mail goes to a large provider."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FoundServer:
    host: str
    port: int
    security: Security
    username: str


@dataclass(frozen=True, slots=True)
class Discovered:
    """A proposal. `oauth` is the provider to sign in at, where SharedBox is set up for it."""

    address: str
    source: Source
    title: str
    imap: FoundServer | None
    smtp: FoundServer | None
    oauth: str | None
    oauth_missing: str | None
    """The provider that one should sign in at, and SharedBox is not set up for."""
    takes_passwords: bool
    hint: str
    """What a person should know about the password there."""


class Discovery:
    def __init__(
        self,
        outside: OutsideHTTP,
        dns: DNS,
        oauth: OAuthProviders,
        *,
        allow_private: bool,
        autoconfig_urls: Sequence[str] = AUTOCONFIG,
    ) -> None:
        self._outside = outside
        self._dns = dns
        self._oauth = oauth
        self._allow_private = allow_private
        self._urls = autoconfig_urls

    async def discover(self, address: str) -> Discovered:
        """Raises `InvalidInput` for what is no address."""
        address = checked_address(address)
        domain = _ascii_domain(address)
        if (known := of_domain(domain)) is not None:
            return self._of_known(address, known, Source.KNOWN)
        described, services, exchangers = await asyncio.gather(
            self._described(domain, address), self._services(domain), self._exchangers(domain)
        )
        exchanged = next(filter(None, (of_exchanger(host) for host in exchangers)), None)
        if described is not None:
            imap, smtp = self._server(described.imap), self._server(described.smtp)
            if imap is not None:
                return self._of_servers(address, described.title, imap, smtp, Source.AUTOCONFIG)
        imap = self._of_service(address, services["_imaps"], services["_imap"])
        if imap is not None:
            smtp = self._of_service(address, services["_submissions"], services["_submission"])
            return self._of_servers(address, "", imap, smtp, Source.SRV)
        if exchanged is not None:
            return self._of_known(address, exchanged, Source.MX)
        return Discovered(
            address=address,
            source=Source.NOTHING,
            title="",
            imap=None,
            smtp=None,
            oauth=None,
            oauth_missing=None,
            takes_passwords=True,
            hint=f"{domain} does not say where its mail servers are. Its operator knows.",
        )

    async def _described(self, domain: str, address: str) -> autoconfig.Description | None:
        """What the first of the places says that says anything."""
        asked = [self._fetch(url.format(domain=domain)) for url in self._urls]
        for body in await asyncio.gather(*asked):
            if body is not None and (found := autoconfig.read(body, address)) is not None:
                return found
        return None

    async def _fetch(self, url: str) -> bytes | None:
        try:
            async with asyncio.timeout(_SECONDS):
                for _ in range(_REDIRECTS + 1):
                    answer = await self._outside.request("GET", url, most_bytes=_MOST_BYTES)
                    if answer.is_success:
                        return answer.body
                    onward = {key.lower(): value for key, value in answer.headers.items()}
                    if answer.status // 100 != 3 or not (place := onward.get("location")):
                        return None
                    url = urljoin(url, place)
        except (OutsideError, AddressRefused, TimeoutError, ValueError):
            return None
        return None

    async def _services(self, domain: str) -> dict[str, Sequence[Service]]:
        names = ("_imaps", "_imap", "_submissions", "_submission")
        found = await asyncio.gather(*(self._dns.services(name, domain) for name in names))
        return dict(zip(names, found, strict=True))

    async def _exchangers(self, domain: str) -> Sequence[str]:
        return await self._dns.mail_exchangers(domain)

    def _of_service(
        self, address: str, over_tls: Sequence[Service], over_starttls: Sequence[Service]
    ) -> FoundServer | None:
        for services, security in ((over_tls, "tls"), (over_starttls, "starttls")):
            for one in services:
                found = FoundServer(one.host, one.port, Security(security), address)
                if self._is_usable(found):
                    return found
        return None

    def _server(self, described: autoconfig.Described | None) -> FoundServer | None:
        if described is None:
            return None
        found = FoundServer(
            described.host, described.port, Security(described.security), described.username
        )
        return found if self._is_usable(found) else None

    def _is_usable(self, server: FoundServer) -> bool:
        try:
            refuse_by_name(server.host, allow_private=self._allow_private)
        except ServerForbidden:
            return False
        return True

    def _of_known(self, address: str, known: KnownDomain, source: Source) -> Discovered:
        return self._proposal(
            address,
            source,
            known.title,
            _known(known.imap, address),
            _known(known.smtp, address),
            wants=known.oauth,
            takes_passwords=known.takes_passwords,
        )

    def _of_servers(
        self,
        address: str,
        title: str,
        imap: FoundServer,
        smtp: FoundServer | None,
        source: Source,
    ) -> Discovered:
        provider = of_host(imap.host)
        known = next((one for one in ("google", "microsoft") if one == provider.key), None)
        name = title or ("" if provider.key == "generic" else provider.title)
        return self._proposal(
            address, source, name, imap, smtp, wants=known, takes_passwords=known != "microsoft"
        )

    def _proposal(
        self,
        address: str,
        source: Source,
        title: str,
        imap: FoundServer,
        smtp: FoundServer | None,
        *,
        wants: str | None,
        takes_passwords: bool,
    ) -> Discovered:
        oauth = wants if wants and self._oauth.find(wants) else self._by_domain(imap.host)
        return Discovered(
            address=address,
            source=source,
            title=title,
            imap=imap,
            smtp=smtp,
            oauth=oauth,
            oauth_missing=wants if wants and oauth is None else None,
            takes_passwords=takes_passwords,
            hint=of_host(imap.host).facts.login_hint,
        )

    def _by_domain(self, host: str) -> str | None:
        """The provider of the settings whose server it is."""
        name = host.lower().rstrip(".")
        for provider in self._oauth.all():
            if any(name == one or name.endswith(f".{one}") for one in provider.domains):
                return provider.name
        return None


def _known(server: KnownServer, address: str) -> FoundServer:
    return FoundServer(server.host, server.port, Security(server.security), address)


def _ascii_domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        name = domain if domain.isascii() else domain.encode("idna").decode()
        refuse_by_name(name, allow_private=True)
    except (UnicodeError, ServerForbidden):
        raise InvalidInput(
            "That is not a mail address.", field="address", fix="Write it as name@example.com."
        ) from None
    return name.lower()
