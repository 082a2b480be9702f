"""What machines write down, as people say it: browsers, acts, events. Pure."""

from collections.abc import Mapping
from typing import Any, Final

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
_EVENTS: Final = {
    "account.changed": "The account was changed; its connection is made anew.",
    "account.connected": "The account was connected.",
    "account.live": "Connected: new mail comes in.",
    "account.retrying": "Out of reach. {reason}",
    "account.refused": "Refused. {reason}",
    "account.stopped": "Given up. {reason}",
    "account.removed": "The account {address} was removed.",
    "account.import_started": "An import of older mail was asked for.",
    "account.import_cancelled": "The import of older mail was cancelled.",
    "account.history_imported": "The import of older mail is done.",
    "mailbox.opened": "The folder {name} was opened for the first time.",
    "mailbox.renamed": "The folder {before} is called {name} now.",
    "mailbox.parked": "The folder {name} cannot be opened for now.",
    "mailbox.recovered": "There are signs of life again.",
    "mailbox.silent": "There is no sign of life.",
    "mailbox.reset": "The server numbered the mails of {name} anew; they were matched.",
    "mailbox.mail_missing": "Mail was missing, and is fetched.",
    "mail.quarantined": "A mail could not be read and was set aside.",
    "message.received": "A mail came in.",
    "message.imported": "An older mail was brought in.",
    "message.sent": "A mail was sent.",
    "message.moved": "A mail was moved.",
    "message.left": "A mail left the watched folders.",
    "message.flags_changed": "A mail was marked, here or in another client.",
    "conversation.answered": "A conversation was answered.",
    "conversation.done": "A conversation is done.",
    "conversation.reopened": "A conversation was opened again.",
    "conversation.woke": "A conversation woke up.",
    "command.queued": "Asked for: {wish}.",
    "command.done": "Done on the server: {wish}.",
    "command.failed": "Failed: {wish}. {detail}",
    "command.cancelled": "Taken back before it was done: {wish}.",
    "command.undone": "Undone: {wish}.",
    "outgoing.queued": "A mail of ours is on its way.",
    "outgoing.cancelled": "A mail of ours was taken back.",
    "outgoing.sent": "A mail of ours was sent.",
    "outgoing.failed": "A mail of ours could not be sent. {detail}",
    "outgoing.unknown": "Nobody knows whether a mail of ours left; a person decides.",
    "outgoing.returned": "A mail of ours came back.",
    "grant.dead": "The provider lets us in no more, until somebody signs in again.",
    "grant.signed_in": "Somebody signed in at the provider.",
}


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
    words = _EVENTS.get(type_)
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
