"""What somebody should see before they write on, or press Send: at the top of the window. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from app.feed.mrkdwn import bold, cut_lines, escape, escape_line, mention, moment, verbatim
from app.mail.loops import nobody_reads
from app.sending.drafts import Writer
from app.sending.guard import Newer
from app.sending.warnings import unread_words
from app.slack.writing import Button

Block = dict[str, Any]
_EXCERPT: Final = 700
_MOST: Final = 8


def cannot_send(address: str) -> list[Block]:
    shown = escape_line(address, 120)
    return [_alert(f"{shown} has no server to send by, so nothing can be sent yet.")]


def taken_over(by: str) -> list[Block]:
    return [
        _alert(
            f"{by} has taken your text over and may send it. What you write here stays yours; "
            "press Send to send it all the same."
        )
    ]


def newer(mail: Newer) -> list[Block]:
    who = escape_line(mail.who, 80)
    what = "answered meanwhile" if mail.is_ours else "wrote again meanwhile"
    shown = cut_lines(mail.text, lines=8, characters=_EXCERPT)
    text = f"{bold(who)} · {moment(mail.at)}\n{escape(shown, 2400)}"
    return [
        _alert(f"Not sent: {who} {what}. Read it first, then press Send."),
        {"type": "section", "text": verbatim(text)},
    ]


def left_out(more: int) -> list[Block]:
    return [_alert(f"Left out of To and Cc, as they have no room or are no addresses: {more}.")]


def unread(addresses: Sequence[str]) -> list[Block]:
    """Of those that the window fills in by itself."""
    found = [one for one in addresses if nobody_reads(one)]
    return [_alert(escape_line(unread_words(one), 200)) for one in found[:_MOST]]


def strangers(domains: Sequence[str]) -> list[Block]:
    named = ", ".join(escape_line(one, 80) for one in domains[:_MOST])
    return [
        _alert(
            f"Nobody of this conversation is at {named} so far. "
            "Check the addresses, then press Send once more."
        )
    ]


def others_writing(writer: Writer) -> list[Block]:
    who = mention(writer.name, writer.slack_user_id)
    take_over = {
        "type": "button",
        "action_id": Button.TAKE_OVER,
        "text": {"type": "plain_text", "text": "Take over the draft"},
        "value": str(writer.draft_id),
    }
    return [
        _alert(f"{who} is writing an answer, too, since {moment(writer.since)}."),
        {"type": "actions", "elements": [take_over]},
    ]


def _alert(text: str) -> Block:
    return {"type": "alert", "level": "warning", "text": verbatim(text)}
