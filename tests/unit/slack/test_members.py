"""Who somebody is in Slack, and how long that is believed."""

import asyncio
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.core.access import Role
from app.core.errors import NotAllowed
from app.core.ids import ChannelId, SlackUserId, WorkspaceId, new_id
from app.slack.gate import refusal
from app.slack.members import FRESH_SECONDS, STALE_SECONDS, Members, Standing, standing
from app.store.repositories.sight import HouseRules

WHO = (WorkspaceId(new_id()), SlackUserId("U1"))
SUPPORT, SALES = ChannelId("C1"), ChannelId("C2")
STRICT = HouseRules(guests_may_act=False, strangers_may_act=False)


class Slack:
    """Answers the two questions, and counts them."""

    def __init__(self) -> None:
        self.channels = ["C1"]
        self.user: dict[str, Any] = {"id": "U1", "team_id": "T1"}
        self.asked = 0
        self.broken = False

    async def users_conversations(self, **_: object) -> dict[str, Any]:
        return self._answer({"channels": [{"id": one} for one in self.channels]})

    async def users_info(self, **_: object) -> dict[str, Any]:
        return self._answer({"user": self.user})

    def _answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if self.broken:
            raise aiohttp.ClientConnectionError("no way there")
        return answer


class Case:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slack = Slack()
        self.client = cast("AsyncWebClient", self.slack)
        self.members = Members(lambda: self.now)

    def channels(self, *sought: ChannelId) -> frozenset[ChannelId]:
        asking = self.members.channels(self.client, WHO, sought=frozenset(sought))
        return asyncio.run(asking)

    def standing(self) -> Standing:
        asking = self.members.standing(self.client, WHO, team_id="T1", enterprise_id=None)
        return asyncio.run(asking)


@pytest.fixture
def case() -> Case:
    return Case()


class TestChannels:
    def test_are_asked_for_once_a_minute(self, case: Case) -> None:
        for _ in range(3):
            assert case.channels(SUPPORT) == {SUPPORT}
        assert case.slack.asked == 1

        case.slack.channels = []
        case.now += FRESH_SECONDS
        assert case.channels(SUPPORT) == frozenset()

    def test_are_asked_for_anew_by_whoever_was_just_invited(self, case: Case) -> None:
        case.channels()
        case.now += 5
        case.slack.channels = ["C1", "C2"]

        assert SALES in case.channels(SALES)

    def test_are_not_asked_for_at_every_click_of_a_stranger(self, case: Case) -> None:
        for _ in range(5):
            assert SALES not in case.channels(SALES)

        assert case.slack.asked == 1

    def test_are_what_they_were_while_slack_cannot_be_asked(self, case: Case) -> None:
        case.channels()
        case.slack.broken = True
        case.now += FRESH_SECONDS

        assert case.channels(SUPPORT) == {SUPPORT}

        case.now += STALE_SECONDS
        with pytest.raises(NotAllowed):
            case.channels(SUPPORT)

    def test_of_somebody_slack_never_told_of_are_not_guessed(self, case: Case) -> None:
        case.slack.broken = True

        with pytest.raises(NotAllowed):
            case.channels(SUPPORT)
        with pytest.raises(NotAllowed):
            case.standing()


class TestStanding:
    def test_is_asked_for_once_a_minute(self, case: Case) -> None:
        assert case.standing() == case.standing() == Standing()
        assert case.slack.asked == 1

        case.now += FRESH_SECONDS
        case.slack.user = {**case.slack.user, "deleted": True}
        assert case.standing().deleted

    @pytest.mark.parametrize(
        ("user", "expected"),
        [
            ({"team_id": "T1"}, Standing()),
            ({"team_id": "T1", "is_restricted": True}, Standing(guest=True)),
            ({"team_id": "T1", "is_ultra_restricted": True}, Standing(guest=True)),
            ({"team_id": "T1", "is_owner": True}, Standing(admin=True)),
            ({"team_id": "T2"}, Standing(stranger=True)),
            ({"team_id": "T1", "is_stranger": True}, Standing(stranger=True)),
            ({}, Standing(stranger=True)),
            (
                {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T1"]}},
                Standing(),
            ),
            ({"team_id": "E1"}, Standing()),
            (
                {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}},
                Standing(stranger=True),
            ),
        ],
    )
    def test_is_read_from_what_slack_says(self, user: dict[str, Any], expected: Standing) -> None:
        assert standing(user, "T1", "E1") == expected


class TestRefusal:
    @pytest.mark.parametrize(
        ("who", "role", "word"),
        [
            (Standing(deleted=True), None, "switched off"),
            (Standing(guest=True), None, "Guests"),
            (Standing(guest=True), Role.AGENT, "Guests"),
            (Standing(stranger=True, admin=True), None, "another workspace"),
            (Standing(), Role.VIEWER, "viewer"),
        ],
    )
    def test_of_who_may_only_look(self, who: Standing, role: Role | None, word: str) -> None:
        assert word in refusal(who, role, STRICT, acts=True)
        assert bool(refusal(who, role, STRICT, acts=False)) is who.deleted

    def test_of_nobody_else(self) -> None:
        open_house = HouseRules(guests_may_act=True, strangers_may_act=True)

        assert not refusal(Standing(), None, STRICT, acts=True)
        assert not refusal(Standing(guest=True), None, open_house, acts=True)
        assert not refusal(Standing(stranger=True), Role.AGENT, open_house, acts=True)
