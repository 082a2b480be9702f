"""Gentle reminders: one line in a channel, or directly to whom it is about. Pure.

They mention nobody: whoever reads them decides whether it is theirs.
"""

from typing import Final

from app.feed.blocks import section
from app.feed.mrkdwn import moment
from app.feed.port import Rendered
from app.feed.render_rearranged import linked
from app.feed.view import NudgeView, ReminderView

_SUBJECT: Final = 100
_ADDRESS: Final = 60
"""Ten of them, with their links, have to fit a section of 3,000 characters."""
_HEADS: Final = {
    "unassigned": ("🟠 Nobody has taken this yet", "🟠 Nobody has taken these {} yet"),
    "no_action": (
        "🔵 This is yours, and nothing has happened for a while",
        "🔵 These {} are yours, and nothing has happened for a while",
    ),
    "no_answer": (
        "⏳ You have had no answer for a while",
        "⏳ You have had no answer to these {} for a while",
    ),
}
_WHAT_NOW: Final = {
    "no_action": "Answer, snooze it or hand it over, and you hear no more of it.",
    "no_answer": "Write once more, snooze it or mark it as done, and you hear no more of it.",
}


def reminder(view: ReminderView) -> Rendered:
    one, many = _HEADS[view.reason]
    head = one if view.count == 1 else many.format(view.count)
    lines = [f"• {linked(one, subject=_SUBJECT, address=_ADDRESS)}" for one in view.first]
    if (more := view.count - len(view.first)) > 0:
        lines.append(f"… and {more} more")
    if not view.count:
        head = "✅ What stood still here has been dealt with"
    if (what_now := _WHAT_NOW.get(view.reason)) and view.count:
        lines.append(f"_{what_now}_")
    text = "\n".join([f"{head}:" if lines else f"{head}.", *lines])
    return Rendered(f"{head}.", [section(text)])


def nudge(view: NudgeView) -> Rendered:
    if view.count > 1:
        return _nudges(view)
    if view.reason == "woke":
        head = "💤 What you snoozed is awake again"
    else:
        since = f" since {moment(view.since)}" if view.since else ""
        head = f"🔔 You wanted to be told: no answer{since}"
    text = f"{head}: {linked(view.about)}"
    return Rendered(text, [section(text)])


def _nudges(view: NudgeView) -> Rendered:
    head = f"🔔 You wanted to be told: no answer to these {view.count}"
    if view.reason == "woke":
        head = f"💤 {view.count} that you snoozed are awake again"
    listed = (view.about, *view.others)
    lines = [f"• {linked(one, subject=_SUBJECT, address=_ADDRESS)}" for one in listed]
    if (more := view.count - len(listed)) > 0:
        lines.append(f"… and {more} more, which the Home tab lists")
    text = "\n".join([f"{head}:", *lines])
    return Rendered(f"{head}.", [section(text)])
