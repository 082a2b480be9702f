"""What is said of a provider, and what gives one away.

Everything a provider does its own way is a field of `Facts`, so that nobody outside this package
asks who the provider is. A fact stands beside the place where it can be looked up; where nothing is
known, the default holds, which is what the standards promise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

_READ: Final = 1000
"""Of what a server says of itself, in characters: it may say a million."""


@dataclass(frozen=True, slots=True)
class Clues:
    """What a server has shown of itself so far."""

    host: str = ""
    greeting: str = ""
    id: Mapping[str, str] = field(default_factory=dict)
    """Its answer to ID (RFC 2971)."""
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How a provider's servers behave."""

    longest_idle: timedelta = timedelta(minutes=29)
    """After which IDLE must have been renewed; RFC 2177 §3 promises 29 minutes."""
    shortest_poll: timedelta = timedelta(0)
    """Folders that nothing is announced about are not looked at more often than this. No provider
    is known to publish a limit."""
    connections: int | None = None
    """How many connections one account may have in all, those of other mail clients included."""
    dials_at_once: int = 8
    """How many logins of one worker may be under way at one host."""
    rest_when_busy: timedelta = timedelta(minutes=5)
    """How long to stay away at least after “too many connections”. Exchange counts what a mailbox
    costs in windows of five minutes."""
    wants_id: bool = False
    """It refuses to open folders before the client has given its name by ID."""
    status_keeps_alive: bool = False
    """NOOP does not keep the session alive there, or tells no news; STATUS does."""
    forgets_unselected: bool = False
    """A folder keeps its UIDVALIDITY only once it was opened by SELECT; after EXAMINE and STATUS
    alone it has another one each time."""
    takes_commands_ahead: bool = False
    """Its servers were seen to take commands before those they belong behind are answered, in the
    order in which they came, also behind the end of an IDLE (RFC 3501 §5.5)."""
    files_sent: bool = False
    """What is sent by its SMTP appears in Sent by itself; a second copy would be a duplicate."""
    sending_line_kept: timedelta = timedelta(seconds=15)
    """For how long a connection for sending waits for the next mail of its account; none waits
    where it is zero. RFC 5321 §4.5.3.2.7 has servers wait for five minutes."""
    mails_per_sending_line: int = 20
    """So many mails go by one connection. The strictest limit that was found published for any
    server, 20 of Yahoo for mail from other servers (zone-eu/zone-mta#90), suits people's mail."""
    largest_sent: int | None = None
    """In bytes, as it travels: the largest mail that it documents it sends. What its server says
    when it is connected to counts as well."""
    roles: Mapping[str, str] = field(default_factory=dict)
    r"""What folders are for that RFC 6154 and the usual names do not tell: by attribute (`\All`) or
    by name. The values are those of `mailbox.port.Role`."""
    login_hint: str = "Many providers want an app password here."
    """What a person should know whose password was refused."""


class Provider(Protocol):
    """Somebody who hosts mailboxes, or the software that others host them with."""

    @property
    def key(self) -> str:
        """Its name in the database and in the API."""
        ...

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    @property
    def facts(self) -> Facts: ...

    def serves(self, host: str) -> bool:
        """Whether a mail server of this name is theirs."""
        ...

    def recognises(self, clues: Clues) -> bool:
        """Whether what a server has shown, its name aside, gives them away."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProvider:
    """A provider told by the names of its servers, or by what these say of themselves."""

    key: str
    title: str
    facts: Facts = field(default_factory=Facts)
    hosts: tuple[str, ...] = ()
    """Domains: a host counts that is one of them or lies below it."""
    id_name: str | None = None
    """A pattern for the field `name` of its ID."""
    greeting: str | None = None
    """A pattern for its greeting."""
    capability: str | None = None
    """A capability nobody else has."""

    def serves(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        return any(name == domain or name.endswith(f".{domain}") for domain in self.hosts)

    def recognises(self, clues: Clues) -> bool:
        return (
            _matches(self.id_name, clues.id.get("name", ""))
            or _matches(self.greeting, clues.greeting)
            or self.capability in clues.capabilities
        )


def _matches(pattern: str | None, text: str) -> bool:
    return pattern is not None and re.search(pattern, text[:_READ], re.IGNORECASE) is not None
