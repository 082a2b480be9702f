"""The workspace itself: people, channels, messages, and what can happen to them.

Everything here is memory. Each change is told twice: to `changes` (the page and waiting tests) and,
as an event in Slack's words, to whatever `on_event` is set to (the delivery to the app).
"""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from app.core.clock import Clock
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.room import Channel, Group, Message, Person, links_in
from app.sandbox.slack.seed import ChannelSeed, Seed
from app.sandbox.slack.wire import JSON, Refused, slack_id, without_nothings

_WHISPERS_KEPT: Final = 1_000
_OTHER_TEAM: Final = "T0PARTNER"
TOMBSTONE_TEXT: Final = "This message was deleted."


class Workspace:
    def __init__(self, seed: Seed, clock: Clock, changes: Changes) -> None:
        self.seed = seed
        self.clock = clock
        self.changes = changes
        self.on_event: Callable[[JSON, Channel | None], None] = lambda _event, _channel: None
        self._last_microsecond = 0
        self.team_id = slack_id("T")
        self.app_id, self.bot_id = slack_id("A"), slack_id("B")
        self.created = int(clock.now().timestamp())
        self.bot = Person(slack_id("U"), seed.app.name.lower(), seed.app.name, bot=True)
        self.people = {self.bot.id: self.bot}
        self.groups: dict[str, Group] = {}
        for person in seed.people:
            self._add_person(person.name, person.time_zone, admin=person.admin)
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[tuple[str, str, Message]] = []
        for channel in seed.channels:
            self.add_channel(channel)

    def _add_person(self, name: str, time_zone: str, *, admin: bool) -> None:
        handle = name.lower()
        email = f"{handle}@{self.seed.domain}.example"
        person = Person(slack_id("U"), handle, name, email=email, time_zone=time_zone, admin=admin)
        self.people[person.id] = person

    def add_channel(self, seed: ChannelSeed) -> Channel:
        wanted = None if seed.people is None else {self.person(name).id for name in seed.people}
        everybody = [person.id for person in self.people.values() if not person.bot]
        members = [id_ for id_ in everybody if wanted is None or id_ in wanted]
        creator = members[0] if members else self.bot.id
        members += [self.bot.id] if seed.bot else []
        channel = Channel(slack_id("C"), seed.name, creator, self.created, private=seed.private)
        channel.members = dict.fromkeys(members)
        self.channels[channel.id] = channel
        self.changes.tell("channels")
        return channel

    # Finding

    def person(self, name_or_id: str) -> Person:
        """Raises `Refused` (user_not_found)."""
        if name_or_id in self.people:
            return self.people[name_or_id]
        for person in self.people.values():
            if person.name == name_or_id.lower().removeprefix("@"):
                return person
        raise Refused("user_not_found")

    def channel(self, name_or_id: str) -> Channel:
        """Raises `Refused` (channel_not_found)."""
        if name_or_id in self.channels:
            return self.channels[name_or_id]
        for channel in self.channels.values():
            if not channel.direct_with and channel.name == name_or_id.removeprefix("#"):
                return channel
        raise Refused("channel_not_found")

    def direct_channel(self, user_id: str) -> Channel:
        """The bot's direct messages with one person, opened when they are not."""
        for channel in self.channels.values():
            if channel.direct_with == user_id:
                return channel
        channel = Channel(slack_id("D"), "", self.bot.id, self.created, private=True)
        channel.direct_with = self.person(user_id).id
        channel.members = dict.fromkeys((user_id, self.bot.id))
        self.channels[channel.id] = channel
        self.changes.tell("channels")
        return channel

    def next_ts(self) -> str:
        """The present moment as Slack writes it, later than every one before."""
        now = int(self.clock.now().timestamp() * 1_000_000)
        self._last_microsecond = max(now, self._last_microsecond + 1)
        return f"{self._last_microsecond // 1_000_000}.{self._last_microsecond % 1_000_000:06d}"

    # Messages

    def post(self, channel: Channel, message: Message) -> Message:
        channel.messages[message.ts] = message
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None and parent is not message:
            parent.replies[message.ts] = message.user
            self._show(channel, parent)
        self._show(channel, message)
        self._say_message(channel, self.message_json(message))
        return message

    def mention(self, channel: Channel, message: Message) -> None:
        """To be called after a person's message was posted; tells the app where it is spoken to."""
        if f"<@{self.bot.id}>" in message.text and not channel.direct_with:
            told = self.message_json(message)
            self._say({**told, "type": "app_mention", "channel": channel.id}, channel)

    def tell_of_links(self, channel: Channel, message: Message) -> None:
        """To be called after a person's message was posted; tells the app of links to its domains.

        (docs.slack.dev/messaging/unfurling-links-in-messages)
        """
        links = [
            {"domain": host, "url": url}
            for url in links_in(message)
            if (host := str(urlsplit(url).hostname)) in self.seed.app.unfurl_domains
        ]
        if links:
            event = {"type": "link_shared", "user": message.user, "channel": channel.id,
                     "message_ts": message.ts, "source": "conversations_history",
                     "unfurl_id": f"{channel.id}-{message.ts}", "links": links}  # fmt: skip
            self._say({**event, **without_nothings(thread_ts=message.thread_ts)}, channel)

    def unfurl(self, channel: Channel, message: Message, attachments: list[JSON]) -> None:
        """Show these below a person's message, in place of those of the same links."""
        before = dict(message.shown)
        links = {one["from_url"] for one in attachments}
        others = [one for one in message.attachments if one.get("from_url") not in links]
        message.attachments = [*others, *attachments]
        self._show(channel, message)
        self._say_changed(channel, message, before)

    def change(self, channel: Channel, message: Message, editor: str) -> None:
        """To be called after the message was changed; marks it as edited and tells."""
        before = dict(message.shown)
        message.edited = {"user": editor, "ts": self.next_ts()}
        self._show(channel, message)
        self._say_changed(channel, message, before)

    def remove(self, channel: Channel, message: Message) -> None:
        """Delete. A message with a thread leaves a tombstone, so that the thread keeps its head."""
        before = dict(message.shown)
        if message.replies:
            message.tombstone = True
            message.text, message.blocks, message.files = TOMBSTONE_TEXT, [], []
            message.reactions, message.metadata, message.attachments = {}, None, []
            self._show(channel, message)
            self._say_changed(channel, message, before)
            return
        del channel.messages[message.ts]
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None:
            parent.replies.pop(message.ts, None)
            self._show(channel, parent)
        self.changes.tell("deleted", channel=channel.id, ts=message.ts)
        gone = {"deleted_ts": message.ts, "previous_message": before}
        self._say_message(channel, {"subtype": "message_deleted", "hidden": True, **gone})

    def react(self, channel: Channel, message: Message, user: str, name: str, *, add: bool) -> None:
        """Raises `Refused` (already_reacted, no_reaction)."""
        users = message.reactions.setdefault(name, [])
        if add == (user in users):
            raise Refused("already_reacted" if add else "no_reaction")
        (users.append if add else users.remove)(user)
        if not users:
            del message.reactions[name]
        self._show(channel, message)
        item = {"type": "message", "channel": channel.id, "ts": message.ts}
        kind = "reaction_added" if add else "reaction_removed"
        event = {"type": kind, "user": user, "reaction": name, "item": item}
        self._say({**event, "item_user": message.user}, channel)

    def whisper(self, channel: Channel, to: str, message: Message) -> None:
        """Show a message to one person only; it is in no history."""
        self.ephemerals = [*self.ephemerals[-_WHISPERS_KEPT:], (channel.id, to, message)]
        message.shown = self.message_json(message)
        self.changes.tell("ephemeral", channel=channel.id, user=to, message=message.shown)

    def unwhisper(self, ts: str) -> None:
        self.ephemerals = [entry for entry in self.ephemerals if entry[2].ts != ts]
        self.changes.tell("ephemeral_gone", ts=ts)

    def message_json(self, message: Message, *, metadata: bool = False) -> JSON:
        profile = self.bot_profile() if message.by_app else None
        return message.as_json(self.team_id, self.app_id, profile, metadata=metadata)

    def bot_profile(self) -> JSON:
        return {
            "id": self.bot_id,
            "app_id": self.app_id,
            "user_id": self.bot.id,
            "name": self.seed.app.name,
            "icons": {},
            "deleted": False,
            "updated": self.created,
            "team_id": self.team_id,
        }

    def _show(self, channel: Channel, message: Message) -> None:
        message.shown = self.message_json(message)
        self.changes.tell("message", channel=channel.id, message=message.shown)

    # People

    def tell_of(self, person: Person) -> None:
        """To be called after what is known of somebody was changed."""
        user = person.as_json(self.team_id, self.bot_id, email=True)
        self._say({"type": "user_change", "user": user}, None)

    # Channels

    def join(self, channel: Channel, user: str) -> None:
        channel.members[user] = None
        self._membership("member_joined_channel", channel, user)

    def leave(self, channel: Channel, user: str) -> None:
        """The event is told first: afterwards a bot that left would not hear of it."""
        self._membership("member_left_channel", channel, user)
        channel.members.pop(user, None)
        self.changes.tell("channels")

    def archive(self, channel: Channel, user: str, *, archived: bool) -> None:
        channel.archived = archived
        kind = f"{channel.event_prefix}_{'archive' if archived else 'unarchive'}"
        self._say({"type": kind, "channel": channel.id, "user": user}, channel)
        self.changes.tell("channels")

    def rename(self, channel: Channel, name: str) -> None:
        channel.name = name
        about = {"id": channel.id, "name": name, "created": channel.created}
        self._say({"type": f"{channel.event_prefix}_rename", "channel": about}, channel)
        self.changes.tell("channels")

    def share(self, channel: Channel, *, shared: bool) -> None:
        """With another organisation, which then reads along; or no longer."""
        channel.shared = shared
        event = {"type": "channel_shared", "connected_team_id": _OTHER_TEAM}
        if not shared:
            event = {"type": "channel_unshared", "previously_connected_team_id": _OTHER_TEAM}
        more = {} if shared else {"is_ext_shared": False}
        self._say({**event, **more, "channel": channel.id}, channel)
        self.changes.tell("channels")

    def make_private(self, channel: Channel) -> None:
        """No event tells of it; whoever asks is told."""
        channel.private = True
        self.changes.tell("channels")

    def delete(self, channel: Channel) -> None:
        """The event is told first: afterwards nobody is there to hear of it."""
        self._say({"type": f"{channel.event_prefix}_deleted", "channel": channel.id}, channel)
        del self.channels[channel.id]
        self.changes.tell("channels")

    def _membership(self, kind: str, channel: Channel, user: str) -> None:
        letter = channel.id[0] if channel.direct_with or not channel.private else "G"
        event = {"type": kind, "user": user, "channel": channel.id, "channel_type": letter}
        self._say({**event, "team": self.team_id}, channel)
        self.changes.tell("channels")

    # Events

    def _say_changed(self, channel: Channel, message: Message, before: JSON) -> None:
        now = self.message_json(message)
        change = {"subtype": "message_changed", "hidden": True, "message": now}
        self._say_message(channel, {**change, "previous_message": before})

    def _say_message(self, channel: Channel, event: JSON) -> None:
        kind = {"type": "message", "channel": channel.id, "channel_type": channel.type}
        self._say({**event, **kind, "ts": event.get("ts") or self.next_ts()}, channel)

    def _say(self, event: JSON, channel: Channel | None) -> None:
        event.setdefault("event_ts", event.get("ts") or self.next_ts())
        self.on_event(event, channel)

    def tell_app(self, events: Iterable[JSON]) -> None:
        """Events that belong to no channel."""
        for event in events:
            self._say(dict(event), None)
