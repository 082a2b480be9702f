"""Records of the DNS that the system's resolver does not look up, by dnspython: SRV and MX.

Answers are other people's words: names are checked by whoever connects to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.resolver

_SECONDS: Final = 4.0
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service of a domain is (RFC 2782)."""

    host: str
    port: int
    priority: int


class DNS:
    """Asks the resolver of the system, or the one that is given. What fails is not there."""

    def __init__(
        self, resolver: dns.asyncresolver.Resolver | None = None, *, seconds: float = _SECONDS
    ) -> None:
        self._resolver = resolver
        self._seconds = seconds

    async def services(self, service: str, domain: str) -> Sequence[Service]:
        """The best first. A service that the domain says it has not is none (target `.`)."""
        found = []
        for record in await self._ask(f"{service}._tcp.{domain}", "SRV"):
            host = record.target.to_text(omit_final_dot=True)
            if host not in {"", "."} and 0 < record.port < 65536:
                found.append(Service(host.lower(), record.port, record.priority))
        return sorted(found, key=lambda one: one.priority)

    async def mail_exchangers(self, domain: str) -> Sequence[str]:
        """The hosts that take mail for a domain, the best first."""
        records = sorted(await self._ask(domain, "MX"), key=lambda one: one.preference)
        hosts = (one.exchange.to_text(omit_final_dot=True).lower() for one in records)
        return [host for host in hosts if host not in {"", "."}]

    async def _ask(self, name: str, kind: str) -> list[Any]:
        resolver = self._resolver or _of_the_system()
        if resolver is None:
            return []
        try:
            answer = await resolver.resolve(name, kind, lifetime=self._seconds, search=False)
        except (dns.exception.DNSException, OSError, ValueError):
            return []
        return list(answer)[:_MOST]


def _of_the_system() -> dns.asyncresolver.Resolver | None:
    try:
        return dns.asyncresolver.Resolver()
    except dns.exception.DNSException:  # no resolver is configured
        return None
