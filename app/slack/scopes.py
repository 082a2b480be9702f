"""What our app may do in Slack, and what for."""

from collections.abc import Iterable
from typing import Final

SCOPES: Final = {
    "app_mentions:read": "commands to the app in a card’s thread",
    "channels:history": "looking a post up before it is repeated, in public channels",
    "channels:read": "whose mail somebody may see: that of the public channels they are in; "
    "which channels there are to choose from",
    "chat:write": "cards and what stands in their threads",
    "commands": "the slash command /inbox",
    "dnd:read": "who does not want to be given a conversation just now",
    "files:read": "whether an upload was completed before it is begun anew; attached files",
    "files:write": "the originals and the files of mails",
    "groups:history": "looking a post up before it is repeated, in private channels",
    "groups:read": "whose mail somebody may see: that of the private channels they are in",
    "im:history": "looking a message to an admin up before it is repeated",
    "im:write": "telling people that a conversation is theirs, and admins of a silent mailbox",
    "links:read": "links to conversations of ours that people share",
    "links:write": "telling, where such a link is shared, what it leads to",
    "reactions:read": "emoji on cards, in channels that want them to act",
    "usergroups:read": "which groups a conversation can be given to, and who is in them",
    "users:read": "who is a guest, people's names, the time zone of whoever chooses a time",
}


def missing_of(granted: Iterable[str]) -> list[str]:
    """What we need and were not given."""
    given = set(granted)
    return [scope for scope in SCOPES if scope not in given]
