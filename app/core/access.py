"""Who asks, and whether they may. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.core.errors import NotAllowed
from app.core.ids import AccountId, APIKeyId, TeammateId, WorkspaceId


class Scope(StrEnum):
    """What an API key may do. `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    SEND = "send"
    IMAP = "imap"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person of the team may do. Each includes those after it."""

    OWNER = "owner"
    """Everything, the owners among the team included."""
    ADMIN = "admin"
    """Accounts, channels, the team, keys and settings."""
    AGENT = "agent"
    """Read mail, act on it and answer it."""
    VIEWER = "viewer"
    """Read mail."""

    def includes(self, other: "Role") -> bool:
        return _ORDER.index(self) <= _ORDER.index(other)

    @property
    def scopes(self) -> frozenset[Scope]:
        """What a key would have to be granted to be allowed the same."""
        if self.includes(Role.ADMIN):
            return frozenset({Scope.ADMIN})
        if self is Role.AGENT:
            return frozenset({Scope.READ, Scope.WRITE, Scope.SEND, Scope.IMAP})
        return frozenset({Scope.READ})


_ORDER: Final = tuple(Role)


class Origin(StrEnum):
    """The door a request came in by."""

    SLACK = "slack"
    WEB = "web"
    API = "api"
    CLI = "cli"
    SYSTEM = "system"
    RULE = "rule"
    """By itself, because a rule of the team says so."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever does something: a teammate in Slack, a script with a key, or SharedBox itself."""

    workspace_id: WorkspaceId
    origin: Origin
    teammate_id: TeammateId | None = None
    name: str = ""
    key_id: APIKeyId | None = None
    """The key it came with; None for the bootstrap key, and at doors without keys."""
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    account_ids: frozenset[AccountId] | None = None
    """The accounts a key is bound to, or a person may see; None is all of the workspace."""
    role: Role | None = None
    """Of a person at the web admin; None at the other doors."""

    def require(self, scope: Scope) -> None:
        """Raise `NotAllowed` unless the scope was granted."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise NotAllowed(
                f"This key may not do that: it lacks the scope “{scope}”.",
                fix=f"Use a key that was made with the scope “{scope}”.",
            )

    def may_see(self, account_id: AccountId) -> bool:
        return self.account_ids is None or account_id in self.account_ids


def by_rule(workspace_id: WorkspaceId, name: str) -> Actor:
    """A rule of the team, by its name."""
    return Actor(workspace_id, Origin.RULE, name=name)


def on_command_line(workspace_id: WorkspaceId) -> Actor:
    """Whoever may run `sharedbox` where its settings are; who that is, it does not know."""
    return Actor(
        workspace_id,
        Origin.CLI,
        name="somebody on the command line",
        scopes=frozenset({Scope.ADMIN}),
    )


def system(workspace_id: WorkspaceId) -> Actor:
    """SharedBox acting by itself, on a rule or a schedule."""
    return Actor(workspace_id, Origin.SYSTEM, name="SharedBox", scopes=frozenset({Scope.ADMIN}))
