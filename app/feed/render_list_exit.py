"""What became of leaving a list, in a few words for the state line of the card. Pure."""

from typing import Final

from app.feed.mrkdwn import escape_line, mention, moment
from app.feed.view import ListExitView
from app.store.models import ListExitState

_WHOM: Final = 120
_DETAIL: Final = 300


def list_exit(view: ListExitView | None) -> list[str]:
    if view is None:
        return []
    whom = escape_line(view.whom, _WHOM)
    who = mention(view.by.name, view.by.slack_user_id) if view.by else "SharedBox"
    match view.state:
        case ListExitState.ASKED:
            again = f" ({escape_line(view.detail, _DETAIL)})" if view.detail else ""
            return [f"📭 Leaving the list: asking {whom}…{again}"]
        case ListExitState.MAILED:
            return [f"📭 {who} asked {whom} by mail to be taken off the list"]
        case ListExitState.DONE:
            return [f"📭 {who} left the list {moment(view.at)}"]
        case ListExitState.REFUSED:
            return [f"⚠️ The list was not left: {escape_line(view.detail, _DETAIL)}"]
