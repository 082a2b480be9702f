"""Modals and Home tabs: the stacks people look at, and the triggers that may open one.

A trigger is given out with each interaction; within three seconds, and once, it lets the app open
a modal for the person who acted, or push one onto the modal they acted in.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from app.sandbox.slack.blockkit.payloads import refuse_invalid_view, with_block_ids
from app.sandbox.slack.wire import JSON, Refused, slack_id
from app.sandbox.slack.workspace import Workspace

TRIGGER_SECONDS: Final = 3.0
DEEPEST_STACK: Final = 3
_TRIGGERS_KEPT: Final = 10_000
_MODAL_DEFAULTS: Final = {
    "submit": None,
    "close": None,
    "clear_on_close": False,
    "notify_on_close": False,
    "submit_disabled": False,
}


@dataclass(slots=True)
class _Trigger:
    user: str
    given_at: float
    view_id: str | None
    used: bool = False


class View:
    """One modal or Home tab, as the app wrote it."""

    def __init__(self, workspace: Workspace, user: str, payload: JSON) -> None:
        self.id = slack_id("V")
        self.user = user
        self.root = self.id
        self.previous: str | None = None
        self._workspace = workspace
        self.rewrite(payload)

    def rewrite(self, payload: JSON) -> None:
        self.payload = {**payload, "blocks": with_block_ids(payload["blocks"])}
        self.hash = f"{int(self._workspace.clock.now().timestamp())}.{secrets.token_hex(4)}"

    def as_json(self, state: JSON | None = None) -> JSON:
        """`state` is what the person has filled in."""
        return {
            "id": self.id,
            "team_id": self._workspace.team_id,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            **(_MODAL_DEFAULTS if self.payload["type"] == "modal" else {}),
            **self.payload,
            "state": {"values": state or {}},
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "app_id": self._workspace.app_id,
            "app_installed_team_id": self._workspace.team_id,
            "bot_id": self._workspace.bot_id,
        }


class Views:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._triggers: dict[str, _Trigger] = {}
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    # What people see

    def stack(self, user: str) -> list[View]:
        """The modals open before a person, the top one last."""
        return self._stacks.get(user, [])

    def home(self, user: str) -> View | None:
        return self._homes.get(user)

    def find(self, view_id: str) -> View:
        """Raises `Refused` (not_found)."""
        for view in self._all():
            if view.id == view_id:
                return view
        raise Refused("not_found")

    def give_trigger(self, user: str, view_id: str | None = None) -> str:
        now = self._workspace.clock.now().timestamp()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = _Trigger(user, now, view_id)
        if len(self._triggers) > _TRIGGERS_KEPT:
            del self._triggers[next(iter(self._triggers))]
        return trigger_id

    def close(self, user: str, *, everything: bool = False) -> list[View]:
        """Close the top modal, or all of them; answers those that were closed."""
        stack = self._stacks.get(user, [])
        closed = stack[:] if everything else stack[-1:]
        self._stacks[user] = [] if everything else stack[:-1]
        self._tell(user)
        return closed

    # What the app does

    def open(self, trigger_id: str, payload: JSON) -> View:
        """Raises `Refused`."""
        self._check(payload, "modal")
        trigger = self._use(trigger_id)
        self._stacks[trigger.user] = []
        return self.put_on_top(trigger.user, payload)

    def push(self, trigger_id: str, payload: JSON) -> View:
        """Raises `Refused`."""
        self._check(payload, "modal")
        trigger = self._use(trigger_id)
        if trigger.view_id not in [view.id for view in self.stack(trigger.user)]:
            raise Refused("view_not_found")
        return self.put_on_top(trigger.user, payload)

    def put_on_top(self, user: str, payload: JSON) -> View:
        """Raises `Refused` (push_limit_reached)."""
        stack = self._stacks.setdefault(user, [])
        if len(stack) >= DEEPEST_STACK:
            raise Refused("push_limit_reached")
        view = View(self._workspace, user, payload)
        if stack:
            view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        self._tell(user)
        return view

    def update(self, view_id: str, external_id: str, payload: JSON, hash_: str) -> View:
        """Raises `Refused`."""
        view = self.find(view_id) if view_id else self._external(external_id)
        self._check(payload, view.payload["type"], besides=view)
        if hash_ and hash_ != view.hash:
            raise Refused("hash_conflict")
        view.rewrite(payload)
        self._tell(view.user)
        return view

    def publish(self, user: str, payload: JSON, hash_: str) -> View:
        """Raises `Refused`."""
        home = self._homes.get(user)
        self._check(payload, "home", besides=home)
        if home is None:
            home = self._homes[user] = View(self._workspace, user, payload)
        elif hash_ and hash_ != home.hash:
            raise Refused("hash_conflict")
        else:
            home.rewrite(payload)
        self._tell(user)
        return home

    def checked(self, payload: JSON) -> JSON:
        """A modal that came in an app's answer. Raises `Refused`."""
        self._check(payload, "modal")
        return payload

    def _check(self, payload: JSON, surface: str, besides: View | None = None) -> None:
        refuse_invalid_view(payload, surface)
        external = payload.get("external_id")
        others = [view for view in self._all() if view is not besides]
        if external and any(view.payload.get("external_id") == external for view in others):
            raise Refused("duplicate_external_id")

    def _use(self, trigger_id: str) -> _Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._workspace.clock.now().timestamp() - trigger.given_at > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def _external(self, external_id: str) -> View:
        for view in self._all():
            if external_id and view.payload.get("external_id") == external_id:
                return view
        raise Refused("not_found")

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + [*self._homes.values()]

    def _tell(self, user: str) -> None:
        stack = [view.as_json() for view in self.stack(user)]
        home = self._homes.get(user)
        shown = home.as_json() if home else None
        self._workspace.changes.tell("views", user=user, stack=stack, home=shown)
