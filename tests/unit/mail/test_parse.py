"""Whole mails: the samples, fact by fact, and the choices between texts and files."""

from datetime import UTC, datetime

import pytest

from app.mail.address import Address
from app.mail.packed import packed, parsed_mail
from app.mail.parse import MAX_BODY, MAX_EXCERPT, MAX_SUBJECT, MailUnreadable, cut, parse
from app.mail.parsed import Attachment, Automatic, ParsedMail
from tests.unit.mail.samples import SAMPLES, mail, multipart, sample

US = Address("", "support@example.org")


def content(raw: bytes, attachment: Attachment) -> bytes:
    return cut(raw, attachment.offset, attachment.length, attachment.encoding)


class TestSample:
    def test_plain(self) -> None:
        found = parse(sample("plain"))

        assert found == ParsedMail(
            internet_message_id="plain.1@example.com",
            in_reply_to="first@example.org",
            references=("zero@example.org", "first@example.org"),
            subject="Printer is green",
            sender=Address("Ann Lee", "ann@example.com"),
            to=(
                Address("Support", "support@example.org"),
                Address("Okri, Ben", "ben@example.org"),
            ),
            cc=(Address("Cy Twombly", "cy@example.com"),),
            reply_to=(Address("", "printers@example.com"),),
            sent_at=datetime(2024, 5, 3, 8, 4, 12, tzinfo=UTC),
            body="Hello,\n\nthe printer is green – what now?\n\n-- \nAnn Lee",
            excerpt="Hello,\n\nthe printer is green – what now?",
            has_html=False,
            attachments=(),
            list_id=None,
            automatic=None,
            defects=(),
        )

    def test_gmail_reply(self) -> None:
        found = parse(sample("gmail_reply"))

        assert found.subject == "Re: Drucker grün"
        assert found.sender == Address("Jürgen Groß", "juergen@example.com")
        assert found.body.endswith("> Bitte ein Mal neu starten.\n>")
        assert found.excerpt == "Danke, das geht. Grüße"
        assert found.has_html

    def test_outlook_html(self) -> None:
        found = parse(sample("outlook_html"))

        assert found.excerpt == (
            "Guten Tag,\n\ndie Rechnung fehlt – siehe Portal (https://portal.example.com/r/17)."
        )
        assert "Gesendet: Freitag, 3. Mai 2024 10:04\nAn: Ann Lee" in found.body
        assert "niemand" not in found.body

    def test_inline_image(self) -> None:
        raw = sample("inline_image")
        found = parse(raw)

        assert found.body == "See here:\n\n[the error]\n\n- one\n- two"
        (image,) = found.attachments
        assert (image.content_id, image.inline) == ("shot@example.com", True)
        assert (image.filename, image.content_type) == ("attachment-1.png", "image/png")
        assert content(raw, image).startswith(b"\x89PNG")
        assert image.size == len(content(raw, image))

    def test_attachments(self) -> None:
        raw = sample("attachments")
        found = parse(raw)

        assert found.body == "Nine files."
        assert [(file.n, file.filename) for file in found.attachments] == [
            (1, "Rechnung größe.pdf"),
            (2, "passwd"),
            (3, "_CON.txt"),
            (4, "gnp.exe"),
            (5, "attachment-5.jpg"),
            (6, "table.csv"),
            (7, "résumé.txt"),
            (8, "data.bin"),
            (9, "notes.txt"),
        ]
        assert [content(raw, file)[:9] for file in found.attachments] == [
            b"%PDF-1.4\n",
            b"root",
            b"device",
            b"turned ro",
            b"no name",
            b"a,b",
            b"raw 8-bit",
            b"hello",
            b"caf\xc3\xa9 goe",
        ]
        exact = [file for file in found.attachments if file.encoding != "x-uuencode"]
        assert [file.size for file in exact] == [len(content(raw, file)) for file in exact]

    def test_bounce(self) -> None:
        found = parse(sample("bounce"))

        assert found.automatic is Automatic.BOUNCE
        assert found.body.startswith("I'm sorry")
        assert [(file.filename, file.content_type) for file in found.attachments] == [
            ("attachment-1.txt", "message/delivery-status"),
            ("Your ticket 17.eml", "message/rfc822"),
        ]

    def test_forwarded(self) -> None:
        raw = sample("forwarded")
        found = parse(raw)

        assert found.excerpt == found.body
        assert found.body.endswith("The colour is wrong.")
        (message,) = found.attachments
        assert message.filename == "Complaint.eml"
        inner = parse(content(raw, message))
        assert inner.internet_message_id == "complaint.1@example.com"
        assert [file.filename for file in inner.attachments] == ["colour.gif"]

    def test_broken(self) -> None:
        found = parse(sample("broken"))

        assert found.sender == Address("Ann", "ann@example.com")
        assert found.to == (US,)
        assert found.internet_message_id == "broken.8@example.com"
        assert found.sent_at is None
        assert found.body == "naïve café\n--a bc\nnot a delimiter"
        assert found.has_html
        assert found.defects == (
            "a header line that is none",
            "a multipart without its end",
            "a charset that nobody knows: x-nobody-knows",
        )

    def test_raw_latin_header_and_no_message_id(self) -> None:
        found = parse(sample("latin"))

        assert found.subject == "Référence n° 12 €"
        assert found.sender == Address("André Dupré", "andre@example.com")
        assert found.body == "“C'est la référence”"
        assert found.internet_message_id is None

    def test_japanese(self) -> None:
        found = parse(sample("japanese"))

        assert found.subject == "返信: 注文番号について"
        assert found.sender == Address("山田 太郎", "taro@example.com")
        assert found.excerpt == "注文が届きません。"

    def test_invitation(self) -> None:
        found = parse(sample("invitation"))

        assert found.body == "When  Friday\nWho  Ann"
        assert [file.filename for file in found.attachments] == ["attachment-1.ics"]

    def test_out_of_office(self) -> None:
        assert parse(sample("out_of_office")).automatic is Automatic.REPLY

    def test_mailing_list(self) -> None:
        found = parse(sample("mailing_list"))

        assert found.list_id == "users.lists.example.org"
        assert found.body.startswith(
            "This paragraph was broken by the software, and is one line.\n"
        )
        assert found.excerpt.endswith("Fine.")

    def test_header_injection(self) -> None:
        found = parse(sample("header_injection"))

        assert found.subject == "Re: A Bcc: x@y.z"
        assert found.sender == Address("Ann Bcc: victim@example.com", "ann@example.com")
        assert found.references == ("a@example.com", "b@example.com")
        assert found.attachments[0].filename == "a X-Evil b.txt"

    @pytest.mark.parametrize("name", SAMPLES)
    def test_survives_the_way_between_processes(self, name: str) -> None:
        found = parse(sample(name))

        assert parsed_mail(packed(found)) == found


class TestBody:
    def test_html_where_the_plain_text_is_blank(self) -> None:
        raw = multipart(
            "Content-Type: text/plain\n\n \n\n",
            "Content-Type: text/html\n\n<p>Hello</p>",
            kind="alternative",
        )

        assert parse(raw).body == "Hello"

    def test_plain_text_though_it_comes_last(self) -> None:
        raw = multipart(
            "Content-Type: text/html\n\n<p>HTML</p>",
            "Content-Type: text/plain\n\nplain",
            kind="alternative",
        )

        assert parse(raw).body == "plain"

    def test_neither_says_anything(self) -> None:
        raw = multipart(
            "Content-Type: text/plain\n\n ",
            "Content-Type: text/html\n\n<p>",
            kind="alternative",
        )

        assert parse(raw).body == ""

    def test_texts_after_one_another_are_joined(self) -> None:
        raw = multipart("\none", "Content-Type: text/html\n\n<b>two</b>", "\nthree")

        assert parse(raw).body == "one\n\ntwo\n\nthree"

    def test_third_renderings_are_left_out(self) -> None:
        raw = multipart(
            "\nplain", "Content-Type: text/x-amp-html\n\n<p>amp</p>", kind="alternative"
        )

        assert parse(raw).attachments == ()

    def test_text_with_a_name_is_a_file(self) -> None:
        raw = multipart("\nbody", 'Content-Type: text/plain; name="a.txt"\n\nfile')

        assert [file.filename for file in parse(raw).attachments] == ["a.txt"]

    def test_only_text_of_a_mail_is_its_body_though_it_has_a_name(self) -> None:
        assert parse(mail('Content-Type: text/plain; name="a.txt"', body="text")).body == "text"

    def test_text_sent_as_attachment_is_a_file(self) -> None:
        found = parse(mail("Content-Disposition: attachment", body="text"))

        assert found.body == ""
        assert [file.filename for file in found.attachments] == ["attachment-1.txt"]

    def test_file_alone(self) -> None:
        found = parse(mail("Content-Type: application/pdf", body="%PDF"))

        assert (found.body, found.excerpt) == ("", "")
        assert [file.size for file in found.attachments] == [4]

    def test_multipart_without_parts_is_shown(self) -> None:
        assert parse(mail("Content-Type: multipart/mixed", body="text")).body == "text"

    def test_charset_stated_by_the_html(self) -> None:
        html = '<meta charset="koi8-r"><p>привет</p>'.encode("koi8-r")

        assert parse(mail("Content-Type: text/html", body=html)).body == "привет"

    def test_any_line_end_becomes_a_line_feed(self) -> None:
        assert parse(mail(body="a\r\nb\rc\nd")).body == "a\nb\nc\nd"

    def test_quote_told_by_mark_up(self) -> None:
        raw = mail("Content-Type: text/html", body="Yes.<div class=gmail_quote>Old text</div>")

        found = parse(raw)

        assert (found.body, found.excerpt) == ("Yes.\nOld text", "Yes.")

    def test_forwarded_header_block_is_kept(self) -> None:
        body = "See below.\n\nFrom: Cy <c@x.example>\nSent: Friday\nTo: Ann\n\nIt is broken."

        assert parse(mail("Subject: WG: Printer", body=body)).excerpt == body
        assert parse(mail("Subject: AW: Printer", body=body)).excerpt == "See below."


class TestHeader:
    def test_sender_field_where_there_is_no_from(self) -> None:
        assert parse(mail("Sender: ann@example.com")).sender == Address("", "ann@example.com")

    def test_several_to_fields(self) -> None:
        assert len(parse(mail("To: a@x.example", "To: b@x.example")).to) == 2

    def test_no_header_at_all(self) -> None:
        found = parse(b"\r\nDear all")

        assert (found.subject, found.sender, found.to) == ("", None, ())

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("<a.example>", "a.example"),
            ("Ours <a.example>", "a.example"),
            ("a.example", "a.example"),
            ("<>", None),
            ("", None),
        ],
    )
    def test_list_id(self, value: str, expected: str | None) -> None:
        assert parse(mail(f"List-Id: {value}")).list_id == expected


class TestBounds:
    def test_long_body_is_cut(self) -> None:
        assert len(parse(mail(body="word " * 100_000)).body) == MAX_BODY

    def test_long_excerpt_is_cut_between_words(self) -> None:
        excerpt = parse(mail(body="word " * 5_000)).excerpt

        assert len(excerpt) <= MAX_EXCERPT + 2
        assert excerpt.endswith("word …")

    def test_long_subject_is_cut(self) -> None:
        assert len(parse(mail(f"Subject: {'a' * 9_000}")).subject) == MAX_SUBJECT

    def test_empty_mail(self) -> None:
        with pytest.raises(MailUnreadable) as caught:
            parse(b"\r\n")

        assert caught.value.fix


class TestCut:
    def test_beyond_the_end_is_what_there_is(self) -> None:
        assert cut(b"abc", 1, 99, "") == b"bc"

    def test_broken_base64_is_what_there_is(self) -> None:
        assert cut(b"xxaGVs*bG8", 2, 99, "base64") == b"hello"
