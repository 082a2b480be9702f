"""What people type, in Slack's words: escaped text, and the rich text that goes with it."""

import re
from typing import Final

from app.sandbox.slack.rich_text import rich_text
from app.sandbox.slack.wire import JSON, Refused
from app.sandbox.slack.workspace import Workspace

_TOKENS: Final = re.compile(r"(@[\w.-]+|#[\w-]+|https?://[^\s<>|]+)")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def composed(typed: str, workspace: Workspace, *, labelled: bool = False) -> tuple[str, list[JSON]]:
    """The text and blocks of a message that a person typed.

    `labelled` puts a person's name beside the id, as commands have it.
    """

    def parts(text: str) -> list[tuple[str, JSON]]:
        pieces = (piece for piece in _TOKENS.split(text) if piece)
        return [_part(piece, workspace, labelled=labelled) for piece in pieces]

    block = rich_text(typed, lambda text: [leaf for _, leaf in parts(text)])
    return "".join(text for text, _ in parts(typed)), [block]


def _part(piece: str, workspace: Workspace, *, labelled: bool) -> tuple[str, JSON]:
    try:
        if piece.startswith("@"):
            person = workspace.person(piece)
            label = f"|{person.name}" if labelled else ""
            return f"<@{person.id}{label}>", {"type": "user", "user_id": person.id}
        if piece.startswith("#"):
            channel = workspace.channel(piece)
            told = f"<#{channel.id}|{channel.name}>"
            return told, {"type": "channel", "channel_id": channel.id}
    except Refused:
        return escaped(piece), {"type": "text", "text": piece}
    if piece.startswith(("http://", "https://")):
        return f"<{escaped(piece)}>", {"type": "link", "url": piece}
    return escaped(piece), {"type": "text", "text": piece}
