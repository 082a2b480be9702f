import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.mail.compose import (
    LOOP_HEADER,
    MOST_FILES,
    Composed,
    File,
    NewMail,
    compose,
    encoded_size,
)
from app.mail.parse import cut, parse

MAIL = NewMail(
    message_id="1@example.com",
    sent_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    sender=Address("Support", "support@example.com"),
    subject="Re: Invoice 4471",
    text="Hello Ana,\nthe total is 12 €.\n",
    to=(Address("Ana Ruiz", "ana@acme.example"),),
)


def composed(**changes: object) -> Composed:
    return compose(replace(MAIL, **changes), boundary="b")  # type: ignore[arg-type]


def message(**changes: object) -> email.message.EmailMessage:
    return email.message_from_bytes(composed(**changes).raw, policy=email.policy.default)


class TestHeader:
    def test_says_who_writes_what_to_whom(self) -> None:
        mail = message(cc=(Address("", "ben@acme.example"),), in_reply_to="0@acme.example",
                       references=("a@acme.example", "0@acme.example"))  # fmt: skip

        assert mail["From"] == "Support <support@example.com>"
        assert mail["To"] == "Ana Ruiz <ana@acme.example>"
        assert mail["Cc"] == "ben@acme.example"
        assert mail["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
        assert mail["Message-ID"] == "<1@example.com>"
        assert mail["In-Reply-To"] == "<0@acme.example>"
        assert mail["References"] == "<a@acme.example> <0@acme.example>"
        assert not mail.defects

    def test_a_persons_mail_never_says_it_is_automatic(self) -> None:
        assert "Auto-Submitted" not in message()

    def test_an_automatic_one_does(self) -> None:
        assert message(is_automatic=True)["Auto-Submitted"] == "auto-replied"

    def test_names_the_mailbox_against_loops(self) -> None:
        assert message()[LOOP_HEADER] == "support@example.com"

    def test_bcc_has_no_place_in_it(self) -> None:
        assert "Bcc" not in message()

    def test_tells_whether_it_takes_smtputf8(self) -> None:
        assert not composed().needs_smtputf8
        assert composed(to=(Address("", "пример@acme.example"),)).needs_smtputf8

    def test_a_message_id_of_strangers_making_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            composed(message_id="a>\r\nBcc: x@y.example")


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "plain", "Ünïcöde", "日本語" * 500, "x" * 3000, "From here\n.\n..\n",
            "trailing  \nblank\t\n", "a = b\n" * 50, "=_1_b", "\n\n",
            "lone\rreturn\u2028and separators\u0085",
        ],
    )  # fmt: skip
    def test_is_read_back_as_it_was(self, text: str) -> None:
        shown = message(text=text).get_content()

        expected = text.replace("\r", "\n").replace("\u2028", "\n").replace("\u0085", "\n")
        assert shown.replace("\r\n", "\n").strip("\n") == expected.strip("\n")

    @pytest.mark.parametrize("text", ["x" * 3000, "Ü" * 3000, "日" * 3000, ".\n" * 50, "a\0b\x07"])
    def test_no_line_is_too_long_and_no_byte_forbidden(self, text: str) -> None:
        raw = composed(text=text, html=f"<p>{text}</p>").raw

        assert max(map(len, raw.split(b"\r\n"))) <= 80
        assert raw.isascii()
        assert b"\0" not in raw
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert not any(line.startswith((b".", b"From ")) for line in raw.split(b"\r\n"))

    def test_html_comes_with_its_plain_text(self) -> None:
        mail = message(html="<p>the total is <b>12 €</b></p>")

        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == [
            "text/plain",
            "text/html",
        ]


class TestFiles:
    def test_are_attached_byte_for_byte(self) -> None:
        data = bytes(range(256)) * 400
        raw = composed(files=(File("Größe.bin", "application/x-thing", data),)).raw

        (file,) = parse(raw).attachments
        assert (file.filename, file.content_type) == ("Größe.bin", "application/x-thing")
        assert cut(raw, file.offset, file.length, file.encoding) == data

    def test_a_picture_within_the_html_is_related_to_it(self) -> None:
        logo = File("logo.png", "image/png", b"png", content_id="logo@example.com")

        mail = message(html='<img src="cid:logo@example.com">', files=(logo,))

        kinds = [part.get_content_type() for part in mail.walk()]
        assert kinds == [
            "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        ]  # fmt: skip

    def test_without_html_a_picture_is_an_attachment(self) -> None:
        logo = File("logo.png", "image/png", b"png", content_id="logo@example.com")

        (file,) = message(files=(logo,)).iter_attachments()

        assert file.get_content_disposition() == "attachment"

    @pytest.mark.parametrize(
        "kind", ["", "text", "text/html\r\nX: y", "multipart/mixed", "message/rfc822"]
    )
    def test_a_type_that_is_none_becomes_bytes(self, kind: str) -> None:
        (file,) = message(files=(File("a", kind, b"x"),)).iter_attachments()

        assert file.get_content_type() == "application/octet-stream"

    def test_too_many_are_refused(self) -> None:
        with pytest.raises(InvalidInput):
            composed(files=(File("a", "text/plain", b""),) * (MOST_FILES + 1))

    def test_size_is_known_before(self) -> None:
        data = b"x" * 100_000
        without, attached = composed().raw, composed(files=(File("a", "text/plain", data),)).raw

        assert 0 <= len(attached) - len(without) - encoded_size(len(data)) < 600


class TestForwarded:
    def test_is_carried_as_it_came(self) -> None:
        original = b"Subject: Old\r\nFrom: ana@acme.example\r\n\r\nText.\r\n"

        (carried,) = message(forwarded=original).iter_attachments()

        assert carried.get_content_type() == "message/rfc822"
        assert carried.get_content()["Subject"] == "Old"

    @pytest.mark.parametrize("original", [b"a: b\r\n\r\n\xff", b"a: b\n\nbare", b"x" * 2_000])
    def test_what_a_server_might_not_take_is_a_file(self, original: bytes) -> None:
        raw = composed(forwarded=original).raw

        (file,) = parse(raw).attachments
        assert file.filename == "message.eml"
        assert cut(raw, file.offset, file.length, file.encoding) == original
