"""The one message for many cards that are held back. Pure."""

from typing import Final

from app.feed.blocks import button, context, section
from app.feed.ids import ActionId
from app.feed.mrkdwn import bold, escape_line
from app.feed.port import Rendered
from app.feed.view import DigestView, HeldView

_SUBJECT: Final = 120
_NAME: Final = 60


def digest(view: DigestView) -> Rendered:
    if not view.waiting:
        text = f"✅ Many mails at once: the {view.total} that had to wait have their cards now."
        return Rendered(text, [context(text)])
    text = f"📬 Many mails at once: {view.waiting} of {view.total} wait for their cards."
    lines = [_line(one) for one in view.first]
    if (more := view.waiting - len(view.first)) > 0:
        lines.append(f"… and {more} more")
    blocks = [section(f"{bold(text)}\n" + "\n".join(lines))]
    how = "A few cards come each minute, in their order, so that the channel can be read."
    if view.is_asked_for:
        how = "Somebody asked for all of them: they come as fast as Slack takes them."
    blocks.append(context(how))
    if not view.is_asked_for:
        show_all = button(ActionId.SHOW_ALL, "Show all", str(view.post_id))
        blocks.append({"type": "actions", "elements": [show_all]})
    return Rendered(text, blocks)


def _line(held: HeldView) -> str:
    sender = escape_line(held.sender_name, _NAME) or escape_line(held.sender_address, _NAME)
    return f"• {sender}: {escape_line(held.subject, _SUBJECT) or '(no subject)'}"
