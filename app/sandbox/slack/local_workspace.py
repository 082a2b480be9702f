"""One workspace, as tests and the demo look at it and act in it."""

from collections.abc import Callable
from typing import TypeVar

from app.sandbox.slack.emulator import Write
from app.sandbox.slack.people import People
from app.sandbox.slack.room import Group, Message
from app.sandbox.slack.wire import JSON

Value = TypeVar("Value")


class LocalWorkspace(People):
    # Who and where

    @property
    def bot_token(self) -> str:
        return self.emulator.bot_token

    @property
    def team_id(self) -> str:
        return self.emulator.workspace.team_id

    @property
    def app_id(self) -> str:
        return self.emulator.workspace.app_id

    @property
    def bot_id(self) -> str:
        return self.emulator.workspace.bot_id

    @property
    def bot_user_id(self) -> str:
        return self.emulator.workspace.bot.id

    @property
    def channels(self) -> dict[str, str]:
        """Ids by name."""
        rooms = self.emulator.workspace.channels.values()
        return {room.name: room.id for room in rooms if not room.direct_with}

    @property
    def users(self) -> dict[str, str]:
        """Ids by name, people only."""
        people = self.emulator.workspace.people.values()
        return {person.real_name: person.id for person in people if not person.bot}

    # The app in it

    def new_token(self, scopes: frozenset[str]) -> str:
        """A further bot token, with these scopes only."""
        return self.emulator.new_token(scopes)

    def revoke_token(self, token: str | None = None) -> None:
        self.emulator.revoke(token or self.bot_token)

    def remove_bot(self, channel: str) -> None:
        self.emulator.workspace.leave(self.emulator.workspace.channel(channel), self.bot_user_id)

    def add_bot(self, channel: str) -> None:
        self.emulator.workspace.join(self.emulator.workspace.channel(channel), self.bot_user_id)

    # People

    def change_person(
        self, user: str, *, guest: bool = False, deleted: bool = False, home: str = ""
    ) -> None:
        """Make somebody a guest, switch their account off, or have them come from elsewhere."""
        here = self.emulator.workspace
        person = here.person(user)
        person.guest, person.deleted, person.home = guest, deleted, home
        here.tell_of(person)

    def be(self, user: str, *, away: bool = False, resting: bool = False, status: str = "") -> None:
        """Have somebody be away, not want to be disturbed, or say something of themselves."""
        person = self.emulator.workspace.person(user)
        person.away, person.resting, person.status = away, resting, status

    def make_group(self, handle: str, *users: str) -> str:
        """A user group; answers its id."""
        here = self.emulator.workspace
        id_ = f"S0{len(here.groups):09d}"
        members = tuple(here.person(one).id for one in users)
        here.groups[id_] = Group(id_, handle, members)
        return id_

    def remove_user(self, user: str, channel: str) -> None:
        here = self.emulator.workspace
        here.leave(here.channel(channel), here.person(user).id)

    def add_user(self, user: str, channel: str) -> None:
        here = self.emulator.workspace
        here.join(here.channel(channel), here.person(user).id)

    # Channels

    def archive_channel(self, channel: str, *, archived: bool = True) -> None:
        here = self.emulator.workspace
        room = here.channel(channel)
        here.archive(room, room.creator, archived=archived)

    def rename_channel(self, channel: str, name: str) -> None:
        self.emulator.workspace.rename(self.emulator.workspace.channel(channel), name)

    def share_channel(self, channel: str, *, shared: bool = True) -> None:
        """With another organisation, as by Slack Connect."""
        here = self.emulator.workspace
        here.share(here.channel(channel), shared=shared)

    def make_channel_private(self, channel: str) -> None:
        self.emulator.workspace.make_private(self.emulator.workspace.channel(channel))

    def delete_channel(self, channel: str) -> None:
        self.emulator.workspace.delete(self.emulator.workspace.channel(channel))

    # What came of it

    def messages(self, channel: str) -> list[JSON]:
        """What the channel shows, oldest first, metadata included; thread replies are elsewhere."""
        room = self.emulator.workspace.channel(channel)
        shown = (one for one in room.messages.values() if not one.thread_ts or one.broadcast)
        return [self._json(message) for message in shown]

    def replies(self, channel: str, thread_ts: str) -> list[JSON]:
        """The replies in a thread, without its head."""
        room = self.emulator.workspace.channel(channel)
        replies = (one for one in room.messages.values() if one.thread_ts == thread_ts)
        return [self._json(message) for message in replies]

    def message(self, channel: str, ts: str) -> JSON:
        return self._json(self._find(channel, ts)[1])

    def ephemerals(self, user: str, channel: str) -> list[JSON]:
        """What only this person sees in a channel."""
        here = self.emulator.workspace
        key = (here.channel(channel).id, here.person(user).id)
        return [self._json(one) for where, who, one in here.ephemerals if (where, who) == key]

    def views(self, user: str) -> list[JSON]:
        """The modals open before a person, the top one last."""
        who = self.emulator.workspace.person(user).id
        return [view.as_json() for view in self.emulator.views.stack(who)]

    def home(self, user: str) -> JSON | None:
        home = self.emulator.views.home(self.emulator.workspace.person(user).id)
        return home.as_json() if home else None

    def file_bytes(self, file_id: str) -> bytes:
        return self.emulator.files.complete(file_id).data or b""

    @property
    def writes(self) -> list[Write]:
        """Every call that was accepted and changed something, answered or not, in order."""
        return list(self.emulator.writes)

    async def wait_for(self, found: Callable[[], Value], seconds: float = 10.0) -> Value:
        """Wait until `found()` is true of the workspace; answers what it found.

        Raises `Unavailable` when the time is up.
        """
        return await self.emulator.changes.until(found, seconds)

    def _json(self, message: Message) -> JSON:
        return self.emulator.workspace.message_json(message, metadata=True)
