"""What a mail consists of: texts to be shown, and files."""

from dataclasses import dataclass
from typing import Final

from app.mail import charset, html, transfer
from app.mail.scan import Part

_PLAIN: Final = frozenset({"text/plain", "text", "text/markdown", "text/x-markdown"})
_HTML: Final = frozenset({"text/html", "text/enriched", "text/richtext"})
_NEVER_SHOWN: Final = frozenset({"text/x-amp-html", "text/watch-html"})
"""Third renderings of a text that we have already."""


@dataclass(frozen=True, slots=True)
class Leaf:
    part: Part
    is_html: bool
    group: int
    """Texts of one group say the same thing in different ways; 0 is no group."""


@dataclass(frozen=True, slots=True)
class File:
    part: Part
    within: str
    """The type of the multipart it lies in."""


@dataclass(frozen=True, slots=True)
class Contents:
    texts: list[Leaf]
    files: list[File]


def contents_of(root: Part) -> Contents:
    """Tell the texts of a mail from its files. A mail within the mail is a file."""
    contents = Contents([], [])
    pending: list[tuple[Part, str, int]] = [(root, "", 0)]
    groups = 0
    while pending:
        part, within, group = pending.pop()
        if part.children and not part.is_message:
            kind = part.content_type.value
            if kind == "multipart/alternative" and not group:
                groups += 1
                group = groups
            pending.extend((child, kind, group) for child in reversed(part.children))
        elif (is_html := _as_text(part, is_root=part is root)) is not None:
            contents.texts.append(Leaf(part, is_html, group))
        elif part.content_type.value not in _NEVER_SHOWN and not part.is_multipart:
            contents.files.append(File(part, within))
    return contents


def _as_text(part: Part, *, is_root: bool) -> bool | None:
    """Whether a text is HTML; None for what is no text to be shown."""
    kind = part.content_type.value
    is_html = kind in _HTML
    if not (is_html or kind in _PLAIN or (part.is_multipart and part.end > part.body)):
        return None
    disposition = part.headers.parameterised(b"content-disposition")
    if disposition.value.startswith("attachment"):
        return None
    named = "filename" in disposition.parameters or "name" in part.content_type.parameters
    return None if named and not is_root else is_html


def decoded(raw: bytes, leaf: Leaf, *, most: int) -> tuple[str, str]:
    """Its text, and the charset it names if nobody knows that one.

    No more than so many encoded bytes of it are read.
    """
    part = leaf.part
    data = transfer.decode(raw[part.body : min(part.end, part.body + most)], part.encoding)
    label = part.content_type.parameters.get("charset", "").strip("\"' ").partition(" ")[0]
    unknown = label if label and charset.codec_for(label) is None else ""
    if leaf.is_html and not label:
        label = html.stated_charset(data)
    return charset.decode(data, label), unknown
