"""The response_url of an interaction: five answers within thirty minutes, without a token."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.sandbox.slack.blockkit.payloads import (
    check_blocks,
    refuse_invalid_blocks,
    with_block_ids,
)
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.wire import JSON, Refused
from app.sandbox.slack.workspace import Workspace

USES: Final = 5
LIFETIME: Final = timedelta(minutes=30)
_KEPT: Final = 10_000


@dataclass(slots=True)
class _Ticket:
    channel: Channel
    user: str
    message: Message | None
    """Where the interaction came from; a command or a global shortcut comes from none."""
    expires_at: float
    uses: int = 0


class ResponseURLs:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tickets: dict[str, _Ticket] = {}

    def give(self, channel: Channel, user: str, message: Message | None = None) -> str:
        """The secret part of a new one."""
        expires_at = self._workspace.clock.now() + LIFETIME
        secret = secrets.token_urlsafe(24)
        self._tickets[secret] = _Ticket(channel, user, message, expires_at.timestamp())
        if len(self._tickets) > _KEPT:
            del self._tickets[next(iter(self._tickets))]
        return secret

    def __contains__(self, secret: str) -> bool:
        return secret in self._tickets

    def use(self, secret: str, body: JSON) -> str:
        """Do what was posted to it; answers the ts of what was said. Raises `Refused`."""
        ticket = self._tickets.get(secret)
        if ticket is None or self._workspace.clock.now().timestamp() > ticket.expires_at:
            raise Refused("expired_url")
        if ticket.uses >= USES:
            raise Refused("used_url")
        if body.get("delete_original") and ticket.message is not None:
            ticket.uses += 1
            return self._delete(ticket, ticket.message)
        if body.get("replace_original") and ticket.message is not None:
            _refuse_nothing(body)
            ticket.uses += 1
            return self._replace(ticket, ticket.message, body)
        ts = self.say(ticket.channel, ticket.user, body)
        ticket.uses += 1
        return ts

    def _delete(self, ticket: _Ticket, message: Message) -> str:
        if message.ephemeral:
            self._workspace.unwhisper(message.ts)
        elif message.ts in ticket.channel.messages:
            self._workspace.remove(ticket.channel, message)
        return message.ts

    def _replace(self, ticket: _Ticket, message: Message, body: JSON) -> str:
        message.text = body.get("text", "")
        message.blocks = with_block_ids(body.get("blocks") or [])
        if message.ephemeral:
            self._workspace.unwhisper(message.ts)
            self._workspace.whisper(ticket.channel, ticket.user, message)
        elif message.ts in ticket.channel.messages:
            self._workspace.change(ticket.channel, message, self._workspace.bot.id)
        return message.ts

    def say(self, channel: Channel, user: str, body: JSON) -> str:
        """Show an answer to whoever asked, or to all where it says so. Raises `Refused`."""
        _refuse_nothing(body)
        aloud = body.get("response_type") == "in_channel"
        message = Message(
            self._workspace.next_ts(),
            self._workspace.bot.id,
            body.get("text", ""),
            by_app=True,
            blocks=with_block_ids(body.get("blocks") or []),
            thread_ts=body.get("thread_ts"),
            ephemeral=not aloud,
        )
        if aloud:
            self._workspace.post(channel, message)
        else:
            self._workspace.whisper(channel, user, message)
        return message.ts


def _refuse_nothing(body: JSON) -> None:
    """Raises `Refused` for a message that says nothing, or nothing that Slack can show."""
    if not (body.get("text") or body.get("blocks")):
        raise Refused("no_text")
    refuse_invalid_blocks(check_blocks(body.get("blocks") or [], "/blocks", "message"))
