"""Names of folders: as people read them, and the exact bytes by which the server knows them.

Names travel in modified UTF-7 (RFC 3501 §5.1.3), but not every server keeps to it. A name that does
not come out of the encoding as it went in is remembered as it was listed, so that the folder can be
opened all the same.
"""

from collections.abc import Callable
from typing import Final

LONGEST: Final = 500
"""In characters: longer than any server allows, short enough for an index."""
MOST: Final = 10_000
"""Folders of one account that are looked at."""


class FolderNames:
    """The names of one account's folders; `encode` and `decode` are modified UTF-7."""

    def __init__(self, encode: Callable[[str], bytes], decode: Callable[[bytes], str]) -> None:
        self._encode = encode
        self._decode = decode
        self._as_listed: dict[str, bytes] = {}

    def shown(self, listed: bytes) -> str:
        """The name for people. What cannot be read or kept is replaced."""
        name = _storable(self._decoded(listed))
        if self._encode(name) != listed and self._may_be_kept(name):
            self._as_listed[name] = listed
        return name

    def _may_be_kept(self, name: str) -> bool:
        """Servers may tell of names, and of other ones each time, for as long as they like."""
        is_room = name in self._as_listed or len(self._as_listed) < MOST
        return len(name) <= LONGEST and is_room

    def on_the_wire(self, name: str | bytes) -> bytes:
        """The name for the server."""
        if isinstance(name, bytes):
            return name
        return self._as_listed.get(name) or self._encode(name)

    def _decoded(self, listed: bytes) -> str:
        try:
            if listed.isascii():
                return self._decode(listed)
            return listed.decode()  # some send UTF-8 as it is
        except ValueError:
            return listed.decode("ascii", "replace")


def _storable(name: str) -> str:
    """Without NUL and halves of characters, which no database takes."""
    return (
        name.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )
