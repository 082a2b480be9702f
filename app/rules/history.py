"""Asking a rule about mail that is there already, and how much of it it would have fitted.

The mail that came last is asked about first, until a time is over or enough was looked at; so the
answer comes while somebody edits a rule. Nothing is open while a page of mail is judged.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.ids import AccountId, ConversationId, MessageId, WorkspaceId
from app.core.logging import get_logger
from app.mail.scan import MOST_HEADER
from app.mail.topmost import header_values
from app.rules.facts import facts_of
from app.rules.match import Facts, asks_for, fits, headers_asked
from app.rules.types import RuleBody, Subject
from app.store.blobs import BlobMissing, Blobs
from app.store.repositories.past import PastMail
from app.store.unit_of_work import Store, UnitOfWork

BUDGET_SECONDS: Final = 2.0
MOST_LOOKED_AT: Final = 10_000
MOST_SAMPLES: Final = 10
_PAGE: Final = 500
_PAGE_WITH_HEADERS: Final = 100
_READERS: Final = 16
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    message_id: MessageId
    conversation_id: ConversationId
    subject: str
    sender: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out. Unless `complete`, there is older mail that was not asked about."""

    matched: int
    looked_at: int
    complete: bool
    since: datetime | None
    """The oldest mail that was looked at."""
    samples: tuple[Sample, ...]


async def try_out(
    store: Store,
    blobs: Blobs,
    workspace_id: WorkspaceId,
    body: RuleBody,
    *,
    account_ids: frozenset[AccountId] | None,
    seconds: float = BUDGET_SECONDS,
    most: int = MOST_LOOKED_AT,
) -> Trial:
    """How many of the latest mails a rule fits. `account_ids`: of these accounts, or of all."""
    until = time.monotonic() + seconds
    matched = looked_at = 0
    samples: list[Sample] = []
    place: MessageId | None = None
    since: datetime | None = None
    complete = False
    while looked_at < most and time.monotonic() < until:
        async with store.begin(workspace_id) as uow:
            page = await read_page(uow, body, account_ids=account_ids, before=place)
        if not page:
            complete = True
            break
        fitting = await judge(blobs, body, page)
        matched, looked_at = matched + len(fitting), looked_at + len(page)
        samples += [_sample(one) for one in fitting[: MOST_SAMPLES - len(samples)]]
        place = page[-1].id
        since = (
            min(one.received_at for one in page)
            if since is None
            else min(since, *(one.received_at for one in page))
        )
    return Trial(matched, looked_at, complete, since, tuple(samples))


async def read_page(
    uow: UnitOfWork,
    body: RuleBody,
    *,
    account_ids: frozenset[AccountId] | None,
    before: MessageId | None,
    since: datetime | None = None,
    limit: int = _PAGE,
) -> Sequence[PastMail]:
    """The next inbound mails, the last ones first, with no more of them than the rule asks for."""
    return await uow.past.page(
        account_ids=account_ids,
        before=before,
        since=since,
        with_text=asks_for([body], Subject.TEXT),
        with_files=asks_for([body], Subject.ATTACHMENT),
        limit=min(limit, _PAGE_WITH_HEADERS) if headers_asked([body]) else limit,
    )


async def judge(blobs: Blobs, body: RuleBody, mails: Sequence[PastMail]) -> list[PastMail]:
    """Those the rule fits. Headers are read from the raw mail, where it looks at any."""
    names = headers_asked([body])
    raws: Sequence[bytes] = [b""] * len(mails)
    if names:
        reading = asyncio.Semaphore(_READERS)
        raws = await asyncio.gather(*(_head(blobs, reading, one) for one in mails))
    return await asyncio.to_thread(_fitting, body, names, mails, raws)


async def _head(blobs: Blobs, reading: asyncio.Semaphore, mail: PastMail) -> bytes:
    async with reading:
        try:
            return await blobs.part(mail.raw_sha256, 0, MOST_HEADER)
        except BlobMissing as missing:
            log.warning("rule.raw_missing", message=str(mail.id), error=str(missing))
            return b""


def _fitting(
    body: RuleBody, names: frozenset[str], mails: Sequence[PastMail], raws: Sequence[bytes]
) -> list[PastMail]:
    return [
        mail for mail, raw in zip(mails, raws, strict=True) if fits(body, _facts(mail, raw, names))
    ]


def _facts(mail: PastMail, raw: bytes, names: frozenset[str]) -> Facts:
    return facts_of(mail, files=mail.files, headers=header_values(raw, names) if names else {})


def _sample(mail: PastMail) -> Sample:
    return Sample(
        message_id=mail.id,
        conversation_id=mail.conversation_id,
        subject=mail.subject,
        sender=mail.from_name or mail.from_address,
        received_at=mail.received_at,
    )
