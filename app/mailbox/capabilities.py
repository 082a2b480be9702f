"""What servers can, kept once for all connections whose servers say the same of it.

IMAPClient, imaplib and we keep it for each, which is kilobytes; and a worker has thousands.
"""

from functools import lru_cache
from typing import Any, Final

_KINDS_OF_SERVER: Final = 256


def shared(client: Any) -> frozenset[str]:  # noqa: ANN401 -- an IMAPClient, which has no types
    """The names of what an IMAPClient's server can; the client's own copies give way."""
    listed = _only_one(client.capabilities())
    if client._cached_capabilities is not None:  # noqa: SLF001 -- nothing public tells
        client._cached_capabilities = listed  # noqa: SLF001
    client._imap.capabilities = _only_one(client._imap.capabilities)  # noqa: SLF001
    return _names(listed)


@lru_cache(_KINDS_OF_SERVER)
def _only_one(listed: tuple[Any, ...]) -> tuple[Any, ...]:
    """The first of all tuples that are equal to it."""
    return listed


@lru_cache(_KINDS_OF_SERVER)
def _names(listed: tuple[bytes, ...]) -> frozenset[str]:
    return frozenset(name.decode("ascii", "replace").upper() for name in listed)
