"""Who and what is in the workspace when it starts."""

from dataclasses import dataclass, field
from typing import Final

BOT_SCOPES: Final = frozenset(
    {
        "app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write",
        "chat:write.customize", "chat:write.public", "commands", "files:read", "files:write",
        "groups:history", "groups:read", "im:history", "im:read", "im:write", "reactions:read",
        "reactions:write", "team:read", "users:read", "users:read.email",
    }
)  # fmt: skip
BOT_EVENTS: Final = frozenset(
    {
        "app_home_opened", "app_uninstalled", "tokens_revoked", "message.channels",
        "message.groups", "message.im", "reaction_added", "reaction_removed",
        "member_joined_channel", "member_left_channel", "channel_archive", "channel_unarchive",
        "channel_rename", "group_archive", "group_unarchive", "group_rename",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PersonSeed:
    name: str
    time_zone: str = "Europe/Berlin"
    admin: bool = False


@dataclass(frozen=True, slots=True)
class ChannelSeed:
    name: str
    private: bool = False
    people: tuple[str, ...] | None = None
    """Names of its members; None is everybody."""
    bot: bool = True
    """Whether the app's bot is a member."""


@dataclass(frozen=True, slots=True)
class AppSeed:
    name: str = "SharedBox"
    scopes: frozenset[str] = BOT_SCOPES
    events: frozenset[str] = BOT_EVENTS


@dataclass(frozen=True, slots=True)
class Seed:
    team: str = "Acme"
    domain: str = "acme"
    people: tuple[PersonSeed, ...] = (
        PersonSeed("Ana", admin=True),
        PersonSeed("Ben", "America/New_York"),
        PersonSeed("Chidi"),
        PersonSeed("Dana", "Asia/Tokyo"),
    )
    channels: tuple[ChannelSeed, ...] = (
        ChannelSeed("support"),
        ChannelSeed("sales"),
        ChannelSeed("billing", private=True, people=("Ana", "Ben")),
    )
    app: AppSeed = field(default_factory=AppSeed)
