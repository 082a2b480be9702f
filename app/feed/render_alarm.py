"""An alarm as a direct message to an admin, and as a card in the channel for alarms. Pure."""

from typing import Final

from app.core.findings import ago
from app.feed.blocks import section
from app.feed.mrkdwn import escape_line, moment
from app.feed.port import Rendered
from app.feed.view import AlarmView

_ADDRESS: Final = 120
_DETAIL: Final = 500
_FOLDERS: Final = 8


def alarm(view: AlarmView) -> Rendered:
    """What is wrong, since when, and where to look."""
    which = _which(view)
    if view.needs_sign_in:
        return _sign_in(which, view)
    if view.is_shut:
        return _shut(which, view)
    why = escape_line(view.detail, _DETAIL) or (
        "Check that a SharedBox worker is running, then its log."
    )
    text = f"🔴 {which} gives no sign of life."
    more = f"*{text}*\nIt was last looked at {moment(view.since)}. {why}"
    return Rendered(text, [section(more)])


def _shut(which: str, view: AlarmView) -> Rendered:
    text = f"🔴 {which} is no longer looked at."
    why = escape_line(view.detail, _DETAIL) or "It is not there, or does not open."
    more = f"*{text}*\nIt was last looked at {moment(view.since)}. {why} The other folders go on."
    return Rendered(text, [section(more)])


def _sign_in(which: str, view: AlarmView) -> Rendered:
    """The link is ours, made of the settings and of ids."""
    text = f"🔴 {which} needs somebody to sign in again."
    todo = f"<{view.link}|Sign in again>: " if view.link else ""
    more = (
        f"*{text}*\n{escape_line(view.detail, _DETAIL)}\n{todo}as the same person as before. No "
        "mail is lost: what arrives meanwhile is brought in then. Other mailboxes go on."
    )
    return Rendered(text, [section(more)])


def over(view: AlarmView) -> Rendered:
    if view.paused_by is not None:
        by = f" by {escape_line(view.paused_by, _ADDRESS)}" if view.paused_by else ""
        text = f"⏸ {_which(view)} was paused{by}."
        more = f"*{text}*\nUntil it is resumed nobody looks at it, and there is no alarm for it."
        return Rendered(text, [{"type": "section", "text": {"type": "mrkdwn", "text": more}}])
    if view.needs_sign_in:
        text = f"✅ {_which(view)} is signed in again."
        more = f"*{text}*\nWhat arrived meanwhile is brought in."
        return Rendered(text, [section(more)])
    text, then = _end_of_silence(view)
    silence = f"It gave no sign of life since {moment(view.since)}."
    until = f" That was over {moment(view.resolved_at)}." if view.resolved_at else ""
    more = f"*{text}*\n{silence}{until} {then}"
    return Rendered(text, [section(more)])


def card(view: AlarmView) -> Rendered:
    """The one message of an alarm: what is wrong, and once it is over, for how long it was."""
    if view.resolved_at is None:
        return alarm(view)
    lasted = ago((view.resolved_at - view.since).total_seconds())
    when = f"{moment(view.since)} to {moment(view.resolved_at)}"
    if view.paused_by is not None:
        text, what = f"⏸ {_which(view)} was paused", "The alarm before lasted"
        text += f" by {escape_line(view.paused_by, _ADDRESS)}." if view.paused_by else "."
        then = "Until it is resumed nobody looks at it."
    elif view.needs_sign_in:
        text, what = f"✅ {_which(view)} is signed in again.", "Nobody was let in for"
        then = "What arrived meanwhile is brought in."
    else:
        (text, then), what = _end_of_silence(view), "It gave no sign of life for"
    return Rendered(text, [section(f"*{text}*\n{what} {lasted}, from {when}. {then}")])


def _end_of_silence(view: AlarmView) -> tuple[str, str]:
    if view.is_let_be:
        return f"✅ {_which(view)} is not watched any more.", "Its other folders are."
    return f"✅ {_which(view)} is looked at again.", "What arrived meanwhile is brought in."


def _which(view: AlarmView) -> str:
    address = escape_line(view.address, _ADDRESS)
    shown = [escape_line(name, 60) for name in view.folders[:_FOLDERS]]
    if len(view.folders) > _FOLDERS:
        shown.append("…")
    return f"The mailbox {address} ({', '.join(shown)})" if shown else f"The mailbox {address}"
