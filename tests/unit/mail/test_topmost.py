"""Some header fields of a mail, without reading the rest of it."""

from app.mail.scan import MOST_HEADER, header_of
from app.mail.topmost import header_values

MAIL = (
    b"X-Spam: no\r\nx-spam: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nSubject: one\r\n two\r\n"
    b"\r\nX-Spam: this is text\r\n"
)


class TestHeaderValues:
    def test_are_decoded_in_their_order(self) -> None:
        found = header_values(MAIL, ["x-spam", "subject", "x-missing"])

        assert found == {"x-spam": ("no", "grüße"), "subject": ("one two",)}

    def test_of_a_mail_with_bare_line_feeds(self) -> None:
        assert header_values(MAIL.replace(b"\r", b""), ["x-spam"]) == {"x-spam": ("no", "grüße")}

    def test_of_a_header_without_end(self) -> None:
        endless = b"X-Spam: yes\r\n" + b"X-Other: 1\r\n" * MOST_HEADER

        assert header_values(endless, ["x-spam"]) == {"x-spam": ("yes",)}

    def test_of_nothing(self) -> None:
        assert header_values(b"", ["x-spam"]) == {}
        assert header_values(b"\r\n\r\n", ["x-spam"]) == {}

    def test_are_the_same_of_the_header_alone(self) -> None:
        head = header_of(MAIL)

        assert b"this is text" not in head
        assert header_values(head, ["x-spam"]) == header_values(MAIL, ["x-spam"])
