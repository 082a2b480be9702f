"""A mail account as a server keeps it, without any protocol: folders, UIDs, flags, MODSEQ.

Whatever a test changes here counts as done by somebody else, and every session hears of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.core.errors import NotFound


@dataclass(slots=True)
class Mail:
    uid: int
    raw: bytes
    internaldate: datetime
    flags: set[str]
    modseq: int
    claimed_size: int | None = None
    """What RFC822.SIZE says, where it is not the truth."""
    gmail_id: int | None = None

    @property
    def size(self) -> int:
        return len(self.raw) if self.claimed_size is None else self.claimed_size

    def header(self, *names: str) -> bytes:
        """The named header fields, folded lines included, and the empty line."""
        wanted = tuple(f"{name.lower()}:".encode() for name in names)
        lines, taking = [], False
        for line in self.raw.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            if not line.startswith((b" ", b"\t")):
                taking = line.lower().startswith(wanted)
            if taking:
                lines.append(line)
        return b"".join(line + b"\r\n" for line in [*lines, b""])


@dataclass(slots=True)
class Folder:
    name: str
    attributes: tuple[str, ...] = ()
    uidvalidity: int = 1_700_000_000
    uidnext: int = 1
    modseq: int = 1
    mails: dict[int, Mail] = field(default_factory=dict)
    vanished: list[tuple[int, int]] = field(default_factory=list)
    """(MODSEQ, UID) of what was expunged."""
    on_change: Callable[[], None] = lambda: None

    def add(
        self,
        raw: bytes,
        *,
        internaldate: datetime | None = None,
        flags: Iterable[str] = (),
        claimed_size: int | None = None,
        gmail_id: int | None = None,
    ) -> Mail:
        mail = Mail(
            self.uidnext,
            raw,
            internaldate or datetime.now(UTC),
            set(flags),
            self._next_modseq(),
            claimed_size,
            gmail_id,
        )
        self.mails[mail.uid] = mail
        self.uidnext += 1
        self.on_change()
        return mail

    def remove(self, *uids: int) -> None:
        for uid in uids:
            del self.mails[uid]
            self.vanished.append((self._next_modseq(), uid))
        self.on_change()

    def set_flags(self, uid: int, flags: Iterable[str]) -> None:
        self.mails[uid].flags = set(flags)
        self.mails[uid].modseq = self._next_modseq()
        self.on_change()

    def renumber(self, uidvalidity: int, *, first: int = 1) -> None:
        """Give every mail a new UID under another UIDVALIDITY, as a rebuilt index does."""
        mails = list(self.mails.values())
        self.uidvalidity, self.vanished = uidvalidity, []
        for uid, mail in enumerate(mails, first):
            mail.uid = uid
        self.mails = {mail.uid: mail for mail in mails}
        self.uidnext = first + len(mails)

    def _next_modseq(self) -> int:
        self.modseq += 1
        return self.modseq


class Account:
    """All folders of one user."""

    def __init__(self) -> None:
        self.folders: dict[str, Folder] = {}
        self.listeners: set[Callable[[], None]] = set()
        self._uidvalidity = 1_700_000_000
        self.create("INBOX")
        for name, use in (
            ("Archive", "\\Archive"),
            ("Drafts", "\\Drafts"),
            ("Junk", "\\Junk"),
            ("Sent", "\\Sent"),
            ("Trash", "\\Trash"),
        ):
            self.create(name, use)

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def create(self, name: str, *attributes: str) -> Folder:
        """A folder that is made anew under an old name gets a new UIDVALIDITY."""
        self._uidvalidity += 1
        folder = Folder(name, attributes, self._uidvalidity, on_change=self._changed)
        self.folders[name] = folder
        return folder

    def rename(self, old: str, new: str) -> None:
        folder = self.find(old)
        del self.folders[old]
        folder.name = new
        self.folders[new] = folder

    def find(self, name: str) -> Folder:
        """Raises `NotFound`."""
        folder = self.folders.get("INBOX" if name.upper() == "INBOX" else name)
        if folder is None:
            raise NotFound(f"There is no folder {name}.")
        return folder

    def _changed(self) -> None:
        for listener in tuple(self.listeners):
            listener()
