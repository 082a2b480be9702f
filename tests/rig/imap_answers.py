"""What an honest IMAP server answers to each command, from the state of a model account."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app.core.errors import NotFound
from tests.rig.imap_syntax import (
    Words,
    internaldate,
    is_in,
    literal,
    quoted,
    text,
)
from tests.rig.mailstore import Account, Folder, Mail

DAY: Final = "%d-%b-%Y"


@dataclass(slots=True)
class Reply:
    """Untagged lines, each with its `* ` and line end, and what the tagged line says."""

    lines: list[bytes] = field(default_factory=list)
    status: str = "OK done"

    def say(self, line: str | bytes) -> None:
        raw = line if isinstance(line, bytes) else line.encode("latin-1")
        self.lines.append(b"* " + raw + b"\r\n")


class Refused(Exception):
    """Answered with NO; the text may begin with a response code."""


@dataclass(slots=True)
class View:
    """What one session has been told."""

    folder: Folder | None = None
    readonly: bool = False
    uids: list[int] = field(default_factory=list)
    """The UIDs behind the sequence numbers 1, 2, 3, …"""
    condstore: bool = False
    qresync: bool = False

    def number(self, uid: int) -> int:
        return self.uids.index(uid) + 1


class Answers:
    """One session's honest answers. `capabilities` decides which commands are known at all."""

    def __init__(self, account: Account, capabilities: set[str]) -> None:
        self.account = account
        self.capabilities = capabilities
        self.view = View()
        self._highest = 0
        self._by_name: dict[str, Callable[[Words], Reply]] = {
            "CAPABILITY": self._capability, "NOOP": self._noop, "CHECK": self._noop,
            "ID": self._id, "ENABLE": self._enable, "NAMESPACE": self._namespace,
            "LIST": self._list, "LSUB": self._list, "CREATE": self._create,
            "SUBSCRIBE": self._noop, "STATUS": self._status, "SELECT": self._select,
            "EXAMINE": self._examine, "CLOSE": self._close, "UNSELECT": self._close,
            "SEARCH": self._search, "FETCH": self._fetch, "STORE": self._store,
            "COPY": self._copy, "MOVE": self._move, "EXPUNGE": self._expunge,
            "APPEND": self._append,
        }  # fmt: skip

    def to(self, name: str, words: Words) -> Reply:
        """Raises `Refused`, and `KeyError` for a command that this server does not know."""
        needs = {"ENABLE": "ENABLE", "ID": "ID", "MOVE": "MOVE", "NAMESPACE": "NAMESPACE"}
        if name in needs and needs[name] not in self.capabilities:
            raise KeyError(name)
        try:
            return self._by_name[name](words)
        except NotFound as error:
            raise Refused(f"[NONEXISTENT] {error}") from None

    def news(self) -> list[bytes]:
        """Tell what changed in the open folder since this session was last told."""
        view, reply = self.view, Reply()
        if view.folder is None:
            return []
        for uid in [one for one in view.uids if one not in view.folder.mails]:
            reply.say(f"{view.number(uid)} EXPUNGE")
            view.uids.remove(uid)
        known = set(view.uids)
        new = [uid for uid in view.folder.mails if uid not in known]
        if new:
            view.uids += new
            reply.say(f"{len(view.uids)} EXISTS")
        return reply.lines

    def _open_folder(self) -> Folder:
        if self.view.folder is None:
            raise Refused("No folder is open")
        return self.view.folder

    def _capability(self, _: Words) -> Reply:
        reply = Reply()
        reply.say("CAPABILITY " + " ".join(["IMAP4rev1", *sorted(self.capabilities)]))
        return reply

    def _noop(self, _: Words) -> Reply:
        return Reply()

    def _id(self, _: Words) -> Reply:
        reply = Reply()
        reply.say('ID ("name" "hostile")')
        return reply

    def _namespace(self, _: Words) -> Reply:
        reply = Reply()
        reply.say('NAMESPACE (("" "/")) NIL NIL')
        return reply

    def _enable(self, words: Words) -> Reply:
        wanted = {text(word).upper() for word in words} & self.capabilities
        self.view.condstore |= bool(wanted & {"CONDSTORE", "QRESYNC"})
        self.view.qresync |= "QRESYNC" in wanted
        reply = Reply()
        reply.say(" ".join(["ENABLED", *sorted(wanted)]))
        return reply

    def _list(self, words: Words) -> Reply:
        reply, pattern = Reply(), words[-1]
        if isinstance(words[-2], str) and words[-2].upper() == "RETURN":
            pattern = words[-3]
        for folder in self.account.folders.values():
            if pattern in {"*", "%", folder.name}:
                shown = [
                    one
                    for one in folder.attributes
                    if one.startswith("\\No") or "SPECIAL-USE" in self.capabilities
                ]
                reply.say(f'LIST ({" ".join(shown)}) "/" {quoted(folder.name)}')
        return reply

    def _create(self, words: Words) -> Reply:
        if text(words[0]) in self.account.folders:
            raise Refused("[ALREADYEXISTS] It is there already")
        self.account.create(text(words[0]))
        return Reply()

    def _status(self, words: Words) -> Reply:
        folder = self.account.find(text(words[0]))
        values = {
            "MESSAGES": len(folder.mails),
            "UIDNEXT": folder.uidnext,
            "UIDVALIDITY": folder.uidvalidity,
            "HIGHESTMODSEQ": folder.modseq,
            "UNSEEN": sum("\\Seen" not in one.flags for one in folder.mails.values()),
            "RECENT": 0,
        }
        assert isinstance(words[1], list)
        wanted = [text(word).upper() for word in words[1]]
        said = " ".join(f"{name} {values[name]}" for name in wanted)
        reply = Reply()
        reply.say(f"STATUS {quoted(folder.name)} ({said})")
        return reply

    def _select(self, words: Words) -> Reply:
        return self._open(words, readonly=False)

    def _examine(self, words: Words) -> Reply:
        return self._open(words, readonly=True)

    def _open(self, words: Words, *, readonly: bool) -> Reply:
        self.view.folder = None
        folder = self.account.find(text(words[0]))
        if "\\Noselect" in folder.attributes:
            raise Refused("[CANNOT] It holds no mail")
        self.view.folder, self.view.readonly = folder, readonly
        self.view.uids = list(folder.mails)
        reply = Reply(status=f"OK [{'READ-ONLY' if readonly else 'READ-WRITE'}] open")
        reply.say("FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        reply.say("OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] kept")
        reply.say(f"{len(folder.mails)} EXISTS")
        reply.say("0 RECENT")
        reply.say(f"OK [UIDVALIDITY {folder.uidvalidity}] valid")
        reply.say(f"OK [UIDNEXT {folder.uidnext}] next")
        if "CONDSTORE" in self.capabilities:
            reply.say(f"OK [HIGHESTMODSEQ {folder.modseq}] highest")
        return reply

    def _close(self, _: Words) -> Reply:
        self.view.folder = None
        return Reply()

    def _search(self, words: Words) -> Reply:
        folder, reply = self._open_folder(), Reply()
        self._highest = max(folder.mails, default=0)
        found = [mail for mail in folder.mails.values() if self._matches(mail, list(words))]
        said = "".join(f" {mail.uid}" for mail in found)
        if found and "MODSEQ" in [word.upper() for word in words if isinstance(word, str)]:
            said += f" (MODSEQ {max(mail.modseq for mail in found)})"
        reply.say(f"SEARCH{said}")
        return reply

    def _matches(self, mail: Mail, criteria: Words) -> bool:
        words = iter(criteria)
        return all(self._matches_one(mail, text(word).upper(), words) for word in words)

    def _matches_one(self, mail: Mail, key: str, words: "Iterator[str | Words]") -> bool:
        match key:
            case "ALL" | "CHARSET" | "UTF-8" | "US-ASCII":
                return True
            case "UID":
                return is_in(mail.uid, text(next(words)), self._highest)
            case "MODSEQ":
                return mail.modseq >= int(text(next(words)))
            case "LARGER":
                return mail.size > int(text(next(words)))
            case "SMALLER":
                return mail.size < int(text(next(words)))
            case "SINCE":
                day = datetime.strptime(text(next(words)), DAY).replace(tzinfo=UTC)
                return mail.internaldate >= day
            case "HEADER":
                name, value = text(next(words)), text(next(words))
                return value.lower().encode("latin-1") in mail.header(name).lower()
            case "DELETED" | "SEEN" | "FLAGGED" | "ANSWERED" | "DRAFT":
                return f"\\{key.capitalize()}" in mail.flags
            case "UNDELETED" | "UNSEEN" | "UNFLAGGED" | "UNANSWERED":
                return f"\\{key[2:].capitalize()}" not in mail.flags
            case _:
                raise Refused(f"[CANNOT] Unknown criterion {key}")

    def _wanted(self, uid_set: str) -> list[Mail]:
        mails = self._open_folder().mails
        highest = max(mails, default=0)
        return [mail for uid, mail in mails.items() if is_in(uid, uid_set, highest)]

    def _fetch(self, words: Words) -> Reply:
        reply = Reply(self.news())
        items = words[1] if isinstance(words[1], list) else [words[1]]
        since = 0
        if len(words) > 2 and isinstance(words[2], list):
            modifiers = [word.upper() for word in map(text, words[2])]
            since = int(modifiers[modifiers.index("CHANGEDSINCE") + 1])
            if "VANISHED" in modifiers:
                gone = ",".join(str(u) for m, u in self._open_folder().vanished if m > since)
                if gone:
                    reply.say(f"VANISHED (EARLIER) {gone}")
        for mail in self._wanted(text(words[0])):
            if mail.modseq > since:
                names = [text(item) for item in items] + (["MODSEQ"] if since else [])
                reply.say(self.fetch_line(mail, names))
        return reply

    def fetch_line(self, mail: Mail, items: list[str]) -> bytes:
        """`n FETCH (…)`, without the `* `."""
        values = [self._item(mail, item.upper()) for item in items]
        return b"%d FETCH (%s)" % (self.view.number(mail.uid), b" ".join(values))

    def _item(self, mail: Mail, item: str) -> bytes:
        match item:
            case "UID":
                return b"UID %d" % mail.uid
            case "RFC822.SIZE":
                return b"RFC822.SIZE %d" % mail.size
            case "INTERNALDATE":
                return f"INTERNALDATE {internaldate(mail.internaldate)}".encode()
            case "FLAGS":
                return f"FLAGS ({' '.join(sorted(mail.flags))})".encode()
            case "MODSEQ":
                return b"MODSEQ (%d)" % mail.modseq
            case "X-GM-MSGID":
                return b"X-GM-MSGID %d" % (mail.gmail_id or mail.uid)
            case "X-GM-LABELS":
                return b"X-GM-LABELS ()"
            case "X-GM-THRID":
                return b"X-GM-THRID %d" % (mail.gmail_id or mail.uid)
        name = item.replace("BODY.PEEK", "BODY")
        if not name.startswith("BODY["):
            raise Refused(f"[CANNOT] Unknown item {item}")
        return name.encode() + b" " + literal(_section(mail, name))

    def _store(self, words: Words) -> Reply:
        reply, folder = Reply(self.news()), self._open_folder()
        self._insist_on_writable()
        action, flags = text(words[1]).upper(), words[2]
        given = set(map(text, flags)) if isinstance(flags, list) else {text(flags)}
        for mail in self._wanted(text(words[0])):
            kept = mail.flags if action[0] in "+-" else set()
            folder.set_flags(mail.uid, kept - given if action[0] == "-" else kept | given)
            if "SILENT" not in action:
                reply.say(self.fetch_line(mail, ["UID", "FLAGS"]))
        return reply

    def _copy(self, words: Words) -> Reply:
        return Reply(self.news(), self._copied(words))

    def _copied(self, words: Words) -> str:
        target, mails = self._target(text(words[1])), self._wanted(text(words[0]))
        copies = [
            target.add(
                mail.raw,
                internaldate=mail.internaldate,
                flags=mail.flags,
                claimed_size=mail.claimed_size,
            )
            for mail in mails
        ]
        if not copies or "UIDPLUS" not in self.capabilities:
            return "OK done"
        here, there = (",".join(str(one.uid) for one in some) for some in (mails, copies))
        return f"OK [COPYUID {target.uidvalidity} {here} {there}] done"

    def _target(self, name: str) -> Folder:
        try:
            return self.account.find(name)
        except NotFound:
            raise Refused("[TRYCREATE] There is no such folder") from None

    def _move(self, words: Words) -> Reply:
        self._insist_on_writable()
        mails = self._wanted(text(words[0]))
        status = self._copied(words)
        reply = Reply()
        if "[" in status:
            reply.say(status.removesuffix(" done") + " moved")
        self._open_folder().remove(*(mail.uid for mail in mails))
        reply.lines += self.news()
        return reply

    def _expunge(self, words: Words) -> Reply:
        """All that is marked, or with UIDPLUS just those of the set."""
        self._insist_on_writable()
        if words and "UIDPLUS" not in self.capabilities:
            raise KeyError("UID EXPUNGE")
        among = self._wanted(text(words[0])) if words else self._open_folder().mails.values()
        self._open_folder().remove(*(one.uid for one in among if "\\Deleted" in one.flags))
        return Reply(self.news())

    def _append(self, words: Words) -> Reply:
        folder = self._target(text(words[0]))
        flags = next((list(map(text, word)) for word in words[1:] if isinstance(word, list)), [])
        mail = folder.add(text(words[-1]).encode("latin-1"), flags=flags)
        code = f"[APPENDUID {folder.uidvalidity} {mail.uid}] "
        return Reply(status=f"OK {code if 'UIDPLUS' in self.capabilities else ''}done")

    def _insist_on_writable(self) -> None:
        if self.view.readonly:
            raise Refused("[CANNOT] The folder is open read-only")


def _section(mail: Mail, name: str) -> bytes:
    section = name.removeprefix("BODY[").partition("]")[0]
    if section.startswith("HEADER.FIELDS"):
        return mail.header(*section.partition("(")[2].rstrip(")").split())
    if section == "HEADER":
        return mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    whole = mail.raw.partition(b"\r\n\r\n")[2] if section == "TEXT" else mail.raw
    if "<" in name:
        start, _, length = name.partition("<")[2].rstrip(">").partition(".")
        return whole[int(start) : int(start) + int(length)]
    return whole
