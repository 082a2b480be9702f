"""Which mail client wrote a mail: one that people know, or none."""

import pytest

from app.mail.parse import parse


def mailer(*headers: str) -> str | None:
    return parse("\r\n".join([*headers, "", "Hello."]).encode()).mailer


class TestMailer:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("X-Mailer: Microsoft Outlook 16.0", "Outlook"),
            ("X-Mailer: Apple Mail (2.3774.100.2.1.4)", "Apple Mail"),
            ("X-Mailer: iPhone Mail (21A329)", "iPhone Mail"),
            ("User-Agent: Mozilla Thunderbird", "Thunderbird"),
            ("User-Agent: Mozilla/5.0 (X11; Linux x86_64) Thunderbird/102.4", "Thunderbird"),
            ("User-Agent: K-9 Mail for Android", "K-9 Mail"),
            ("User-Agent: NeoMutt/20220429", "NeoMutt"),
        ],
    )
    def test_that_people_know_has_its_name(self, header: str, expected: str) -> None:
        assert mailer("From: ana@acme.example", header) == expected

    @pytest.mark.parametrize(
        "header",
        [
            "X-Mailer: PHPMailer 6.8.0",
            "X-Mailer: <!channel> click here",
            "X-Mailer: " + "x" * 400 + " Outlook",
            "X-Mailer: ",
            "Subject: Written with Thunderbird",
        ],
    )
    def test_of_anything_else_is_nothing(self, header: str) -> None:
        assert mailer("From: ana@acme.example", header) is None

    def test_never_holds_what_the_sender_wrote(self) -> None:
        assert mailer("X-Mailer: Outlook <!channel> http://evil.example") == "Outlook"

    def test_the_first_header_that_says_so_counts(self) -> None:
        assert mailer("X-Mailer: 12345", "User-Agent: Evolution 3.44") == "Evolution"
