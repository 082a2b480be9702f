"""What a `block_actions` payload says was clicked or chosen. Pure.

(docs.slack.dev/reference/interaction-payloads/block_actions-payload)
"""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]


def action_of(body: Body) -> Mapping[str, Any]:
    actions = body.get("actions") or [{}]
    action: Mapping[str, Any] = actions[0]
    return action


def value_of(body: Body) -> str:
    """Of a button."""
    return str(action_of(body).get("value", ""))


def option_of(body: Body) -> str:
    """The value of what was chosen in a select."""
    return str((action_of(body).get("selected_option") or {}).get("value", ""))
