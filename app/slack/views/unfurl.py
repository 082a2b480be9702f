"""What stands below a link to a conversation of ours that somebody shared. Pure."""

from dataclasses import replace
from typing import Any, Final

from app.feed import exposure
from app.feed.mrkdwn import bold, escape, escape_line, link_up
from app.slack.views.home import OPEN
from app.slack.views.listing import Line, context, line, section
from app.store.models import Exposure

_SENDER: Final = 120
_WORDS: Final = 1500


def unfurl(shown: Line, sender: str, excerpt: str, url: str, shows: Exposure) -> dict[str, Any]:
    """An attachment: no more than its channel shows of a mail, and three lines at the most.

    Whoever has the conversation is named and not mentioned: a link calls nobody.
    """
    if shown.assignee:
        shown = replace(shown, assignee=(shown.assignee[0], None))
    open_ = {
        "type": "button",
        "action_id": OPEN,
        "text": {"type": "plain_text", "text": "Open"},
        "url": url,
    }
    blocks: list[dict[str, Any]] = [{**section(line(shown)), "accessory": open_}]
    blocks.append(context(f"from {bold(escape_line(sender, _SENDER) or '(unknown sender)')}"))
    least = shows if shows is Exposure.HEADERS else Exposure.LINES
    if words := escape(exposure.words(excerpt, least), _WORDS).strip():
        blocks.append(section(link_up(words)))
    return {"blocks": blocks}
