"""Write `.env.example` and the table of docs/configuration.md from the settings themselves.

Whoever adds a setting describes it in `app/core/config.py` and runs `make docs`; a test holds the
three equal.
"""

import types
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.core.config import PROJECT_ROOT, Settings

ENV_EXAMPLE: Final = PROJECT_ROOT / ".env.example"
CONFIGURATION: Final = PROJECT_ROOT / "docs" / "configuration.md"
BEGIN: Final = "<!-- settings: written by `make docs` from app/core/config.py -->"
END: Final = "<!-- end of settings -->"
_HEAD: Final = """\
# Every setting of SharedBox. Copy this file to .env, and uncomment what you change.
# What is shown after = is the default. docs/configuration.md says more.
# Written by `make docs` from app/core/config.py.
"""
_FOOT: Final = """\
# Not a setting of SharedBox: the password docker-compose.yml gives to its Postgres.
#POSTGRES_PASSWORD=
"""
_TYPES: Final = {str: "text", SecretStr: "secret", Path: "path", int: "number", float: "number"}
_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def env_example() -> str:
    """The whole of `.env.example`: each setting commented out, with its default."""
    blocks = [f"{_comment(field)}\n#{name}={_default(field)}" for name, field in settings().items()]
    return "\n\n".join([_HEAD.rstrip(), *blocks, _FOOT])


def table() -> str:
    """The part of docs/configuration.md between the marks, marks included."""
    rows = [
        f"| `{name}` | {_type(field)} | {_shown_default(field)} | {_description(field)} |"
        for name, field in settings().items()
    ]
    head = ["| Variable | Type | Default | What it does |", "|---|---|---|---|"]
    return "\n".join([BEGIN, *head, *rows, END])


def with_table(text: str) -> str:
    """The document with its table made anew. Raises `ValueError` where the marks are missing."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{CONFIGURATION.name} lacks the marks of its table")
    return before + table() + after


def settings() -> dict[str, FieldInfo]:
    """Each setting under the name of its environment variable."""
    prefix = Settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper(): field for name, field in Settings.model_fields.items()}


def _description(field: FieldInfo) -> str:
    text = " ".join((field.description or "").split())
    return text.replace("|", "\\|")


def _comment(field: FieldInfo) -> str:
    words, lines = (field.description or "").split(), ["#"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > 98:
            lines.append("#")
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _shown_default(field: FieldInfo) -> str:
    default = _default(field)
    return f"`{default}`" if default else "unset"


def _type(field: FieldInfo) -> str:
    kind = _inner(field.annotation)
    if kind is bool:
        return "`true` or `false`"
    if isinstance(kind, type) and kind not in _TYPES and hasattr(kind, "__members__"):
        return " or ".join(f"`{member.value}`" for member in kind.__members__.values())
    bounds = [
        f"{words} {bound}"
        for mark, words in _BOUNDS.items()
        for item in field.metadata
        if (bound := getattr(item, mark, None)) is not None
    ]
    return ", ".join([_TYPES.get(kind, "text"), *bounds])


def _inner(annotation: Any) -> Any:  # noqa: ANN401 -- whatever stands behind a colon
    """The type itself, without `| None`."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def main() -> None:
    ENV_EXAMPLE.write_text(env_example())
    CONFIGURATION.write_text(with_table(CONFIGURATION.read_text()))


if __name__ == "__main__":
    main()
