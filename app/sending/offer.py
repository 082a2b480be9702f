"""What a window for writing a mail offers: who it may be from, whom it would go to, what hangs on.

The same rules as for the mail itself, asked before anything is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from app.core.access import Actor
from app.core.ids import AccountId, ChannelId, ConversationId
from app.mail.address import Address
from app.mail.answer import forward_subject, reply_subject
from app.mail.headers import one_line
from app.sending.gather import Gathered, gather, own_addresses, senders
from app.sending.habits import SizeLimit, server_limit
from app.sending.wanted import Wanted
from app.store.models import Direction, OutgoingMode
from app.store.unit_of_work import UnitOfWork

MOST_ACCOUNTS = 100


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """A file of the mail that is forwarded."""

    n: int
    name: str
    size: int
    inline: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """An account to write from."""

    id: AccountId
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    account_id: AccountId
    address: str
    can_send: bool
    """The account has a server to send by."""
    mode: OutgoingMode
    subject: str
    senders: tuple[Address, ...]
    sender: str
    """The address of the one that is meant, where nobody says another."""
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    known: tuple[str, ...]
    """Addresses that are no news to this conversation."""
    signature: str
    answered: str
    """Who wrote the mail that is answered or forwarded."""
    excerpt: str
    files: tuple[OriginalFile, ...]
    has_templates: bool
    limit: SizeLimit | None = None
    """Of the provider, as far as it is known."""
    undo_seconds: int | None = None
    """Of the inbox; None is what the settings say."""

    def sender_of(self, id_: str | None) -> str:
        """The address behind a sender's id; the one that is meant, where it is none of ours."""
        return next((one.address for one in self.senders if sender_id(one) == id_), self.sender)


def sender_id(sender: Address) -> str:
    """What stands for an address where only ids may stand."""
    return str(uuid5(NAMESPACE_URL, f"mailto:{sender.address.lower()}"))


async def offer(
    uow: UnitOfWork,
    actor: Actor,
    account_id: AccountId,
    conversation_id: ConversationId | None,
    mode: OutgoingMode,
) -> Offer:
    """Raises `NotFound`, and `Conflict` where there is no mail to answer."""
    wanted = Wanted(account_id=account_id, mode=mode, text="", conversation_id=conversation_id)
    found = await gather(uow, actor, wanted)
    identities = await uow.identities.of_account(account_id)
    message = found.message
    is_ours = message is not None and message.direction is Direction.OUTBOUND
    return Offer(
        account_id=account_id,
        address=found.account.address,
        can_send=bool(found.account.smtp_host),
        mode=mode,
        subject=_subject(found, mode),
        senders=tuple(senders(found.account, identities).values()),
        sender=found.sender.address,
        to=found.to,
        cc=found.cc,
        known=(
            *own_addresses(found.account, identities),
            *(found.conversation.participants if found.conversation else ()),
            *(one.address for one in (*found.to, *found.cc)),
        ),
        signature="\n".join(one.plain.strip("\n") for one in found.signature).strip(),
        answered="us" if is_ours else str(found.original.sender) if found.original else "",
        excerpt=(message.excerpt or message.body) if message else "",
        files=tuple(
            OriginalFile(one.n, one.filename, one.size, one.inline) for one in found.original_files
        ),
        limit=server_limit(found.account),
        undo_seconds=found.account.undo_seconds,
        has_templates=bool(await uow.templates.all(for_account=account_id)),
    )


async def inboxes(
    uow: UnitOfWork,
    *,
    only: frozenset[AccountId] | None = None,
    channels: frozenset[ChannelId] | None = None,
) -> Sequence[Inbox]:
    """The accounts that mail can be written from: of `only` these, or of these `channels`."""
    found = await uow.accounts.page(after=None, limit=MOST_ACCOUNTS, only=only, channels=channels)
    return [Inbox(one.id, one.address) for one in found if one.smtp_host]


def _subject(found: Gathered, mode: OutgoingMode) -> str:
    if found.original is None:
        return ""
    subject = one_line(found.original.subject)
    return forward_subject(subject) if mode is OutgoingMode.FORWARD else reply_subject(subject)
