"""What admins are told of a channel in which nothing can be posted. Pure."""

from typing import Final

from app.feed.blocks import section
from app.feed.ids import ActionId
from app.feed.mrkdwn import bold, escape_line
from app.feed.port import Rendered
from app.feed.view import ClosedChannelView

_REROUTE: Final = {
    "type": "button",
    "action_id": ActionId.REROUTE,
    "text": {"type": "plain_text", "text": "Send mail elsewhere…"},
}


def closed(view: ClosedChannelView) -> Rendered:
    name = f"#{escape_line(view.name, 80)}" if view.name else view.channel_id
    if view.is_open:
        text = f"✅ Mail is posted in {bold(name)} again."
    else:
        text = f"⚠️ No mail is posted in {bold(name)}. {escape_line(view.detail, 400)}"
    if view.waiting and not view.is_open:
        text += f" {_number(view.waiting)} kept until then."
    if view.addresses and not view.is_open:
        listed = ", ".join(escape_line(one, 120) for one in view.addresses[:5])
        more = f" and {len(view.addresses) - 5} more" if len(view.addresses) > 5 else ""
        text += f" It is the channel of {listed}{more}."
    blocks = [section(text)]
    if not view.is_open:
        blocks.append({"type": "actions", "elements": [_REROUTE]})
    return Rendered(text, blocks)


def _number(waiting: int) -> str:
    return "1 message is" if waiting == 1 else f"{waiting:,} messages are"
