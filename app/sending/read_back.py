"""Reading our own mail back: what its message holds is what its recipients get.

Its files and its HTML come from scripts and from people's disks, so it is no safer to read than
anybody else's: a child process with limits reads it. By then the mail may have left, which nothing
that is wrong with it can change; so where it cannot be read, what was written down says enough.
"""

from collections.abc import Sequence

from app.core.errors import SharedBoxError
from app.core.ids import OutgoingId
from app.core.logging import get_logger
from app.mail.address import Address
from app.mail.parsed import ParsedMail
from app.sending.context import Sending
from app.store.models import Outgoing, OutgoingRecipient, RecipientKind

log = get_logger(__name__)


async def read_back(on: Sending, outgoing_id: OutgoingId, raw: bytes) -> ParsedMail | None:
    """None where it cannot be read within its limits."""
    try:
        return await on.reader.parse(raw)
    except SharedBoxError as error:
        log.warning("outgoing.unreadable", outgoing=str(outgoing_id), reason=str(error))
        return None


def from_rows(outgoing: Outgoing, recipients: Sequence[OutgoingRecipient]) -> ParsedMail:
    """The same from what we wrote down about it, without its files."""
    return ParsedMail(
        internet_message_id=outgoing.internet_message_id,
        in_reply_to=None,
        references=(),
        subject=outgoing.subject,
        sender=Address(outgoing.from_name, outgoing.from_address),
        to=_of_kind(recipients, RecipientKind.TO),
        cc=_of_kind(recipients, RecipientKind.CC),
        reply_to=(),
        sent_at=outgoing.send_at or outgoing.created_at,
        body=outgoing.text,
        excerpt=outgoing.text,
        has_html=outgoing.html is not None,
        attachments=(),
        list_id=None,
        automatic=None,
        defects=(),
    )


def _of_kind(recipients: Sequence[OutgoingRecipient], kind: RecipientKind) -> tuple[Address, ...]:
    return tuple(Address(one.name, one.address) for one in recipients if one.kind is kind)
