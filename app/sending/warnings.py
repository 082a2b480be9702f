"""What is worth a second look before a mail leaves, and no reason to refuse it."""

from app.mail import loops
from app.mail.address import Address
from app.mail.answer import new_domains
from app.sending.write import Written
from app.store.models import OutgoingMode


def strangers(written: Written) -> tuple[str, ...]:
    """Domains that the writer named and nobody of the conversation belongs to.

    A new mail knows nobody yet, and whom the answered mail itself names is no stranger.
    """
    wanted, gathered = written.wanted, written.gathered
    if wanted.mode is OutgoingMode.NEW:
        return ()
    named = [*(wanted.to or ()), *(wanted.cc or ()), *wanted.bcc]
    conversation, original = gathered.conversation, gathered.original
    known: list[str] = [gathered.account.address, gathered.sender.address]
    known += conversation.participants if conversation else ()
    if original is not None:
        others = (original.sender, *original.reply_to, *original.to, *original.cc)
        known += [one.address for one in others]
    return new_domains(_addresses(named), known)


def warnings(written: Written) -> list[str]:
    """In words, for whoever asked."""
    found = [f"Nobody of this conversation is at {domain} so far." for domain in strangers(written)]
    people = [address.address for _, address in written.envelope]
    return found + [unread_words(one) for one in people if loops.nobody_reads(one)]


def unread_words(address: str) -> str:
    """Of an address where answers are not read."""
    return f"By its name, nobody reads mail at {address}."


def _addresses(people: list[Address]) -> list[str]:
    return [one.address for one in people]
