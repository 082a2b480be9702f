"""One call of a Web API method: who calls, with what, and what they may reach.

A method is a function from a `Call` to its answer; each family has its file in `methods/`, which
ends with the table of its methods. To add a family, add such a file and name it in `web_api`.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from app.sandbox.slack.arguments import Arguments
from app.sandbox.slack.emulator import Emulator, Grant
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.site import Site
from app.sandbox.slack.wire import JSON, Refused
from app.sandbox.slack.workspace import Workspace


@dataclass(slots=True)
class Call:
    emulator: Emulator
    grant: Grant
    arguments: Arguments
    site: Site
    warnings: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return self.emulator.workspace

    @property
    def bot(self) -> str:
        return self.workspace.bot.id

    def need(self, *scopes: str) -> None:
        """Raises `Refused` (missing_scope) unless the token has one of these scopes."""
        if not any(scope in self.grant.scopes for scope in scopes):
            provided = ",".join(sorted(self.grant.scopes))
            raise Refused("missing_scope", needed=",".join(scopes), provided=provided)

    def channel_in_sight(self, argument: str = "channel") -> Channel:
        """A channel the bot may know of. Raises `Refused` (channel_not_found).

        A private channel that the bot is not in does not exist for it, as in Slack.
        """
        channel = self.workspace.channel(self.arguments.needed(argument))
        if channel.private and self.bot not in channel.members:
            raise Refused("channel_not_found")
        return channel

    def channel_to_write(self, channel: Channel, *, in_public: bool = True) -> Channel:
        """Raises `Refused` (is_archived, not_in_channel).

        `in_public` is whether chat:write.public opens public channels the bot is not in.
        """
        if channel.archived:
            raise Refused("is_archived")
        public = in_public and "chat:write.public" in self.grant.scopes
        if self.bot not in channel.members and not public:
            raise Refused("not_in_channel")
        return channel

    def message(self, channel: Channel, argument: str = "ts") -> Message:
        """Raises `Refused` (message_not_found)."""
        message = channel.messages.get(self.arguments.needed(argument))
        if message is None or message.tombstone:
            raise Refused("message_not_found")
        return message


@dataclass(frozen=True, slots=True)
class Method:
    run: Callable[[Call], JSON]
    scope: str = ""
    tier: Tier = Tier.THREE
    writes: bool = False
    open_to_all: bool = False
    """Whether it needs no token."""
    app_level: bool = False
    """Whether it needs the app's own token instead of its bot's."""


def page_of(items: list[JSON], call: Call, otherwise: int = 100) -> tuple[list[JSON], str]:
    """The page of a list that was asked for, and the cursor of the next one."""
    limit, start = call.arguments.limit(otherwise), _position(call.arguments.text("cursor"))
    end = start + limit
    return items[start:end], _cursor(end) if end < len(items) else ""


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor).removeprefix(b"next:")) if cursor else 0
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None
