"""Saying in a modal why what was asked for was not done."""

from typing import Any

from app.feed.mrkdwn import verbatim


def view(text: str) -> dict[str, Any]:
    """`text` is markup, escaped already."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Not done"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [{"type": "section", "text": verbatim(text or "This could not be done.")}],
    }
