"""Conversations in a list, one line each, and accounts' health in words. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.core.findings import Finding, Level
from app.feed.mrkdwn import bold, escape_line, mention, moment, verbatim

_SUBJECT: Final = 150
_ADDRESS: Final = 100
_WORDS: Final = 500
_LEVELS: Final = {Level.OK: "✅ Well", Level.NOTE: "ℹ️ Note", Level.PROBLEM: "⚠️ Problem"}


@dataclass(frozen=True, slots=True)
class Line:
    """A conversation as a list shows it. Its words are other people's."""

    subject: str
    address: str
    """Of the account it came in by."""
    last_message_at: datetime
    link: str | None = None
    """Where its card is; None where it has none."""
    assignee: tuple[str, str | None] | None = None
    """Name and Slack id."""
    is_done: bool = False
    is_snoozed: bool = False
    snoozed_until: datetime | None = None
    waiting_since: datetime | None = None
    no_answer_since: datetime | None = None
    """Since when nobody answered, where somebody wanted to be told and that time is over."""


def line(shown: Line) -> str:
    """Two lines of markup: the subject, which leads to the card, and where it stands."""
    subject = escape_line(shown.subject, _SUBJECT) or "(no subject)"
    if shown.link:
        subject = f"<{shown.link}|{subject.replace('|', '∣')}>"
    parts = [_state(shown)]
    if shown.waiting_since and not (shown.is_done or shown.is_snoozed):
        parts.append(f"⏱ waiting since {moment(shown.waiting_since)}")
    elif shown.no_answer_since and not (shown.is_done or shown.is_snoozed):
        parts.append(f"🔔 no answer since {moment(shown.no_answer_since)}")
    else:
        parts.append(f"last mail {moment(shown.last_message_at)}")
    parts.append(escape_line(shown.address, _ADDRESS))
    if not shown.link:
        parts.append("no card")
    return f"{bold(subject)}\n{' · '.join(parts)}"


def _state(shown: Line) -> str:
    if shown.is_done:
        return "✅ Done"
    if shown.is_snoozed:
        until = moment(shown.snoozed_until) if shown.snoozed_until else "they reply"
        return f"💤 Asleep until {until}"
    return f"🔵 {mention(*shown.assignee)}" if shown.assignee else "🟠 Unassigned"


def health(finding: Finding) -> str:
    """How an account is, and what a person has to do about it."""
    said = f"{bold(escape_line(finding.subject, _ADDRESS))} · {_LEVELS[finding.level]}\n"
    said += escape_line(finding.what, _WORDS)
    return f"{said}\n_What to do:_ {escape_line(finding.fix, _WORDS)}" if finding.fix else said


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": verbatim(text)}


def context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [verbatim(text)]}
