"""What the feed asks of Slack, and what Slack may answer."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from app.core.errors import SharedBoxError
from app.core.ids import ChannelId, PostId, SlackUserId, WorkspaceId

Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message: blocks for the eye, `text` for notifications and screen readers."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that Slack has agreed to: its file id, and where the bytes go."""

    file_id: str
    url: str


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """What Slack says of a channel."""

    name: str
    is_private: bool
    is_member: bool
    is_archived: bool
    is_shared: bool
    """With another organisation."""


_ABSENT: Final = (
    ":palm_tree:", ":face_with_thermometer:", ":no_entry:", ":no_entry_sign:", ":airplane:",
    ":beach_with_umbrella:", ":sleeping:", ":zzz:",
)  # fmt: skip
_ABSENT_WORDS: Final = (
    "vacation", "holiday", "out of office", "ooo", "on leave", "out sick", "away", "urlaub",
    "krank", "abwesend", "vacances", "vacaciones",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Presence:
    """What Slack says of somebody just now."""

    name: str
    is_there: bool
    is_member: bool = True
    """A person with a working account, not a bot."""
    status_emoji: str = ""
    status_text: str = ""

    @property
    def can_take(self) -> bool:
        return self.is_member and self.is_there and not says_away(self)


def says_away(presence: Presence) -> bool:
    """Whether their status says so: by the signs Slack itself offers, and by plain words."""
    words = presence.status_text.casefold()
    return presence.status_emoji in _ABSENT or any(one in words for one in _ABSENT_WORDS)


class NothingToShow(SharedBoxError):
    """A post says nothing of what it is about, so nobody could draw it, now or later."""


class SlackRefused(SharedBoxError):
    """Slack answered, and the answer is no. `code` is Slack's own word for it."""

    def __init__(self, code: str, what: str = "", *, fix: str = "") -> None:
        super().__init__(what or f"Slack answered “{code}”.", fix=fix)
        self.code = code


class RateLimited(SlackRefused):
    """Too many, too fast; not before `after`."""

    def __init__(self, after: timedelta) -> None:
        super().__init__("ratelimited", f"Slack asks us to wait {after.total_seconds():.0f} s.")
        self.after = after


class ChannelRefused(SlackRefused):
    """We may not post in this channel: archived, gone, or we are not in it."""


class WorkspaceRefused(SlackRefused):
    """We may do nothing in this workspace: the token was revoked, or the app removed."""


class ScopeMissing(SlackRefused):
    """The app lacks a permission; `code` names it."""


class ContentRefused(SlackRefused):
    """This message cannot be shown as it is."""


class MessageGone(SlackRefused):
    """The message we wanted to change is no longer there."""


class OutcomeUnknown(SharedBoxError):
    """No answer, or a broken one: it may have happened or not. Look before repeating it."""


class NotReached(SharedBoxError):
    """Slack was not reached at all: surely nothing happened."""


class SlackFeed(Protocol):
    """Slack, as one workspace's bot. Each call is tried once, within a total time limit.

    Any call raises one of the errors above.
    """

    async def post(
        self, channel: ChannelId, message: Rendered, *, post_id: PostId, thread_ts: str | None
    ) -> str:
        """Post a message marked with our id; answers its ts."""
        ...

    async def update(self, channel: ChannelId, ts: str, message: Rendered) -> None: ...

    async def delete(self, channel: ChannelId, ts: str) -> None: ...

    async def find(
        self, channel: ChannelId, post_id: PostId, *, since: datetime, thread_ts: str | None
    ) -> list[str]:
        """The ts of every message that carries our id, the oldest first."""
        ...

    async def marked(
        self, channel: ChannelId, *, since: datetime, until: datetime, thread_ts: str | None
    ) -> dict[UUID, list[str]]:
        """The ts of every message that carries an id of ours, by that id, the oldest first."""
        ...

    async def open_direct(self, user: SlackUserId) -> ChannelId:
        """The channel in which a person is written to directly: the same one each time."""
        ...

    async def about_channel(self, channel: ChannelId) -> ChannelInfo:
        """Raises `ChannelRefused` where the app may not know that there is one."""
        ...

    async def name_of(self, user: SlackUserId) -> str: ...

    async def group_members(self, group_id: str) -> list[SlackUserId]:
        """Of a user group."""
        ...

    async def resting(self, users: Sequence[SlackUserId]) -> frozenset[SlackUserId]:
        """Those of these who do not want to be disturbed just now."""
        ...

    async def presence_of(self, user: SlackUserId) -> Presence: ...

    async def channels_of(self, user: SlackUserId) -> frozenset[ChannelId]:
        """Those the person is a member of, of those the app can see."""
        ...

    async def permalink(self, channel: ChannelId, ts: str) -> str: ...

    async def begin_upload(self, filename: str, size: int) -> Upload: ...

    async def send_bytes(self, upload: Upload, data: bytes) -> None: ...

    async def complete_upload(
        self, file_id: str, title: str, channel: ChannelId, *, thread_ts: str
    ) -> None: ...

    async def is_shared(self, file_id: str, channel: ChannelId) -> bool: ...


class SlackFeeds(Protocol):
    def of(self, workspace_id: WorkspaceId) -> AbstractAsyncContextManager[SlackFeed]:
        """Raises `WorkspaceRefused` where the workspace has no working installation."""
        ...
