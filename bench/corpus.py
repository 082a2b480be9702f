"""How often we agree with what other people's test mail asserts of itself.

The mail is not part of this project; whoever runs this names its folder. The tests hold the
same figures to a least; this prints them.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.mail.html import to_text
from app.mail.parse import parse
from app.mail.parsed import Automatic
from app.mail.quotes import newly_written
from bench.report import table

_CLASSES: Final = {
    "bounces": ("is_bounce", Automatic.BOUNCE),
    "automatic replies": ("is_auto_reply", Automatic.REPLY),
    "complaints": ("is_feedback_report", Automatic.COMPLAINT),
}
_LINES: Final = 100_000
_TEXTS: Final = {
    "blank lines": "\n",
    "plain lines": "word word\n",
    "quoted lines": "> word\n",
    "lines that begin an attribution": "On Mon,\n",
    "header lines": "From: x\n",
    "signature lines": "--\n",
}
Facts = Mapping[str, Any]


def corpus(folder: Path) -> str:
    """Both tables."""
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    mails = list(_of_kind(folder, rows, "eml"))
    found = {
        name: _agreement(mails, fact, partial(_is, kind)) for name, (fact, kind) in _CLASSES.items()
    }
    texts = list(_of_kind(folder, rows, "reply-text"))
    pages = list(_of_kind(folder, rows, "reply-html"))
    found |= {
        "replies, as text": _agreement(texts, "stripped_reply_equals", _trimmed),
        "their first part": _agreement(texts, "fragment_0_equals", _trimmed),
        "replies, as whole mails": _agreement(
            mails, "stripped_reply_equals", lambda raw: _squeezed(parse(raw).excerpt)
        ),
        "replies, as HTML": _agreement(
            pages,
            "stripped_text_equals_ignoring_whitespace",
            lambda raw: _squeezed(newly_written(to_text(_text(raw)).marked)),
        ),
    }
    shares = [
        (name, str(agreed), str(of), f"{100 * agreed / of:.1f} %")
        for name, (agreed, of) in found.items()
    ]
    times = [(name, _ms(text)) for name, text in _TEXTS.items()]
    return "\n\n".join(
        (
            table(("what is stated", "agreed", "of", "share"), shares),
            table((f"{_LINES:,} of them", "ms of processor time"), times),
        )
    )


def _is(kind: Automatic, raw: bytes) -> bool:
    return parse(raw).automatic is kind


def _trimmed(raw: bytes) -> str:
    return _squeezed(newly_written(_text(raw)))


def _of_kind(folder: Path, rows: list[dict[str, Any]], kind: str) -> Iterator[tuple[bytes, Facts]]:
    for row in rows:
        if row["kind"] == kind:
            yield (folder / row["file"]).read_bytes(), row["expected"]


def _agreement(
    entries: list[tuple[bytes, Facts]], fact: str, ours: Callable[[bytes], Any]
) -> tuple[int, int]:
    """With how many of those that state the fact we agree, and how many these are."""
    stated = [(raw, expected[fact]) for raw, expected in entries if fact in expected]
    agreed = sum(
        ours(raw) == (_squeezed(expected) if isinstance(expected, str) else expected)
        for raw, expected in stated
    )
    return agreed, len(stated)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\r\n", "\n")


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _ms(line: str) -> str:
    text = line * _LINES
    started = time.process_time()
    newly_written(text)
    return f"{(time.process_time() - started) * 1000:.1f}"
