"""What people call up by name: slash commands, and global and message shortcuts."""

import json
from typing import Final

from app.sandbox.slack.composing import composed, escaped
from app.sandbox.slack.delivery import Delivery
from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.interactions import Outcome, outcome_of, who_and_where
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.seed import AppSeed, CommandSeed, ShortcutSeed
from app.sandbox.slack.wire import JSON, Refused

_TOO_LATE: Final = "operation_timeout"
_FAILED: Final = "dispatch_failed"


class Invocations:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def command(self, user: str, channel: Channel, typed: str) -> Outcome:
        """Run `/command text`. Raises `Refused` (invalid_command) where the app has no such.

        What the app answers at once is shown: to the person alone, or to all where it says so.
        """
        name, _, text = typed.partition(" ")
        delivery = await self._emulator.courier.command(
            self._command_payload(user, channel, self._command(name), text.strip())
        )
        if not delivery.delivered:
            word = _TOO_LATE if "no answer" in delivery.problem else _FAILED
            return outcome_of(delivery, problem=f"{name} failed with the error “{word}”.")
        try:
            if said := _answer(delivery):
                self._emulator.response_urls.say(channel, user, said)
        except Refused as refused:
            problem = f"The app’s answer could not be used: {refused.error}"
            return outcome_of(delivery, problem=problem)
        return outcome_of(delivery)

    async def shortcut(self, user: str, callback_id: str) -> Outcome:
        """Use a global shortcut. Raises `Refused` (shortcut_not_found)."""
        payload = self._shortcut_payload("shortcut", user, self._shortcut(callback_id, "global"))
        return outcome_of(await self._emulator.courier.interaction(payload))

    async def message_shortcut(
        self, user: str, channel: Channel, message: Message, callback_id: str
    ) -> Outcome:
        """Use a shortcut on a message. Raises `Refused` (shortcut_not_found)."""
        here, urls = self._emulator.workspace, self._emulator.response_urls
        shortcut = self._shortcut(callback_id, "message")
        payload = self._shortcut_payload("message_action", user, shortcut)
        payload |= {
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message_ts": message.ts,
            "message": here.message_json(message),
            "response_url": self._actions_url(urls.give(channel, user, message)),
        }
        return outcome_of(await self._emulator.courier.interaction(payload))

    @property
    def _app(self) -> AppSeed:
        """The app as it is known here; where nobody has let it in, it can do nothing."""
        return self._emulator.workspace.seed.app if self._emulator.is_installed else AppSeed()

    def _command(self, name: str) -> CommandSeed:
        for command in self._app.commands:
            if command.command == name:
                return command
        raise Refused("invalid_command", command=name)

    def _shortcut(self, callback_id: str, kind: str) -> ShortcutSeed:
        for shortcut in self._app.shortcuts:
            if (shortcut.callback_id, shortcut.kind) == (callback_id, kind):
                return shortcut
        raise Refused("shortcut_not_found", callback_id=callback_id)

    def _command_payload(
        self, user: str, channel: Channel, command: CommandSeed, text: str
    ) -> JSON:
        here = self._emulator.workspace
        told = composed(text, here, labelled=True)[0] if command.escapes else escaped(text)
        return {
            "token": "unused",
            "team_id": here.team_id,
            "team_domain": here.seed.domain,
            "channel_id": channel.id,
            "channel_name": channel.name or "directmessage",
            "user_id": user,
            "user_name": here.people[user].name,
            "command": command.command,
            "text": told,
            "api_app_id": here.app_id,
            "is_enterprise_install": "false",
            "response_url": self._actions_url(self._emulator.response_urls.give(channel, user)),
            "trigger_id": self._emulator.views.give_trigger(user),
        }

    def _shortcut_payload(self, kind: str, user: str, shortcut: ShortcutSeed) -> JSON:
        here = self._emulator.workspace
        return {
            **who_and_where(here, kind, user),
            "callback_id": shortcut.callback_id,
            "action_ts": here.next_ts(),
            "trigger_id": self._emulator.views.give_trigger(user),
        }

    def _actions_url(self, secret: str) -> str:
        return f"{self._emulator.base_url}/actions/{secret}"


def _answer(delivery: Delivery) -> JSON:
    """What the app said at once: an object, or plain words; nothing where it only acknowledged."""
    text = delivery.answer.decode(errors="replace").strip()
    try:
        said = json.loads(text) if text.startswith("{") else {"text": text}
    except ValueError:
        raise Refused("invalid_json") from None
    return said if said.get("text") or said.get("blocks") else {}
