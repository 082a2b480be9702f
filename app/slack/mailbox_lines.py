"""Every mailbox as an admin's Home tab shows it, the worst first."""

from datetime import datetime
from typing import Final

from app.accounts.diagnose import diagnose
from app.accounts.grants import reconnect_path
from app.accounts.health import AccountHealth, health_of
from app.core.config import Settings
from app.core.findings import Level
from app.core.ids import AccountId
from app.slack.views.mailboxes import MOST, MailboxLine, Mend
from app.store.models import AccountState, GrantState
from app.store.unit_of_work import UnitOfWork

_MOST_ACCOUNTS: Final = 1000
_WORST_FIRST: Final = (Level.PROBLEM, Level.NOTE, Level.OK)
_RESTING: Final = frozenset({AccountState.REFUSED, AccountState.STOPPED, AccountState.RETRYING})


async def mailbox_lines(
    uow: UnitOfWork, settings: Settings, now: datetime
) -> tuple[list[MailboxLine], int]:
    """The worst of the first thousand, and how many there are beyond those."""
    healths = await health_of(uow, await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS))
    found = [(diagnose(one, now, poll_seconds=settings.poll_seconds), one) for one in healths]
    found.sort(key=lambda pair: (_WORST_FIRST.index(pair[0].level), pair[0].subject))
    shown = found[:MOST]
    waiting = await uow.waiting.unshown_since([one.id for _, one in shown])
    lines = [
        MailboxLine(
            account_id=account.id,
            finding=finding,
            checked_at=_checked_at(account),
            unshown_since=waiting.get(account.id),
            mend=mend_of(account),
            sign_in=_sign_in(account, settings.base_url),
        )
        for finding, account in shown
    ]
    return lines, len(found) - len(shown)


def mend_of(account: AccountHealth) -> Mend | None:
    """What a person can do about it by one click."""
    if account.state is AccountState.PAUSED:
        return Mend.RESUME
    return Mend.RECONNECT if account.state in _RESTING else None


def _sign_in(account: AccountHealth, base_url: str) -> str | None:
    """Only where the provider wants somebody to: the link holds no secret."""
    grant = account.oauth
    if grant is None or grant.state is not GrantState.DEAD or account.paused is not None:
        return None
    return base_url.rstrip("/") + reconnect_path(grant.provider, AccountId(account.id))


def _checked_at(account: AccountHealth) -> datetime | None:
    looked = [one.last_checked_at for one in account.mailboxes if one.watched]
    known = [one for one in looked if one is not None]
    return min(known) if known and len(known) == len(looked) else None
