"""What a delivery is about: the ids of ours in it, and whether it only asks to look. Pure.

Every id of ours is a UUID, and everything Slack hands back to us (values of buttons and options,
what a window remembers) was handed out by us. So the ids can be found without knowing which button
or window it is, and one that is added tomorrow is guarded from its first day.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from app.feed.ids import ActionId, MenuChoice
from app.slack.ids import FieldId, ViewId
from app.slack.views.home import FIND, OPEN, REFRESH
from app.slack.views.mailboxes import CONNECT, MEND, SIGN_IN
from app.slack.views.more import MoreAction
from app.slack.views.reading import IN_BROWSER, PAGE_ACTION

Body = Mapping[str, Any]
MOST_IDS: Final = 200
_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_NOISE: Final = str.maketrans("", "", "-{}")
"""What `UUID` overlooks where it reads one."""
_TYPED: Final = frozenset({
    "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input",
})  # fmt: skip
_LOOKING_WORDS: Final = frozenset({"", "help", "search", "status"})
_LOOKING_ACTIONS: Final = frozenset({FIND, OPEN, REFRESH, SIGN_IN, CONNECT, IN_BROWSER})
_OF_ADMINS: Final = frozenset({MEND, FieldId.ROUTE_ACCOUNT})
"""Their listeners ask for an admin, who need not be in the mailbox's channel: it may be archived,
or SharedBox may have been removed from it, which is why its mail is to go elsewhere."""
_READING_ENTRIES: Final = frozenset({MoreAction.FULL_MAIL, MoreAction.HEADERS})
_LOOKING_ENTRIES: Final = _READING_ENTRIES | {MoreAction.WHY, MoreAction.LINK}


def ids_in(body: Body) -> frozenset[UUID]:
    """What it names, of the first two hundred. What people typed themselves names nothing."""
    found: dict[UUID, None] = {}
    for text in _strings(body):
        for digits in _ID.findall(text.lower().translate(_NOISE)):
            found[UUID(digits)] = None
            if len(found) >= MOST_IDS:
                return frozenset(found)
    return frozenset(found)


def only_looks(body: Body) -> bool:
    """Whether it asks to see something, and changes nothing. What is not known here does not."""
    if "command" in body:
        return str(body.get("text") or "").strip().partition(" ")[0].lower() in _LOOKING_WORDS
    match body.get("type"):
        case "block_suggestion":
            return True
        case "shortcut":
            return body.get("callback_id") == ViewId.FIND_MAIL
        case "block_actions":
            return all(map(_is_look, body.get("actions") or ({},)))
        case "view_submission":
            view = body.get("view") or {}
            if view.get("callback_id") == ViewId.FIND:
                return True
            return view.get("callback_id") == ViewId.MORE and _entry(view) in _LOOKING_ENTRIES
        case _:
            return False


def reads_on(body: Body) -> bool:
    """Whether it asks for the words of a mail, which may be more than its card shows."""
    match body.get("type"):
        case "block_actions":
            actions = body.get("actions") or ()
            return any(_is_reading(str(one.get("action_id"))) for one in actions)
        case "view_submission":
            view = body.get("view") or {}
            return view.get("callback_id") == ViewId.MORE and _entry(view) in _READING_ENTRIES
        case _:
            return False


def _is_look(action: Mapping[str, Any]) -> bool:
    action_id = str(action.get("action_id"))
    if action_id == ActionId.MENU:
        chosen = str((action.get("selected_option") or {}).get("value", ""))
        return chosen.partition("/")[0] == MenuChoice.MORE
    return action_id in _LOOKING_ACTIONS or _is_reading(action_id)


def _is_reading(action_id: str) -> bool:
    return action_id == ActionId.READ or action_id.startswith(f"{PAGE_ACTION}.")


def _entry(view: Mapping[str, Any]) -> str:
    fields = _values(view)
    states = [state for block in fields.values() for key, state in block.items()
              if key == FieldId.ACTION]  # fmt: skip
    return str(((states or [{}])[0].get("selected_option") or {}).get("value", ""))


def _strings(body: Body) -> Iterator[str]:
    view = body.get("view") or {}
    yield str(view.get("private_metadata") or "")
    for action in body.get("actions") or ():
        if action.get("action_id") not in _OF_ADMINS:
            yield from _chosen(action)
    for block in _values(view).values():
        for action_id, state in block.items():
            if action_id not in _OF_ADMINS:
                yield from _chosen(state)


def _chosen(element: Mapping[str, Any]) -> Iterator[str]:
    if element.get("type") in _TYPED:
        return
    yield str(element.get("value") or "")
    for option in (element.get("selected_option"), *(element.get("selected_options") or ())):
        if isinstance(option, Mapping):
            yield str(option.get("value") or "")


def _values(view: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    return (view.get("state") or {}).get("values") or {}
