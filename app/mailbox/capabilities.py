"""What servers can, kept once for all connections whose servers say the same of it.

IMAPClient, imaplib and we keep it for each, which is kilobytes; and a worker has thousands.
"""

from typing import Any, TypeVar

from app.core.memory import only_one

_Names = TypeVar("_Names", tuple[Any, ...], frozenset[str])


def shared(client: Any) -> frozenset[str]:  # noqa: ANN401 -- an IMAPClient, which has no types
    """The names of what an IMAPClient's server can; the client's own copies give way."""
    listed = _only_one(client.capabilities())
    if client._cached_capabilities is not None:  # noqa: SLF001 -- nothing public tells
        client._cached_capabilities = listed  # noqa: SLF001
    client._imap.capabilities = _only_one(client._imap.capabilities)  # noqa: SLF001
    return _only_one(frozenset(one.decode("ascii", "replace").upper() for one in listed))


def _only_one(names: _Names) -> _Names:
    return only_one(names, size=sum(map(len, names)))
