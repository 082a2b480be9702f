"""What a person settles for themselves on the Home tab, by really signed deliveries."""

from typing import Any

import pytest

from app.core.access import Role
from app.core.clock import SystemClock
from app.core.ids import SlackUserId
from app.jobs.telling import tell
from app.slack.ids import ViewId
from app.store.models import Signature, Teammate
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of
from tests.integration.slack.test_home import drawn_after, look, part
from tests.integration.slack.test_team import direct, give


async def person(door: SlackDoor, user: str) -> Teammate:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.teammates.by_slack_user(SlackUserId(door.slack.users[user]), user.lower())


async def signature(door: SlackDoor, user: str = "Ana") -> Signature | None:
    me = await person(door, user)
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.signatures.exactly(None, me.id)


async def window(door: SlackDoor, action_id: str) -> dict[str, Any]:
    """Open Ana's Home tab, and what this button opens."""
    home = await look(door)
    assert (await door.slack.act_in_view("Ana", action_id, view_id=home["id"])).ok

    async def opened() -> list[dict[str, Any]]:
        return door.slack.views("Ana")

    (view,) = await eventually(opened)
    shown: dict[str, Any] = view
    return shown


async def save(door: SlackDoor, answers: dict[str, Any]) -> str:
    """Press Save; what My settings say afterwards."""
    before = door.slack.home("Ana")
    assert before is not None
    outcome = await door.slack.submit_view("Ana", answers)
    assert outcome.ok, outcome
    return part(await drawn_after(door, before["hash"]), "My settings")


class TestSignature:
    @pytest.mark.both_ways
    async def test_is_written_and_shown(self, door: SlackDoor) -> None:
        await window(door, "home.signature")

        shown = await save(door, {"signature.text": "Ana Ruiz <!here>\nAcme"})

        assert "Ana Ruiz &lt;!here&gt;\nAcme" in shown
        kept = await signature(door)
        assert kept is not None
        assert kept.text == "Ana Ruiz <!here>\nAcme"
        async with door.store.begin(door.feed.workspace.id) as uow:
            me = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ana"]), "ana")
            below, _ = await uow.signatures.below(door.feed.account_id, me.id)
        assert below is not None
        assert below.text == kept.text

    async def test_that_is_emptied_is_gone(self, door: SlackDoor) -> None:
        await window(door, "home.signature")
        await save(door, {"signature.text": "Ana"})
        view = await window(door, "home.signature")
        assert "Ana" in str(view)

        shown = await save(door, {"signature.text": " "})

        assert "None yet" in shown
        assert await signature(door) is None

    async def test_with_a_variable_that_does_not_exist_is_refused_at_the_field(
        self, door: SlackDoor
    ) -> None:
        await window(door, "home.signature")

        outcome = await door.slack.submit_view("Ana", {"signature.text": "{{ customer.shoe }}"})

        assert "customer.shoe" in outcome.errors["signature.text"]
        assert await signature(door) is None

    async def test_of_a_viewer_is_refused(self, door: SlackDoor) -> None:
        me = await person(door, "Ben")
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.teammates.get_many([me.id]))[me.id].role = Role.VIEWER
        typed = {"signature.text": {"signature.text": {
            "type": "plain_text_input", "value": "Ben"}}}  # fmt: skip

        answer = await door.interaction(door.submission(ViewId.SIGNATURE, "", typed, "Ben"))

        assert "viewer" in answer.text
        assert await signature(door, "Ben") is None


class TestNotifications:
    @pytest.mark.both_ways
    async def test_that_are_not_wanted_do_not_come(self, door: SlackDoor) -> None:
        await window(door, "home.notices")

        shown = await save(door, {"notices.wanted": ["reminded"]})

        assert "directly of: what stands still." in shown
        assert (await person(door, "Ana")).quiet_about == ["assigned", "woken"]
        ts = await door.card("Invoice")
        await give(door, ts, "Ana", by="Ben")
        command = (await door.commands("Invoice"))[-1]
        await tell(door.feed.feeding, door.feed.workspace.id, command.id)
        assert await direct(door, "Ana") == []
        await door.draw()
        (line,) = door.slack.replies("support", ts)
        assert "assigned this to" in text_of(line)

    async def test_that_are_wanted_again_come(self, door: SlackDoor) -> None:
        await window(door, "home.notices")
        await save(door, {"notices.wanted": []})
        await window(door, "home.notices")

        await save(door, {"notices.wanted": ["assigned", "reminded", "woken"]})

        assert (await person(door, "Ana")).quiet_about == []

    @pytest.mark.both_ways
    async def test_of_the_day_are_asked_for_and_ended(self, door: SlackDoor) -> None:
        await window(door, "home.notices")
        shown = await save(door, {"notices.summary": ["daily"]})
        wanted = await person(door, "Ana")
        view = await window(door, "home.notices")
        ended = await save(door, {"notices.summary": []})

        assert "A summary comes when your working day begins." in shown
        assert wanted.summary_at is not None
        assert wanted.summary_at > SystemClock().now()
        assert "daily" in str(view["blocks"][1]["element"]["initial_options"])
        assert "A summary comes" not in ended
        assert (await person(door, "Ana")).summary_at is None

    async def test_of_the_day_come_by_the_clock_where_one_is(self, door: SlackDoor) -> None:
        await window(door, "home.notices")

        async def zone() -> str | None:
            return (await person(door, "Ana")).time_zone

        assert await eventually(zone) == "Europe/Berlin"

    async def test_of_a_kind_that_is_none_of_ours_change_nothing(self, door: SlackDoor) -> None:
        chosen = {"notices.wanted": {"notices.wanted": {
            "type": "checkboxes", "selected_options": [{"value": "everything"}]}}}  # fmt: skip

        answer = await door.interaction(door.submission(ViewId.NOTICES, "", chosen))

        assert answer.status_code == 200
        assert (await person(door, "Ana")).quiet_about == []
