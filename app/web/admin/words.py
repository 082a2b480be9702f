"""What machines write down, as people say it: browsers, acts, events. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.web.admin.event_words import EVENTS

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""In this order: most of them claim to be others as well."""
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_ACTS: Final = {
    "session.begun": "signed in",
    "session.refused": "failed to sign in as",
    "session.ended": "signed out",
    "team.joined": "joined the team",
    "team.role_changed": "changed the role of",
    "team.barred": "shut out",
    "team.let_back": "let back in",
    "invitation.created": "made an invitation for",
    "invitation.withdrawn": "withdrew the invitation for",
    "password.changed": "changed their password",
    "second_factor.added": "turned on a second factor",
    "second_factor.removed": "turned off their second factor",
    "api_key.created": "made the API key",
    "api_key.revoked": "revoked the API key",
    "account.connected": "connected",
    "account.changed": "changed",
    "account.retried": "had a new attempt made at",
    "account.import_started": "started an import for",
    "account.import_cancelled": "cancelled the import for",
    "account.removed": "removed",
    "account.paused": "paused",
    "account.resumed": "resumed",
    "webhook.created": "made the webhook to",
    "webhook.paused": "paused the webhook to",
    "webhook.resumed": "had the webhook go on to",
    "webhook.secret_rotated": "made a new secret for the webhook to",
    "webhook.deleted": "removed the webhook to",
    "sender.added": "added the sender",
    "sender.removed": "removed the sender",
    "route.set": "set the channel for",
    "route.removed": "removed the route for",
    "channel.exposure_changed": "changed how much is shown in",
    "channel.sharing_accepted": "allowed mail in the shared channel",
    "channel.sharing_refused": "forbade mail in the shared channel",
    "rule.created": "made the rule",
    "rule.changed": "changed the rule",
    "rule.switched_on": "switched on the rule",
    "rule.switched_off": "switched off the rule",
    "rule.removed": "removed the rule",
}
_THEIR_OWN: Final = frozenset(
    {
        "session.begun", "session.ended", "team.joined", "password.changed",
        "second_factor.added", "second_factor.removed",
    }
)  # fmt: skip
"""Acts people do to themselves: whom they were done to goes without saying."""
_WISHES: Final = {
    "archive": "archive",
    "move": "move to another folder",
    "delete": "delete",
    "spam": "mark as spam",
    "flag": "flag",
    "unflag": "take the flag away",
    "mark_read": "mark as read",
    "mark_unread": "mark as unread",
    "restore": "put it back as it was",
    "file_sent": "file a mail of ours in Sent",
    "find_sent": "look for a mail of ours in Sent",
    "assign": "assign",
    "done": "mark as done",
    "reopen": "open again",
    "tag": "change the tags",
    "snooze": "snooze",
    "wake": "wake",
}


class _Facts(dict[str, Any]):
    """What an event does not tell stays out of its sentence."""

    def __missing__(self, key: str) -> str:
        return ""


def browser(user_agent: str) -> str:
    """Such as `Firefox on Linux`."""
    name = next((words for mark, words in _BROWSERS if mark in user_agent), "")
    system = next((words for mark, words in _SYSTEMS if mark in user_agent), "")
    if name and system:
        return f"{name} on {system}"
    return name or system or "An unknown browser"


def act(name: str, about: str) -> str:
    """What somebody did, as it follows on their name."""
    words = _ACTS.get(name, name.replace(".", " ").replace("_", " "))
    return words if name in _THEIR_OWN or not about else f"{words} {about}"


def event(type_: str, data: Mapping[str, Any]) -> str:
    """What happened, as a sentence."""
    words = EVENTS.get(type_)
    if words is None:
        return type_.replace(".", ": ").replace("_", " ").capitalize()
    wish = str(data.get("command", ""))
    return words.format_map(_Facts(data, wish=_WISHES.get(wish, wish))).strip()


def short(seconds: float) -> str:
    """A duration where there is little room, such as `21 s`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size):,} {unit}"
    return f"{round(seconds)} s"
