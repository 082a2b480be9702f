"""Random bytes and random edits of the samples: an answer for every one, and never a wrong one."""

import re
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mail.address import addresses
from app.mail.headers import decoded, one_line, parameterised
from app.mail.html import to_text
from app.mail.packed import packed, parsed_mail
from app.mail.parse import MailUnreadable, cut, parse
from app.mail.parsed import ParsedMail
from app.mail.quotes import newly_written
from app.mail.scan import Part, scan
from app.mail.threading import message_ids, subject_key
from tests.unit.mail.samples import SAMPLES, sample

NOT_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
NOT_IN_HEADERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

PIECES = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"=", b"?=", b'"', b"(", b"<", b">",
        b"--", b"--b\r\n", b"--b--\r\n", b"\r\n\r\n", b"=?utf-8?q?", b"=0A", b"\xff", b"\xc3\xa4",
        b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"charset=utf-7", b"filename*0*=utf-16''",
        b"<div style='display:none'>", b"<!--", b"&#0;", b"&#xd800;", b"\n> ", b"\nOn 2024 a@b:\n",
        b"begin 644 x\n", b"+2AA-", b"\x1b$B", b"From: ", b"Date: ",
    ]
)  # fmt: skip

FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def edited_samples(draw: st.DrawFn) -> bytes:
    raw = bytearray(sample(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        gone = draw(st.integers(0, 40))
        raw[at : at + gone] = draw(PIECES | st.binary(max_size=8))
    return bytes(raw)


def header_texts(found: ParsedMail) -> Iterator[str]:
    yield found.subject
    yield from found.references
    yield from (found.internet_message_id or "", found.in_reply_to or "", found.list_id or "")
    people = (*found.to, *found.cc, *found.reply_to, *((found.sender,) if found.sender else ()))
    for person in people:
        yield from (person.name, person.address)
    for file in found.attachments:
        yield from (file.filename, file.content_type, file.content_id or "", file.encoding)
    yield from found.defects


def check(raw: bytes) -> None:
    try:
        found = parse(raw)
    except MailUnreadable:
        assert not raw.strip(b"\0 \t\r\n")
        return
    assert parsed_mail(packed(found)) == found
    assert not NOT_IN_TEXT.search(found.body + found.excerpt)
    for text in header_texts(found):
        assert not NOT_IN_HEADERS.search(text)
    for file in found.attachments:
        assert file.filename
        assert "/" not in file.filename
        assert 0 <= file.offset <= file.offset + file.length <= len(raw)
        assert isinstance(cut(raw, file.offset, file.length, file.encoding), bytes)
    check_offsets(scan(raw).root, len(raw))


def check_offsets(root: Part, length: int) -> None:
    pending = [root]
    while pending:
        part = pending.pop()
        assert 0 <= part.start <= part.body <= part.end <= length
        at = part.body
        for child in part.children:
            assert at <= child.start <= child.end <= part.end
            at = child.end
        pending.extend(part.children)


class TestParse:
    @given(st.binary(max_size=2_000))
    @FAST
    def test_random_bytes(self, raw: bytes) -> None:
        check(raw)

    @given(st.lists(PIECES, max_size=60).map(b"".join))
    @FAST
    def test_random_pieces(self, raw: bytes) -> None:
        check(raw)

    @given(edited_samples())
    @FAST
    def test_edited_samples(self, raw: bytes) -> None:
        check(raw)


class TestParts:
    @given(st.text())
    @FAST
    def test_header_texts(self, text: str) -> None:
        line = one_line(text)

        assert not NOT_IN_HEADERS.search(line)
        assert not NOT_IN_HEADERS.search(decoded(line))
        for value in parameterised(line).parameters.values():
            assert not NOT_IN_HEADERS.search(value)
        for address in addresses(line):
            assert not NOT_IN_HEADERS.search(address.name + address.address)
        assert all(message_ids(line))
        assert "\n" not in subject_key(line)

    @given(st.text(alphabet="<>ab=\"' /!-&;#x0\n", max_size=400))
    @FAST
    def test_html(self, text: str) -> None:
        assert not NOT_IN_TEXT.search(to_text(text).marked)

    @given(st.text(alphabet="ab>-_:On 1@<\n", max_size=400))
    @FAST
    def test_what_is_newly_written_is_part_of_the_text(self, text: str) -> None:
        written = newly_written(text)

        assert bool(written.strip()) == bool(text.strip())
        assert all(line in text for line in written.split("\n"))

    @given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
    @FAST
    def test_cut(self, data: bytes, encoding: str) -> None:
        assert isinstance(cut(data, 0, len(data), encoding), bytes)
