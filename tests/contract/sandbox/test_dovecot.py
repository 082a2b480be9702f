"""What the tests rely on in the Dovecot they start, shown by the standard library's client."""

import asyncio
import imaplib
import os
import re
import socket
import ssl
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from app.core.errors import InvalidInput, NotFound
from app.sandbox.mail import dovecot_programs
from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.sandbox.mail.dovecot_config import GERMAN_FOLDERS, PLAIN_FOLDERS
from app.sandbox.mail.process import ServerProcess, free_ports
from app.sandbox.mail.server import MailServerFailed, Security
from tests.fixtures.mailservers import PASSWORD, StartDovecot, log_in, mails

MAIL = b"From: ann@example.com\r\nSubject: Hello\r\n\r\nHi there.\r\n.\r\n..two dots\r\n"


def listed(inbox: DovecotInbox) -> dict[str, str]:
    """The attributes of every folder, by its name on the wire."""
    with log_in(inbox) as client:
        lines = [line.decode() for line in client.list()[1] if isinstance(line, bytes)]
    found = [re.fullmatch(r'\((.*)\) "/" "?([^"]*)"?', line) for line in lines]
    return {match[2]: match[1] for match in found if match}


def capabilities(inbox: DovecotInbox) -> set[str]:
    with log_in(inbox) as client:
        return set(client.capability()[1][0].decode().split())


class TestDeliver:
    @pytest.mark.parametrize("security", ["none", "starttls", "tls"])
    async def test_a_mail_is_there_for_a_client(
        self, mail_user: DovecotInbox, security: Security
    ) -> None:
        await mail_user.deliver(MAIL)

        mail_user.security = security
        [received] = mails(mail_user)
        assert received.endswith(MAIL)

    async def test_bare_line_feeds_become_line_ends(self, mail_user: DovecotInbox) -> None:
        await mail_user.deliver(MAIL.replace(b"\r\n", b"\n"))

        [received] = mails(mail_user)
        assert received.endswith(MAIL)

    async def test_an_unknown_user_is_refused_in_the_servers_words(self, dovecot: Dovecot) -> None:
        with pytest.raises(MailServerFailed, match="User doesn't exist"):
            await dovecot.deliver("nobody@example.com", MAIL)

    async def test_an_address_that_would_be_a_command_is_refused(self, dovecot: Dovecot) -> None:
        with pytest.raises(InvalidInput):
            await dovecot.deliver("ann>\r\nRSET", MAIL)


class TestSave:
    async def test_a_mail_lies_in_the_folder_byte_for_byte(self, mail_user: DovecotInbox) -> None:
        await mail_user.server.save(mail_user.username, "Sent", MAIL)

        assert mails(mail_user, "Sent") == [MAIL]


class TestTLS:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    async def test_the_authority_vouches_for_both_names(
        self, mail_user: DovecotInbox, host: str
    ) -> None:
        mail_user.host = host

        assert mails(mail_user) == []

    async def test_imaps_is_refused_without_the_authority(self, dovecot: Dovecot) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            imaplib.IMAP4_SSL(
                dovecot.host, dovecot.imaps_port, ssl_context=ssl.create_default_context()
            )

    async def test_starttls_is_refused_without_the_authority(self, dovecot: Dovecot) -> None:
        client = imaplib.IMAP4(dovecot.host, dovecot.imap_port)

        with closing(client.file), pytest.raises(ssl.SSLCertVerificationError):
            client.starttls(ssl.create_default_context())


class TestUsers:
    async def test_one_added_later_has_an_empty_mailbox(self, mail_user: DovecotInbox) -> None:
        assert mails(mail_user) == []

    async def test_two_do_not_see_each_others_mail(self, dovecot: Dovecot) -> None:
        ann = dovecot.add_user("ann@example.org", PASSWORD)
        ben = dovecot.add_user("ben@example.org", PASSWORD)

        await ann.deliver(MAIL)

        assert (len(mails(ann)), len(mails(ben))) == (1, 0)

    async def test_a_wrong_password_is_refused_without_growing_delay(
        self, mail_user: DovecotInbox
    ) -> None:
        with closing(socket.create_connection((mail_user.host, mail_user.server.imap_port))) as raw:
            raw.settimeout(1)
            answers = raw.makefile("rwb", buffering=0)
            answers.readline()
            for number in range(3):
                answers.write(b"a%d LOGIN %s wrong\r\n" % (number, mail_user.username.encode()))
                assert b"NO [AUTHENTICATIONFAILED]" in answers.readline()

    async def test_a_changed_password_holds_at_once(self, mail_user: DovecotInbox) -> None:
        old = mail_user.password
        assert mails(mail_user) == []

        await mail_user.server.set_password(mail_user.username, "new-password")

        assert mails(mail_user) == []
        refused = pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED")
        with imaplib.IMAP4(mail_user.host, mail_user.server.imap_port) as client, refused:
            client.login(mail_user.username, old)

    async def test_a_password_may_be_part_of_the_name(self, dovecot: Dovecot) -> None:
        user = dovecot.add_user("pw@example.com", "pw")

        await dovecot.set_password(user.username, "new")

        assert mails(user) == []

    @pytest.mark.parametrize("name", ["", "../ann", "Ann", "a:b", "ann bee"])
    def test_a_name_that_is_no_file_name_is_refused(self, dovecot: Dovecot, name: str) -> None:
        with pytest.raises(InvalidInput):
            dovecot.add_user(name, PASSWORD)

    def test_a_password_that_would_end_its_field_is_refused(self, dovecot: Dovecot) -> None:
        with pytest.raises(InvalidInput):
            dovecot.add_user("colon@example.com", "pass:word")

    def test_an_unknown_one_has_no_password(self, dovecot: Dovecot) -> None:
        with pytest.raises(NotFound):
            dovecot.password("nobody@example.com")


class TestFolders:
    async def test_announce_their_special_use(self, mail_user: DovecotInbox) -> None:
        folders = listed(mail_user)

        assert {name: use.split("\\")[-1] for name, use in folders.items() if name != "INBOX"} == {
            "Archive": "Archive",
            "Sent": "Sent",
            "Drafts": "Drafts",
            "Junk": "Junk",
            "Trash": "Trash",
        }

    async def test_announce_nothing_where_they_shall_not(self, start_dovecot: StartDovecot) -> None:
        server = await start_dovecot({"ann": PASSWORD}, folders=PLAIN_FOLDERS)

        folders = listed(DovecotInbox(server, "ann"))
        assert set(folders) == {"INBOX", *PLAIN_FOLDERS}
        assert set(folders.values()) == {r"\HasNoChildren"}

    async def test_may_be_missing(self, start_dovecot: StartDovecot) -> None:
        server = await start_dovecot({"ann": PASSWORD}, folders={})

        assert set(listed(DovecotInbox(server, "ann"))) == {"INBOX"}

    async def test_may_have_names_in_another_language(self, start_dovecot: StartDovecot) -> None:
        server = await start_dovecot({"ann": PASSWORD}, folders=GERMAN_FOLDERS)

        folders = listed(DovecotInbox(server, "ann"))
        assert folders["Entw&APw-rfe"].endswith(r"\Drafts")
        assert folders["Gesendete Elemente"].endswith(r"\Sent")


class TestCapabilities:
    async def test_all_are_there_when_nothing_is_cut(self, mail_user: DovecotInbox) -> None:
        wanted = {"MOVE", "UIDPLUS", "IDLE", "CONDSTORE", "QRESYNC", "SPECIAL-USE", "LIST-STATUS"}

        assert wanted <= capabilities(mail_user)

    async def test_those_cut_are_absent_and_the_others_stay(
        self, start_dovecot: StartDovecot
    ) -> None:
        cut = {"MOVE", "UIDPLUS", "IDLE", "CONDSTORE", "QRESYNC", "SPECIAL-USE"}

        server = await start_dovecot({"ann": PASSWORD}, without=cut)

        announced = capabilities(DovecotInbox(server, "ann"))
        assert not cut & announced
        assert {"IMAP4rev1", "NAMESPACE", "ESEARCH", "UNSELECT"} <= announced

    async def test_those_cut_are_absent_before_login_too(self, start_dovecot: StartDovecot) -> None:
        server = await start_dovecot({"ann": PASSWORD}, without={"IDLE"})

        with imaplib.IMAP4(server.host, server.imap_port) as client:
            assert "IDLE" not in client.capabilities
            assert "STARTTLS" in client.capabilities


class TestIdle:
    @pytest.mark.parametrize("mail_format", ["maildir", "sdbox"])
    async def test_a_notice_arrives_soon_after_the_mail(
        self, start_dovecot: StartDovecot, mail_format: str
    ) -> None:
        server = await start_dovecot({"ann": PASSWORD}, mail_format=mail_format)
        inbox = DovecotInbox(server, "ann", "none")

        with log_in(inbox) as client:
            client.select()
            client.send(b"i1 IDLE\r\n")
            assert client.readline().startswith(b"+ ")
            await inbox.deliver(MAIL)
            client.sock.settimeout(2)
            assert client.readline() == b"* 1 EXISTS\r\n"
            client.send(b"DONE\r\n")
            while not client.readline().startswith(b"i1 OK"):
                pass


class TestUIDVALIDITY:
    async def test_can_be_changed_under_a_folder(self, mail_user: DovecotInbox) -> None:
        await mail_user.deliver(MAIL)

        await mail_user.server.change_uidvalidity(mail_user.username, "INBOX", 4711)

        with log_in(mail_user) as client:
            client.select()
            assert client.response("UIDVALIDITY") == ("UIDVALIDITY", [b"4711"])
        assert (await mail_user.server.status(mail_user.username, "INBOX"))["messages"] == 1


class TestLife:
    @pytest.mark.parametrize("mail_format", ["maildir", "sdbox"])
    async def test_a_restart_keeps_mail_and_ports(
        self, start_dovecot: StartDovecot, mail_format: str
    ) -> None:
        server = await start_dovecot({"ann": PASSWORD}, mail_format=mail_format)
        inbox = DovecotInbox(server, "ann")
        await inbox.deliver(MAIL)
        before = (inbox.port, mails(inbox), await server.status("ann", "INBOX"))

        await server.restart()

        assert (inbox.port, mails(inbox), await server.status("ann", "INBOX")) == before

    async def test_a_stopped_one_refuses_connections(self, start_dovecot: StartDovecot) -> None:
        server = await start_dovecot({"ann": PASSWORD})

        await server.stop()

        for port in (server.imap_port, server.imaps_port, server.lmtp_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((server.host, port))

    async def test_a_killed_one_cuts_sessions_and_keeps_mail(
        self, start_dovecot: StartDovecot
    ) -> None:
        server = await start_dovecot({"ann": PASSWORD})
        inbox = DovecotInbox(server, "ann", "none")
        await inbox.deliver(MAIL)
        reader, writer = await asyncio.open_connection(inbox.host, inbox.port)
        await reader.readline()
        writer.write(b"a1 LOGIN ann %s\r\n" % PASSWORD.encode())
        await reader.readline()

        await server.kill()

        async with asyncio.timeout(2):
            assert await reader.read() == b""
        writer.close()
        await server.start()
        assert len(mails(inbox)) == 1

    async def test_two_may_run_beside_each_other(self, start_dovecot: StartDovecot) -> None:
        first = DovecotInbox(await start_dovecot({"ann": PASSWORD}), "ann")
        second = DovecotInbox(await start_dovecot({"ann": PASSWORD}), "ann")

        await first.deliver(MAIL)

        assert (len(mails(first)), len(mails(second))) == (1, 0)

    async def test_a_folder_of_ones_own_is_kept(self) -> None:
        async with Dovecot({"ann": PASSWORD}) as host:
            folder = host.folder.parent / "mine"
            async with DovecotInbox(Dovecot({"ann": PASSWORD}, folder=folder), "ann") as inbox:
                await inbox.deliver(MAIL)
            async with DovecotInbox(Dovecot({"ann": PASSWORD}, folder=folder), "ann") as inbox:
                assert len(mails(inbox)) == 1

    async def test_a_folder_made_for_it_is_removed(self) -> None:
        async with Dovecot({"ann": PASSWORD}) as server:
            assert server.folder.is_dir()

        assert not server.folder.parent.exists()


class TestFailures:
    async def test_one_that_does_not_come_up_says_what_its_log_says(self) -> None:
        server = Dovecot(extra_config="no_such_setting = 1")

        with pytest.raises(MailServerFailed, match="Unknown setting: no_such_setting"):
            await server.__aenter__()
        assert not server.folder.parent.exists()

    async def test_one_that_ends_at_once_is_not_waited_for(self, tmp_path: Path) -> None:
        process = ServerProcess("The server", ["false"], tmp_path / "log")
        process.start()

        with pytest.raises(MailServerFailed, match="The server ended at once"):
            await process.until_greeting(free_ports(1)[0])

    async def test_one_that_does_not_heed_is_ended_with_its_children(self, tmp_path: Path) -> None:
        deaf = "trap '' TERM; sleep 60 & echo $! >&2; wait"
        process = ServerProcess("The server", ["bash", "-c", deaf], tmp_path / "log")
        process.start()
        async with asyncio.timeout(5):
            while not (child := (tmp_path / "log").read_text()):
                await asyncio.sleep(0.01)

        await process.stop(within=0.1)

        assert not process.is_running
        assert not psutil.pid_exists(int(child)) or psutil.Process(int(child)).status() == "zombie"

    async def test_one_that_never_answers_is_waited_for_so_long(self, tmp_path: Path) -> None:
        process = ServerProcess("The server", ["sleep", "60"], tmp_path / "log")
        process.start()

        with pytest.raises(MailServerFailed, match="did not answer"):
            await process.until_greeting(free_ports(1)[0], within=0.1)
        await process.kill()
        assert not process.is_running

    async def test_root_is_told_of_a_folder_dovecot_could_not_enter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0)

        with pytest.raises(MailServerFailed, match="could not enter"):
            await Dovecot(folder=tmp_path / "mail").__aenter__()

    async def test_a_missing_dovecot_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(dovecot_programs, "_WHERE_ELSE", [str(tmp_path)])

        assert not Dovecot.is_installed()
        with pytest.raises(MailServerFailed) as refused:
            await Dovecot().__aenter__()
        assert "apt-get install dovecot-imapd dovecot-lmtpd" in refused.value.fix

    async def test_doveadm_fails_in_its_own_words(self, mail_user: DovecotInbox) -> None:
        with pytest.raises(MailServerFailed, match="Mailbox doesn't exist: Nowhere"):
            await mail_user.server.doveadm("mailbox", "delete", "-u", mail_user.username, "Nowhere")
