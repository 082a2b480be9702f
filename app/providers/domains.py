"""Mail domains whose servers are known, as data: nobody has to be asked where they are.

The names are those that the providers' own help pages give for mail programs. `exchangers` tell a
customer's own domain by where its mail goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownServer:
    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDomain:
    """`oauth`: the name of the provider to sign in at, where that is the better way or the only."""

    title: str
    imap: KnownServer
    smtp: KnownServer
    domains: tuple[str, ...]
    exchangers: tuple[str, ...] = ()
    oauth: str | None = None
    takes_passwords: bool = True


def _tls(host: str) -> KnownServer:
    return KnownServer(host, 993, "tls")


def _submission(host: str, port: int = 465) -> KnownServer:
    return KnownServer(host, port, "tls" if port == 465 else "starttls")


KNOWN_DOMAINS: Final = (
    KnownDomain(
        title="Gmail",
        imap=_tls("imap.gmail.com"),
        smtp=_submission("smtp.gmail.com"),
        domains=("gmail.com", "googlemail.com"),
        exchangers=("google.com", "googlemail.com"),
        oauth="google",
    ),
    KnownDomain(
        title="Outlook.com",
        imap=_tls("outlook.office365.com"),
        smtp=_submission("smtp-mail.outlook.com", 587),
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de",
                 "outlook.fr", "hotmail.fr", "hotmail.co.uk", "live.co.uk"),
        oauth="microsoft",
        takes_passwords=False,
    ),
    KnownDomain(
        title="Microsoft 365",
        imap=_tls("outlook.office365.com"),
        smtp=_submission("smtp.office365.com", 587),
        domains=("onmicrosoft.com",),
        exchangers=("mail.protection.outlook.com", "mx.microsoft"),
        oauth="microsoft",
        takes_passwords=False,
    ),
    KnownDomain(
        title="Yahoo Mail",
        imap=_tls("imap.mail.yahoo.com"),
        smtp=_submission("smtp.mail.yahoo.com"),
        domains=("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
        exchangers=("yahoodns.net",),
    ),
    KnownDomain(
        title="AOL Mail",
        imap=_tls("imap.aol.com"),
        smtp=_submission("smtp.aol.com"),
        domains=("aol.com", "aim.com"),
    ),
    KnownDomain(
        title="iCloud Mail",
        imap=_tls("imap.mail.me.com"),
        smtp=_submission("smtp.mail.me.com", 587),
        domains=("icloud.com", "me.com", "mac.com"),
        exchangers=("mail.icloud.com",),
    ),
    KnownDomain(
        title="Fastmail",
        imap=_tls("imap.fastmail.com"),
        smtp=_submission("smtp.fastmail.com"),
        domains=("fastmail.com", "fastmail.fm"),
        exchangers=("messagingengine.com",),
    ),
    KnownDomain(
        title="NetEase Mail",
        imap=_tls("imap.163.com"),
        smtp=_submission("smtp.163.com"),
        domains=("163.com",),
    ),
    KnownDomain(
        title="NetEase Mail",
        imap=_tls("imap.126.com"),
        smtp=_submission("smtp.126.com"),
        domains=("126.com",),
    ),
    KnownDomain(
        title="GMX",
        imap=_tls("imap.gmx.net"),
        smtp=_submission("mail.gmx.net"),
        domains=("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
    ),
    KnownDomain(
        title="WEB.DE",
        imap=_tls("imap.web.de"),
        smtp=_submission("smtp.web.de", 587),
        domains=("web.de",),
    ),
    KnownDomain(
        title="mailbox.org",
        imap=_tls("imap.mailbox.org"),
        smtp=_submission("smtp.mailbox.org"),
        domains=("mailbox.org",),
        exchangers=("mailbox.org",),
    ),
    KnownDomain(
        title="Posteo",
        imap=_tls("posteo.de"),
        smtp=_submission("posteo.de"),
        domains=("posteo.de", "posteo.net", "posteo.org"),
    ),
)  # fmt: skip
_BY_DOMAIN: Final[Mapping[str, KnownDomain]] = MappingProxyType({
    domain: one for one in KNOWN_DOMAINS for domain in one.domains
})  # fmt: skip


def of_domain(domain: str) -> KnownDomain | None:
    """By the part of an address after the @; a tenant's `x.onmicrosoft.com` is Microsoft's."""
    name = domain.lower().rstrip(".")
    return _BY_DOMAIN.get(name) or _BY_DOMAIN.get(name.partition(".")[2])


def of_exchanger(host: str) -> KnownDomain | None:
    """Whose customer it is whose mail goes there."""
    name = host.lower().rstrip(".")
    return next(
        (
            one
            for one in KNOWN_DOMAINS
            for suffix in one.exchangers
            if name == suffix or name.endswith(f".{suffix}")
        ),
        None,
    )
