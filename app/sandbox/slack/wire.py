"""What travels between the workspace and its clients: JSON, Slack's ids, and refusals."""

import secrets
import string
from typing import Any

from app.core.errors import SharedBoxError

JSON = dict[str, Any]
_ALPHABET = string.ascii_uppercase + string.digits


def slack_id(kind: str) -> str:
    """An id as Slack makes them: a letter for the kind, then ten capitals and digits."""
    return f"{kind}0{''.join(secrets.choice(_ALPHABET) for _ in range(9))}"


class Refused(SharedBoxError):
    """The Web API says no: `{"ok": false, "error": …}`, with HTTP status 200.

    `error` is Slack's word for it; `more` is what else the answer says.
    """

    def __init__(self, error: str, **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    def answer(self) -> JSON:
        return {"ok": False, "error": self.error, **self.more}


def bad_arguments(*messages: str) -> Refused:
    return Refused(
        "invalid_arguments",
        response_metadata={"messages": [f"[ERROR] {message}" for message in messages]},
    )


def without_nothings(**values: object) -> JSON:
    """An object without the keys that say nothing: Slack leaves them out."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
