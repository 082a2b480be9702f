import tracemalloc

import pytest

from app.mail import scan as scanner
from app.mail.scan import MailUnreadable, Part, scan
from tests.unit.mail.samples import SAMPLES, mail, multipart, sample


def bodies(raw: bytes) -> list[bytes]:
    return [raw[leaf.body : leaf.end] for leaf in scan(raw).root.leaves()]


def kinds(raw: bytes) -> list[str]:
    return [leaf.content_type.value for leaf in scan(raw).root.leaves()]


def every_part(root: Part) -> list[Part]:
    found = [root]
    for part in found:
        found.extend(part.children)
    return found


class TestHeader:
    def test_fields_are_told_by_offsets(self) -> None:
        raw = mail("Subject: One", "X-Two:  two  ")

        first, second = scan(raw).root.headers.fields

        assert raw[first.start : first.end] == b"Subject: One"
        assert raw[second.value : second.end] == b"  two  "
        assert [first.name, second.name] == [b"subject", b"x-two"]

    def test_folded_field_is_one(self) -> None:
        raw = b"Subject: one\r\n two\r\n\tthree\r\nTo: x@y\r\n\r\nbody"

        headers = scan(raw).root.headers

        assert headers.text(b"subject") == "one two three"
        assert headers.text(b"to") == "x@y"

    @pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n"])
    def test_any_line_end(self, end: str) -> None:
        raw = f"Subject: x{end}To: y@z{end}{end}body".encode()

        root = scan(raw).root

        assert root.headers.text(b"subject") == "x"
        assert raw[root.body : root.end] == b"body"

    @pytest.mark.parametrize("line", ["From ann@example.com Fri May  3 2024", ">From x"])
    def test_mbox_line_in_front_is_skipped(self, line: str) -> None:
        root = scan(f"{line}\nSubject: x\n\nbody".encode()).root

        assert root.headers.text(b"subject") == "x"

    def test_from_field_with_blank_before_colon_is_no_mbox_line(self) -> None:
        assert scan(b"From : ann@example.com\n\nx").root.headers.text(b"from") == "ann@example.com"

    def test_blank_lines_before_the_header_are_skipped(self) -> None:
        assert scan(b"\r\n\r\nSubject: x\r\n\r\nbody").root.headers.text(b"subject") == "x"

    def test_blank_line_before_text_is_an_empty_header(self) -> None:
        assert bodies(b"\r\nDear all, what now?") == [b"Dear all, what now?"]

    def test_lines_that_are_no_fields_are_skipped(self) -> None:
        found = scan(b"X-A: 1\n* lost\n* indentation\nSubject: x\n\nbody")

        assert found.root.headers.text(b"subject") == "x"
        assert "a header line that is none" in found.defects

    def test_missing_blank_line_begins_the_body(self) -> None:
        raw = b"Subject: x\nDear Ben,\nhow are you?\n\nAnn"
        found = scan(raw)

        assert raw[found.root.body :] == b"Dear Ben,\nhow are you?\n\nAnn"
        assert "no blank line after the header" in found.defects

    def test_text_without_any_header_is_all_body(self) -> None:
        assert bodies(b"Just a text\nof two lines\n") == [b"Just a text\nof two lines\n"]

    def test_header_alone(self) -> None:
        root = scan(b"Subject: x\r\nTo: y@z").root

        assert root.headers.text(b"to") == "y@z"
        assert root.body == root.end

    def test_eight_bit_names_and_values(self) -> None:
        headers = scan("Gr\u00f6\u00dfe: 1\nSubject: Gr\u00f6\u00dfe\n\n".encode()).root.headers

        assert headers.text(b"subject") == "Größe"

    def test_field_that_is_too_long_is_cut_and_the_rest_read(self) -> None:
        found = scan(b"X: " + b"a\r\n " * 200_000 + b"\r\nSubject: x\r\n\r\nbody")

        assert found.root.headers.text(b"subject") == "x"
        assert found.defects == ("a header field that is too long",)

    def test_too_many_fields(self) -> None:
        raw = b"Subject: x\r\n" + b"X: y\r\n" * 10_000 + b"\r\nbody"
        found = scan(raw)

        assert len(found.root.headers.fields) == scanner.MAX_FIELDS
        assert raw[found.root.body :] == b"body"
        assert found.defects == (f"more than {scanner.MAX_FIELDS} header lines",)

    @pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\0\0\0", b" \t\n"])
    def test_nothing_at_all_is_unreadable(self, raw: bytes) -> None:
        with pytest.raises(MailUnreadable, match="empty"):
            scan(raw)


class TestContentType:
    def test_absent_is_plain_text(self) -> None:
        assert kinds(b"Subject: x\n\nbody") == ["text/plain"]

    def test_without_a_slash_is_plain_text(self) -> None:
        assert kinds(mail("Content-Type: text")) == ["text/plain"]

    def test_first_usable_of_several(self) -> None:
        raw = mail("Content-Type: multipart/mixed", "Content-Type: text/html")

        assert kinds(raw) == ["text/html"]
        assert scan(raw).defects == ("several Content-Types",)

    def test_part_of_a_digest_is_a_message(self) -> None:
        raw = multipart("\nSubject: inner\n\ntext", kind="digest")

        assert scan(raw).root.children[0].is_message


class TestMultipart:
    def test_parts_without_the_line_end_before_the_delimiter(self) -> None:
        raw = multipart("\none\n", "Content-Type: text/html\n\ntwo")

        assert bodies(raw) == [b"one\r\n", b"two"]
        assert kinds(raw) == ["text/plain", "text/html"]
        assert scan(raw).defects == ()

    def test_preamble_and_epilogue_are_no_parts(self) -> None:
        raw = mail(
            "Content-Type: multipart/mixed; boundary=b", body="before\n--b\n\none\n--b--\nafter\n"
        )

        assert bodies(raw) == [b"one"]

    def test_missing_end(self) -> None:
        raw = multipart("\none", "\ntwo", end="")

        assert bodies(raw) == [b"one", b"two\r\n"]
        assert scan(raw).defects == ("a multipart without its end",)

    def test_inner_multipart_without_end_stops_at_the_outer_delimiter(self) -> None:
        inner = 'Content-Type: multipart/mixed; boundary="i"\n\n--i\n\none'

        assert bodies(multipart(inner, "\ntwo")) == [b"one", b"two"]

    def test_boundary_that_begins_like_another(self) -> None:
        inner = 'Content-Type: multipart/mixed; boundary="bb"\n\n--bb\n\none\n--bb--'

        assert bodies(multipart(inner, "\n--bbb\ntwo")) == [b"one", b"--bbb\r\ntwo"]

    def test_delimiters_with_something_behind_them(self) -> None:
        raw = mail(
            "Content-Type: multipart/mixed; boundary=b", body="--b  \none\n--b x\n\ntwo\n--b-- x\n"
        )

        assert bodies(raw) == [b"one", b"two"]

    def test_delimiter_within_a_line_is_text(self) -> None:
        assert bodies(multipart("\none --b\nx--b--")) == [b"one --b\r\nx--b--"]

    def test_unquoted_boundary_with_odd_characters(self) -> None:
        raw = mail(
            "Content-Type: multipart/mixed; boundary=----=_Part 1:2?; x=y",
            body="------=_Part 1:2?\n\none\n------=_Part 1:2?--\n",
        )

        assert bodies(raw) == [b"one"]

    def test_boundary_that_is_not_stated_is_guessed(self) -> None:
        raw = mail("Content-Type: multipart/mixed", body="--guess\n\none\n--guess--\n")

        assert bodies(raw) == [b"one"]
        assert scan(raw).defects == ("a multipart without a boundary",)

    def test_no_boundary_anywhere_is_a_leaf(self) -> None:
        assert bodies(mail("Content-Type: multipart/mixed", body="text\n-- \nAnn")) == [
            b"text\n-- \nAnn"
        ]

    @pytest.mark.parametrize("behind", ["", "  "])
    def test_boundary_that_ends_in_blanks(self, behind: str) -> None:
        raw = mail(
            'Content-Type: multipart/mixed; boundary="b  "',
            body=f"--b{behind}\n\none\n--b{behind}--\n",
        )

        assert bodies(raw) == [b"one"]

    def test_guess_needs_a_second_delimiter(self) -> None:
        raw = mail("Content-Type: multipart/mixed", body="a\n--only once\nb")

        assert bodies(raw) == [b"a\n--only once\nb"]

    def test_empty_parts(self) -> None:
        raw = mail("Content-Type: multipart/mixed; boundary=b", body="--b\n--b\n\n--b--")

        assert bodies(raw) == [b"", b""]

    def test_part_without_blank_line(self) -> None:
        assert bodies(multipart("just text here")) == [b"just text here"]

    def test_more_parts_than_allowed(self) -> None:
        found = scan(multipart(*["\nx"] * 20_000))

        assert len(found.root.children) == scanner.MAX_PARTS
        assert found.defects == (f"more than {scanner.MAX_PARTS} parts",)

    def test_deeper_than_allowed(self) -> None:
        raw = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(1_000)
        )
        found = scan(raw + b"\r\nhello")

        assert len(every_part(found.root)) == scanner.MAX_DEPTH + 1
        assert f"parts nested more than {scanner.MAX_DEPTH} deep" in found.defects

    def test_more_near_delimiters_than_allowed(self) -> None:
        raw = mail("Content-Type: multipart/mixed; boundary=b", body="--bb\n" * 200_000)

        assert scan(raw).defects == (f"more than {scanner.MAX_DELIMITERS} lines like a delimiter",)


class TestMessage:
    def test_is_scanned_like_a_mail(self) -> None:
        raw = mail("Content-Type: message/rfc822", body="Subject: inner\r\n\r\ntext")

        (inner,) = scan(raw).root.children

        assert inner.headers.text(b"subject") == "inner"
        assert raw[inner.body : inner.end] == b"text"

    def test_encoded_is_left_alone(self) -> None:
        raw = mail(
            "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", body="U3ViamVjdA=="
        )

        assert scan(raw).root.children == []

    def test_within_messages_without_end(self) -> None:
        found = scan(b"Content-Type: message/rfc822\r\n\r\n" * 5_000)

        assert len(every_part(found.root)) == scanner.MAX_DEPTH + 1


class TestOffsets:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_every_part_lies_within_its_parent(self, name: str) -> None:
        raw = sample(name)

        for part in every_part(scan(raw).root):
            assert 0 <= part.start <= part.body <= part.end <= len(raw)
            ends = [part.body]
            for child in part.children:
                assert ends[-1] <= child.start <= child.end <= part.end
                ends.append(child.end)


class TestMemory:
    def test_of_a_large_mail_makes_no_copy(self) -> None:
        large = mail("Subject: x", body="word\r\n" * 200_000)

        tracemalloc.start()
        try:
            scan(large)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert most < len(large) / 4
