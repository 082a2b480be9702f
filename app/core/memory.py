"""What a process keeps for all of its life, and Python need not look through again and again."""

import gc
from collections.abc import Hashable
from functools import lru_cache
from typing import Final, TypeVar

_KEPT: Final = 512
_LARGEST: Final = 2000
_Value = TypeVar("_Value", bound=Hashable)


def set_aside() -> None:
    """Have the garbage collector pass over what is there by now: for a process that has loaded all.

    Hundreds of thousands of objects are the libraries'. To look through them takes a fifth of a
    second, in which a process does nothing else, and whoever waits for a card or an answer waits.
    """
    gc.collect()
    gc.freeze()


def only_one(value: _Value, *, size: int) -> _Value:
    """The first of all values that are equal to it, for what thousands hold alike.

    What is kept so outlives whoever brought it. So a large one, in characters, is left to them: it
    is hardly that of others, and a mail server may make up as many as it likes.
    """
    return _first(value) if size <= _LARGEST else value


@lru_cache(_KEPT, typed=True)
def _first(value: _Value) -> _Value:
    return value
