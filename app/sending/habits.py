"""How an inbox sends: what its answers are offered with, and how large they may be."""

from dataclasses import dataclass, replace
from typing import Any

from app.core.errors import InvalidInput
from app.core.ids import AccountId
from app.providers.registry import of_host
from app.sending.context import MOST_UNDO_SECONDS
from app.store.models import Account
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Habits:
    """None is what the settings say."""

    undo_seconds: int | None
    done_after_send: bool
    sends_per_hour: int | None


def habits_of(account: Account) -> Habits:
    return Habits(account.undo_seconds, account.done_after_send, account.sends_per_hour)


async def change_habits(
    uow: UnitOfWork,
    account_id: AccountId,
    **changes: Any,  # noqa: ANN401 -- fields of Habits
) -> Account:
    """Change some of them; mail that waits already keeps its own. `NotFound`, `InvalidInput`."""
    account = await uow.accounts.lock(account_id)
    wanted = replace(habits_of(account), **changes)
    if not 0 <= (wanted.undo_seconds or 0) <= MOST_UNDO_SECONDS:
        raise InvalidInput(
            f"The undo window is 0 to {MOST_UNDO_SECONDS} seconds.", field="undo_seconds"
        )
    if (wanted.sends_per_hour or 0) < 0:
        raise InvalidInput("That is no number of mails.", field="sends_per_hour")
    account.undo_seconds, account.done_after_send = wanted.undo_seconds, wanted.done_after_send
    account.sends_per_hour = wanted.sends_per_hour
    uow.emit("account.changed", account_id=account.id)
    return account


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The largest mail that can leave, as it travels, and who says so."""

    size: int
    who: str


def server_limit(account: Account) -> SizeLimit | None:
    """The less of what the provider documents and what its server said."""
    host = account.smtp_host or account.imap_host
    provider = of_host(host)
    said = ((provider.facts.largest_sent, provider.title), (account.smtp_takes, host))
    found = [SizeLimit(size, who) for size, who in said if size]
    return min(found, key=lambda one: one.size, default=None)


def size_limit(server: SizeLimit | None, largest_mail: int) -> SizeLimit:
    """The same, or what we send at all, where that is less."""
    ours = SizeLimit(largest_mail, "SharedBox")
    return server if server is not None and server.size < ours.size else ours


def check_size(size: int, limit: SizeLimit, *, what: str = "The mail") -> None:
    """Raises `InvalidInput` where that is too large."""
    if size > limit.size:
        raise InvalidInput(
            f"{what} would have {_megabytes(size)}; {limit.who} sends at most "
            f"{_megabytes(limit.size)}.",
            field="attachments",
            fix="Leave out the largest files, or send a link to them.",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
