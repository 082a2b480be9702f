"""IMAP itself, through IMAPClient: the only module that imports it. Everything here blocks.

`sessions.py` calls it in threads and puts a limit on each call's total time; the limits here are
per read. Version 4.1 of IMAPClient is what this is written against:

- it raises for every UID range, so UIDs are always fetched as lists of integers;
- `move` answers nothing, so COPYUID is read from the untagged responses;
- it formats every byte it receives for its debug log, so that log is switched off;
- it passes CR and LF in arguments on to the server, so a gate stands in front of every command.
"""

import contextlib
import imaplib
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import imapclient
from imapclient import IMAPClient, SocketTimeout, imap_utf7
from imapclient.exceptions import IMAPClientError
from imapclient.response_parser import parse_response

from app.mailbox import answers, capabilities, folder_list, responses, uid_windows
from app.mailbox.errors import CommandRefused, MailServerError, Transient, connection_error
from app.mailbox.folder_names import FolderNames
from app.mailbox.glancing import Glancing, How, begin, status_items
from app.mailbox.guard import (
    CONNECT_SECONDS,
    GuardedIMAP4,
    GuardedTLS,
    Route,
    check_safe,
    cut,
    without_waiting,
)
from app.mailbox.hearing import Hearing
from app.mailbox.login import log_in
from app.mailbox.port import Copied, Folder, Identity, Listing, Security, Selected, ServerSpec
from app.mailbox.server_id import introduce
from app.mailbox.translated import Translated
from app.providers.base import Clues
from app.providers.registry import detect

READ_SECONDS: Final = 30


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient with the guards in place and its debug log off."""

    def __init__(self, spec: ServerSpec, route: Route) -> None:
        self._route = route
        super().__init__(
            spec.host,
            spec.port,
            ssl=spec.security is Security.TLS,
            ssl_context=route.context,
            timeout=SocketTimeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        self.normalise_times = False
        self.names = FolderNames(imap_utf7.encode, imap_utf7.decode)
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 -- IMAPClient's hook
        guarded = GuardedTLS if self.ssl else GuardedIMAP4
        return guarded(self.host, self.port, self._route)

    def _raw_command(self, command: bytes, args: Any, uid: bool = True) -> Any:  # noqa: ANN401
        for argument in args:
            check_safe(argument)
        return super()._raw_command(command, args, uid)

    def _normalise_folder(self, folder_name: str | bytes) -> bytes:
        return responses.quoted(self.names.on_the_wire(folder_name))

    def idle(self) -> bool:
        self._idle_tag, has_spoken = self._imap.begin_idle()
        return bool(has_spoken)

    def idle_done(self) -> None:
        self._imap.end_idle(self._idle_tag)

    def told_of(self, folder: str, items: Sequence[str]) -> dict[bytes, int]:
        """What STATUS says, whatever the server says of other folders meanwhile."""
        imap, name = self._imap, self.names.on_the_wire(folder)
        listed = f"({' '.join(items)})"
        typ, data = imap._simple_command("STATUS", responses.quoted(name), listed)  # noqa: SLF001
        self._checkok("STATUS", typ, data)
        lines = responses.lines(imap.untagged_responses.pop("STATUS", ()))
        said, others = responses.of_folder(name, lines)
        imap.untagged_responses["STATUS"] = others
        return said

    def listed(self, command: str, *options: str) -> list[folder_list.Line]:
        """What LIST or XLIST says. A line that makes no sense costs none of the others."""
        imap = self._imap
        typ, data = imap._simple_command(command, '""', '"*"', *options)  # noqa: SLF001 -- as it does
        self._checkok(command, typ, data)
        _, data = imap._untagged_response(typ, data, command)  # noqa: SLF001 -- as it does
        return list(folder_list.lines(data, parse_response))


def connect(spec: ServerSpec, routes: Sequence[Route]) -> "IMAPConnection":
    """Connect by the first route that works, secure and log in.

    Raises `Transient`, `CertificateRefused` or `CredentialsRefused`.
    """
    check_safe(spec.username)
    check_safe(spec.password)
    client, route = _first_that_answers(spec, routes)
    try:
        if spec.security is Security.STARTTLS:
            _start_tls(client, spec, route.context)
        log_in(client, spec)
        return IMAPConnection(client, spec)
    except (OSError, IMAPClientError) as error:
        client.shutdown()
        raise connection_error(error, spec.host, spec.port) from None
    except MailServerError:
        client.shutdown()
        raise
    finally:
        route.switch.disarm()


def _first_that_answers(spec: ServerSpec, routes: Sequence[Route]) -> tuple[_Client, Route]:
    failure = MailServerError(f"{spec.host} has no address.")
    for route in routes:
        try:
            return _Client(spec, route), route
        except (OSError, IMAPClientError) as error:
            route.switch.disarm()
            failure = connection_error(error, spec.host, spec.port)
    raise failure


def _start_tls(client: _Client, spec: ServerSpec, context: ssl.SSLContext) -> None:
    try:
        client.starttls(context)
        client._imap.read_by_little()  # noqa: SLF001 -- nothing public tells
    except ssl.SSLError as error:
        raise connection_error(error, spec.host, spec.port) from None
    except (OSError, IMAPClientError):
        raise Transient(
            f"{spec.host}:{spec.port} does not offer STARTTLS.",
            fix="Choose TLS (usually port 993), or ask the server’s operator to offer STARTTLS.",
        ) from None


class IMAPConnection:
    """One authenticated connection. Every method may raise `Transient` or `CommandRefused`."""

    def __init__(self, client: _Client, spec: ServerSpec) -> None:
        self._client = client
        self._spec = spec
        self.exists = 0
        """How many mails the open folder has. A glance opens it without `open`."""
        self.capabilities = capabilities.shared(client)
        self.hearing = Hearing(client, spec, is_offered="NOTIFY" in self.capabilities)
        greeting = client.welcome.decode("ascii", "replace")
        self.provider = detect(Clues(spec.host, greeting, introduce(client), self.capabilities))
        self._enable_modseqs()

    def _enable_modseqs(self) -> None:
        """Have HIGHESTMODSEQ told with every SELECT: Dovecot tells it to nobody who did not ask."""
        if {"CONDSTORE", "ENABLE"} <= self.capabilities:
            with contextlib.suppress(CommandRefused), self._doing("enable CONDSTORE"):
                self._client.enable("CONDSTORE")

    @property
    def socket(self) -> socket.socket:
        """To be watched, never to be read."""
        sock: socket.socket = self._client.socket()
        return sock

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def cut(self) -> None:
        """End the connection from any thread; a call that hangs in another one then fails."""
        cut(self.socket)

    def close(self) -> None:
        """Close without a word to the server."""
        with contextlib.suppress(OSError):
            self._client.shutdown()

    def logout(self) -> None:
        try:
            self._client.logout()
        except (OSError, IMAPClientError):
            self.close()

    def folders(self) -> list[Folder]:
        with self._doing("list the folders"):
            lines = self._client.listed("LIST")
            if not folder_list.tells_roles(lines):
                lines += self._special_use()
        return folder_list.folders(lines, self._client.names, self.provider.facts.roles)

    def _special_use(self) -> list[folder_list.Line]:
        """The attributes that a plain LIST may keep to itself (RFC 6154 §2), old style included."""
        if self.has("SPECIAL-USE") and self.has("LIST-EXTENDED"):
            return self._client.listed("LIST", "RETURN", "(SPECIAL-USE)")
        return self._client.listed("XLIST") if self.has("XLIST") else []

    def create(self, folder: str) -> str:
        with self._doing(f"create the folder {folder}"):
            name = f"{self._prefix()}{folder}"
            self._client.create_folder(name)
        return name

    def _prefix(self) -> str:
        """Below what our own folders must be (RFC 2342): Courier has them all below INBOX."""
        spaces = self._client.namespace().personal if self.has("NAMESPACE") else None
        return str(spaces[0][0]) if spaces else ""

    def open(self, folder: str, *, readonly: bool) -> Selected:
        readonly = readonly and not self.provider.facts.forgets_unselected
        self.hearing.note()
        with self._doing(f"open the folder {folder}"):
            said = self._client.select_folder(folder, readonly=readonly)
        self.hearing.note()
        self._client._imap.untagged_responses.clear()  # noqa: SLF001 -- it would keep all of it
        self.exists = said.get(b"EXISTS", 0)
        return self._selected(folder, said, exists=self.exists)

    def _selected(self, folder: str, said: Mapping[bytes, Any], *, exists: int) -> Selected:
        return answers.selected(folder, said, exists=exists, has_modseq=self.has("CONDSTORE"))

    def glance(self, peeked: Sequence[Selected], opened: Selected, *, leaves: bool) -> Glancing:
        """A glance that is yet to be taken; `leaves` says that IDLE is to be ended before."""
        has_modseq, idles = self.has("CONDSTORE"), self.has("IDLE")
        how = How(self.provider.facts, leaves=leaves, idles=idles, has_modseq=has_modseq)
        return begin(self._client, self._spec, peeked, opened, how)

    def status(self, folder: str) -> Selected:
        self.hearing.note()
        with self._doing(f"look into the folder {folder}"):
            said = self._client.told_of(folder, status_items(has_modseq=self.has("CONDSTORE")))
        return self._selected(folder, said, exists=said.get(b"MESSAGES", 0))

    def uids_from(self, uid: int, *, uidnext: int | None) -> list[int]:
        """UIDs from `uid` on. An open-ended range always answers the last mail, too: drop it."""
        if uidnext is None or uidnext - uid <= uid_windows.UIDS_A_SEARCH:
            return sorted(found for found in self._search("UID", f"{uid}:*") if found >= uid)
        return self.uids_between(uid, uidnext - 1)

    def windows(self, first: int, last: int) -> list[range]:
        return list(self._windows(first, last))

    def uids_between(self, first: int, last: int) -> list[int]:
        return [uid for window in self._windows(first, last) for uid in self._in_window(window)]

    def changed_since(self, modseq: int, uid: int, *, uidnext: int) -> list[int]:
        """By SEARCH, whose MODSEQ means "at least", since a FETCH takes no range."""
        return [
            changed
            for window in self._windows(uid, uidnext - 1)
            for changed in self._in_window(window, "MODSEQ", modseq + 1)
        ]

    def _windows(self, first: int, last: int) -> Iterable[range]:
        return uid_windows.windows(first, last, exists=self.exists, uid_of=self._uid_of)

    def _uid_of(self, number: int) -> int | None:
        return next(iter(self._search(number)), None)

    def _in_window(self, window: range, *criteria: str | int | date) -> list[int]:
        found = self._search("UID", f"{window.start}:{window.stop - 1}", *criteria)
        return sorted(uid for uid in found if uid in window)

    def uids_below(self, uid: int, *, since: datetime | None) -> list[int]:
        dated: tuple[str | date, ...] = ("SINCE", since.date()) if since else ()
        windows = self._windows(1, uid - 1)
        return [one for window in windows for one in self._in_window(window, *dated)]

    def find(self, identity: Identity) -> list[int]:
        """By Message-ID where the mail has one that can be asked for, else by its exact size.

        RFC 5322 knows no letters beyond ASCII there, and servers differ in what they make of them.
        """
        if identity.internet_message_id and identity.internet_message_id.isascii():
            return sorted(self._search("HEADER", "Message-ID", identity.internet_message_id))
        return sorted(self._search("LARGER", identity.size - 1, "SMALLER", identity.size + 1))

    def _search(self, *criteria: str | int | date) -> list[int]:
        with self._doing("search"):
            return list(self._client.search(list(criteria)))

    def list_mails(self, uids: Sequence[int]) -> dict[int, Listing]:
        gmail = ["X-GM-MSGID", "X-GM-LABELS"] if self.has("X-GM-EXT-1") else []
        answer = self._fetch(uids, ["UID", "RFC822.SIZE", "INTERNALDATE", "FLAGS", *gmail])
        return {uid: answers.listing(uid, item) for uid, item in answer.items()}

    def flags(self, uids: Sequence[int]) -> dict[int, tuple[str, ...] | None]:
        answer = self._fetch(uids, ["UID", "FLAGS"])
        return {
            uid: answers.flags(item[b"FLAGS"]) if b"FLAGS" in item else None
            for uid, item in answer.items()
        }

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        answer = self._fetch(uids, ["UID", "BODY.PEEK[]"])
        return {uid: item[b"BODY[]"] for uid, item in answer.items() if item.get(b"BODY[]")}

    def identify(self, uids: Sequence[int]) -> dict[int, Identity]:
        header = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
        answer = self._fetch(uids, ["UID", "RFC822.SIZE", "INTERNALDATE", header])
        return {
            uid: Identity(
                internet_message_id=answers.message_id(item),
                size=int(item.get(b"RFC822.SIZE", 0)),
                internaldate=answers.received(item),
            )
            for uid, item in answer.items()
        }

    def _fetch(self, uids: Sequence[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
        answer: dict[int, dict[bytes, Any]] = {}
        for chunk in answers.chunks(uids):
            with self._doing("fetch mail"):
                answer |= self._client.fetch(chunk, items)
        return answer

    def move(self, uids: Sequence[int], folder: str) -> Copied | None:
        codes = self._client._imap.untagged_responses  # noqa: SLF001 -- nothing public tells
        with self._doing(f"move mail to {folder}"):
            codes.pop("COPYUID", None)
            if self.has("MOVE"):
                self._client.move(uids, folder)
                return answers.copied(codes.pop("COPYUID", None), len(uids))
            self._client.copy(uids, folder)
            copied = answers.copied(codes.pop("COPYUID", None), len(uids))
        self.discard(uids)
        return copied

    def append(self, folder: str, raw: bytes, flags: Sequence[str], at: datetime) -> None:
        with self._doing(f"file a mail in {folder}"), self._client._imap.appending():  # noqa: SLF001
            self._client.append(folder, raw, flags, at)

    def discard(self, uids: Sequence[int]) -> None:
        r"""Mark \Deleted and expunge just these; without UIDPLUS the mark is all we can do."""
        with self._doing("remove mail"):
            self._client.add_flags(uids, [imapclient.DELETED], silent=True)
            if self.has("UIDPLUS"):
                self._client.uid_expunge(uids)

    def add_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        with self._doing("set flags"):
            self._client.add_flags(uids, flags, silent=True)

    def remove_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        with self._doing("remove flags"):
            self._client.remove_flags(uids, flags, silent=True)

    def idle(self) -> bool:
        """Begin IDLE. Answers whether the server has spoken already, so that nobody need wait."""
        with self._doing("wait for mail"):
            return self._client.idle() or self.has_buffered()

    def has_news(self) -> bool:
        """Within IDLE, where there is something to read: whether it is more than a sign of life.

        Servers say "* OK Still here" every few minutes. Only lines that have come whole are taken;
        everything else stays where it is, for `idle_done`.
        """
        file, has_heard = self._client._imap.file, False  # noqa: SLF001 -- nothing public tells
        with self._doing("wait for mail"), without_waiting(self.socket):
            while heard := file.peek(1):
                if not answers.is_sign_of_life(heard):
                    return True
                file.read(len(heard))
                has_heard = True
            # Nothing is left: or it was the end of the connection, where nothing was to be had.
            return not has_heard
        return False

    def idle_done(self) -> None:
        with self._doing("stop waiting for mail"):
            self._client.idle_done()

    def news(self) -> frozenset[str]:
        """What the server said on its own since the folder was opened or this was asked.

        A server tells each change once, with whatever answer comes next: what was told with another
        command's answer is told by no IDLE.
        """
        codes = self._client._imap.untagged_responses  # noqa: SLF001 -- nothing public tells
        return frozenset(name for name in responses.NEWS if codes.pop(name, None))

    def has_buffered(self) -> bool:
        """Whether Python already took bytes off the socket, where no event loop will see them."""
        with without_waiting(self.socket):
            return bool(self._client._imap.file.peek(1))  # noqa: SLF001 -- nothing public tells
        return False

    def _doing(self, what: str) -> Translated:
        return Translated(self._spec, what)
