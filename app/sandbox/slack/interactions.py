"""What people do, delivered to the app as Slack would: clicks, choices, forms, suggestions."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.sandbox.slack.blockkit.payloads import check_suggestions
from app.sandbox.slack.delivery import Delivery
from app.sandbox.slack.emulator import Emulator
from app.sandbox.slack.forms import (
    Answers,
    find_element,
    state_of,
    value_of,
    what_is_missing,
)
from app.sandbox.slack.room import Channel, Message
from app.sandbox.slack.views import View
from app.sandbox.slack.wire import JSON, Refused
from app.sandbox.slack.workspace import Workspace

_BUTTON_KEYS: Final = ("text", "value", "style", "url")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an interaction, as the person who did it sees it."""

    ok: bool
    status: int | None = None
    milliseconds: float = 0.0
    problem: str = ""
    """Words for the warning beside what was clicked."""
    errors: dict[str, str] = field(default_factory=dict)
    """Words under the inputs of a form, by block_id."""
    options: list[JSON] = field(default_factory=list)
    groups: list[JSON] = field(default_factory=list)

    def as_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element stands: in a message of a channel, or in a view."""

    blocks: list[JSON]
    channel: Channel | None = None
    message: Message | None = None
    view: View | None = None


class Interactions:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    # Clicks and choices

    async def act(
        self,
        user: str,
        place: Place,
        action_id: str,
        answer: Any = None,  # noqa: ANN401 -- see forms.Answers
        *,
        block_id: str = "",
        answers: Answers | None = None,
    ) -> Outcome:
        """Click a button or choose an answer. Raises `Refused` where there is no such element."""
        block, element = find_element(place.blocks, action_id, block_id)
        action = self._action(block, element, answer)
        given = {**(answers or {})}
        if element["type"] not in ("button", "overflow"):
            given[block["block_id"]] = {**given.get(block["block_id"], {}), action_id: answer}
        payload = self._payload("block_actions", user, place, given)
        payload |= {"actions": [action], "container": self._container(place)}
        if place.channel is not None and place.message is not None:
            secret = self._emulator.response_urls.give(place.channel, user, place.message)
            payload["response_url"] = f"{self._emulator.base_url}/actions/{secret}"
        return outcome_of(await self._emulator.courier.interaction(payload))

    def _action(self, block: JSON, element: JSON, answer: Any) -> JSON:  # noqa: ANN401
        about = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._emulator.workspace.next_ts(),
        }
        if element["type"] == "button":
            return {**about, **{key: element[key] for key in _BUTTON_KEYS if key in element}}
        return {**about, **value_of(element, answer)}

    async def suggest(
        self, user: str, place: Place, action_id: str, query: str, block_id: str = ""
    ) -> Outcome:
        """What an external select offers for what was typed."""
        block, _element = find_element(place.blocks, action_id, block_id)
        payload = self._payload("block_suggestion", user, place, {})
        payload |= {"action_id": action_id, "block_id": block["block_id"], "value": query}
        payload["container"] = self._container(place)
        delivery = await self._emulator.courier.interaction(payload)
        if not delivery.delivered:
            return outcome_of(delivery)
        answer = _json(delivery)
        if answer is None or (found := check_suggestions(answer)):
            why = (
                "it is not JSON" if answer is None else f"{found[0].message} at {found[0].pointer}"
            )
            return outcome_of(delivery, problem=f"The app's options could not be used: {why}.")
        options, groups = answer.get("options", []), answer.get("option_groups", [])
        return outcome_of(delivery, options=options, groups=groups)

    # Forms

    async def submit(self, view: View, answers: Answers) -> Outcome:
        """Submit a modal, and do to it what the app answers."""
        blocks = view.payload["blocks"]
        if missing := what_is_missing(blocks, answers):
            return Outcome(ok=False, errors=missing)
        payload = self._payload("view_submission", view.user, Place(blocks, view=view), answers)
        delivery = await self._emulator.courier.interaction({**payload, "response_urls": []})
        if not delivery.delivered:
            return outcome_of(delivery)
        try:
            return self._after_submission(view, delivery)
        except Refused as refused:
            problem = f"The app's answer could not be used: {refused.error} {refused.more or ''}"
            return outcome_of(delivery, problem=problem.strip())

    def _after_submission(self, view: View, delivery: Delivery) -> Outcome:
        """Raises `Refused` where the app's answer is not one that Slack would take."""
        answer = _json(delivery) if delivery.answer.strip() else {}
        if answer is None:
            raise Refused("invalid_json")
        views, action = self._emulator.views, answer.get("response_action")
        if action is None:
            views.close(view.user)
        elif action == "clear":
            views.close(view.user, everything=True)
        elif action == "update":
            views.update(view.id, "", answer.get("view") or {}, "")
        elif action == "push":
            views.put_on_top(view.user, views.checked(answer.get("view") or {}))
        elif action == "errors":
            return self._errors(view, answer.get("errors") or {}, delivery)
        else:
            raise Refused("invalid_response_action")
        return outcome_of(delivery)

    def _errors(self, view: View, errors: JSON, delivery: Delivery) -> Outcome:
        inputs = {block["block_id"] for block in view.payload["blocks"] if block["type"] == "input"}
        if not errors or not errors.keys() <= inputs:
            raise Refused("invalid_errors", blocks=sorted(errors.keys() - inputs))
        return outcome_of(delivery, errors=errors)

    async def close(self, view: View, *, everything: bool = False) -> list[Outcome]:
        """Close a modal, and tell the app where it asked for that."""
        outcomes = []
        for closed in self._emulator.views.close(view.user, everything=everything):
            if closed.payload.get("notify_on_close"):
                place = Place(closed.payload["blocks"], view=closed)
                payload = self._payload("view_closed", view.user, place, {})
                payload["is_cleared"] = everything
                outcomes.append(outcome_of(await self._emulator.courier.interaction(payload)))
        return outcomes

    # What is common to all

    def _payload(self, kind: str, user: str, place: Place, answers: Answers) -> JSON:
        here = self._emulator.workspace
        view_id = place.view.id if place.view else None
        payload = who_and_where(here, kind, user)
        if kind not in ("block_suggestion", "view_closed"):
            payload["trigger_id"] = self._emulator.views.give_trigger(user, view_id)
        state = state_of(place.blocks, answers)
        if place.view is not None:
            payload["view"] = place.view.as_json(state)
        elif place.channel is not None and place.message is not None:
            name = place.channel.name or "directmessage"
            payload["channel"] = {"id": place.channel.id, "name": name}
            payload["message"] = here.message_json(place.message)
            payload["state"] = {"values": state}
        return payload

    def _container(self, place: Place) -> JSON:
        if place.view is not None:
            return {"type": "view", "view_id": place.view.id}
        if place.channel is None or place.message is None:
            raise Refused("element_not_found")
        container = {
            "type": "message",
            "message_ts": place.message.ts,
            "channel_id": place.channel.id,
            "is_ephemeral": place.message.ephemeral,
        }
        thread_ts = place.message.thread_ts
        return {**container, "thread_ts": thread_ts} if thread_ts else container


def who_and_where(here: Workspace, kind: str, user: str) -> JSON:
    """What every interaction begins with."""
    person = here.people[user]
    return {
        "type": kind,
        "user": {
            "id": user,
            "username": person.name,
            "name": person.name,
            "team_id": here.team_id,
        },
        "api_app_id": here.app_id,
        "token": "unused",
        "team": {"id": here.team_id, "domain": here.seed.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def outcome_of(
    delivery: Delivery,
    *,
    problem: str = "",
    errors: dict[str, str] | None = None,
    options: list[JSON] | None = None,
    groups: list[JSON] | None = None,
) -> Outcome:
    problem = problem or delivery.problem
    return Outcome(
        delivery.delivered and not problem and not errors,
        delivery.status,
        delivery.milliseconds,
        problem,
        errors or {},
        options or [],
        groups or [],
    )


def _json(delivery: Delivery) -> JSON | None:
    """The app's answer, where it is an object."""
    try:
        answer = json.loads(delivery.answer)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
