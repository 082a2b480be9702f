"""Mails to measure with, made anew each time from a seed: nobody's, and like everybody's.

`small` is text, half of it with an HTML twin, some of it quoting what came before. `mix` is the
same with files: most mails have none, some a document, a few a large picture.
"""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, Literal

Kind = Literal["small", "mix"]

_WORDS: Final = [
    "invoice",
    "order",
    "delivery",
    "please",
    "thanks",
    "account",
    "number",
    "question",
    "total",
    "shipping",
    "address",
    "refund",
    "yesterday",
    "attached",
    "could",
    "should",
    "would",
    "manager",
    "website",
    "error",
    "version",
    "update",
    "license",
    "renewal",
    "meeting",
    "Tuesday",
    "answer",
    "customer",
    "quote",
    "offer",
    "contract",
    "signed",
    "payment",
    "received",
    "balance",
    "support",
    "grüße",
    "straße",
    "façade",
    "naïve",
    "coöperate",
    "東京",
    "привет",
]
_START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_BOUNDARY: Final = "=_cut_{n}_here"


def make(count: int, kind: Kind, seed: int = 7) -> Iterator[bytes]:
    """So many mails, the same for the same seed."""
    chance = random.Random(seed)
    return (_mail(chance, n, kind) for n in range(count))


def _mail(chance: random.Random, n: int, kind: Kind) -> bytes:
    is_answer = n > 10 and chance.random() < 0.4
    answered = chance.randrange(max(n - 50, 0), n) if is_answer else None
    subject = f"Re: Question {answered}" if is_answer else f"Question {n}"
    headers = [
        f"Return-Path: <person{n % 400}@example.net>",
        "Received: from mx.example.net (mx.example.net [192.0.2.7]) by mail.example.com;\r\n "
        + format_datetime(_START + timedelta(minutes=n)),
        f"From: Person {n % 400} <person{n % 400}@example.net>",
        "To: Support <support@example.com>",
        f"Subject: {subject}",
        f"Date: {format_datetime(_START + timedelta(minutes=n))}",
        f"Message-ID: <{n}.{chance.getrandbits(64):x}@example.net>",
        *([f"In-Reply-To: <{answered}.x@example.net>"] if is_answer else []),
        "MIME-Version: 1.0",
    ]
    text = _text(chance, quotes=is_answer)
    body = _body(chance, n, text, kind)
    return "\r\n".join(headers).encode() + b"\r\n" + body


def _text(chance: random.Random, *, quotes: bool) -> str:
    paragraphs = [
        " ".join(chance.choices(_WORDS, k=chance.randrange(20, 90)))
        for _ in range(chance.randrange(2, 9))
    ]
    text = "\r\n\r\n".join(paragraphs) + "\r\n\r\n-- \r\nA Person\r\nExample Ltd\r\n"
    if quotes:
        quoted = "\r\n".join(f"> {paragraph}" for paragraph in paragraphs[:3])
        text += f"\r\nOn Mon, 2 Mar 2026 at 09:00, Support wrote:\r\n{quoted}\r\n"
    return text


def _body(chance: random.Random, n: int, text: str, kind: Kind) -> bytes:
    boundary = _BOUNDARY.format(n=n)
    parts = [_part("text/plain; charset=utf-8", text.encode())]
    if chance.random() < 0.6:
        html = "".join(f"<p style='margin:0'>{line}</p>" for line in text.split("\r\n") if line)
        parts.append(
            _part("text/html; charset=utf-8", f"<html><body>{html}</body></html>".encode())
        )
    inner = _multipart("alternative", boundary + "a", parts)
    files = _files(chance, n) if kind == "mix" else []
    return _multipart("mixed", boundary, [inner, *files]) if files else inner


def _files(chance: random.Random, n: int) -> list[bytes]:
    """A third of the mails carry something; a few of them much."""
    if chance.random() > 0.34:
        return []
    size = int(min(chance.lognormvariate(12.0, 1.0), 3_000_000))
    name = f"document-{n}.pdf"
    head = (
        f"Content-Type: application/pdf; name={name}\r\n"
        f"Content-Disposition: attachment; filename={name}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return [head.encode() + base64.encodebytes(chance.randbytes(size)).replace(b"\n", b"\r\n")]


def _part(content_type: str, content: bytes) -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head.encode() + content


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
