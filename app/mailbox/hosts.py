"""Which addresses we connect to: resolved once, checked, and then exactly those.

Without this gate, anyone who may connect an account could have SharedBox knock on doors inside the
operator's network and read the answers (server-side request forgery).
"""

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Final

from app.mailbox.errors import ServerForbidden, connection_error

_RESOLVE_SECONDS: Final = 10
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
_SPECIAL: Final = tuple(
    ipaddress.ip_network(block) for block in ("192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10")
)
"""Of the IANA special-purpose registries, what Python's `is_global` forgets in some release."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address a name stood for when we asked."""

    family: socket.AddressFamily
    address: str
    port: int


async def resolve(host: str, port: int, *, allow_private: bool) -> list[Endpoint]:
    """The addresses we may connect to, in the resolver's order.

    Raises `Transient` for a name that is not found, `ServerForbidden` where none of its addresses
    is a public one and private ones are not allowed.
    """
    name = _ascii_name(host)
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                name, port, type=socket.SOCK_STREAM
            )
    except (OSError, TimeoutError) as error:
        raise connection_error(error, host, port) from None
    endpoints = [
        Endpoint(family, str(address[0]), port)
        for family, _, _, _, address in found
        if allow_private or _is_public(str(address[0]))
    ]
    if not endpoints:
        raise _forbidden(host)
    return endpoints


def refuse_by_name(host: str, *, allow_private: bool) -> None:
    """Refuse what no resolver needs to be asked about: what is no name, and written addresses.

    Raises `ServerForbidden`.
    """
    name = _ascii_name(host)
    address = _written_address(name)
    if address is not None and not allow_private and not _is_public(address):
        raise _forbidden(host)


def _written_address(name: str) -> str | None:
    """The address that a name spells in digits, in any of the ways the C library reads them."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None


def _forbidden(host: str) -> ServerForbidden:
    return ServerForbidden(
        f"{host} is not a public mail server.",
        fix="To use a mail server inside your own network, start SharedBox with "
        "SHAREDBOX_ALLOW_PRIVATE_MAIL_HOSTS=true.",
    )


def _ascii_name(host: str) -> str:
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name):
        raise ServerForbidden(
            "That is not the name of a mail server.",
            fix="Write only its name, such as imap.example.com.",
        )
    return name.strip("[]")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _embedded_ipv4(ip)):
        ip = inner
    is_special = any(ip in network for network in _SPECIAL if network.version == ip.version)
    return ip.is_global and not ip.is_multicast and not is_special


def _embedded_ipv4(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo, NAT64 or compatible."""
    if ip in _NAT64 or ip in _COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
