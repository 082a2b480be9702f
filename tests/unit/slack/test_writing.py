"""The fields of the window, and what is made of them."""

from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.slack.writing import Field, Form, Option, When, people
from app.store.models import OutgoingMode

NOW = datetime(2026, 3, 27, 22, 30, tzinfo=UTC)


class TestPeople:
    def test_are_parted_by_commas_semicolons_and_lines(self) -> None:
        found = people(Field.TO, "Ana Ruiz <ana@acme.example>; b@x.example\nc@x.example")

        assert found == (
            Address("Ana Ruiz", "ana@acme.example"),
            Address("", "b@x.example"),
            Address("", "c@x.example"),
        )

    def test_without_an_address_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="“Ana” is no address"):
            people(Field.CC, "Ana, b@x.example")


class TestSendAt:
    def test_tomorrow_is_nine_in_the_writers_zone_whatever_the_clock_does(self) -> None:
        form = Form(when=When.TOMORROW, time_zone="Europe/Berlin")

        assert form.send_at(NOW) == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
        assert form.send_at(NOW.replace(day=28, hour=12)) == datetime(2026, 3, 29, 7, tzinfo=UTC)

    def test_of_an_unknown_zone_is_utc(self) -> None:
        form = Form(when=When.TOMORROW, time_zone="../etc/passwd")

        assert form.send_at(NOW) == datetime(2026, 3, 28, 9, 0, tzinfo=UTC)

    def test_in_the_past_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="has passed"):
            Form(when=When.AT, at=1_700_000_000).send_at(NOW)
        with pytest.raises(InvalidInput, match="Say when"):
            Form(when=When.AT).send_at(NOW)


def view(**fields: object) -> dict[str, object]:
    values = {f"{name}/1": {f"compose.{name}": value} for name, value in fields.items()}
    return {"state": {"values": values}}


class TestRead:
    def test_keeps_what_the_window_does_not_show(self) -> None:
        form = Form(subject="Kept", options=frozenset({Option.QUOTE, Option.UNLESS_ANSWERED}))

        read = form.read(view(to={"value": "a@x"}, options={"selected_options": []}))

        assert (read.subject, read.to) == ("Kept", "a@x")
        assert read.options == {Option.UNLESS_ANSWERED}

    def test_takes_no_choice_that_is_none(self) -> None:
        chosen = {"selected_option": {"value": "launch"}}

        read = Form().read(view(mode=chosen, when=chosen, options={"selected_options": [
            {"value": "launch"}, {"value": "done"}]}))  # fmt: skip

        assert (read.mode, read.when) == (OutgoingMode.REPLY, When.NOW)
        assert read.options == {Option.DONE}

    def test_drops_what_no_database_takes(self) -> None:
        assert Form().read(view(to={"value": "a\x00b"})).to == "a\ufffdb"

    def test_survives_a_draft_that_makes_no_sense(self) -> None:
        assert Form.of({"mode": "launch"}) == Form()

    def test_unticked_files_are_gone(self) -> None:
        form = Form.of({"files": [{"id": "F1", "name": "a"}, {"id": "F2", "name": "b"}]})

        read = form.read(view(kept={"selected_options": [{"value": "F2"}]}, files={"files": []}))

        assert [one.id for one in read.files] == ["F2"]
