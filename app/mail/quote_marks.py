"""The marks that mail software leaves around what is quoted, judged line by line.

`bare` is always one line without the blanks around it, of bounded length.
"""

import re
from collections.abc import Sequence
from typing import Final

from app.mail.quote_words import (
    DAYS,
    DEVICES,
    FORWARDED,
    LABELS,
    OPENERS,
    ORIGINAL,
    SENT,
    SENT_FROM,
    SENT_FROM_BEGINNINGS,
    SENT_FROM_ENDINGS,
    WROTE,
)

BLANKS: Final = " \t\xa0\u200b\u200e\u200f\ufeff"
DASHES: Final = "-_=*–—~"
COLONS: Final = (":", "：")
_MAX_LABEL: Final = 24
_MAX_SENT_FROM: Final = 120
_MAX_BETWEEN_DASHES: Final = 80
_MAX_OTHER_LINES: Final = 3
_ENDS_OF_ATTRIBUTIONS: Final = frozenset(":：>-–—")
_SENT_FROM_STARTS: Final = frozenset(
    start + words[:n]
    for words in (*SENT_FROM, *SENT_FROM_BEGINNINGS)
    for start, n in (("", 2), ("*", 1), ("_", 1))
)

_WHEN: Final = re.compile(r"\d{4}|\d[:.]\d\d|\d[./-]\d|\dh\d\d")
_TIME: Final = re.compile(r"\d\s?[:.h]\s?\d\d")
_IN_BRACKETS: Final = re.compile(r"[<(\[][^<>()\[\]]*[>)\]]?")
_SENTENCE_MARKS: Final = re.compile(r"[.,;:!?]")


def may_be_mark(bare: str) -> bool:
    """A quick look; most lines are none."""
    return (
        bare[0] in DASHES
        or bare[-1] in _ENDS_OF_ATTRIBUTIONS
        or bare.find(":", 0, _MAX_LABEL + 1) > 0
        or bare[:2].lower() in _SENT_FROM_STARTS
        or "@" in bare
    )


def is_forward_mark(bare: str) -> bool:
    """`---------- Forwarded message ----------`, `Begin forwarded message:`."""
    return _is_between_dashes(bare, FORWARDED)


def is_original_mark(bare: str) -> bool:
    """`-----Original Message-----`."""
    return _is_between_dashes(bare, ORIGINAL)


def _is_between_dashes(bare: str, phrases: tuple[str, ...]) -> bool:
    if bare[0] not in DASHES and not bare.endswith(COLONS):
        return False
    inner = bare.strip(DASHES + BLANKS)
    dashed = bare[0] in DASHES and len(bare) - len(inner) > 2
    if not inner or len(inner) > _MAX_BETWEEN_DASHES or not (dashed or bare.endswith(COLONS)):
        return False
    return inner.lower().startswith(phrases)


def is_rule(bare: str) -> bool:
    """Nothing, or nothing but dashes."""
    return not bare or (len(bare) > 2 and not bare.strip(DASHES + BLANKS))


# `From: … Sent: … To: … Subject: …`


def is_header_block(bares: Sequence[str]) -> bool:
    """Whether these lines begin with the short header of another mail.

    It takes two of the usual labels, and a sign that they belong to a mail and not to a letter.
    """
    found: dict[str, str] = {}
    others = blanks = 0
    for bare in bares:
        label, colon, value = bare.partition(":")
        kind = _label(label) if colon else None
        if kind is not None:
            found.setdefault(kind, value)
            blanks = 0
        elif not bare:
            blanks += 1
        else:
            others += 1
        if not found or blanks > 1 or others > _MAX_OTHER_LINES:
            break
    return _is_of_a_mail(found)


def _label(text: str) -> str | None:
    return LABELS.get(text.strip(BLANKS + "*_>").lower()) if len(text) <= _MAX_LABEL else None


def _is_of_a_mail(found: dict[str, str]) -> bool:
    if len(found) < 2 or found.keys().isdisjoint({"from", "sent", "date"}):
        return False
    if any("@" in found.get(kind, "") for kind in ("from", "to", "cc")):
        return True
    when = found.get("sent", "") + found.get("date", "")
    return len(found) > 2 and "from" in found and bool(_TIME.search(when))


# `Sent from my phone`


def is_sent_from(bare: str) -> bool:
    """The line that a phone adds. A sentence that begins alike is longer, or ends like one."""
    if bare[:2].lower() not in _SENT_FROM_STARTS or len(bare) > _MAX_SENT_FROM:
        return False
    text = _IN_BRACKETS.sub("", bare).strip(BLANKS + "*_-").lower()
    verb_last = text.startswith(SENT_FROM_BEGINNINGS) and text.endswith(SENT_FROM_ENDINGS)
    if not (verb_last or text.startswith(SENT_FROM)):
        return False
    words = text.replace(",", " ").split()
    if len(words) <= 7 and not _SENTENCE_MARKS.search(text):
        return True
    return len(words) <= 15 and not DEVICES.isdisjoint(words[:5])


# `On Monday, 3 May 2024, Ann <ann@example.com> wrote:`


def may_end_attribution(bare: str) -> bool:
    return bare[-1] in _ENDS_OF_ATTRIBUTIONS or ("@" in bare and bare.lower().endswith(WROTE))


def may_begin_attribution(bare: str) -> bool:
    text = bare.lstrip(DASHES + BLANKS)
    return bool(text) and (text[0].isdigit() or _first_word(text) in OPENERS | DAYS)


def is_attribution(text: str, *, opened: bool, quote_follows: bool) -> bool:
    """Whether a line says who wrote something, and when or from which address.

    `opened`: it begins as such lines do. `quote_follows`: the next line is marked as a quote.
    """
    text = text.strip(BLANKS)
    if text.count(">") > text.count("<"):
        return False  # only the second half of it
    stem = text.rstrip(DASHES + BLANKS + ":：").lower()
    wrote = stem.endswith(SENT) or any(word in stem for word in WROTE)
    has_address, has_date = "@" in text, bool(_WHEN.search(text))
    ends = text.endswith((*COLONS, "--", "––", "——"))
    if opened and has_address and has_date:
        begins_with_date = text[0].isdigit() or _first_word(text.lstrip(DASHES + BLANKS)) in DAYS
        if begins_with_date and (ends or quote_follows):
            return True
        ends = ends or stem.endswith(WROTE)
    if not (wrote and ends):
        return False
    is_dashed = text[0] in DASHES
    return has_address or quote_follows or is_dashed or (opened and has_date)


def is_wrapped_attribution(first: str, second: str) -> bool:
    """Two lines that begin as nothing we know, but name an address, a moment, and end in a verb."""
    text = f"{first} {second}"
    is_complete = "@" in text and bool(_WHEN.search(text))
    return is_complete and is_attribution(text, opened=False, quote_follows=False)


def only_wrote(bare: str) -> bool:
    """The last word of an attribution, with the bracket that wrapping put before it."""
    return bare.strip(BLANKS + ">:：").lower() in WROTE


def _first_word(text: str) -> str:
    return text.split(None, 1)[0].lower().rstrip(",.")
