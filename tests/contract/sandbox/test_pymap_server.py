"""The fallback of the demo takes mail, shows its folders, and listens nowhere else."""

from collections.abc import AsyncIterator

import psutil
import pytest

from app.sandbox.mail.choice import running_mail_server
from app.sandbox.mail.dovecot import Dovecot
from app.sandbox.mail.pymap_server import FOLDERS, PymapServer
from app.sandbox.mail.server import MailServerFailed
from tests.fixtures.mailservers import PASSWORD, log_in, mails

MAIL = b"From: ann@example.com\r\nSubject: Hello\r\n\r\nHi there.\r\n"


@pytest.fixture
async def pymap() -> AsyncIterator[PymapServer]:
    """With a password that looks like an option: random ones sometimes do."""
    async with PymapServer("support@example.com", f"-{PASSWORD}") as server:
        yield server


class TestDeliver:
    async def test_a_mail_is_there_for_a_client(self, pymap: PymapServer) -> None:
        await pymap.deliver(MAIL)
        await pymap.deliver(MAIL.replace(b"\r\n", b"\n"))

        assert mails(pymap) == [b"Return-Path: <sender@example.net>\r\n" + MAIL] * 2

    async def test_a_client_in_idle_is_told(self, pymap: PymapServer) -> None:
        with log_in(pymap) as client:
            client.select()
            client.send(b"i1 IDLE\r\n")
            assert client.readline().startswith(b"+ ")
            await pymap.deliver(MAIL)
            client.sock.settimeout(2)
            assert client.readline() == b"* 1 EXISTS\r\n"
            client.send(b"DONE\r\n")
            while not client.readline().startswith(b"i1 OK"):
                pass


class TestFolders:
    async def test_are_there_from_the_start(self, pymap: PymapServer) -> None:
        with log_in(pymap) as client:
            lines = [line for line in client.list()[1] if isinstance(line, bytes)]

        assert {line.split()[-1].decode() for line in lines} == {"INBOX", *FOLDERS}


class TestListening:
    async def test_is_on_the_loopback_and_one_port(self, pymap: PymapServer) -> None:
        children = psutil.Process().children(recursive=True)
        [server] = [child for child in children if "pymap" in " ".join(child.cmdline())]

        listening = [one.laddr for one in server.net_connections() if one.status == "LISTEN"]

        assert listening == [(pymap.host, pymap.port)]

    async def test_ends_with_the_context(self) -> None:
        async with PymapServer("ann", PASSWORD) as server:
            pass

        with pytest.raises(MailServerFailed):
            await server.deliver(MAIL)


class TestChoice:
    async def test_is_dovecot_where_it_is_installed(self) -> None:
        async with running_mail_server("ann@example.com", PASSWORD) as server:
            await server.deliver(MAIL)

            assert server.name.startswith("Dovecot 2.")
            assert len(mails(server)) == 1

    async def test_is_pymap_where_dovecot_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Dovecot, "is_installed", lambda: False)

        async with running_mail_server("ann@example.com", PASSWORD) as server:
            assert server.name.startswith("pymap 0.")
            assert mails(server) == []

    async def test_is_pymap_where_dovecot_does_not_come_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(server: Dovecot) -> None:
            raise MailServerFailed("It did not come up.")

        monkeypatch.setattr(Dovecot, "start", fail)

        async with running_mail_server("ann@example.com", PASSWORD) as server:
            assert server.name.startswith("pymap 0.")
