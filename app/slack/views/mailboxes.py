"""How the mailboxes are, on an admin's Home tab, each with what mends it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from app.core.findings import Finding, ago
from app.core.ids import AccountId
from app.feed.ids import id_and_more, not_ours
from app.slack.views.listing import context, health, section

MEND: Final = "home.mend"
SIGN_IN: Final = "home.sign_in"
CONNECT: Final = "home.connect"
"""`action_id`s of their buttons."""
MOST: Final = 20
_JUST_NOW: Final = timedelta(minutes=2)
_LAGS: Final = timedelta(minutes=1)


class Mend(StrEnum):
    RECONNECT = "reconnect"
    RESUME = "resume"


_LABELS: Final = {Mend.RECONNECT: "Reconnect", Mend.RESUME: "Resume"}


@dataclass(frozen=True, slots=True)
class Mending:
    """What a button carries."""

    account_id: AccountId
    mend: Mend

    def __str__(self) -> str:
        return f"{self.account_id}/{self.mend}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        account, mend = id_and_more(text)
        if mend not in set(Mend):
            raise not_ours()
        return cls(AccountId(account), Mend(mend))


@dataclass(frozen=True, slots=True)
class MailboxLine:
    account_id: AccountId
    finding: Finding
    checked_at: datetime | None
    """When all of its watched folders had been looked at; None while one never was."""
    unshown_since: datetime | None = None
    """Since when the oldest mail waits that Slack does not show yet."""
    mend: Mend | None = None
    sign_in: str | None = None
    """Where somebody signs in again, which is what mends it then."""


def home_part(
    lines: Sequence[MailboxLine], more: int, now: datetime, connect: str
) -> list[dict[str, Any]]:
    """The worst first; `more` is how many are left out, `connect` where one is connected."""
    header = {"type": "header", "text": {"type": "plain_text", "text": "Mailboxes"}}
    shown: list[dict[str, Any]] = [{"type": "divider"}, header]
    shown += [_row(one, now) for one in lines]
    if not lines:
        empty = section(
            "No mailbox is connected yet.\nConnect one in the admin: sign in with Slack, type its "
            "address, and choose a channel that SharedBox is in. Its mail comes there then."
        )
        empty["accessory"] = _button(CONNECT, "Connect a mailbox") | {"url": connect}
        shown.append(empty)
    if more:
        shown.append(context(f"And {more:,} more, none of them worse than these."))
    return shown


def _row(one: MailboxLine, now: datetime) -> dict[str, Any]:
    row = section(f"{health(one.finding)}\n{_checked(one.checked_at, now)} · {_lag(one, now)}")
    if one.sign_in:
        row["accessory"] = _button(SIGN_IN, _LABELS[Mend.RECONNECT]) | {"url": one.sign_in}
    elif one.mend:
        value = str(Mending(one.account_id, one.mend))
        row["accessory"] = _button(MEND, _LABELS[one.mend]) | {"value": value}
    return row


def _checked(at: datetime | None, now: datetime) -> str:
    """By the minute: a tab that only says how time passes need not be drawn anew."""
    if at is None:
        return "Not looked at yet"
    since = now - at
    return "Looked at just now" if since < _JUST_NOW else f"Looked at {ago(_seconds(since))} ago"


def _lag(one: MailboxLine, now: datetime) -> str:
    if one.unshown_since is None or now - one.unshown_since < _LAGS:
        return "nothing waits to be shown"
    return f"its oldest mail has waited {ago(_seconds(now - one.unshown_since))} to be shown"


def _seconds(since: timedelta) -> float:
    return max(since.total_seconds(), 60)


def _button(action_id: str, label: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
    }
