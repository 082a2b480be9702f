"""Who and what is in the workspace when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

_APP_NAME: Final = "SharedBox"
BOT_SCOPES: Final = frozenset(
    {
        "app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write",
        "chat:write.customize", "chat:write.public", "commands", "files:read", "files:write",
        "groups:history", "groups:read", "im:history", "im:read", "im:write", "links:read",
        "links:write", "reactions:read", "dnd:read", "reactions:write", "team:read",
        "usergroups:read", "users:read", "users:read.email",
    }
)  # fmt: skip
BOT_EVENTS: Final = frozenset(
    {
        "app_home_opened", "app_mention", "app_uninstalled", "link_shared", "tokens_revoked",
        "message.channels", "message.groups", "message.im", "reaction_added", "reaction_removed",
        "member_joined_channel", "member_left_channel", "channel_archive", "channel_unarchive",
        "channel_rename", "channel_deleted", "channel_left", "channel_shared", "channel_unshared",
        "channel_id_changed", "group_archive", "group_unarchive", "group_rename", "group_deleted",
        "group_left", "user_change",
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
class CommandSeed:
    """A slash command of the app."""

    command: str
    description: str = ""
    usage_hint: str = ""
    escapes: bool = False
    """Whether people and channels in its text come as ids."""


@dataclass(frozen=True, slots=True)
class ShortcutSeed:
    name: str
    callback_id: str
    kind: Literal["global", "message"] = "global"
    description: str = ""


@dataclass(frozen=True, slots=True)
class AppSeed:
    name: str = _APP_NAME
    scopes: frozenset[str] = BOT_SCOPES
    events: frozenset[str] = BOT_EVENTS
    commands: tuple[CommandSeed, ...] = ()
    shortcuts: tuple[ShortcutSeed, ...] = ()
    unfurl_domains: frozenset[str] = frozenset()
    """The app hears of links to these."""

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any]) -> Self:
        """The app as its manifest describes it to Slack."""
        features = manifest.get("features", {})
        settings = manifest.get("settings", {})
        scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())
        commands = (
            CommandSeed(
                one["command"],
                one.get("description", ""),
                one.get("usage_hint", ""),
                one.get("should_escape", False),
            )
            for one in features.get("slash_commands", ())
        )
        shortcuts = (
            ShortcutSeed(one["name"], one["callback_id"], one["type"], one.get("description", ""))
            for one in features.get("shortcuts", ())
        )
        return cls(
            name=features.get("bot_user", {}).get("display_name", _APP_NAME),
            scopes=frozenset(scopes),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            commands=tuple(commands),
            shortcuts=tuple(shortcuts),
            unfurl_domains=frozenset(features.get("unfurl_domains", ())),
        )


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
