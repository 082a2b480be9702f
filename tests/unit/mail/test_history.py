from dataclasses import replace

from app.mail.body import assemble
from app.mail.history import MOST_CHARACTERS, MOST_LINES, Text, as_html, forwarded, quoted
from app.mail.quotes import newly_written
from tests.unit.mail.test_answer import ANA, BEN, ORIGINAL, SUPPORT

SIGNATURE = Text("Ana\nSupport", "<b>Ana</b>")


class TestQuoted:
    def test_marks_every_line(self) -> None:
        text = quoted(replace(ORIGINAL, text="Hi.\n\n> older\nBye.")).plain

        assert text.split("\n") == [
            "On 2026-03-02 at 09:00 UTC, Ana <ana@acme.example> wrote:",
            "> Hi.",
            ">",
            ">> older",
            "> Bye.",
        ]

    def test_html_shows_markup_as_text(self) -> None:
        html = quoted(replace(ORIGINAL, text="<script>alert(1)</script> & more")).html

        assert "<script" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html

    def test_a_long_mail_is_cut(self) -> None:
        text = quoted(replace(ORIGINAL, text="x\n" * 100_000)).plain

        assert len(text.split("\n")) == MOST_LINES + 2
        assert text.endswith("> […]")
        assert len(quoted(replace(ORIGINAL, text="y" * 10**6)).plain) < MOST_CHARACTERS + 200


class TestForwarded:
    def test_says_what_the_header_said(self) -> None:
        text = forwarded(replace(ORIGINAL, to=(SUPPORT, BEN), text="Look."))

        assert "From: Ana <ana@acme.example>" in text.plain
        assert "To: Support <Support@example.com>, Ben <ben@acme.example>" in text.plain
        assert "Cc:" not in text.plain
        assert text.plain.endswith("\n\nLook.")
        assert "Ana &lt;ana@acme.example&gt;" in text.html


class TestAsHTML:
    def test_keeps_lines_and_blanks(self) -> None:
        assert as_html("a  b\n<c>") == "a &nbsp;b<br>\n&lt;c&gt;"


class TestAssemble:
    def test_text_alone_stays_plain(self) -> None:
        assert assemble("Hello\n", None) == ("Hello\n", None)

    def test_a_signature_is_marked_where_nothing_follows(self) -> None:
        plain, html = assemble("Hello", None, signature=[Text("Ana", "")])

        assert (plain, html) == ("Hello\n\n-- \nAna\n", None)

    def test_html_in_a_signature_makes_the_whole_mail_html(self) -> None:
        _, html = assemble("Hello & bye", None, signature=[SIGNATURE])

        assert html == "<div>Hello &amp; bye</div><br>\n<div><b>Ana</b></div>\n"

    def test_what_was_written_is_what_we_read_back_of_it(self) -> None:
        plain, _ = assemble(
            "Dear Ana,\n\nyou are right.", None, signature=[SIGNATURE], history=quoted(ORIGINAL)
        )

        assert newly_written(plain).startswith("Dear Ana,\n\nyou are right.")
        assert "Hi." not in newly_written(plain)
        assert ANA.address not in newly_written(plain)
