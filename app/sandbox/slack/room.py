"""People, channels and messages, and how Slack writes them as JSON."""

import html
import re
from dataclasses import dataclass, field
from typing import Final

from app.sandbox.slack.wire import JSON, without_nothings

_LINK: Final = re.compile(r"<(https?://[^>|]+)")


@dataclass(slots=True)
class Person:
    id: str
    name: str
    real_name: str
    email: str = ""
    time_zone: str = "Etc/UTC"
    admin: bool = False
    bot: bool = False
    guest: bool = False
    deleted: bool = False
    away: bool = False
    resting: bool = False
    """Does not want to be disturbed."""
    status: str = ""
    home: str = ""
    """The workspace that somebody comes from who is here by a shared channel."""

    def as_json(self, team_id: str, bot_id: str, *, email: bool) -> JSON:
        profile = {
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "team": team_id,
            "status_text": self.status,
            "status_emoji": "",
            **({"email": self.email} if email and self.email else {}),
            **({"bot_id": bot_id} if self.bot else {}),
        }
        return {
            "id": self.id,
            "team_id": self.home or team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "tz": self.time_zone,
            "profile": profile,
            "is_admin": self.admin,
            "is_owner": self.admin,
            "is_bot": self.bot,
            "is_app_user": False,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "updated": 0,
        }


@dataclass(slots=True)
class Group:
    """A user group."""

    id: str
    handle: str
    members: tuple[str, ...] = ()


@dataclass(slots=True)
class Message:
    ts: str
    user: str
    text: str = ""
    by_app: bool = False
    blocks: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    username: str = ""
    icons: JSON = field(default_factory=dict)
    metadata: JSON | None = None
    client_msg_id: str = ""
    edited: JSON | None = None
    files: list[JSON] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    """Who wrote each, by its ts, in order."""
    tombstone: bool = False
    ephemeral: bool = False
    shown: JSON = field(default_factory=dict)
    """As it was last told; what `previous_message` says after a change."""

    @property
    def subtype(self) -> str:
        if self.tombstone:
            return "tombstone"
        if self.files:
            return "file_share"
        if self.broadcast:
            return "thread_broadcast"
        return "bot_message" if self.by_app and self.username else ""

    def as_json(self, team: str, app_id: str, bot: JSON | None, *, metadata: bool) -> JSON:
        """`bot` is the profile of the bot that wrote it, if one did."""
        by_bot = {"bot_id": bot["id"], "app_id": app_id, "bot_profile": bot} if bot else {}
        anonymous = self.subtype == "bot_message"
        return {
            "type": "message",
            **without_nothings(
                subtype=self.subtype,
                user="USLACKBOT" if self.tombstone else None if anonymous else self.user,
            ),
            "ts": self.ts,
            "text": self.text,
            "team": team,
            **({} if self.tombstone else by_bot),
            **without_nothings(
                username=self.username,
                icons=self.icons,
                blocks=self.blocks,
                attachments=self.attachments,
                files=self.files,
                client_msg_id=self.client_msg_id,
                edited=self.edited,
                metadata=self.metadata if metadata else None,
                reactions=self.reactions_json(),
            ),
            **({"hidden": True} if self.tombstone else {}),
            **({"is_ephemeral": True} if self.ephemeral else {}),
            **self._thread_json(),
        }

    def reactions_json(self) -> list[JSON]:
        return [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in self.reactions.items()
        ]

    def _thread_json(self) -> JSON:
        if self.thread_ts:
            return {"thread_ts": self.thread_ts}
        if not self.replies:
            return {}
        return {
            "thread_ts": self.ts,
            "reply_count": len(self.replies),
            "latest_reply": next(reversed(self.replies)),
            "reply_users": list(dict.fromkeys(self.replies.values())),
            "reply_users_count": len(set(self.replies.values())),
            "is_locked": False,
        }


def links_in(message: Message) -> list[str]:
    """The addresses a message links to, in their order."""
    found = _LINK.findall(message.text)
    return [html.unescape(url) for url in dict.fromkeys(found)]


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    creator: str
    created: int
    private: bool = False
    direct_with: str = ""
    archived: bool = False
    shared: bool = False
    """With another workspace, of another organisation."""
    members: dict[str, None] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    """By ts, in the order in which they were posted."""

    @property
    def type(self) -> str:
        return "im" if self.direct_with else "group" if self.private else "channel"

    @property
    def event_prefix(self) -> str:
        return "group" if self.private else "channel"

    @property
    def scope_family(self) -> str:
        """The word a scope for such a channel begins with."""
        return {"im": "im", "group": "groups", "channel": "channels"}[self.type]

    def as_json(self, viewer: str) -> JSON:
        common = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": bool(self.direct_with),
            "is_mpim": False,
            "is_org_shared": False,
        }
        if self.direct_with:
            return {**common, "user": self.direct_with, "is_open": True}
        return {
            **common,
            "name": self.name,
            "name_normalized": self.name,
            "creator": self.creator,
            "is_channel": True,
            "is_group": False,
            "is_private": self.private,
            "is_member": viewer in self.members,
            "is_general": False,
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }
