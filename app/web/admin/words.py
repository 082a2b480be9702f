"""What machines write down, as people say it: browsers, acts, events. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup, escape

from app.mail import links
from app.store.models import Conversation, ConversationStatus
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
    "team.suspended": "suspended",
    "team.let_back": "let back in",
    "team.slack_connected": "connected their Slack account",
    "team.slack_disconnected": "disconnected their Slack account",
    "invitation.created": "made an invitation for",
    "invitation.withdrawn": "withdrew the invitation for",
    "password.changed": "changed their password",
    "second_factor.added": "turned on a second factor",
    "second_factor.removed": "turned off their second factor",
    "api_key.created": "made the API key",
    "api_key.revoked": "revoked the API key",
    "account.connected": "connected",
    "account.changed": "changed",
    "account.sign_in_offered": "made a link to sign in for",
    "account.retried": "had a new attempt made at",
    "account.import_started": "started an import for",
    "account.import_cancelled": "cancelled the import for",
    "account.removed": "removed",
    "account.paused": "paused",
    "account.resumed": "resumed",
    "webhook.created": "made the webhook to",
    "webhook.changed": "changed the webhook to",
    "webhook.paused": "paused the webhook to",
    "webhook.resumed": "had the webhook go on to",
    "webhook.secret_rotated": "made a new secret for the webhook to",
    "webhook.deleted": "removed the webhook to",
    "sender.added": "added the sender",
    "sender.removed": "removed the sender",
    "route.set": "set the channel for",
    "route.removed": "removed the route for",
    "channel.exposure_changed": "changed how much is shown in",
    "channel.emoji_switched_on": "let emoji act in",
    "channel.emoji_switched_off": "switched emoji off in",
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
        "team.slack_connected", "team.slack_disconnected",
    }
)  # fmt: skip
"""Acts people do to themselves: whom they were done to goes without saying."""
_LINK: Final = Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>')
_LEADS_TO: Final = Markup(' <span class="text-secondary">[leads to {}]</span>')
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
    "follow_up": "say so if nobody answers",
    "merge": "merge conversations",
    "split": "split a conversation",
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


def wish(type_: str, params: Mapping[str, Any], assignee: str = "") -> str:
    """What somebody asked for, such as `move to “Billing”`."""
    match type_:
        case "move" if params.get("folder"):
            return f"move to “{params['folder']}”"
        case "assign":
            return f"assign to {assignee}" if assignee else "assign to nobody"
    return _WISHES.get(type_, type_.replace("_", " "))


def short(seconds: float) -> str:
    """A duration where there is little room, such as `21 s`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size):,} {unit}"
    return f"{round(seconds)} s"


def size(count: int) -> str:
    """Bytes where there is little room, such as `1.4 MB`."""
    for unit, of_it in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= of_it:
            return f"{count / of_it:.{0 if count >= 10 * of_it else 1}f} {unit}"
    return f"{count} B"


def standing(conversation: Conversation) -> tuple[str, str]:
    """In a word, and how it is to be drawn."""
    if conversation.merged_into_id is not None:
        return "merged", "idle"
    if conversation.status is ConversationStatus.DONE:
        return "done", "good"
    if conversation.is_snoozed:
        return "snoozed", "idle"
    if conversation.waiting_since is not None:
        return "waiting", "warn"
    return "open", "idle"


def linked(text: str) -> Markup:
    """Plain text, with its addresses of pages as links; each is shown as it is."""
    pieces, at = [], 0
    for found in links.IN_TEXT.finditer(text):
        address = found[0].rstrip(".,;:!?…»”’")
        told = links.to_be_told(address, address)
        pieces.append(escape(text[at : found.start()]))
        pieces.append(_LINK.format(address, address))
        if told:
            pieces.append(_LEADS_TO.format(told))
        at = found.start() + len(address)
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)
