"""The line that stands for a file which Slack does not have. Pure."""

from typing import Final

from app.feed.blocks import context
from app.feed.mrkdwn import bold, escape_line
from app.feed.port import Rendered
from app.feed.view import LeftOutView

_NAME: Final = 120
_WHY: Final = {
    "file_upload_size_restricted": "it is larger than this workspace allows",
    "file_uploads_disabled": "this workspace allows no files",
    "file_uploads_except_images_disabled": "this workspace allows no files but pictures",
    "file_type_not_allowed": "this workspace allows no files of its kind",
    "storage_limit_reached": "this workspace has no room left",
    "missing_argument": "there is nothing in it",
    "no_answer": "Slack did not take it",
}
"""By Slack's codes (docs.slack.dev/reference/methods/files.getUploadURLExternal)."""


def left_out(view: LeftOutView) -> Rendered:
    """Which file it is, why it is not there, and where it is."""
    why = _WHY.get(view.code) or f"Slack refused it: {escape_line(view.code, 60) or 'no reason'}"
    name = bold(escape_line(view.name, _NAME) or "A file")
    text = f"📎 {name} could not be attached: {why}."
    if view.link:
        text += f" <{view.link}|Open it in SharedBox>"
    return Rendered(text, [context(text)])
