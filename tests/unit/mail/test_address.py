import time

import pytest

from app.mail.address import MAX_ADDRESS, MAX_ADDRESSES, MAX_NAME, Address, addresses


def pairs(text: str) -> list[tuple[str, str]]:
    return [(found.name, found.address) for found in addresses(text)]


class TestOneAddress:
    @pytest.mark.parametrize(
        ("text", "name", "address"),
        [
            ("ann@example.com", "", "ann@example.com"),
            ("<ann@example.com>", "", "ann@example.com"),
            ("Ann Lee <ann@example.com>", "Ann Lee", "ann@example.com"),
            ('"Lee, Ann" <ann@example.com>', "Lee, Ann", "ann@example.com"),
            (r'"Ann \"The\" Lee" <ann@example.com>', 'Ann "The" Lee', "ann@example.com"),
            ("'Ann' <ann@example.com>", "Ann", "ann@example.com"),
            ("ann@example.com (Ann Lee)", "Ann Lee", "ann@example.com"),
            ("ann@example.com (Ann (Lee))", "Ann (Lee)", "ann@example.com"),
            ("Ann Lee ann@example.com", "Ann Lee", "ann@example.com"),
            ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?= <g@example.com>", "Größe", "g@example.com"),
            ('"=?utf-8?Q?Gr=C3=B6=C3=9Fe?=" <g@example.com>', "Größe", "g@example.com"),
            ("=?utf-8?Q?Lee=2C_Ann?= <ann@example.com>", "Lee, Ann", "ann@example.com"),
            ("Größe <g@example.com>", "Größe", "g@example.com"),
            ("ann@example.com <ann@example.com>", "", "ann@example.com"),
            ("<<ann@example.com>>", "", "ann@example.com"),
            ("Ann <ann@example.com", "Ann", "ann@example.com"),
            ("Ann <mailto:ann@example.com>", "Ann", "ann@example.com"),
            ("mailto:ann@example.com", "", "ann@example.com"),
            ("<@relay.example,@b:ann@example.com>", "", "ann@example.com"),
            ("Ann <ann(comment)@example.com>", "Ann", "ann@example.com"),
            ("Ann < ann @ example.com >", "Ann", "ann@example.com"),
            ("ann @ example . com", "", "ann@example.com"),
            ('"ann lee"@example.com', "", '"ann lee"@example.com'),
            ("Ann: Sales <ann@example.com>", "Ann: Sales", "ann@example.com"),
            ("Ann <>", "Ann", ""),
            ("Ann <ann@example.com> <work>", "Ann", "ann@example.com"),
            ("MAILER-DAEMON", "MAILER-DAEMON", ""),
            ("<root>", "", "root"),
            ("büro@münchen.example", "", "büro@münchen.example"),
        ],
    )
    def test_read(self, text: str, name: str, address: str) -> None:
        assert pairs(text) == [(name, address)]

    @pytest.mark.parametrize(
        "text", ["", " ", ",,,", "undisclosed-recipients:;", ";", "()", '""', "<>"]
    )
    def test_nobody(self, text: str) -> None:
        assert pairs(text) == []


class TestSeveral:
    @pytest.mark.parametrize(
        "text",
        [
            "a@x.example, b@y.example",
            "a@x.example; b@y.example",
            "<a@x.example>,<b@y.example>,",
            "Team: a@x.example, b@y.example;",
            "Team: a@x.example;, b@y.example",
            "(one) a@x.example, , (two) b@y.example",
        ],
    )
    def test_read(self, text: str) -> None:
        assert [found.address for found in addresses(text)] == ["a@x.example", "b@y.example"]

    def test_bracket_that_is_never_closed(self) -> None:
        assert pairs("Ann <a@x.example, Ben <b@y.example>") == [
            ("Ann", "a@x.example"),
            ("Ben", "b@y.example"),
        ]

    def test_quote_that_is_never_closed(self) -> None:
        assert [found.address for found in addresses('"Ann <a@x.example>, b@y.example')] == [
            "a@x.example",
            "b@y.example",
        ]

    def test_comment_that_is_never_closed(self) -> None:
        assert "b@y.example" in [found.address for found in addresses("a@x (one, b@y.example")]


class TestShown:
    def test_with_and_without_name(self) -> None:
        assert str(Address("Ann", "a@x.example")) == "Ann <a@x.example>"
        assert str(Address("", "a@x.example")) == "a@x.example"
        assert str(Address("Ann", "")) == "Ann"


class TestBounds:
    def test_very_many(self) -> None:
        assert len(addresses("a@x.example," * 20_000)) == MAX_ADDRESSES

    def test_long_name_is_cut(self) -> None:
        (found,) = addresses(f'"{"n" * 9_000}" <a@x.example>')

        assert len(found.name) == MAX_NAME

    def test_long_address_is_no_address(self) -> None:
        (found,) = addresses(f"<{'a' * 9_000}@x.example>")

        assert found.address == ""
        assert len(found.name) <= MAX_ADDRESS

    @pytest.mark.parametrize(
        "text",
        [
            '"' * 50_001,
            '"' + '\\"' * 50_000,
            "(" * 50_000,
            "(" * 2_000 + ")" * 2_000 + "a@b.example",
            "<" * 50_000,
            "<a," * 20_000 + ">",
            "a:" * 30_000 + "@;",
            ":@" * 30_000 + ";",
            "a" * 60_000 + " @",
            "a " * 30_000 + "@",
            "a\\" * 30_000,
            "=?utf-8?q?a?=@" * 5_000,
        ],
    )
    def test_hostile_takes_no_time(self, text: str) -> None:
        started = time.process_time()
        addresses(text)

        assert time.process_time() - started < 0.5
