"""Whose turn it is, and who is there."""

from datetime import UTC, datetime, timedelta

import pytest

from app.commands.rotation import by_turns
from app.core.ids import SlackUserId
from app.feed.port import Presence

ANA, BEN, CHIDI = (SlackUserId(one) for one in ("U1", "U2", "U3"))
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


class TestTurns:
    def test_go_to_who_never_had_one_first_then_to_who_had_it_longest_ago(self) -> None:
        turns = {ANA: NOW, BEN: NOW - timedelta(days=1)}

        assert by_turns([ANA, BEN, CHIDI], turns) == [CHIDI, BEN, ANA]

    def test_of_the_same_moment_go_in_the_order_of_the_group(self) -> None:
        assert by_turns([CHIDI, ANA], {ANA: NOW, CHIDI: NOW}) == [CHIDI, ANA]

    def test_of_who_left_the_group_are_nobodys(self) -> None:
        assert by_turns([ANA], {BEN: NOW}) == [ANA]


class TestPresence:
    @pytest.mark.parametrize(
        ("emoji", "words", "expected"),
        [
            ("", "", True),
            (":coffee:", "Back at two", True),
            (":palm_tree:", "", False),
            ("", "Out of office until Monday", False),
            ("", "Im Urlaub", False),
            ("", "Looks good", True),
        ],
    )
    def test_is_what_the_status_says(self, emoji: str, words: str, expected: bool) -> None:
        presence = Presence("ana", is_there=True, status_emoji=emoji, status_text=words)

        assert presence.can_take is expected

    def test_of_a_bot_or_an_absent_person_is_none(self) -> None:
        assert not Presence("bot", is_there=True, is_member=False).can_take
        assert not Presence("ana", is_there=False).can_take
