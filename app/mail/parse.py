"""A raw mail in, `ParsedMail` out.

The one thing to know: attachments are not decoded here. Each is told by where it lies in the raw
bytes, and `cut` takes it out when somebody asks. Only the parts that make the text are decoded, and
of those no more than can be shown.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from app.mail import dates, extras, filenames, headers, html, transfer
from app.mail.address import MAX_ADDRESSES, Address, addresses
from app.mail.automatic import automatic
from app.mail.contents import Contents, File, Leaf, contents_of, decoded
from app.mail.flowed import unflowed
from app.mail.headers import Headers
from app.mail.mailer import mailer
from app.mail.parsed import Attachment, Automatic, ParsedMail
from app.mail.quotes import newly_written
from app.mail.report import report
from app.mail.scan import MailUnreadable, Part, scan
from app.mail.threading import has_forward_prefix, message_ids

__all__ = ["MailUnreadable", "cut", "parse"]

MAX_BODY: Final = html.MAX_TEXT
"""Characters of the text that is kept; the raw mail has the rest."""
MAX_EXCERPT: Final = 4_000
MAX_SUBJECT: Final = 1_000
MAX_LIST_ID: Final = 255
_MAX_ENCODED_TEXT: Final = 1_500_000
"""Bytes of a text part that are decoded: enough for `MAX_BODY` in any encoding."""
_MAX_CHARSET_IN_DEFECT: Final = 40

_REPORTS: Final = frozenset({Automatic.BOUNCE, Automatic.COMPLAINT})


def parse(raw: bytes) -> ParsedMail:
    """Read a mail. Raises `MailUnreadable` if there is nothing in it, and nothing else."""
    found = scan(raw)
    top = found.root.headers
    contents = contents_of(found.root)
    text = _Text(raw, contents)
    subject = top.text(b"subject")[:MAX_SUBJECT]
    people = addresses(top.plain(b"from")) or addresses(top.plain(b"sender"))
    ids = message_ids(top.plain(b"message-id"))
    answered = message_ids(top.plain(b"in-reply-to"))
    nature = automatic(found.root, people[0] if people else None, subject)
    return ParsedMail(
        internet_message_id=ids[0] if ids else None,
        in_reply_to=answered[0] if answered else None,
        references=message_ids(top.plain(b"references")),
        subject=subject,
        sender=people[0] if people else None,
        to=_everybody(top, b"to"),
        cc=_everybody(top, b"cc"),
        reply_to=_everybody(top, b"reply-to"),
        sent_at=dates.sent_at(top.plain(b"date")),
        body=text.body,
        excerpt=_excerpt(text.marked, forwarded=has_forward_prefix(subject)),
        has_html=any(leaf.is_html for leaf in contents.texts),
        attachments=tuple(_attachments(raw, contents.files)),
        list_id=_list_id(top),
        automatic=nature,
        defects=(*found.defects, *text.defects),
        mailer=mailer(top),
        delivered_to=extras.delivered_to(top),
        report=report(raw, found.root, text.body) if nature in _REPORTS else None,
        unsubscribe=extras.unsubscribe(top),
        invitation=extras.invitation(raw, found.root),
    )


def cut(raw: bytes, offset: int, length: int, encoding: str) -> bytes:
    """The decoded bytes of an attachment, as far as there are any."""
    return transfer.decode(raw[offset : offset + length], encoding)


def _everybody(top: Headers, name: bytes) -> tuple[Address, ...]:
    """All fields of that name: some senders write one for each address."""
    if name not in top:
        return ()
    found: list[Address] = []
    for value in top.all_raw(name):
        found.extend(addresses(headers.plain(value)))
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found[:MAX_ADDRESSES])


def _list_id(top: Headers) -> str | None:
    """`Our list <list.example.com>` without its description (RFC 2919)."""
    text = top.text(b"list-id")
    inner = text.rpartition("<")[2].partition(">")[0].strip()
    return inner[:MAX_LIST_ID] or None


def _excerpt(text: str, *, forwarded: bool) -> str:
    excerpt = newly_written(text, forwarded=forwarded)
    if len(excerpt) <= MAX_EXCERPT:
        return excerpt
    return f"{excerpt[:MAX_EXCERPT].rsplit(None, 1)[0]} …"


class _Text:
    """The text of a mail: plain where there is some, else made from HTML."""

    def __init__(self, raw: bytes, contents: Contents) -> None:
        self._raw = raw
        self._defects: dict[str, None] = {}
        chosen = list(self._chosen(contents.texts))
        self.body = "\n\n".join(text.plain for text in chosen if text.plain)[:MAX_BODY]
        self.marked = "\n\n".join(text.marked for text in chosen if text.marked)[:MAX_BODY]

    @property
    def defects(self) -> Sequence[str]:
        return tuple(self._defects)

    def _chosen(self, texts: Sequence[Leaf]) -> Iterator[html.Text]:
        done: set[int] = set()
        length = 0
        for leaf in texts:
            if leaf.group in done or length > MAX_BODY:
                continue
            if leaf.group:
                done.add(leaf.group)
                rendered = self._best([each for each in texts if each.group == leaf.group])
            else:
                rendered = [self._rendered(leaf)]
            for text in rendered:
                length += len(text.plain)
                yield text

    def _best(self, group: Sequence[Leaf]) -> list[html.Text]:
        """The plain texts of a group, unless they say nothing."""
        for is_html in (False, True):
            found = [self._rendered(leaf) for leaf in group if leaf.is_html is is_html]
            if any(text.plain for text in found):
                return found
        return []

    def _rendered(self, leaf: Leaf) -> html.Text:
        text = self._decoded(leaf)
        if leaf.is_html:
            return html.to_text(text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        parameters = leaf.part.content_type.parameters
        if parameters.get("format", "").lower() == "flowed":
            text = unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")
        text = text.strip("\n") if text.strip() else ""
        return html.Text(text, text)

    def _decoded(self, leaf: Leaf) -> str:
        text, unknown = decoded(self._raw, leaf, most=_MAX_ENCODED_TEXT)
        if unknown:
            self._defects[f"a charset that nobody knows: {unknown[:_MAX_CHARSET_IN_DEFECT]}"] = None
        return text


# Files


def _attachments(raw: bytes, files: Sequence[File]) -> Iterator[Attachment]:
    for n, file in enumerate(files, start=1):
        part = file.part
        disposition = part.headers.parameterised(b"content-disposition")
        content_id = part.headers.plain(b"content-id").strip("<> ") or None
        is_inline = disposition.value.startswith("inline") or (
            content_id is not None and not disposition.value and file.within == "multipart/related"
        )
        encoding = part.encoding
        yield Attachment(
            n=n,
            filename=_filename(n, part, disposition.parameters.get("filename", "")),
            content_type=part.content_type.value,
            size=transfer.decoded_size(raw, part.body, part.end, encoding),
            content_id=content_id,
            inline=is_inline,
            offset=part.body,
            length=part.end - part.body,
            encoding=encoding,
        )


def _filename(n: int, part: Part, stated: str) -> str:
    stated = stated or part.content_type.parameters.get("name", "")
    if name := filenames.safe(headers.decoded(stated)):
        return name
    title = part.children[0].headers.text(b"subject") if part.is_message and part.children else ""
    return filenames.made_up(n, part.content_type.value, title)
