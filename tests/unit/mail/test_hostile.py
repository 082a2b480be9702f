"""Whole mails made to cost time or memory: none may, and what can be read of them is read."""

import time
import tracemalloc

import pytest

from app.mail.parse import parse

HEAD = b"Subject: x\r\nMessage-ID: <a@example.com>\r\n"
TEXT = b"\r\nHello"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"

NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)
)
ADDRESSES = b", ".join(b"User %d <u%d@example.com>" % (n, n) for n in range(20_000))
ALTERNATIVE = (
    b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    b"--c\r\nContent-Type: text/plain\r\n\r\nx\r\n--c--\r\n"
)

MAILS = {
    "50,000 quotes in From": b"From: " + b'"' * 50_001 + b"\r\n" + HEAD + TEXT,
    "2,000 nested comments in To": b"To: " + b"(" * 2_000 + b")" * 2_000 + b"\r\n" + HEAD + TEXT,
    "20,000 addresses in To": b"To: " + ADDRESSES + b"\r\n" + HEAD + TEXT,
    "20,000 To fields": HEAD + b"To: a@example.com\r\n" * 20_000 + TEXT,
    "64,000 blanks in To": b"To: a" + b" " * 64_000 + b"b\r\n" + HEAD + TEXT,
    "10 MB in a field": b"X: " + b"a" * 10_000_000 + b"\r\n" + HEAD + TEXT,
    "10 MB in a folded field": b"X: " + b"a\r\n " * 2_500_000 + b"\r\n" + HEAD + TEXT,
    "a million fields": HEAD + b"X: y\r\n" * 1_000_000 + TEXT,
    "a million blank header lines": HEAD + b" \r\n" * 1_000_000 + TEXT,
    "garbage between fields": HEAD + (b"x\r\n" * 900 + b"X-A: b\r\n") * 300 + TEXT,
    "200,000 references": HEAD + b"References: " + b"<a@b> " * 200_000 + b"\r\n" + TEXT,
    "100,000 words in Subject": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n" + TEXT,
    "20,000 parameters": HEAD + b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n" + TEXT,
    "a long date": HEAD + b"Date: " + b"1 " * 30_000 + b"\r\n" + TEXT,
    "1,000 nested multiparts": HEAD + NESTED + TEXT,
    "5,000 nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + TEXT,
    "20,000 parts": MIXED + b"--b\r\n\r\nHello\r\n" * 20_000,
    "20,000 files": MIXED + b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * 20_000,
    "20,000 alternatives": MIXED + ALTERNATIVE * 20_000,
    "a million near delimiters": MIXED + b"--bb\r\n" * 1_000_000,
    "a boundary of 60,000 characters": (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="'
        + b"a" * 60_000
        + b'b"\r\n\r\n'
        + (b"--" + b"a" * 60_000 + b"\r\n") * 100
    ),
    "a boundary to be guessed": (
        HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + (b"--b" + b" " * 300 + b"\r\n") * 20_000
    ),
    "100,000 open links": HTML + b"<a href" * 100_000,
    "50,000 nested divs": HTML + b"<div>" * 50_000 + b"Hello",
    "100,000 blank lines": HEAD + TEXT + b"\r\n" * 100_000 + b"x",
    "'On a a a'": HEAD + TEXT + b"\nOn " + b"a " * 8_000,
    "30,000 lines of 'On Mon,'": HEAD + TEXT + b"\nOn Mon," * 30_000,
    "100,000 interrupted quotes": HEAD + TEXT + b"\n> a\nb" * 100_000,
    "20 MB of base64 in a line": (
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"SGVsbG8g" * 2_500_000
    ),
    "10 MB of padding": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=" * 5_000_000,
    "5 MB of equal signs": (
        HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 5_000_000
    ),
    "300,000 flowed lines": (
        HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 300_000
    ),
    "surrogates in UTF-7": (
        HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+2AA-" * 100_000
    ),
    "carriage returns alone": b"Subject: x\rTo: a@example.com\r\r" + b"Hello\r" * 100_000,
    "a path of 60,000 characters": (
        HEAD + b'Content-Type: image/png; name="' + b"a/" * 30_000 + b'"\r\n' + TEXT
    ),
}


BIG = [
    "20,000 addresses in To",
    "10 MB in a folded field",
    "a million fields",
    "1,000 nested multiparts",
    "20,000 parts",
    "50,000 nested divs",
    "20 MB of base64 in a line",
]


class TestHostile:
    @pytest.mark.parametrize("raw", MAILS.values(), ids=MAILS)
    def test_takes_little_time(self, raw: bytes) -> None:
        started = time.process_time()
        found = parse(raw)

        assert time.process_time() - started < 1
        assert found.subject[:1] in {"x", "a"}

    @pytest.mark.parametrize("name", BIG)
    def test_takes_little_memory(self, name: str) -> None:
        raw = MAILS[name]

        tracemalloc.start()
        parse(raw)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < len(raw) + 48 * 1024 * 1024


UNREADABLE = {
    "5,000 nested messages",
    "20,000 files",
    "a million near delimiters",
    "a boundary of 60,000 characters",
    "a boundary to be guessed",
    "100,000 open links",
    "10 MB of padding",
    "5 MB of equal signs",
    "300,000 flowed lines",
    "20,000 alternatives",
    "surrogates in UTF-7",
    "a path of 60,000 characters",
}


class TestStillReadable:
    @pytest.mark.parametrize("name", sorted(MAILS.keys() - UNREADABLE))
    def test_text_is_there(self, name: str) -> None:
        assert "Hello" in parse(MAILS[name]).body
