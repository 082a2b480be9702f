"""The XML in which a domain describes its mail servers, as Thunderbird reads it. Pure.

wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat. It is a stranger's: no entities, no
document types, no server without encryption, and nothing but names and numbers is taken from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_SECURITY: Final = {"SSL": "tls", "STARTTLS": "starttls"}
_BEST_FIRST: Final = ("tls", "starttls")
_LONGEST: Final = 255
_LONGEST_PORT: Final = 5


@dataclass(frozen=True, slots=True)
class Described:
    """One server. `takes_tokens`: it says that it can be signed in to by OAuth2."""

    host: str
    port: int
    security: str
    username: str
    takes_tokens: bool


@dataclass(frozen=True, slots=True)
class Description:
    title: str
    imap: Described
    smtp: Described | None


def read(xml: bytes, address: str) -> Description | None:
    """What it says of this address; None where that is not to be used."""
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        return None
    provider = root.find("emailProvider")
    if provider is None:
        return None
    imap = _best(provider.iter("incomingServer"), "imap", address)
    if imap is None:
        return None
    title = _text(provider, "displayShortName") or _text(provider, "displayName")
    return Description(title, imap, _best(provider.iter("outgoingServer"), "smtp", address))


def _best(servers: Iterable[Element], kind: str, address: str) -> Described | None:
    found = [
        one
        for server in servers
        if server.get("type") == kind and (one := _server(server, address)) is not None
    ]
    return min(found, key=lambda one: _BEST_FIRST.index(one.security), default=None)


def _server(server: Element, address: str) -> Described | None:
    security = _SECURITY.get(_text(server, "socketType").upper())
    port = _text(server, "port")
    host = _filled(_text(server, "hostname"), address)
    if security is None or not host or not (port.isascii() and port.isdecimal()):
        return None
    if len(port) > _LONGEST_PORT or not 0 < int(port) < 65536:
        return None
    methods = [(one.text or "").strip().lower() for one in server.iter("authentication")]
    return Described(
        host=host,
        port=int(port),
        security=security,
        username=_filled(_text(server, "username"), address) or address,
        takes_tokens="oauth2" in methods,
    )


def _filled(text: str, address: str) -> str:
    local, _, domain = address.rpartition("@")
    for name, value in (
        ("%EMAILADDRESS%", address),
        ("%EMAILLOCALPART%", local),
        ("%EMAILDOMAIN%", domain),
    ):
        text = text.replace(name, value)
    return text[:_LONGEST]


def _text(parent: Element, name: str) -> str:
    text = (parent.findtext(name) or "").strip()[:_LONGEST]
    return text if text.isprintable() else ""
