"""Reading what comes back from a modal. It comes from outside, so it is parsed like any input."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.core.errors import InvalidInput
from app.slack.ids import FieldId, Memory

_NEVER: Final = re.compile("[\x00\ud800-\udfff]")
Body = Mapping[str, Any]
"""A `view_submission` or `block_suggestion` payload."""


def field(body: Body, id_: FieldId) -> Mapping[str, Any]:
    """The state of one field; empty where the modal has none."""
    values = (body["view"].get("state") or {}).get("values") or {}
    state: Mapping[str, Any] = (values.get(id_) or {}).get(id_) or {}
    return state


def typed(text: object) -> str:
    """What somebody typed, without what no database takes: NUL, and halves of characters."""
    return _NEVER.sub("", str(text or ""))


def chosen(body: Body, id_: FieldId) -> str:
    """The value of the option chosen in a select or among radio buttons."""
    try:
        state = body["view"]["state"]["values"][id_][id_]
        return str(state["selected_option"]["value"])
    except (KeyError, TypeError):
        raise InvalidInput("Nothing was chosen.", field=id_) from None


def memory_of(body: Body) -> Memory:
    return Memory.parse(str((body.get("view") or {}).get("private_metadata", "")))
