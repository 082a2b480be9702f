"""An account's state in words: its last sign of life, what is wrong, what to do. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app.accounts.health import AccountHealth, FolderHealth, Pause
from app.core.findings import Finding, Level, ago, counted
from app.store.models import AccountState, GrantState, ImportState

_CONNECTING_TAKES: Final = timedelta(minutes=2)
_OUTAGE_WORTH_A_CALL: Final = timedelta(hours=1)
_SPARE: Final = timedelta(minutes=1)


def diagnose(account: AccountHealth, now: datetime, *, poll_seconds: float) -> Finding:
    """What a person should know about an account."""
    watched = [one for one in account.mailboxes if one.watched]
    level, what, fix = _state(account, watched, now, poll_seconds=poll_seconds)
    details = [*(_folder(one, now) for one in watched), *_import(account)]
    return Finding(account.address, level, what, fix, tuple(details))


def _state(
    account: AccountHealth, watched: Sequence[FolderHealth], now: datetime, *, poll_seconds: float
) -> tuple[Level, str, str]:
    detail = account.detail.removeprefix(f"{account.address}: ")
    match account.state:
        case AccountState.REFUSED:
            again = f" Tried again {_when(account.retry_at, now)}." if account.retry_at else ""
            fix = f"Correct its login, or: sharedbox accounts retry {account.address}"
            if account.oauth is not None and account.oauth.state is not GrantState.ACTIVE:
                again, fix = "", f"Sign in: sharedbox accounts reconnect {account.address}"
            return Level.PROBLEM, f"Refused. {detail}{again}", fix
        case AccountState.STOPPED:
            return (
                Level.PROBLEM,
                f"Given up after {counted(account.failures, 'failure')}. {detail}",
                f"Mend its server, then: sharedbox accounts retry {account.address}",
            )
        case AccountState.RETRYING:
            outage = now - (account.outage_since or now)
            level = Level.PROBLEM if outage > _OUTAGE_WORTH_A_CALL else Level.NOTE
            what = f"Out of reach for {ago(outage.total_seconds())}. {detail}"
            again = f"It is tried again {_when(account.retry_at, now)}."
            return level, f"{what} {again}", ""
        case AccountState.PAUSED:
            return (
                Level.NOTE,
                _paused(account.paused, now) if account.paused else detail,
                f"Go on: sharedbox accounts resume {account.address}",
            )
        case AccountState.CONNECTING:
            begun = "resumed" if account.resumed_at else "connected"
            age = now - (account.resumed_at or account.created_at)
            level = Level.PROBLEM if age > _CONNECTING_TAKES else Level.NOTE
            what = f"Not yet looked at since it was {begun} {ago(age.total_seconds())} ago."
            return level, f"{what} {detail}".strip(), "See that a worker runs."
    return _live(watched, now, poll_seconds=poll_seconds)


def _paused(pause: Pause, now: datetime) -> str:
    by = f" by {pause.by}" if pause.by else ""
    waiting = [
        counted(count, what)
        for count, what in ((pause.commands, "action"), (pause.mails, "outgoing mail"))
        if count
    ]
    rest = f" Until it is resumed wait: {' and '.join(waiting)}." if waiting else ""
    return (
        f"Paused{by} {ago((now - pause.since).total_seconds())} ago. New mail stays on the server, "
        f"and is brought in afterwards.{rest}"
    )


def _live(
    watched: Sequence[FolderHealth], now: datetime, *, poll_seconds: float
) -> tuple[Level, str, str]:
    for folder in watched:
        if folder.detail:
            again = (
                f" Tried again {_when(folder.parked_until, now)}." if folder.parked_until else ""
            )
            return Level.PROBLEM, f"{folder.name}: {folder.detail}{again}", ""
        if not folder.listed or not folder.selectable:
            state = "not on the server any more" if not folder.listed else "not to be opened"
            return (
                Level.PROBLEM,
                f"The folder {folder.name} is {state}.",
                "Watch another folder in its place, by PATCH.",
            )
    silence = max((_silence(one, now) for one in watched), default=timedelta(0))
    if silence > 2 * timedelta(seconds=poll_seconds) + _SPARE:
        return (
            Level.PROBLEM,
            f"No sign of life for {ago(silence.total_seconds())}, twice what is due and more.",
            "See that a worker runs, and what its log says.",
        )
    accounted, missing = sum(one.accounted for one in watched), sum(one.missing for one in watched)
    level = Level.NOTE if missing else Level.OK
    return level, f"Live. {counted(accounted, 'mail')} accounted for, {missing:,} missing.", ""


def _folder(folder: FolderHealth, now: datetime) -> str:
    if folder.watermark is None or folder.last_checked_at is None:
        return f"{folder.name}: not yet looked at"
    looked = ago((now - folder.last_checked_at).total_seconds())
    said = (
        f"{folder.name}: settled below UID {folder.watermark}, {folder.accounted:,} accounted for, "
        f"{folder.missing:,} missing, looked at {looked} ago"
    )
    if folder.untold_at is None:
        return said
    untold = ago((now - folder.untold_at).total_seconds())
    return f"{said}, often, for its server did not announce mail that was found {untold} ago"


def _import(account: AccountHealth) -> list[str]:
    history = account.history
    if history is None or history.state is not ImportState.RUNNING:
        return []
    if history.found is None:
        return ["import: its mail is still to be counted"]
    settled = history.done + history.failed
    rest = "" if history.eta_seconds is None else f", {ago(history.eta_seconds)} left"
    return [f"import: {settled:,} of {history.found:,} mails, {history.failed:,} failed{rest}"]


def _silence(folder: FolderHealth, now: datetime) -> timedelta:
    return timedelta(0) if folder.last_checked_at is None else now - folder.last_checked_at


def _when(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "when somebody asks"
    seconds = (moment - now).total_seconds()
    return f"in {ago(seconds)}" if seconds > 0 else "now"
