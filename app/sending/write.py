"""Writing a mail down to its last byte, before anybody promises to send it.

What is previewed, what is sent and what lies in Sent afterwards are these bytes. Nothing here
changes a row: the blob store keeps the same bytes under the same name, so bytes that nobody comes
back for do no harm.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.ids import OutgoingId, new_id
from app.mail import html as mail_html
from app.mail.address import Address
from app.mail.answer import (
    Thread,
    forward_subject,
    reply_subject,
    thread_of_answer,
    thread_of_forward,
)
from app.mail.body import assemble
from app.mail.compose import (
    MOST_RECIPIENTS,
    Composed,
    File,
    NewMail,
    clean_text,
    compose,
)
from app.mail.compose_headers import check_address, check_line
from app.mail.headers import one_line
from app.mail.history import Text, forwarded, quoted
from app.mail.parse import cut
from app.sending.context import MOST_UNDO_SECONDS, Writing
from app.sending.gather import Gathered, gather
from app.sending.guard import check_seen
from app.sending.habits import check_size, server_limit, size_limit
from app.sending.wanted import Wanted
from app.store.models import OutgoingMode, RecipientKind

LONGEST_TEXT: Final = 500_000
_FURTHEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail that only waits to be asked for."""

    id: OutgoingId
    wanted: Wanted
    gathered: Gathered
    mail: NewMail
    text: str
    """What its writer wrote, in plain words: without signature and history."""
    composed: Composed
    envelope: tuple[tuple[RecipientKind, Address], ...]
    digest: bytes
    file_digests: tuple[bytes, ...]
    undo_seconds: int


async def write(on: Writing, actor: Actor, wanted: Wanted) -> Written:
    """Read what it takes, write the mail and keep its bytes.

    Raises `InvalidInput` for what cannot be sent as it is, `NotFound`, and `Conflict` where there
    is nothing to be answered, or not by a rule.
    """
    async with on.store.begin(actor.workspace_id) as uow:
        gathered = await gather(uow, actor, wanted)
    raw = await _original(on, wanted, gathered)
    written = await asyncio.to_thread(_write, on, wanted, gathered, raw)
    files = [file.data for file in written.mail.files]
    digest, *file_digests = await on.blobs.put_many([written.composed.raw, *files])
    return Written(
        id=written.id,
        wanted=wanted,
        gathered=gathered,
        mail=written.mail,
        text=written.text,
        composed=written.composed,
        envelope=written.envelope,
        digest=digest,
        file_digests=tuple(file_digests),
        undo_seconds=written.undo_seconds,
    )


async def preview(on: Writing, actor: Actor, wanted: Wanted) -> Written:
    """The mail as it would be sent, kept nowhere.

    Raises as `write` does, and `NewerMail` where the writer has not seen everything.
    """
    async with on.store.begin(actor.workspace_id) as uow:
        gathered = await gather(uow, actor, wanted)
        await check_seen(uow, wanted)
    raw = await _original(on, wanted, gathered)
    return await asyncio.to_thread(_write, on, wanted, gathered, raw)


async def _original(on: Writing, wanted: Wanted, gathered: Gathered) -> bytes | None:
    """The raw bytes of a mail that is forwarded, if any of them are needed."""
    if wanted.mode is not OutgoingMode.FORWARD or gathered.message is None:
        return None
    if not (wanted.attach_original or gathered.original_files):
        return None
    return await on.blobs.get(gathered.message.raw_sha256)


def _write(on: Writing, wanted: Wanted, gathered: Gathered, raw: bytes | None) -> Written:
    _check_time(wanted, gathered)
    to = _checked("to", gathered.to)
    cc = _checked("cc", gathered.cc)
    bcc = _checked("bcc", wanted.bcc)
    envelope = _envelope(to, cc, bcc)
    id_ = OutgoingId(new_id())
    thread = _thread(wanted, gathered)
    own = _own_words(wanted)
    text, html = assemble(*own, signature=gathered.signature, history=_history(wanted, gathered))
    mail = NewMail(
        message_id=_message_id(id_, gathered.sender.address),
        sent_at=wanted.send_at or gathered.now,
        sender=check_address("from", gathered.sender),
        subject=_subject(wanted, gathered),
        text=text,
        html=html,
        to=to,
        cc=cc,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        files=(*wanted.files, *_files_of_original(wanted, gathered, raw)),
        forwarded=raw if wanted.attach_original else None,
        is_automatic=wanted.is_automatic,
    )
    composed = compose(mail, boundary=secrets.token_hex(12))
    check_size(len(composed.raw), size_limit(server_limit(gathered.account), on.largest_mail))
    return Written(
        id=id_,
        wanted=wanted,
        gathered=gathered,
        mail=mail,
        text=own[0],
        composed=composed,
        envelope=envelope,
        digest=b"",
        file_digests=(),
        undo_seconds=_undo_seconds(on, wanted, gathered),
    )


def _checked(field: str, addresses: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(check_address(field, one) for one in addresses)


def _envelope(
    to: tuple[Address, ...], cc: tuple[Address, ...], bcc: tuple[Address, ...]
) -> tuple[tuple[RecipientKind, Address], ...]:
    """Everybody once, in the first place they were named in."""
    found: dict[str, tuple[RecipientKind, Address]] = {}
    kinds = ((RecipientKind.TO, to), (RecipientKind.CC, cc), (RecipientKind.BCC, bcc))
    for kind, addresses in kinds:
        for address in addresses:
            found.setdefault(address.address.lower(), (kind, address))
    if not found:
        raise InvalidInput(
            "Nobody would get this mail.", field="to", fix="Name at least one recipient."
        )
    if len(found) > MOST_RECIPIENTS:
        raise InvalidInput(f"At most {MOST_RECIPIENTS} people can get one mail.", field="to")
    return tuple(found.values())


def _subject(wanted: Wanted, gathered: Gathered) -> str:
    if wanted.subject is not None:
        return check_line("subject", wanted.subject)
    if gathered.original is None:
        return ""
    subject = one_line(gathered.original.subject)
    if wanted.mode is OutgoingMode.FORWARD:
        return forward_subject(subject)
    return reply_subject(subject)


def _thread(wanted: Wanted, gathered: Gathered) -> Thread:
    if gathered.original is None:
        return Thread(None, ())
    if wanted.mode is OutgoingMode.FORWARD:
        return thread_of_forward(gathered.original)
    return thread_of_answer(gathered.original)


def _own_words(wanted: Wanted) -> tuple[str, str | None]:
    """As text, and as HTML where there is any. Raises `InvalidInput`."""
    for field, value in (("text", wanted.text), ("html", wanted.html or "")):
        if len(value) > LONGEST_TEXT:
            raise InvalidInput(f"At most {LONGEST_TEXT} characters can be sent.", field=field)
    text = clean_text(wanted.text)
    if not text.strip() and wanted.html:
        text = mail_html.to_text(wanted.html).plain
    html = clean_text(wanted.html) if wanted.html else None
    return text, html


def _history(wanted: Wanted, gathered: Gathered) -> Text | None:
    if gathered.original is None or wanted.attach_original:
        return None
    if wanted.mode is OutgoingMode.FORWARD:
        return forwarded(gathered.original)
    return quoted(gathered.original) if wanted.quote else None


def _files_of_original(wanted: Wanted, gathered: Gathered, raw: bytes | None) -> Iterable[File]:
    if raw is None or wanted.attach_original:
        return
    chosen = wanted.original_files
    for one in gathered.original_files:
        if one.n in chosen if chosen is not None else not one.inline:
            data = cut(raw, one.offset, one.length, one.encoding)
            yield File(one.filename, one.content_type, data)


def _undo_seconds(on: Writing, wanted: Wanted, gathered: Gathered) -> int:
    asked = (wanted.undo_seconds, gathered.account.undo_seconds, on.undo_seconds)
    seconds = next(one for one in asked if one is not None)
    if not 0 <= seconds <= MOST_UNDO_SECONDS:
        raise InvalidInput(
            f"The undo window is 0 to {MOST_UNDO_SECONDS} seconds.", field="undo_seconds"
        )
    return seconds


def _check_time(wanted: Wanted, gathered: Gathered) -> None:
    if wanted.send_at is None:
        return
    if wanted.send_at <= gathered.now:
        raise InvalidInput(
            "That time has passed.", field="send_at", fix="Leave it out to send as soon as it may."
        )
    if wanted.send_at > gathered.now + _FURTHEST:
        raise InvalidInput("Mail can be scheduled for a year ahead at most.", field="send_at")


def _message_id(id_: OutgoingId, sender: str) -> str:
    """Ours to recognise, and nobody's to guess."""
    return f"{id_.hex}.{secrets.token_hex(8)}@{sender.rpartition('@')[2].strip('[]')}"
