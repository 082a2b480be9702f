"""How much of a mail a channel shows. Pure.

What is taken out here is in nothing that goes to Slack: neither in blocks nor in the text that
notifications and lock screens show.
"""

from dataclasses import replace
from typing import Final

from app.feed.mrkdwn import cut_lines
from app.feed.view import CardView, MailView, OutgoingView
from app.store.models import Exposure

LINES: Final = 3
_CHARACTERS: Final = 300


def words(text: str, exposure: Exposure) -> str:
    """What may be shown of a text that was mailed."""
    match exposure:
        case Exposure.HEADERS:
            return ""
        case Exposure.LINES:
            return cut_lines(text, lines=LINES, characters=_CHARACTERS)
        case Exposure.FULL:
            return text


def card(view: CardView, exposure: Exposure) -> CardView:
    return replace(view, mail=mail(view.mail, exposure))


def mail(view: MailView, exposure: Exposure) -> MailView:
    hidden = exposure is Exposure.HEADERS
    return replace(view, excerpt=words(view.excerpt, exposure), is_hidden=hidden)


def outgoing(view: OutgoingView, exposure: Exposure) -> OutgoingView:
    return replace(view, text=words(view.text, exposure))
