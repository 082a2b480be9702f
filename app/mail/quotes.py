"""What somebody newly wrote, without the mails it answers and without the signature.

Only a hint for display: the whole text is always kept beside it, and where this would leave
nothing, the whole is what it answers. Every line is looked at a bounded number of times, and no
pattern here can go back and forth over a text.

What counts as quoted, from the first such place on: a header block (`From: … Sent: … To: …`), an
"Original Message" line, a line such as "On Monday Ann wrote:" and all that follows it. Lines with
">" are quoted one by one, so that an answer below or between them is kept; where somebody answers
between quotes, the quotes are kept too, since the answers mean nothing without them. A forwarded
mail is news, and is kept.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.mail import quote_marks
from app.mail.quote_marks import BLANKS, COLONS, DASHES

MAX_CHARACTERS: Final = 64 * 1024
MAX_LINES: Final = 2_000
MAX_LINE: Final = 2_000
"""Of a longer line, only the beginning is looked at."""
_MAX_ATTRIBUTION_LINES: Final = 5
_MAX_ATTRIBUTION: Final = 600
_MAX_HEADER_BLOCK: Final = 14
_MAX_SIGNATURE: Final = 20
_MAX_FOOTER: Final = 8
_WRAPPED: Final = 60
"""A quoted line this long may go on in the next."""

_ON_WITHIN_LINE: Final = re.compile(
    r"(?:--+|\s)(On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun"
    r"|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d))"
)


def newly_written(text: str, *, forwarded: bool = False) -> str:
    """The part of a plain text that its sender wrote for this mail.

    `forwarded`: the subject says that the mail was passed on; what would otherwise be the quoted
    mail is then what it is about.
    """
    lines = _lines(text[:MAX_CHARACTERS].split("\n"))
    kept = _lines(_without_old_mail(lines, forwarded=forwarded))
    return "\n".join(kept).strip("\n") or "\n".join(lines).strip("\n")


def _lines(lines: Iterable[str]) -> list[str]:
    """The lines we look at, with runs of blank lines made one."""
    kept: list[str] = []
    last = ""
    for line in map(str.rstrip, lines):
        if line or last:
            kept.append(line)
            if len(kept) == MAX_LINES:
                break
        last = line
    return kept


@dataclass(slots=True)
class _Line:
    text: str
    bare: str
    """Without the blanks around it, cut to what we look at."""
    quoted: bool
    attributes: bool = False
    """Whether the line over a quote begins here, which says who wrote it."""


def _line(text: str) -> _Line:
    bare = text[:MAX_LINE].strip()
    if not bare.isascii():
        bare = bare.strip(BLANKS)
    return _Line(text, bare, bare[:1] == ">")


def _without_old_mail(texts: Sequence[str], *, forwarded: bool) -> Sequence[str]:
    lines = [_line(text) for text in texts]
    if any(line.quoted for line in lines):
        _mend_brackets(lines)
    mail = _before_old_mail(lines, forwarded=forwarded)
    if mail is None:
        return texts
    _drop_footers(mail)
    answer = _without_quotes(mail)
    if answer is not mail:
        _drop_footers(answer)
    return [line.text for line in answer]


def _mend_brackets(lines: list[_Line]) -> None:
    """Wrapping can put the `>` of an address at the beginning of a line; that is no quote."""
    for n in range(1, len(lines)):
        bare = lines[n].bare
        if lines[n].quoted and len(bare) < 40 and bare.endswith(COLONS):
            before = lines[n - 1].bare or lines[max(n - 2, 0)].bare
            is_end = before.count("<") > before.count(">") or quote_marks.only_wrote(bare)
            lines[n].quoted = lines[n - 1].quoted or not is_end


def _before_old_mail(lines: list[_Line], *, forwarded: bool) -> list[_Line] | None:
    """The lines before the first mark after which all is old; None if it is a forwarded mail."""
    for n, line in enumerate(lines):
        bare = line.bare
        if not bare or line.quoted or not quote_marks.may_be_mark(bare):
            continue
        if quote_marks.is_forward_mark(bare):
            return None
        if n and quote_marks.is_sent_from(bare):
            return lines[:n]
        if not forwarded and _begins_old_mail(lines, n):
            return lines[:n]
        if quote_marks.may_end_attribution(bare):
            before = _before_attributed(lines, n)
            if before is not None:
                return before
    return lines


def _begins_old_mail(lines: list[_Line], n: int) -> bool:
    if quote_marks.is_original_mark(lines[n].bare):
        return True
    return ":" in lines[n].bare and quote_marks.is_header_block(
        [line.bare for line in lines[n : n + _MAX_HEADER_BLOCK]]
    )


# The line over a quote, which says who wrote it


def _before_attributed(lines: list[_Line], end: int) -> list[_Line] | None:
    """Judge the line that may be the last of an attribution.

    Answers the lines before it where all after it is old. Where quoted lines follow, it answers
    nothing, and only marks the attribution as belonging to them.
    """
    quote_follows = _quote_follows(lines, end)
    found = _attribution_start(lines, end, quote_follows=quote_follows)
    if found is None:
        return None
    start, column = found
    own = lines[start].text[:column].rstrip(BLANKS + DASHES)
    if not quote_follows:
        return [*lines[:start], _line(own)]
    if own:
        lines[start] = _line(own)
        start += 1
    for line in lines[start : end + 1]:
        line.quoted = True
    lines[start].attributes = True
    return None


def _quote_follows(lines: list[_Line], n: int) -> bool:
    return next((line.quoted for line in lines[n + 1 : n + 3] if line.bare), False)


def _attribution_start(
    lines: list[_Line], end: int, *, quote_follows: bool
) -> tuple[int, int] | None:
    """The line and column where it begins; it may be wrapped over a few lines."""
    after = ""
    for n in range(end, max(end - _MAX_ATTRIBUTION_LINES, -1), -1):
        line = lines[n]
        if len(after) + len(line.bare) > _MAX_ATTRIBUTION or (line.quoted and n < end):
            return None
        for column in _openings(line):
            text = f"{line.text[column:]} {after}"
            if quote_marks.is_attribution(text, opened=True, quote_follows=quote_follows):
                return n, column
        after = f"{line.bare} {after}"
    last = lines[end].bare
    if end and "@" not in last and quote_marks.is_wrapped_attribution(lines[end - 1].bare, last):
        return end - 1, 0
    if quote_marks.is_attribution(last, opened=False, quote_follows=quote_follows):
        return end, 0
    return None


def _openings(line: _Line) -> list[int]:
    """The columns at which an attribution may begin: the first, or the last `On …` in the line."""
    if quote_marks.may_begin_attribution(line.bare):
        return [0]
    within = [match.start(1) for match in _ON_WITHIN_LINE.finditer(line.text[:MAX_LINE])]
    return within[-1:]


# Quoted lines


@dataclass(slots=True)
class _Run:
    """Quoted lines `[start:end]` with nothing own between them."""

    start: int
    end: int
    attributed: bool


def _without_quotes(lines: list[_Line]) -> list[_Line]:
    runs = _runs(lines)
    if not runs:
        return lines
    last = runs[-1]
    is_trailing = not any(line.bare for line in lines[last.end :])
    others = runs[:-1] if is_trailing else runs
    gone = [last] if is_trailing else []
    if all(run.attributed for run in others):
        gone = runs
    dropped = {n for run in gone for n in range(run.start, run.end)}
    return [line for n, line in enumerate(lines) if n not in dropped]


def _runs(lines: list[_Line]) -> list[_Run]:
    runs: list[_Run] = []
    is_open = False
    for n, line in enumerate(lines):
        if line.quoted or (is_open and _is_wrapped_from_quote(lines, n)):
            if line.attributes or not is_open:
                runs.append(_Run(n, n, line.attributes))
            is_open = True
            runs[-1].end = n + 1
        elif line.bare:
            is_open = False
    return runs


def _is_wrapped_from_quote(lines: list[_Line], n: int) -> bool:
    """Senders wrap long quoted lines, and the rest stands without its mark."""
    before, line, after = lines[n - 1], lines[n], lines[n + 1 : n + 2]
    if not (before.quoted and line.bare and after and after[0].quoted):
        return False
    if line.bare.startswith(("(http", "<http")):
        return True
    _, scheme, address = before.bare.rpartition("://")
    if scheme and " " not in address and " " not in line.bare:
        return True
    is_unfinished = before.bare[-1].isalpha() or before.bare[-1] == ","
    return len(before.bare) >= _WRAPPED and is_unfinished and line.bare[0].islower()


# What stands below


def _drop_footers(lines: list[_Line]) -> None:
    """Take off signatures, list footers and lines of dashes, in whatever order they come."""
    while True:
        while lines and quote_marks.is_rule(lines[-1].bare):
            lines.pop()
        start = _footer(lines)
        if start is None:
            return
        del lines[start:]


def _footer(lines: list[_Line]) -> int | None:
    """The line with which a signature (`-- `) or the footer of a mailing list (`____`) begins."""
    below = 0
    for n in range(len(lines) - 1, 0, -1):
        line = lines[n]
        if line.quoted or below > _MAX_SIGNATURE:
            return None
        if line.text == "--":
            return n
        if line.bare[:2] == "__" and not line.bare.strip("_"):
            names_a_list = any("@" in each.bare or "://" in each.bare for each in lines[n + 1 :])
            return n if names_a_list and below <= _MAX_FOOTER else None
        below += bool(line.bare)
    return None
