"""Dovecot's configuration for one folder, in the two dialects that are about: 2.3 and 2.4.

Everything lies below the folder and the run folder, listens on the loopback, and trusts user files
that are read at each login, so that users can come and go while it runs. As root the mail belongs
to user ids of its own, which need no name in /etc/passwd; as anyone else all is that user's.
"""

import grp
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, Literal

from app.core.errors import InvalidInput
from app.sandbox.mail.certificates import ServerCertificate
from app.sandbox.mail.server import LOOPBACK

MailFormat = Literal["maildir", "sdbox"]

Folders = Mapping[str, str | None]
"""The folders every user has from the start, by name, with the special use each one announces."""

SPECIAL_USE_FOLDERS: Final[Folders] = {
    "Archive": r"\Archive",
    "Sent": r"\Sent",
    "Drafts": r"\Drafts",
    "Junk": r"\Junk",
    "Trash": r"\Trash",
}
PLAIN_FOLDERS: Final[Folders] = dict.fromkeys(SPECIAL_USE_FOLDERS)
GERMAN_FOLDERS: Final[Folders] = {
    "Archiv": r"\Archive",
    "Gesendete Elemente": r"\Sent",
    "Entwürfe": r"\Drafts",
    "Junk-E-Mail": r"\Junk",
    "Gelöschte Elemente": r"\Trash",
}

_EVERYTHING_2_3: Final = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES "
    "THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN "
    "NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES "
    "WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW "
    "STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE"
)

_FIRST_MAIL_UID: Final = 5000
_USERS_PER_UID: Final = 100
"""Linux grants 128 inotify watches per user id; past them IDLE falls back to polling."""

_COMMON: Final = Template("""\
base_dir = $run
state_dir = $run/state
log_path = $folder/dovecot.log
listen = $host
protocols = imap lmtp
auth_mechanisms = plain login
auth_failure_delay = 0 secs
first_valid_uid = 1
mail_max_userip_connections = 10000
mailbox_idle_check_interval = 1 secs
namespace inbox {
  inbox = yes
  separator = /
$mailboxes}
service imap-login {
  $reuse
  process_limit = 1
  client_limit = 4000
  inet_listener imap {
    port = $imap_port
  }
  inet_listener imaps {
    port = $imaps_port
    ssl = yes
  }
$no_chroot}
service imap {
  process_limit = 2000
}
service lmtp {
  inet_listener lmtp {
    port = $lmtp_port
  }
}
# Whoever gets a password wrong here is a test: nobody after it should have to wait.
service anvil {
  client_limit = 5000
  unix_listener anvil-auth-penalty {
    mode = 0
  }
$no_chroot}
$ids
""")

_DIALECT_2_3: Final = Template("""\
disable_plaintext_auth = no
mail_location = $mail_format:~/mail
ssl = yes
ssl_cert = <$certificate
ssl_key = <$key
passdb {
  driver = passwd-file
  args = $folder/users/%u
}
userdb {
  driver = passwd-file
  args = $folder/users/%u
}
imap_capability = $capabilities
""")

_DIALECT_2_4: Final = Template("""\
auth_allow_cleartext = yes
mail_driver = $mail_format
mail_path = ~/mail
ssl = yes
ssl_server_cert_file = $certificate
ssl_server_key_file = $key
passdb passwd-file {
  passwd_file_path = $folder/users/%{user}
}
userdb passwd-file {
  passwd_file_path = $folder/users/%{user}
}
imap_capability {
$capabilities}
""")


@dataclass(frozen=True, slots=True)
class DovecotConfig:
    """All that makes one Dovecot different from the next."""

    folder: Path
    """Mail, users, certificates and the log."""
    run: Path
    """Sockets: they must have short names."""
    imap_port: int
    imaps_port: int
    lmtp_port: int
    certificate: ServerCertificate
    mail_format: MailFormat
    folders: Folders
    without: frozenset[str]
    """Capabilities it does not announce."""
    extra: str
    """Lines added at the end, in the dialect of the installed Dovecot."""

    def text(self, version: tuple[int, int]) -> str:
        """The configuration file for this version of Dovecot."""
        is_2_4 = version >= (2, 4)
        values = self._values() | {
            "capabilities": self._capabilities(is_2_4=is_2_4),
            "reuse": "restart_request_count = unlimited" if is_2_4 else "service_count = 0",
        }
        head = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if is_2_4 else ""
        dialect = _DIALECT_2_4 if is_2_4 else _DIALECT_2_3
        return head + _COMMON.substitute(values) + dialect.substitute(values) + self.extra + "\n"

    def _values(self) -> dict[str, object]:
        is_root = os.geteuid() == 0
        return {
            "folder": self.folder,
            "run": self.run,
            "host": LOOPBACK,
            "imap_port": self.imap_port,
            "imaps_port": self.imaps_port,
            "lmtp_port": self.lmtp_port,
            "certificate": self.certificate.certificate_file,
            "key": self.certificate.key_file,
            "mail_format": self.mail_format,
            "mailboxes": "".join(_mailbox(*folder) for folder in self.folders.items()),
            "no_chroot": "" if is_root else "  chroot =\n",
            "ids": _READ_USERS_AS_ROOT if is_root else _ids_of_this_process(),
        }

    def _capabilities(self, *, is_2_4: bool) -> str:
        if is_2_4:
            return "".join(f"  {name} = no\n" for name in sorted(self.without))
        return " ".join(name for name in _EVERYTHING_2_3.split() if name not in self.without)


_READ_USERS_AS_ROOT: Final = """\
service auth {
  user = root
}
"""


def user_line(name: str, password: str, number: int, home: Path) -> str:
    """What a user's file says. `number` counts the users of this server."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,100}", name):
        raise InvalidInput(
            f"“{name}” cannot be a user of the test server.",
            field="name",
            fix="Use small letters, digits and the signs . _ @ and -.",
        )
    if not re.fullmatch(r"[^\s:\x00-\x1f\x7f]+", password):
        raise InvalidInput(
            "The password cannot be written to the test server's user file.",
            field="password",
            fix="Use no blanks, colons and control characters.",
        )
    uid, gid = mail_owner(number)
    return f"{name}:{{PLAIN}}{password}:{uid}:{gid}::{home}::\n"


def mail_owner(number: int) -> tuple[int, int]:
    """The user and group id that own the mail of the user of this number."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    uid = _FIRST_MAIL_UID + number // _USERS_PER_UID
    return uid, uid


def _mailbox(name: str, special_use: str | None) -> str:
    use = f"    special_use = {special_use}\n" if special_use else ""
    return f'  mailbox "{name}" {{\n    auto = subscribe\n{use}  }}\n'


def _ids_of_this_process() -> str:
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name
    return (
        f"default_internal_user = {user}\n"
        f"default_internal_group = {group}\n"
        f"default_login_user = {user}\n"
    )
