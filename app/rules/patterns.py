"""Regular expressions that people write: matched in linear time, whatever they are.

Python's own `re` can take years over a short expression and a short text. RE2 cannot: its time is
proportional to the text, its memory is bounded, and what it cannot do so (back references, looking
around) it refuses when the expression is written. (github.com/google/re2/wiki/Syntax)
"""

from functools import lru_cache
from typing import Any, Final

import re2

from app.core.errors import InvalidInput

_MOST_MEMORY: Final = 4 << 20


class PatternInvalid(InvalidInput):
    """This is no regular expression that RE2 knows."""


def _options() -> Any:  # noqa: ANN401 -- re2 has no types
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    return options


_OPTIONS: Final = _options()


class Pattern:
    """An expression that is looked for anywhere in a text."""

    def __init__(self, expression: str) -> None:
        try:
            self._expression = re2.compile(expression, _OPTIONS)
        except re2.error as error:
            detail = error.args[0] if error.args else b""
            said = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
            raise PatternInvalid(f"That is no regular expression: {said}") from None

    def found_in(self, text: str) -> bool:
        return self._expression.search(text) is not None


@lru_cache(maxsize=512)
def compiled(expression: str) -> Pattern:
    """Raises `PatternInvalid`."""
    return Pattern(expression)
