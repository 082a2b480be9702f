"""A raw mail in, the HTML that its reader is shown out: safe, and with the pictures it brought.

Runs in the parser's child process, as everything does that reads what strangers wrote.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import unquote

from app.mail import transfer
from app.mail.contents import Leaf, contents_of, decoded
from app.mail.safe_html import MAX_HTML, make_safe
from app.mail.scan import Part, scan

MAX_PICTURES: Final = 6_000_000
"""Bytes of pictures within the mail that are shown, each as often as it is named."""
_MAX_ENCODED: Final = 3 * MAX_HTML
_MAX_PARTS: Final = 50
_KINDS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class ShownMail:
    html: str
    remote_images: int
    is_cut: bool
    """It is longer than what is shown."""


def shown(raw: bytes, *, load_remote: bool) -> ShownMail:
    """Raises `MailUnreadable` if there is nothing in the mail, and nothing else."""
    contents = contents_of(scan(raw).root)
    pictures = _Pictures(raw, [file.part for file in contents.files])
    texts = list(_chosen(contents.texts))
    done: list[str] = []
    remote, left, is_cut = 0, MAX_HTML, len(texts) > _MAX_PARTS
    for leaf in texts[:_MAX_PARTS]:
        source, _ = decoded(raw, leaf, most=_MAX_ENCODED)
        is_cut = is_cut or len(source) > left
        source = source[:left]
        left -= len(source)
        if not leaf.is_html:
            done.append(f"<pre>{escape(source.strip())}</pre>" if source.strip() else "")
            continue
        safe = make_safe(source, inline=pictures.data, load_remote=load_remote)
        remote += safe.remote
        done.append(safe.html)
    html = "<hr>".join(one for one in done if one)
    return ShownMail(html, remote, is_cut)


def _chosen(texts: Sequence[Leaf]) -> Iterator[Leaf]:
    """Of texts that say the same, those in HTML."""
    in_html = {leaf.group for leaf in texts if leaf.is_html}
    return (leaf for leaf in texts if leaf.is_html or not leaf.group or leaf.group not in in_html)


class _Pictures:
    """Those that came with the mail, by the Content-ID its HTML names them by (RFC 2392)."""

    def __init__(self, raw: bytes, parts: Sequence[Part]) -> None:
        self._raw = raw
        self._left = MAX_PICTURES
        self._parts: dict[str, Part] = {}
        for part in parts:
            name = part.headers.plain(b"content-id").strip("<> ")
            if name:
                self._parts.setdefault(name, part)

    def data(self, content_id: str) -> str | None:
        part = self._parts.get(unquote(content_id).strip("<> "))
        if part is None or (part.end - part.body) > 2 * self._left:
            return None
        content = transfer.decode(self._raw[part.body : part.end], part.encoding)
        kind = _kind(content)
        if kind is None or len(content) > self._left:
            return None
        self._left -= len(content)
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _kind(content: bytes) -> str | None:
    """By its first bytes: what the mail calls it counts for nothing."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _KINDS if content.startswith(mark)), None)
