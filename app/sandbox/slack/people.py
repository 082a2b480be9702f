"""What people can do: type, edit, delete, react, click, choose, fill in, submit.

Channels and people may be named by name or id, everywhere. `Refused` is raised for what the
workspace would not let a person do; what the app makes of it is in the `Outcome`.
"""

from typing import Any

from app.sandbox.slack.blockkit.payloads import with_block_ids
from app.sandbox.slack.composing import composed
from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.forms import Answers, elements_of
from app.sandbox.slack.interactions import Interactions, Outcome, Place
from app.sandbox.slack.invocations import Invocations
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.views import View
from app.sandbox.slack.wire import JSON, Refused


class People:
    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._interactions = Interactions(emulator)
        self._invocations = Invocations(emulator)

    # Writing

    def post_as_user(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Answers the ts."""
        here = self.emulator.workspace
        room, author = here.channel(channel), here.person(user)
        if room.archived or author.id not in room.members:
            raise Refused("is_archived" if room.archived else "not_in_channel")
        if thread_ts and thread_ts not in room.messages:
            raise Refused("thread_not_found")
        written, blocks = composed(text, here)
        ts = here.next_ts()
        message = Message(ts, author.id, written, blocks=with_block_ids(blocks))
        message.thread_ts, message.client_msg_id = thread_ts, f"local-{ts}"
        here.post(room, message)
        here.mention(room, message)
        here.tell_of_links(room, message)
        return ts

    def edit_as_user(self, user: str, channel: str, ts: str, text: str) -> None:
        room, message = self._own(user, channel, ts)
        written, blocks = composed(text, self.emulator.workspace)
        message.text, message.blocks = written, with_block_ids(blocks)
        self.emulator.workspace.change(room, message, message.user)

    def delete_as_user(self, user: str, channel: str, ts: str) -> None:
        """One's own message; an admin may delete anybody's, the app's too."""
        who, message = self.emulator.workspace.person(user), self._find(channel, ts)[1]
        if not (who.admin or message.ephemeral or message.user == who.id):
            raise Refused("cant_delete_message")
        self.delete_message(channel, ts)

    def delete_message(self, channel: str, ts: str) -> None:
        """Delete a message, whoever wrote it."""
        room, message = self._find(channel, ts)
        if message.ephemeral:
            self.emulator.workspace.unwhisper(ts)
        else:
            self.emulator.workspace.remove(room, message)

    def react_as_user(
        self, user: str, channel: str, ts: str, name: str, *, remove: bool = False
    ) -> None:
        here = self.emulator.workspace
        room, message = self._find(channel, ts)
        here.react(room, message, here.person(user).id, name, add=not remove)

    # Messages

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str = ""
    ) -> Outcome:
        """Click a button of a message."""
        return await self.choose(user, channel, ts, action_id, None, block_id=block_id)

    async def choose_overflow(
        self, user: str, channel: str, ts: str, option: str, *, action_id: str = ""
    ) -> Outcome:
        """Choose from a message's overflow menu, by the option's words or value."""
        blocks = self._find(channel, ts)[1].blocks
        menus = [one for _, one in elements_of(blocks) if one["type"] == "overflow"]
        for menu in menus:
            if action_id in ("", menu["action_id"]):
                return await self.choose(user, channel, ts, menu["action_id"], option)
        raise Refused("element_not_found", action_id=action_id)

    async def choose(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        answer: Any,  # noqa: ANN401 -- see forms.Answers
        *,
        block_id: str = "",
        answers: Answers | None = None,
    ) -> Outcome:
        """Choose an answer in a select, date picker, … of a message."""
        room, message = self._find(channel, ts)
        place = Place(message.blocks, channel=room, message=message)
        who = self.emulator.workspace.person(user).id
        return await self._interactions.act(
            who, place, action_id, answer, block_id=block_id, answers=answers
        )

    async def suggest(
        self,
        user: str,
        action_id: str,
        query: str,
        *,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
    ) -> Outcome:
        """What an external select offers: of a message, or else of a view, the top modal."""
        who = self.emulator.workspace.person(user).id
        if ts:
            room, message = self._find(channel, ts)
            place = Place(message.blocks, channel=room, message=message)
        else:
            view = self._view(user, view_id)
            place = Place(view.payload["blocks"], view=view)
        return await self._interactions.suggest(who, place, action_id, query)

    def upload_as_user(self, user: str, name: str, data: bytes) -> JSON:
        """Upload a file for a file_input; what this answers is what such an input holds.

        Raises `Refused` (file_empty).
        """
        if not data:
            raise Refused("file_empty")
        here, files = self.emulator.workspace, self.emulator.files
        created = int(self.emulator.clock.now().timestamp())
        file = files.begin(name, len(data), here.person(user).id, created)
        file.data, file.complete = data, True
        return file.as_json(here, self.emulator.base_url)

    # Commands and shortcuts

    async def run_command(
        self, user: str, channel: str, text: str, thread_ts: str | None = None
    ) -> Outcome:
        """Type a slash command: `/inbox search invoice`."""
        here = self.emulator.workspace
        room, who = here.channel(channel), here.person(user)
        if thread_ts:
            raise Refused("not_in_threads")
        if room.archived or who.id not in room.members:
            raise Refused("is_archived" if room.archived else "not_in_channel")
        return await self._invocations.command(who.id, room, text)

    async def use_shortcut(self, user: str, callback_id: str) -> Outcome:
        """Use a global shortcut."""
        who = self.emulator.workspace.person(user).id
        return await self._invocations.shortcut(who, callback_id)

    async def use_message_shortcut(
        self, user: str, channel: str, ts: str, callback_id: str
    ) -> Outcome:
        """Use a shortcut from a message's menu."""
        room, message = self._find(channel, ts)
        who = self.emulator.workspace.person(user).id
        return await self._invocations.message_shortcut(who, room, message, callback_id)

    # Modals and Home

    async def act_in_view(
        self,
        user: str,
        action_id: str,
        answer: Any = None,  # noqa: ANN401 -- see forms.Answers
        *,
        view_id: str = "",
        block_id: str = "",
        answers: Answers | None = None,
    ) -> Outcome:
        """Click or choose in a modal or the Home tab; without a view_id, in the top modal."""
        view = self._view(user, view_id)
        place = Place(view.payload["blocks"], view=view)
        return await self._interactions.act(
            view.user, place, action_id, answer, block_id=block_id, answers=answers
        )

    async def submit_view(
        self,
        user: str,
        values: dict[str, Any] | None = None,
        *,
        answers: Answers | None = None,
        view_id: str = "",
    ) -> Outcome:
        """Submit a modal. `values` are answers by action_id; `answers` by block_id as well."""
        view = self._view(user, view_id)
        given: Answers = dict(answers or {})
        for action_id, answer in (values or {}).items():
            block_id = self._block_of(view, action_id)
            given[block_id] = {**given.get(block_id, {}), action_id: answer}
        return await self._interactions.submit(view, given)

    async def close_view(
        self, user: str, *, view_id: str = "", everything: bool = False
    ) -> list[Outcome]:
        return await self._interactions.close(self._view(user, view_id), everything=everything)

    def open_home(self, user: str) -> None:
        """Look at the app's Home tab."""
        here = self.emulator.workspace
        who = here.person(user).id
        channel = here.direct_channel(who)
        event: JSON = {"type": "app_home_opened", "user": who, "channel": channel.id, "tab": "home"}
        if home := self.emulator.views.home(who):
            event["view"] = home.as_json()
        here.tell_app([event])

    # Finding

    def _find(self, channel: str, ts: str) -> tuple[Channel, Message]:
        """A message of a channel, or one that only one person sees there."""
        room = self.emulator.workspace.channel(channel)
        if ts in room.messages:
            return room, room.messages[ts]
        for channel_id, _, message in self.emulator.workspace.ephemerals:
            if (channel_id, message.ts) == (room.id, ts):
                return room, message
        raise Refused("message_not_found")

    def _own(self, user: str, channel: str, ts: str) -> tuple[Channel, Message]:
        room, message = self._find(channel, ts)
        if message.by_app or message.user != self.emulator.workspace.person(user).id:
            raise Refused("cant_update_message")
        return room, message

    def _view(self, user: str, view_id: str = "") -> View:
        who = self.emulator.workspace.person(user).id
        if view_id:
            view = self.emulator.views.find(view_id)
            if view.user == who:
                return view
        elif stack := self.emulator.views.stack(who):
            return stack[-1]
        raise Refused("not_found")

    def _block_of(self, view: View, action_id: str) -> str:
        for block, element in elements_of(view.payload["blocks"]):
            if element["action_id"] == action_id:
                return str(block["block_id"])
        raise Refused("element_not_found", action_id=action_id)
