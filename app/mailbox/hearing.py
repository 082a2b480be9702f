"""Hearing of folders that are not open: NOTIFY (RFC 5465).

A server that offers it tells in IDLE, by a STATUS, of changes in the folders that it was asked to
tell of. Without it we would have to ask. The open folder is named, too: a server that is asked for
some news tells no others, and would be silent about it (§5).
"""

import imaplib
from collections.abc import Sequence
from typing import Any, Final

from app.mailbox import responses
from app.mailbox.guard import check_safe
from app.mailbox.port import ServerSpec
from app.mailbox.translated import Translated

OVERFLOW: Final = "NOTIFICATIONOVERFLOW"
"""By this code a server says that it tells of nothing any more (§5.8)."""

NOTHING: Final[frozenset[str]] = frozenset()
_EVENTS: Final = b"(MessageNew MessageExpunge FlagChange)"
_LONGEST: Final = 4000
"""In bytes, of all names in one command: some servers cut lines at 8 KB."""

imaplib.Commands.setdefault("NOTIFY", ("AUTH", "SELECTED"))


def wanted(names: Sequence[bytes]) -> bytes:
    """What follows the word NOTIFY. EXPUNGE waits for a command that allows it (§6.2)."""
    groups = [b"(SELECTED-DELAYED %s)" % _EVENTS]
    if names:
        listed = b" ".join(responses.quoted(name) for name in names)
        groups.append(b"(MAILBOXES (%s) %s)" % (listed, _EVENTS))
    return b"SET " + b" ".join(groups)


class Hearing:
    """What one connection hears of. `client` is an IMAPClient, which has no types."""

    __slots__ = ("_asked", "_client", "_is_offered", "_overflowed", "_spec", "_told", "folders")

    def __init__(self, client: Any, spec: ServerSpec, *, is_offered: bool) -> None:  # noqa: ANN401
        self._client, self._spec, self._is_offered = client, spec, is_offered
        self.folders = NOTHING
        """The folders of which the server tells."""
        self._asked: tuple[str, ...] | None = ()
        self._told = NOTHING
        self._overflowed = False

    def is_to_ask(self, folders: Sequence[str]) -> bool:
        """Whether it takes a command to hear of these."""
        return self._is_offered and self._asked != (() if self._overflowed else tuple(folders))

    def ask(self, folders: Sequence[str]) -> None:
        """Have the server tell of these folders, or of as many of them as one command may name.

        Where it refuses, it goes on as before, and is not asked for the same again. After an
        overflow it is only asked to tell of the open folder, as it did before it was asked at all.
        """
        self._asked = () if self._overflowed else tuple(folders)
        names = self._portion(self._asked)
        is_agreed = self._is_agreed(wanted(list(names.values())))
        self.folders = frozenset(names) if is_agreed else NOTHING

    def _is_agreed(self, words: bytes) -> bool:
        """Whatever the words of a refusal: the connection is as good as it was."""
        imap = self._client._imap  # noqa: SLF001 -- nothing public sends this
        with Translated(self._spec, "tell of other folders"):
            try:
                typ, _ = imap._simple_command("NOTIFY", words)  # noqa: SLF001
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                return False
        return bool(typ == "OK")

    def note(self) -> bool:
        """Remember what was told by now; answers whether that was something new.

        To be called before a command that forgets it, or that asks for the same.
        """
        codes = self._client._imap.untagged_responses  # noqa: SLF001 -- nothing public tells
        before, shown = self._told, self._client.names.shown
        for line in responses.lines(codes.pop("STATUS", ())):
            if (told := responses.status(line)) is not None:
                self._told |= {shown(told[0])} & self.folders
        if codes.pop(OVERFLOW, None) and self.folders:
            self._told |= self.folders
            self._overflowed, self._asked, self.folders = True, None, NOTHING
        return self._told != before

    def take(self) -> frozenset[str]:
        """The folders of which was told since this was asked last."""
        self.note()
        told, self._told = self._told, NOTHING
        return told

    def _portion(self, folders: Sequence[str]) -> dict[str, bytes]:
        """The first ones, by their names on the wire."""
        names: dict[str, bytes] = {}
        length = 0
        for folder in folders:
            name = self._client.names.on_the_wire(folder)
            check_safe(name)
            length += len(responses.quoted(name)) + 1
            if length > _LONGEST:
                break
            names[folder] = name
        return names
