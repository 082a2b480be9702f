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
import re
import socket
import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import imapclient
from imapclient import IMAPClient, SocketTimeout, imap_utf7
from imapclient.exceptions import IMAPClientError, LoginError
from imapclient.response_parser import parse_response

from app.mailbox import folder_list
from app.mailbox.errors import (
    CredentialsRefused,
    MailServerError,
    Transient,
    connection_error,
    login_error,
)
from app.mailbox.folder_names import FolderNames
from app.mailbox.guard import CONNECT_SECONDS, GuardedIMAP4, GuardedTLS, Route, check_safe, cut
from app.mailbox.port import Copied, Folder, Identity, Listing, Security, Selected, ServerSpec
from app.mailbox.server_id import introduce
from app.mailbox.translated import Translated
from app.providers.base import Clues
from app.providers.registry import detect

READ_SECONDS: Final = 30
_UIDS_A_COMMAND: Final = 250
"""Keeps a command's line short: some servers cut lines at 8 KB."""
_UIDS_A_SEARCH: Final = 50_000
"""Keeps the answer's line below imaplib's limit of a million bytes."""
_COPYUID: Final = re.compile(rb"(\d+) ([\d:,]+) ([\d:,]+)")
_MESSAGE_ID: Final = re.compile(rb"^message-id:\s*<?([^>\r\n]*)>?", re.IGNORECASE | re.MULTILINE)


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
        name = self.names.on_the_wire(folder_name)
        return b'"%s"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')

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
        _log_in(client, spec)
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
    except ssl.SSLError as error:
        raise connection_error(error, spec.host, spec.port) from None
    except (OSError, IMAPClientError):
        raise Transient(
            f"{spec.host}:{spec.port} does not offer STARTTLS.",
            fix="Choose TLS (usually port 993), or ask the server’s operator to offer STARTTLS.",
        ) from None


def _log_in(client: _Client, spec: ServerSpec) -> None:
    needs_sasl = not (spec.username.isascii() and spec.password.isascii())
    try:
        if needs_sasl and client.has_capability("AUTH=PLAIN"):
            client.plain_login(spec.username, spec.password)
        elif needs_sasl:
            raise CredentialsRefused(
                f"{spec.host} cannot take a user name or password with letters beyond ASCII.",
                fix="Use an app password.",
            )
        else:
            client.login(spec.username, spec.password)
    except LoginError as error:
        raise login_error(error, spec.host, spec.port, spec.username) from None


class IMAPConnection:
    """One authenticated connection. Every method may raise `Transient` or `CommandRefused`."""

    def __init__(self, client: _Client, spec: ServerSpec) -> None:
        self._client = client
        self._spec = spec
        self.capabilities = frozenset(
            name.decode("ascii", "replace").upper() for name in client.capabilities()
        )
        greeting = client.welcome.decode("ascii", "replace")
        self.provider = detect(Clues(spec.host, greeting, introduce(client), self.capabilities))

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
        with self._doing(f"open the folder {folder}"):
            said = self._client.select_folder(folder, readonly=readonly)
        return Selected(
            name=folder,
            uidvalidity=said.get(b"UIDVALIDITY") or None,
            uidnext=said.get(b"UIDNEXT") or None,
            exists=said.get(b"EXISTS", 0),
            highestmodseq=said.get(b"HIGHESTMODSEQ") or None,
        )

    def status(self, folder: str) -> Selected:
        items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"]
        if self.has("CONDSTORE"):
            items.append("HIGHESTMODSEQ")
        with self._doing(f"look into the folder {folder}"):
            said = self._client.folder_status(folder, items)
        return Selected(
            name=folder,
            uidvalidity=said.get(b"UIDVALIDITY") or None,
            uidnext=said.get(b"UIDNEXT") or None,
            exists=said.get(b"MESSAGES", 0),
            highestmodseq=said.get(b"HIGHESTMODSEQ") or None,
        )

    def uids_from(self, uid: int, *, uidnext: int | None) -> list[int]:
        """UIDs from `uid` on. An open-ended range always answers the last mail, too: drop it."""
        if uidnext is None or uidnext - uid <= _UIDS_A_SEARCH:
            return sorted(found for found in self._search("UID", f"{uid}:*") if found >= uid)
        uids: list[int] = []
        for start in range(uid, uidnext, _UIDS_A_SEARCH):
            window = range(start, min(start + _UIDS_A_SEARCH, uidnext))
            found = self._search("UID", f"{window.start}:{window.stop - 1}")
            uids += sorted(one for one in found if one in window)
        return uids

    def uids_since(self, day: datetime) -> list[int]:
        return sorted(self._search("SINCE", day.date()))

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
        answer = self._fetch(uids, ["UID", "RFC822.SIZE", "INTERNALDATE", "FLAGS"])
        return {
            uid: Listing(
                uid=uid,
                size=int(item.get(b"RFC822.SIZE", 0)),
                internaldate=_received(item),
                flags=_flags(item.get(b"FLAGS", ())),
            )
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
                internet_message_id=_message_id(item),
                size=int(item.get(b"RFC822.SIZE", 0)),
                internaldate=_received(item),
            )
            for uid, item in answer.items()
        }

    def _fetch(self, uids: Sequence[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
        answer: dict[int, dict[bytes, Any]] = {}
        for chunk in _chunks(uids):
            with self._doing("fetch mail"):
                answer |= self._client.fetch(chunk, items)
        return answer

    def move(self, uids: Sequence[int], folder: str) -> Copied | None:
        codes = self._client._imap.untagged_responses  # noqa: SLF001 -- nothing public tells
        with self._doing(f"move mail to {folder}"):
            codes.pop("COPYUID", None)
            if self.has("MOVE"):
                self._client.move(uids, folder)
                return _copied(codes.pop("COPYUID", None), len(uids))
            self._client.copy(uids, folder)
            copied = _copied(codes.pop("COPYUID", None), len(uids))
        self.discard(uids)
        return copied

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
            self._client.idle()
            return self._has_buffered()

    def idle_done(self) -> None:
        with self._doing("stop waiting for mail"):
            self._client.idle_done()

    def noop(self) -> None:
        with self._doing("answer"):
            self._client.noop()

    def _has_buffered(self) -> bool:
        """Whether Python already took bytes off the socket, where no event loop will see them."""
        sock = self.socket
        sock.settimeout(0)
        try:
            return bool(self._client._imap.file.peek(1))  # noqa: SLF001 -- nothing public tells
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        finally:
            sock.settimeout(READ_SECONDS)

    def _doing(self, what: str) -> Translated:
        return Translated(self._spec, what)


def _chunks(uids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (uids[at : at + _UIDS_A_COMMAND] for at in range(0, len(uids), _UIDS_A_COMMAND))


def _flags(raw: Iterable[bytes | int]) -> tuple[str, ...]:
    return tuple(
        flag.decode("ascii", "replace") if isinstance(flag, bytes) else str(flag) for flag in raw
    )


def _received(item: dict[bytes, Any]) -> datetime:
    """INTERNALDATE; a server that leaves it out must not make us lose the mail."""
    received: datetime | None = item.get(b"INTERNALDATE")
    return received or datetime.now(UTC)


def _message_id(item: dict[bytes, Any]) -> str | None:
    header = next((value for key, value in item.items() if key.startswith(b"BODY[HEADER")), b"")
    found = _MESSAGE_ID.search(header or b"")
    return found[1].strip().decode("utf-8", "replace") or None if found else None


def _copied(codes: Sequence[bytes] | None, most: int) -> Copied | None:
    """Read COPYUID (RFC 4315 §3): source and destination sets correspond in order."""
    found = _COPYUID.fullmatch(codes[-1]) if codes else None
    if found is None:
        return None
    sources, destinations = _expand(found[2], most), _expand(found[3], most)
    if len(sources) != len(destinations):
        return None
    return Copied(int(found[1]), dict(zip(sources, destinations, strict=True)))


def _expand(uid_set: bytes, most: int) -> list[int]:
    """The numbers of a set, `most` of them at the most: the server wrote it, not we."""
    uids: list[int] = []
    for part in uid_set.split(b","):
        first, _, last = part.partition(b":")
        low, high = sorted((int(first), int(last or first)))
        uids += range(low, min(high, low + most) + 1)
    return uids[: most + 1]
