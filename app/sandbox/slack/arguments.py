"""The arguments of a Web API call, however they came: query, form, multipart or JSON."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from app.sandbox.slack.wire import JSON, Refused, bad_arguments

MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_PER_PAGE: Final = 1_000


class Arguments:
    """Values by name, read as what a method wants them to be."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str, otherwise: str = "") -> str:
        value = self.values.get(name, otherwise)
        return value if isinstance(value, str) else str(value)

    def needed(self, name: str) -> str:
        """Raises `Refused` (invalid_arguments) where it is missing or empty."""
        value = self.text(name)
        if not value:
            raise bad_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        value = self.values.get(name, otherwise)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def limit(self, otherwise: int = 100) -> int:
        """How many items a page may have. Raises `Refused` (invalid_limit)."""
        try:
            limit = int(self.values.get("limit") or otherwise)
        except ValueError:
            raise Refused("invalid_limit") from None
        if not 0 < limit <= _MOST_PER_PAGE:
            raise Refused("invalid_limit")
        return limit

    def json(self, name: str, error: str) -> Any:  # noqa: ANN401 -- whatever JSON can say
        """A structured value; a string is read as JSON. Raises `Refused` with `error`."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refused(error) from None

    def array(self, name: str, error: str) -> list[Any] | None:
        value = self.json(name, error)
        if value is not None and not isinstance(value, list):
            raise Refused(error)
        return value

    def object(self, name: str, error: str) -> JSON | None:
        value = self.json(name, error)
        if value is not None and not isinstance(value, dict):
            raise Refused(error)
        return value

    def words(self, name: str) -> list[str]:
        """A list that may come as an array or separated by commas."""
        value = self.values.get(name) or ""
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]


async def body_of(request: Request, most: int = MOST_BYTES) -> bytes:
    """The request's body. Raises `Refused` once it is larger than `most`."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused("request_too_large")
        parts.append(part)
    return b"".join(parts)


async def arguments_of(request: Request) -> Arguments:
    """Raises `Refused` (invalid_json, json_not_object)."""
    values: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        values |= object_in(await body_of(request))
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form(max_part_size=MOST_BYTES) as form:
            for name, value in form.items():
                values[name] = await value.read() if isinstance(value, UploadFile) else value
    return Arguments(values)


def object_in(body: bytes) -> JSON:
    """Raises `Refused` (invalid_json, json_not_object)."""
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(value, dict):
        raise Refused("json_not_object")
    return value
