"""Which mail is which once the UIDs mean nothing."""

from datetime import UTC, datetime, timedelta

from app.mailbox.port import Identity
from app.sync.rematch import rematch

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def identity(message_id: str | None = "a@x", size: int = 10, minutes: int = 0) -> Identity:
    return Identity(message_id, size, MOMENT + timedelta(minutes=minutes))


class TestRematch:
    def test_matches_what_agrees_in_all(self) -> None:
        known = {"first": identity("a@x"), "second": identity("b@x")}

        matched = rematch(known, {11: identity("b@x"), 12: identity("a@x")})

        assert matched == {11: "second", 12: "first"}

    def test_leaves_a_stranger_out(self) -> None:
        matched = rematch({"first": identity("a@x")}, {11: identity("new@x")})

        assert matched == {}

    def test_a_server_that_forgot_dates_is_believed_by_message_id_and_size(self) -> None:
        matched = rematch({"first": identity(minutes=0)}, {11: identity(minutes=90)})

        assert matched == {11: "first"}

    def test_a_server_that_recounted_sizes_is_believed_by_message_id(self) -> None:
        matched = rematch({"first": identity(size=10)}, {11: identity(size=12)})

        assert matched == {11: "first"}

    def test_two_mails_of_one_message_id_stay_two(self) -> None:
        known = {"short": identity(size=10), "long": identity(size=99)}

        matched = rematch(known, {11: identity(size=99), 12: identity(size=10)})

        assert matched == {11: "long", 12: "short"}

    def test_a_further_mail_of_a_known_message_id_is_new(self) -> None:
        matched = rematch(
            {"first": identity(size=10)}, {11: identity(size=10), 12: identity(size=99)}
        )

        assert matched == {11: "first"}

    def test_without_a_message_id_everything_must_agree(self) -> None:
        known = {"first": identity(None, size=10)}

        assert rematch(known, {11: identity(None, size=10)}) == {11: "first"}
        assert rematch(known, {11: identity(None, size=10, minutes=1)}) == {}
        assert rematch(known, {11: identity(None, size=11)}) == {}

    def test_copies_that_cannot_be_told_apart_are_matched_in_order(self) -> None:
        known = {"one": identity(None), "two": identity(None)}

        matched = rematch(known, {5: identity(None), 4: identity(None), 6: identity(None)})

        assert matched == {4: "one", 5: "two"}
