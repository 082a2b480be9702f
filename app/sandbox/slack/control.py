"""`LocalSlack` over HTTP, for tests in other processes: `POST /control/<verb>` with its arguments.

Each verb is the method of that name; the secret goes into `X-Control-Secret`.
"""

import inspect
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, Final

from pydantic import ValidationError, validate_call
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.slack.arguments import body_of
from app.sandbox.slack.wire import JSON, Refused

_VERBS: Final = frozenset(
    {
        "post_as_user", "edit_as_user", "delete_as_user", "react_as_user", "delete_message",
        "click", "choose", "choose_overflow", "suggest",
        "run_command", "use_shortcut", "use_message_shortcut",
        "act_in_view", "submit_view", "close_view", "open_home",
        "connect", "set_socket_mode", "disconnect_sockets", "revoke_token", "remove_bot", "add_bot",
        "archive_channel", "rename_channel", "share_channel", "make_channel_private",
        "delete_channel", "fail_next", "set_rate_mode", "reset",
        "messages", "replies", "message", "ephemerals", "views", "home", "until_delivered",
    }
)  # fmt: skip
_LISTS: Final = ("writes", "deliveries", "channels", "users")


class Control:
    def __init__(self, slack: object, secret: str) -> None:
        self._slack = slack
        self._secret = secret
        self.routes = [Route("/control/{verb}", self._run, methods=["POST"])]

    async def _run(self, request: Request) -> Response:
        given = request.headers.get("x-control-secret", "")
        if not secrets.compare_digest(given.encode(), self._secret.encode()):
            return JSONResponse({"error": "not_allowed"}, 403)
        verb = request.path_params["verb"]
        if verb in _LISTS:
            return JSONResponse({"result": _plain(getattr(self._slack, verb))})
        if verb not in _VERBS:
            return JSONResponse({"error": "unknown_verb"}, 404)
        return await run_verb(getattr(self._slack, verb), request)


async def run_verb(verb: Callable[..., Any], request: Request, *, refused: int = 409) -> Response:
    """Call a method with the arguments in the request's JSON body.

    `refused` is the HTTP status of what the workspace does not allow.
    """
    try:
        arguments: JSON = json.loads(await body_of(request) or b"{}")
        result = validate_call(verb)(**arguments)
        if inspect.isawaitable(result):
            result = await result
    except (ValidationError, ValueError, TypeError) as error:
        return JSONResponse({"error": "bad_arguments", "detail": str(error)}, 422)
    except Refused as refusal:
        return JSONResponse({"error": refusal.error, **refusal.more}, refused)
    return JSONResponse({"result": _plain(result)})


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "as_json"):
        return value.as_json()
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
