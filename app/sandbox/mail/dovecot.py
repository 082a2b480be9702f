"""A throw-away Dovecot on the loopback: the mail server of the demo and of the tests.

`async with Dovecot({"support": "secret"}) as server:` starts one with a folder, ports and a
certificate of its own. It keeps its mail and its ports when it is stopped and started again; a
folder it made itself is removed at the end.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, Self

from app.core.errors import NotFound
from app.sandbox.mail.certificates import certificate_for_this_machine
from app.sandbox.mail.dovecot_config import (
    SPECIAL_USE_FOLDERS,
    DovecotConfig,
    Folders,
    MailFormat,
    mail_owner,
    user_line,
)
from app.sandbox.mail.dovecot_programs import find, installed_version, path_of, run_doveadm
from app.sandbox.mail.lmtp import deliver_by_lmtp
from app.sandbox.mail.process import ServerProcess, free_ports
from app.sandbox.mail.server import ANYBODY, LOOPBACK, MailServerFailed, Security


class Dovecot:
    """Use as an async context manager. Users and their passwords are given as a mapping."""

    host: Final = LOOPBACK

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        mail_format: MailFormat = "maildir",
        folders: Folders = SPECIAL_USE_FOLDERS,
        without: Collection[str] = (),
        extra_config: str = "",
    ) -> None:
        """`without` names capabilities it shall not announce; `folder` is kept where given."""
        self._passwords = dict(users or {})
        self._kept_folder = folder
        self._mail_format: MailFormat = mail_format
        self._folders = folders
        self._without = frozenset(without)
        self._extra_config = extra_config
        self._numbers: dict[str, int] = {}
        self.imap_port, self.imaps_port, self.lmtp_port = free_ports(3)
        self.folder: Path
        self.ca_file: Path

    @staticmethod
    def is_installed() -> bool:
        return find("dovecot") is not None and find("doveadm") is not None

    @property
    def name(self) -> str:
        return f"Dovecot {installed_version()}"

    async def __aenter__(self) -> Self:
        self._lay_out()
        try:
            self._prepare()
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._kept_folder is None:
            await self.kill()
        else:
            await self.stop()
        await asyncio.to_thread(shutil.rmtree, self._own_folder)

    async def start(self) -> None:
        self._process.start()
        await self._process.until_greeting(self.imap_port)
        await self._process.until_greeting(self.lmtp_port)

    async def stop(self) -> None:
        """Let it end in order; it takes a second for that."""
        await self._process.stop()

    async def kill(self) -> None:
        """End it and every session this instant, as a power cut would."""
        await self._process.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def add_user(self, name: str, password: str) -> "DovecotInbox":
        """A new user with an empty mailbox; it can log in at once."""
        self._write_user(name, password)
        return DovecotInbox(self, name)

    async def set_password(self, user: str, password: str) -> None:
        """Change a password, and wait until Dovecot has seen the change."""
        file = self._user_file(user)
        seen = file.stat().st_mtime
        self._write_user(user, password)
        os.utime(file, (seen + 1, seen + 1))  # it compares whole seconds
        for _ in range(50):
            if await self._accepts(user, password):
                return
            await asyncio.sleep(0.1)
        raise MailServerFailed("Dovecot goes by the old password still.")

    def password(self, user: str) -> str:
        if user not in self._passwords:
            raise NotFound(f"The test server has no user “{user}”.", fix="Add it by add_user.")
        return self._passwords[user]

    async def deliver(self, user: str, raw: bytes, *, sender: str = ANYBODY) -> None:
        """Put a mail into the user's inbox by LMTP, as mail from the world comes in."""
        await deliver_by_lmtp(self.host, self.lmtp_port, raw, recipient=user, sender=sender)

    async def doveadm(self, *arguments: str, stdin: bytes = b"", within: float = 30) -> str:
        """Run Dovecot's own administration tool on this server and answer what it says."""
        return await run_doveadm(self._config_file, *arguments, stdin=stdin, within=within)

    async def save(self, user: str, mailbox: str, raw: bytes) -> None:
        """Put a mail into any folder, byte for byte, as a mail client's APPEND would."""
        await self.doveadm("save", "-u", user, "-m", mailbox, stdin=raw)

    async def status(self, user: str, mailbox: str) -> dict[str, int]:
        """The numbers of a folder: messages, unseen, uidnext, uidvalidity, highestmodseq."""
        wanted = "messages unseen uidnext uidvalidity highestmodseq"
        line = await self.doveadm("-f", "tab", "mailbox", "status", "-u", user, wanted, mailbox)
        names, values = (row.split("\t")[1:] for row in line.splitlines())
        return {name: int(value) for name, value in zip(names, values, strict=True)}

    async def change_uidvalidity(self, user: str, mailbox: str, uidvalidity: int) -> None:
        """Tell clients that every UID they know of this folder is worthless."""
        await self.doveadm(
            "mailbox", "update", "-u", user, "--uid-validity", str(uidvalidity), mailbox
        )

    def _lay_out(self) -> None:
        command = [path_of("dovecot"), "-F", "-c"]
        self._own_folder = Path(tempfile.mkdtemp(prefix="sharedbox-dovecot-"))
        self._own_folder.chmod(0o711)
        self.folder = (self._kept_folder or self._own_folder / "data").absolute()
        self._config_file = self.folder / "dovecot.conf"
        self._process = ServerProcess(
            "Dovecot", [*command, str(self._config_file)], self.folder / "dovecot.log"
        )

    def _prepare(self) -> None:
        _make_folders(self.folder)
        certificate = certificate_for_this_machine(self.folder)
        self.ca_file = certificate.ca_file
        config = DovecotConfig(
            folder=self.folder,
            run=self._own_folder / "run",
            imap_port=self.imap_port,
            imaps_port=self.imaps_port,
            lmtp_port=self.lmtp_port,
            certificate=certificate,
            mail_format=self._mail_format,
            folders=self._folders,
            without=self._without,
            extra=self._extra_config,
        )
        major, minor = installed_version().split(".")[:2]
        self._config_file.write_text(config.text((int(major), int(minor))))
        for user, password in list(self._passwords.items()):
            self._write_user(user, password)

    def _write_user(self, name: str, password: str) -> None:
        number = self._numbers.setdefault(name, len(self._numbers))
        home = self.folder / "mail" / name
        line = user_line(name, password, number, home)
        home.mkdir(mode=0o700, exist_ok=True)
        os.chown(home, *mail_owner(number))
        self._user_file(name).write_text(line)
        self._passwords[name] = password

    def _user_file(self, user: str) -> Path:
        return self.folder / "users" / user

    async def _accepts(self, user: str, password: str) -> bool:
        try:
            await self.doveadm("auth", "test", user, password)
        except MailServerFailed:
            return False
        return True


class DovecotInbox:
    """One user's account on a Dovecot, seen as a `MailServer`.

    As a context manager it runs its Dovecot; where that runs already, just use it.
    """

    def __init__(self, server: Dovecot, username: str, security: Security = "tls") -> None:
        self.server = server
        self.username = username
        self.security: Security = security
        self.host: str = server.host

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def port(self) -> int:
        return self.server.imaps_port if self.security == "tls" else self.server.imap_port

    @property
    def password(self) -> str:
        return self.server.password(self.username)

    @property
    def ca_file(self) -> Path | None:
        return None if self.security == "none" else self.server.ca_file

    async def deliver(self, raw: bytes, *, sender: str = ANYBODY) -> None:
        await self.server.deliver(self.username, raw, sender=sender)

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()


def _make_folders(folder: Path) -> None:
    """Make them so that Dovecot's own user ids reach the mail, and none but us the passwords."""
    for path, mode in [(folder, 0o711), (folder / "mail", 0o711), (folder / "users", 0o700)]:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        path.chmod(mode)
    closed = [path for path in folder.parents if not path.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        raise MailServerFailed(
            f"Dovecot gives up root's rights and could not enter {closed[0]}.",
            fix=f"Choose another folder, or run chmod o+x {closed[0]}.",
        )
