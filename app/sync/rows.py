"""From a parsed mail to the rows that keep it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.core.ids import ConversationId, MessageId, WorkspaceId
from app.mail.address import Address
from app.mail.parsed import ParsedMail
from app.mailbox.port import Listing
from app.store.models import Account, Direction
from app.store.new import NewAttachment, NewMessage


@dataclass(frozen=True, slots=True)
class Readable:
    """A mail that was read, under the id it gets if it is new.

    Its bytes are kept elsewhere by now, and take up no memory here.
    """

    message_id: MessageId
    listing: Listing
    size: int
    head: bytes
    digest: bytes
    parsed: ParsedMail

    @property
    def is_sent(self) -> bool:
        """Whether the host itself says that it lies among the sent mail as well."""
        return "\\Sent" in self.listing.labels

    @property
    def received_at(self) -> datetime:
        return self.listing.internaldate


def message_row(
    account: Account,
    one: Readable,
    conversation_id: ConversationId,
    *,
    direction: Direction,
    history: bool,
) -> NewMessage:
    mail, listing = one.parsed, one.listing
    return NewMessage(
        workspace_id=account.workspace_id,
        id=one.message_id,
        account_id=account.id,
        conversation_id=conversation_id,
        direction=direction,
        imported=history,
        internet_message_id=mail.internet_message_id,
        in_reply_to=mail.in_reply_to,
        reference_ids=list(mail.references),
        subject=mail.subject,
        from_name=mail.sender.name if mail.sender else "",
        from_address=mail.sender.address if mail.sender else "",
        to=_addresses(mail.to),
        cc=_addresses(mail.cc),
        reply_to=_addresses(mail.reply_to),
        sent_at=mail.sent_at,
        received_at=listing.internaldate,
        body=mail.body,
        excerpt=mail.excerpt,
        has_html=mail.has_html,
        attachment_count=len(mail.attachments),
        size=one.size,
        sent_with=(mail.mailer or "") if direction is Direction.OUTBOUND else "",
        remote_id=listing.remote_id,
        automatic=mail.automatic,
        report=asdict(mail.report) if mail.report else None,
        unsubscribe=asdict(mail.unsubscribe) if mail.unsubscribe else None,
        invitation=asdict(mail.invitation) if mail.invitation else None,
        delivered_to=list(mail.delivered_to),
        list_id=mail.list_id,
        raw_sha256=one.digest,
    )


def attachment_rows(workspace_id: WorkspaceId, one: Readable) -> Iterator[NewAttachment]:
    for file in one.parsed.attachments:
        yield NewAttachment(workspace_id=workspace_id, message_id=one.message_id, **asdict(file))


def _addresses(addresses: Sequence[Address]) -> list[dict[str, Any]]:
    return [{"name": one.name, "address": one.address} for one in addresses]
