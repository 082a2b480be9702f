"""Reading, after a run, what became of everything: by clients and statements of our own."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import psycopg

from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.slack.local import LocalSlack
from tests.fixtures.mailservers import log_in
from tests.rig.history import Ahead, Command, Entry, Folder, Kept, OnServer, Shown
from tests.rig.imap_server import HostileServer

TOKEN: Final = re.compile(r"tok\d{5}")
FOLDERS: Final = ("INBOX", "Archive", "Junk", "Trash", "Sent", "Drafts")
_UID: Final = re.compile(r"UID (\d+)")
_FLAGS: Final = re.compile(r"FLAGS \(([^)]*)\)")

_FOLDERS: Final = """
SELECT account.address, box.name, box.watched, box.uidvalidity, box.watermark, box.first_uid
FROM mailboxes AS box JOIN accounts AS account ON account.id = box.account_id
WHERE box.uidvalidity IS NOT NULL AND box.watermark IS NOT NULL
"""
_ENTRIES: Final = """
SELECT account.address, box.name, place.uidvalidity, place.uid, place.state,
    coalesce(message.subject, ''), coalesce(post.id::text, '')
FROM placements AS place
JOIN mailboxes AS box ON box.id = place.mailbox_id
JOIN accounts AS account ON account.id = box.account_id
LEFT JOIN messages AS message ON message.id = place.message_id
LEFT JOIN posts AS post ON post.placement_id = place.id AND post.kind = 'quarantine'
"""
_KEPT: Final = """
SELECT message.subject, account.address,
    array_agg(post.id::text) FILTER (WHERE post.id IS NOT NULL)
FROM messages AS message
JOIN accounts AS account ON account.id = message.account_id
LEFT JOIN posts AS post ON post.message_id = message.id AND post.kind IN ('card', 'mail')
GROUP BY message.id, message.subject, account.address
"""
_COMMANDS: Final = """
SELECT command.id::text, conversation.subject, command.type, command.state,
    EXISTS (SELECT 1 FROM posts WHERE kind = 'notice' AND state = 'sent'
            AND payload->>'command_id' = command.id::text)
FROM commands AS command
JOIN conversations AS conversation ON conversation.id = command.conversation_id
"""
_AHEAD: Final = """
SELECT account.address, box.name, box.watermark, place.uid
FROM mailboxes AS box
JOIN accounts AS account ON account.id = box.account_id
JOIN placements AS place ON place.mailbox_id = box.id AND place.uidvalidity = box.uidvalidity
WHERE place.state = 'pending' AND place.uid < box.watermark AND place.uid >= box.first_uid
"""

_MAKE_DUE: Final = """
WITH due AS (
    UPDATE commands SET next_try_at = now()
    WHERE state = 'queued' AND next_try_at > now() RETURNING account_id
)
SELECT pg_notify('sharedbox', 'account:' || account_id) FROM due
"""


def token_in(text: str) -> str:
    found = TOKEN.search(text)
    return found[0] if found else ""


class Database:
    """The tables, read by plain SQL; `names` gives our names of accounts by their addresses."""

    def __init__(self, conninfo: str, names: dict[str, str]) -> None:
        self._conninfo = conninfo
        self._names = names

    def folders(self) -> list[Folder]:
        return [Folder(self._names[row[0]], *row[1:]) for row in self._rows(_FOLDERS)]

    def entries(self) -> list[Entry]:
        return [
            Entry(self._names[address], folder, uidvalidity, uid, state, token_in(subject), post_id)
            for address, folder, uidvalidity, uid, state, subject, post_id in self._rows(_ENTRIES)
        ]

    def kept(self) -> list[Kept]:
        return [
            Kept(token_in(subject), self._names[address], tuple(posts or ()))
            for subject, address, posts in self._rows(_KEPT)
            if token_in(subject)
        ]

    def commands(self) -> list[Command]:
        return [
            Command(id_, token_in(subject), what, state, told)
            for id_, subject, what, state, told in self._rows(_COMMANDS)
        ]

    def aheads(self, at: float) -> list[Ahead]:
        return [Ahead(at, self._names[row[0]], *row[1:]) for row in self._rows(_AHEAD)]

    def conversation_of(self, token: str) -> str | None:
        """The id by which REST speaks of the conversation of a mail."""
        rows = self._rows("SELECT id::text, subject FROM conversations")
        return next((id_ for id_, subject in rows if token_in(subject) == token), None)

    def last_command_of(self, token: str) -> str | None:
        """The newest command on a mail that can be undone."""
        found = [
            one.id
            for one in self.commands()
            if one.token == token and one.state == "done" and one.what != "restore"
        ]
        return found[-1] if found else None

    def make_due(self) -> None:
        """Have every command that waits for a later attempt tried now, as if its time had come."""
        with psycopg.connect(self._conninfo, connect_timeout=5) as connection:
            connection.execute(_MAKE_DUE)

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._conninfo, connect_timeout=5) as connection:
            return connection.execute(statement.encode()).fetchall()


def on_dovecot(account: str, inbox: DovecotInbox) -> list[OnServer]:
    """What the standard library's IMAP client finds in each folder."""
    found = []
    with log_in(inbox) as client:
        for folder in FOLDERS:
            said = str(client.status(folder, "(UIDVALIDITY)")[1][0])
            uidvalidity = int(said.partition("UIDVALIDITY ")[2].partition(")")[0])
            if client.select(folder, readonly=True)[1] == [b"0"]:
                continue
            items = "(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
            for part in client.uid("FETCH", "1:*", items)[1]:
                if isinstance(part, tuple):
                    head, subject = part[0].decode(), part[1].decode()
                    uid, flags = _UID.search(head), _FLAGS.search(head)
                    assert uid is not None
                    named = frozenset(flags[1].split()) if flags else frozenset()
                    place = (account, folder, uidvalidity, int(uid[1]))
                    found.append(OnServer(*place, token_in(subject), named))
    return found


def on_hostile(account: str, server: HostileServer) -> Iterator[OnServer]:
    """What lies in the model itself."""
    for folder in server.account.folders.values():
        for mail in folder.mails.values():
            token = token_in(mail.header("Subject").decode())
            flags = frozenset(mail.flags)
            yield OnServer(account, folder.name, folder.uidvalidity, mail.uid, token, flags)


def in_slack(slack: LocalSlack) -> list[Shown]:
    """Every post that was accepted, whether or not the app heard of it."""
    shown: dict[tuple[str, str], Shown] = {}
    for write in slack.writes:
        channel = str(write.arguments.get("channel", ""))
        if write.method == "chat.postMessage":
            metadata = write.arguments.get("metadata") or {}
            if isinstance(metadata, str):
                metadata = json.loads(metadata)
            post_id = str(metadata.get("event_payload", {}).get("post_id", ""))
            shown[channel, write.ts] = Shown(post_id, channel, write.ts, write.at)
        elif write.method == "chat.delete":
            key = (channel, str(write.arguments.get("ts", "")))
            if key in shown:
                one = shown[key]
                shown[key] = Shown(one.post_id, one.channel, one.ts, one.at, gone=write.at)
    return list(shown.values())
