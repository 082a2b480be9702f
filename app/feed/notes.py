"""What a mail is, beside its words: an automatic reply, a bounce, an invitation. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.mail.parsed import Automatic
from app.store.models import Message

_MOST: Final = 5
_METHODS: Final = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Proposes another time",
}


def notes(message: Message) -> tuple[str, ...]:
    """Lines about the mail. They quote it, so they are escaped where they are shown."""
    found: list[str] = []
    match message.automatic:
        case Automatic.REPLY:
            found.append("🤖 Automatic reply")
        case Automatic.BOUNCE:
            found += _failures(message, "↩️ Could not be delivered")
        case Automatic.COMPLAINT:
            found += _failures(message, "⚠️ Complaint")
    if message.invitation:
        found.append(_invitation(message.invitation))
    return tuple(found)


def _failures(message: Message, what: str) -> list[str]:
    failures: list[dict[str, str]] = (message.report or {}).get("failures", [])
    if failures and all(one["action"] == "delayed" for one in failures):
        what = "⏳ Not delivered yet"
    shown = [
        f"{what}: {one['address']} {one['status']} {one['detail']}".rstrip()
        for one in failures[:_MOST]
    ]
    return shown or [what]


def _invitation(said: Mapping[str, Any]) -> str:
    what = _METHODS.get(said["method"], "Event")
    parts = [f"📅 {what}: {said['summary']}".rstrip(": ")]
    if said["starts_at"]:
        parts.append(f"{said['starts_at'].replace('T', ' ')} {said['time_zone']}".rstrip())
    if said["location"]:
        parts.append(said["location"])
    return " · ".join(parts)
