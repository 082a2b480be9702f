"""Reports on our own mail: what came back is noted where it was sent.

A bounce or a complaint names the mail it is about by its Message-ID, which nobody can guess who
has not seen the mail. Which recipients it is about is said by a report that follows the standard.
Of any other, and of one about an address that somebody has their mail passed on to, those of our
recipients count whose address stands in its text, or the only one there is.
"""

from collections.abc import Sequence
from typing import Final

from app.mail.parsed import Failure, ParsedMail
from app.mail.report import reason
from app.store.models import Account, Outgoing, OutgoingRecipient, RecipientState
from app.store.unit_of_work import UnitOfWork
from app.sync.rows import Readable

_FINAL: Final = frozenset({"failed", "complained"})
_LOOKED_THROUGH: Final = 100_000


async def note_returned(uow: UnitOfWork, account: Account, mails: Sequence[Readable]) -> None:
    """Mark the recipients that mail of ours did not reach, and have that shown."""
    reports = {
        one.parsed.report.original_message_id: one.parsed
        for one in mails
        if one.parsed.report is not None and one.parsed.report.original_message_id
    }
    if not reports:
        return
    for outgoing in await uow.outgoing.by_internet_message_id(account.id, list(reports)):
        mail = reports[outgoing.internet_message_id]
        recipients = await uow.outgoing.recipients(outgoing.id)
        if _note(mail, recipients):
            await _tell(uow, outgoing)


def _note(mail: ParsedMail, recipients: Sequence[OutgoingRecipient]) -> bool:
    """Answers whether anything is different now."""
    said = {one.address.lower(): one for one in _failures(mail, recipients)}
    changed = False
    for one in recipients:
        failure = said.get(one.address.lower())
        if failure is None or one.state is RecipientState.BOUNCED:
            continue
        detail = f"{failure.status} {failure.detail}".strip() or failure.action
        if failure.action in _FINAL:
            one.state, one.detail, changed = RecipientState.BOUNCED, detail, True
        elif failure.action == "delayed":
            one.detail, changed = f"delayed: {detail}", True
    return changed


def _failures(mail: ParsedMail, recipients: Sequence[OutgoingRecipient]) -> Sequence[Failure]:
    assert mail.report is not None
    stated = mail.report.failures
    ours = {one.address.lower() for one in recipients}
    if any(one.address.lower() in ours for one in stated):
        return stated
    text = mail.body[:_LOOKED_THROUGH].lower()
    named = [one for one in recipients if one.address.lower() in text]
    if not named and len(recipients) == 1:
        named = list(recipients)
    if stated:
        other = stated[0]
        return [
            Failure(one.address, other.action, other.status, f"{other.address}: {other.detail}")
            for one in named
        ]
    status, detail = reason(mail.body)
    return [Failure(one.address, "failed", status, detail) for one in named]


async def _tell(uow: UnitOfWork, outgoing: Outgoing) -> None:
    uow.emit(
        "outgoing.returned",
        account_id=outgoing.account_id,
        conversation_id=outgoing.conversation_id,
        outgoing_id=str(outgoing.id),
        state=outgoing.state,
    )
    if outgoing.post_id is not None:
        for channel_id in await uow.posts.refresh(outgoing.post_id):
            uow.feed_is_due(channel_id)
    await uow.cards_are_stale([outgoing.conversation_id])
