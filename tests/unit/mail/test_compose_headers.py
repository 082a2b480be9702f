import email
import email.policy
import string
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.mail.address import Address, addresses
from app.mail.compose_headers import (
    LONGEST_LINE,
    check_address,
    message_ids,
    parameterised,
    people,
    unstructured,
)
from app.mail.headers import plain

BREAKS = ["\r\n", "\n", "\r", "\0", "\u2028", "\u0085"]
FIELDS = ["To", "Cc", "Subject", "From", "Reply-To", "In-Reply-To", "References", "Message-ID"]


def write(field: str, text: str) -> bytes:
    """The field with `text` in the place where a stranger's or a user's words would stand."""
    match field:
        case "Subject":
            return unstructured(field, text)
        case "In-Reply-To" | "References" | "Message-ID":
            return message_ids(field, [text])
        case _:
            return people(field, [Address(text, "ana@acme.example")])


def read_back(field: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(field + b"\r\n", policy=email.policy.default)


class TestInjection:
    @pytest.mark.parametrize("field", FIELDS)
    @pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
    def test_a_break_never_reaches_the_wire(self, field: str, line_break: str) -> None:
        text = f"a{line_break}Bcc: thief@evil.example"
        try:
            written = write(field, text)
        except InvalidInput:
            return

        assert written == b""

    @pytest.mark.parametrize("field", FIELDS)
    @pytest.mark.parametrize("word", ["=0A", "=0D=0A", "=00", "=E2=80=A8", "=C2=85", "=0D"])
    def test_an_encoded_word_that_holds_one_is_read_as_it_stands(
        self, field: str, word: str
    ) -> None:
        text = f"A=?utf-8?q?{word}Bcc:_thief@evil.example?="

        written = write(field, text)

        assert written.count(b"\n") == written.count(b"\r\n ") + bool(written)
        assert "Bcc" not in read_back(written)
        if field == "Subject":
            assert str(read_back(written)["Subject"]) == text

    @pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
    @pytest.mark.parametrize("where", ["{}a@b.example", "a{}@b.example", "a@b{}.example"])
    def test_of_an_address_is_refused(self, line_break: str, where: str) -> None:
        with pytest.raises(InvalidInput):
            check_address("to", Address("", where.format(line_break + "RCPT TO:<x@y.example>")))

    @pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
    def test_of_a_file_name_is_refused(self, line_break: str) -> None:
        with pytest.raises(InvalidInput):
            parameterised("Content-Disposition", "attachment", {"filename": f"a{line_break}b"})


class TestAddress:
    @pytest.mark.parametrize(
        "address",
        [
            "", "ana", "@acme.example", "ana@", "ana@@acme.example", "a b@acme.example",
            "ana@acme..example", "ana@-acme.example", "<ana@acme.example>", "a@b.example, c@d.de",
            ".ana@acme.example", f"{'a' * 65}@acme.example", f"ana@{'a' * 64}.example",
            f"ana@{'a.' * 130}example", 'a"b@acme.example',
        ],
    )  # fmt: skip
    def test_that_is_none_is_refused(self, address: str) -> None:
        with pytest.raises(InvalidInput):
            check_address("to", Address("", address))

    @pytest.mark.parametrize(
        ("address", "written"),
        [
            ("ana@acme.example", "ana@acme.example"),
            ("ana+tag@acme.example", "ana+tag@acme.example"),
            ('"a b"@acme.example', '"a b"@acme.example'),
            ("ana@[192.0.2.1]", "ana@[192.0.2.1]"),
            ("ana@bücher.example", "ana@xn--bcher-kva.example"),
            ("пример@acme.example", "пример@acme.example"),
        ],
    )
    def test_that_is_one_is_kept(self, address: str, written: str) -> None:
        assert check_address("to", Address("", address)).address == written

    @pytest.mark.parametrize(
        "name",
        [
            "Ana Ruiz", "Ruiz, Ana", 'Ana "Q" Ruiz', "a@b.example", "Ána", "日本語の名前です" * 8,
            "back\\slash", "(comment)", "x" * 200,
        ],
    )  # fmt: skip
    def test_name_is_read_back_as_it_was(self, name: str) -> None:
        field = people("To", [Address(name, "ana@acme.example")])

        decoded = make_header(decode_header(field[len("To: ") : -2].decode()))
        assert str(decoded).startswith(name) or '"' in str(decoded)
        assert addresses(plain(field[len("To:") :])) == (Address(name, "ana@acme.example"),)


class TestFolding:
    def test_every_line_is_short_where_it_can_be(self) -> None:
        field = unstructured("Subject", "word " * 300)

        assert max(map(len, field.split(b"\r\n"))) <= 78

    def test_a_word_without_end_can_still_be_sent(self) -> None:
        field = unstructured("Subject", "x" * 5_000)

        assert max(map(len, field.split(b"\r\n"))) <= 78
        assert str(read_back(field)["Subject"]) == "x" * 5_000

    def test_a_long_message_id_stays_whole(self) -> None:
        ids = [f"{'a' * 400}{n}@acme.example" for n in range(5)]

        field = message_ids("References", ids)

        assert all(f"<{id_}>".encode() in field for id_ in ids)
        assert max(map(len, field.split(b"\r\n"))) <= LONGEST_LINE

    @pytest.mark.parametrize("id_", ["a b@c", "a>b@c", "", "ü@c", "x" * 501])
    def test_what_is_no_message_id_is_left_out(self, id_: str) -> None:
        assert message_ids("References", [id_, "good@acme.example"]) == (
            b"References: <good@acme.example>\r\n"
        )

    @given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
    def test_any_text_is_read_back(self, text: str) -> None:
        words = " ".join(text.split())
        field = unstructured("Subject", text)

        assert field.isascii()
        assert max(map(len, field.split(b"\r\n"))) <= 78 + 400
        assert str(read_back(field)["Subject"] or "") == words


class TestFileNames:
    @pytest.mark.parametrize(
        "name",
        [
            "invoice.pdf", "two words.pdf", 'quo"te\\.pdf', "Rechnung ÄÖÜ.pdf", "請求書.pdf",
            "long-" * 28 + ".pdf", "Ä" * 100 + ".pdf", "100%.pdf", "it's.pdf",
        ],
    )  # fmt: skip
    def test_is_read_back_as_it_was(self, name: str) -> None:
        field = parameterised("Content-Disposition", "attachment", {"filename": name})

        assert max(map(len, field.split(b"\r\n"))) <= 78
        assert read_back(field).get_filename() == name

    def test_every_ascii_character_survives(self) -> None:
        name = string.printable[:94]
        field = parameterised("Content-Disposition", "attachment", {"filename": name})

        assert read_back(field).get_filename() == name
