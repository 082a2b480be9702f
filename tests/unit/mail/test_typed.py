import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.mail.address import Address, addresses
from app.mail.typed import as_typed, typed_addresses

ANA = "ana@acme.example"


class TestWhatPeopleType:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            (ANA, ""),
            (f"<{ANA}>", ""),
            (f"Ana <{ANA}>", "Ana"),
            (f"Ana Ruiz < {ANA} >", "Ana Ruiz"),
            (f'"Ruiz, Ana" <{ANA}>', "Ruiz, Ana"),
            (f"Ána <{ANA}>", "Ána"),
            (f"{ANA} (Ana)", "Ana"),
            (f"mailto:{ANA}", ""),
            (f"{ANA} <{ANA}>", ""),
            (f'"ben@acme.example" <{ANA}>', "ben@acme.example"),
        ],
    )
    def test_one_person(self, text: str, name: str) -> None:
        assert typed_addresses("to", text) == (Address(name, ANA),)

    def test_several(self) -> None:
        found = typed_addresses("to", f"{ANA}, Ben <ben@acme.example>; carl@acme.example,")

        assert [one.address for one in found] == [ANA, "ben@acme.example", "carl@acme.example"]

    @pytest.mark.parametrize("text", ["", "  ", ",;,"])
    def test_nobody(self, text: str) -> None:
        assert typed_addresses("to", text) == ()

    def test_a_quoted_local_part_is_no_name(self) -> None:
        assert typed_addresses("to", '"a b"@c.example') == (Address("", '"a b"@c.example'),)


class TestWhatWouldReachSomebodyElse:
    @pytest.mark.parametrize(
        "text",
        [
            "ana ruiz@acme.example",
            "ana@acme.example ruiz",
            f"{ANA} ben@acme.example",
            f"Ana <{ANA}",
            f"Ana {ANA}",
            f"Ruiz, Ana <{ANA}>",
            "Ana Ruiz",
            "<@relay.example:Ana> ana@acme.example",
            f"Ana <{ANA}> ben@acme.example",
            f"Ana <{ANA}> Ben <ben@acme.example>",
            f"<{ANA}> <ben@acme.example>",
            f"{ANA} <ben@acme.example>",
        ],
    )
    def test_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            typed_addresses("cc", text)

        assert refused.value.field == "cc"


class TestWhatStandsInAField:
    @pytest.mark.parametrize(
        "name",
        [
            "Ana Ruiz", "Ruiz, Ana", 'Ana "the boss" Ruiz', "Ana (Acme)", "Acme; Support", "a\\b",
            "mallory@evil.example, Ana", "mallory@evil.example>, <x", "Team: Ana", "O'Neil",
            "日本 太郎", "Ana\u2028mallory@evil.example,", '"', "\\", "<!channel>", "",
        ],
    )  # fmt: skip
    def test_is_read_as_the_same_people(self, name: str) -> None:
        shown = as_typed([Address(name, ANA), Address("", "ben@acme.example")], room=3000)

        found = typed_addresses("to", ",".join(shown.text.splitlines()))

        assert [one.address for one in found] == [ANA, "ben@acme.example"]

    @given(st.text(max_size=60))
    def test_whatever_a_stranger_is_called(self, name: str) -> None:
        shown = as_typed([Address(name, ANA)], room=3000)

        found = typed_addresses("to", ",".join(shown.text.splitlines()))

        assert [one.address for one in found] == [ANA]

    def test_names_go_first_where_there_is_no_room(self) -> None:
        people = [Address("A long name " * 5, f"{n}@acme.example") for n in range(50)]

        shown = as_typed(people, room=1000)

        assert shown.left_out == 0
        assert typed_addresses("to", shown.text)[49] == Address("", "49@acme.example")

    def test_no_address_is_cut(self) -> None:
        people = [Address("", f"somebody-{n}@acme.example") for n in range(50)]

        shown = as_typed(people, room=300)

        kept = typed_addresses("to", shown.text)
        assert kept == tuple(people[: len(kept)])
        assert len(shown.text) <= 300
        assert shown.left_out == 50 - len(kept) > 0

    @pytest.mark.parametrize(
        "address",
        [
            "a@b.example,mallory@evil.example",
            "a@b.example;mallory@evil.example",
            "a@b.example>,mallory@evil.example",
            "a@b.example mallory@evil.example",
            "",
        ],
    )
    def test_what_is_not_one_address_is_left_out(self, address: str) -> None:
        shown = as_typed([Address("", address), Address("", ANA)], room=3000)

        assert (shown.text, shown.left_out) == (ANA, 1)

    @given(st.text(max_size=20), st.text(max_size=60))
    def test_nobody_is_added_whatever_a_stranger_calls_an_address(
        self, name: str, address: str
    ) -> None:
        shown = as_typed([Address(name, address), Address("", ANA)], room=3000)

        found = [one.address for one in addresses(",".join(shown.text.splitlines()))]
        assert found in ([address, ANA], [ANA])

    def test_a_quoted_local_part_may_hold_anything(self) -> None:
        odd = '"a@b.example>, mallory@evil.example, <x"@y.example'

        shown = as_typed([Address("Ana", odd)], room=3000)

        assert [one.address for one in addresses(shown.text)] in ([odd], [])
