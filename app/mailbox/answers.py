"""Reading what servers answer, and cutting what we ask of them. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from app.mail.flags import RECENT
from app.mailbox.port import Copied, Listing, Selected

_UIDS_A_COMMAND: Final = 250
"""Keeps a command's line short: some servers cut lines at 8 KB."""
_COPYUID: Final = re.compile(rb"(\d+) ([\d:,]+) ([\d:,]+)")
_SIGNS_OF_LIFE: Final = re.compile(rb"(?:\* OK (?!\[)[^\r\n]*\r\n)+")
_MESSAGE_ID: Final = re.compile(rb"^message-id:\s*<?([^>\r\n]*)>?", re.IGNORECASE | re.MULTILINE)


def is_sign_of_life(heard: bytes) -> bool:
    """Whether these are whole lines that only say that the server is there.

    An OK with a code (RFC 3501 §7.1) may say more.
    """
    return _SIGNS_OF_LIFE.fullmatch(heard) is not None


def chunks(uids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (uids[at : at + _UIDS_A_COMMAND] for at in range(0, len(uids), _UIDS_A_COMMAND))


def listing(uid: int, item: dict[bytes, Any]) -> Listing:
    """One mail of a FETCH. The last two are Gmail's (X-GM-EXT-1)."""
    remote_id = item.get(b"X-GM-MSGID")
    labels = item.get(b"X-GM-LABELS") or ()
    return Listing(
        uid=uid,
        size=int(item.get(b"RFC822.SIZE", 0)),
        internaldate=received(item),
        flags=flags(item.get(b"FLAGS", ())),
        remote_id=str(remote_id) if remote_id else None,
        labels=tuple(
            one.decode("ascii", "replace") if isinstance(one, bytes) else str(one) for one in labels
        ),
    )


def selected(folder: str, said: Mapping[bytes, Any], *, exists: int, has_modseq: bool) -> Selected:
    """What a folder's numbers are. HIGHESTMODSEQ is none where it is 0, or NOMODSEQ."""
    return Selected(
        name=folder,
        uidvalidity=said.get(b"UIDVALIDITY") or None,
        uidnext=said.get(b"UIDNEXT") or None,
        exists=exists,
        highestmodseq=(said.get(b"HIGHESTMODSEQ") or None) if has_modseq else None,
    )


def flags(raw: Iterable[bytes | int]) -> tuple[str, ...]:
    """Without Recent, which is of one session, and NUL, which no text in Postgres may hold."""
    return tuple(
        name
        for name in (
            flag.replace(b"\0", b"").decode("ascii", "replace")
            if isinstance(flag, bytes)
            else str(flag)
            for flag in raw
        )
        if name and name != RECENT
    )


def received(item: dict[bytes, Any]) -> datetime:
    """INTERNALDATE, in UTC; a server that leaves it out must not make us lose the mail.

    Nor one that gives it in a zone that there is not, in which nobody can tell when it is.
    """
    received: datetime | None = item.get(b"INTERNALDATE")
    try:
        return received.astimezone(UTC) if received else datetime.now(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def message_id(item: dict[bytes, Any]) -> str | None:
    header = next((value for key, value in item.items() if key.startswith(b"BODY[HEADER")), b"")
    found = _MESSAGE_ID.search(header or b"")
    return found[1].strip().decode("utf-8", "replace") or None if found else None


def copied(codes: Sequence[bytes] | None, most: int) -> Copied | None:
    """Read COPYUID (RFC 4315 §3): source and destination sets correspond in order."""
    found = _COPYUID.fullmatch(codes[-1]) if codes else None
    if found is None:
        return None
    sources, destinations = _expand(found[2], most), _expand(found[3], most)
    if len(sources) != len(destinations):
        return None
    return Copied(int(found[1]), dict(zip(sources, destinations, strict=True)))


def _expand(uid_set: bytes, most: int) -> list[int]:
    """The numbers of a set, `most` of them at the most: the server wrote it, not we."""
    uids: list[int] = []
    for part in uid_set.split(b","):
        first, _, last = part.partition(b":")
        low, high = sorted((int(first), int(last or first)))
        uids += range(low, min(high, low + most) + 1)
    return uids[: most + 1]
