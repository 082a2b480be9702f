"""Our IMAP sessions against a real Dovecot."""

import asyncio
import socket
import time
from typing import Literal
from unittest.mock import AsyncMock

import pytest

from app.core.config import Settings
from app.mailbox import imap, sessions, uid_windows
from app.mailbox.errors import (
    CertificateRefused,
    CommandRefused,
    CredentialsRefused,
    FolderMissing,
    ServerForbidden,
    Transient,
    UnsafeArgument,
)
from app.mailbox.hosts import resolve
from app.mailbox.port import Identity, Role, Security, Selected
from app.mailbox.sessions import IMAPServers
from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.store.notify import Waker
from tests.fixtures.faultproxy import Direction, FaultProxy
from tests.fixtures.faults import Blackhole, Drip, Fault
from tests.fixtures.mailservers import StartDovecot, log_in, mails
from tests.fixtures.sessions import mail, make_servers, spec_of
from tests.fixtures.stack import eventually


class TestOpen:
    async def test_reads_the_capabilities_of_the_authenticated_state(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            assert {"IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE"} <= session.capabilities

    @pytest.mark.parametrize("security", ["tls", "starttls", "none"])
    async def test_by_each_kind_of_security(
        self, servers: IMAPServers, dovecot: Dovecot, mail_user: DovecotInbox, security: str
    ) -> None:
        mail_user.security = security  # type: ignore[assignment]

        async with servers.open(spec_of(mail_user)) as session:
            assert (await session.examine("INBOX")).exists == 0

    async def test_a_wrong_password_names_the_user_and_what_to_do(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        with pytest.raises(CredentialsRefused, match=mail_user.username) as refused:
            async with servers.open(spec_of(mail_user, password="wrong")):
                pass

        assert "Check the user name and the password" in refused.value.fix

    async def test_a_certificate_nobody_vouches_for_is_refused_before_the_login(
        self, mail_user: DovecotInbox
    ) -> None:
        async with make_servers(ca_file=None) as strangers:
            with pytest.raises(CertificateRefused, match="certificate"):
                async with strangers.open(spec_of(mail_user)):
                    pass

    async def test_a_certificate_for_another_name_is_refused(
        self,
        servers: IMAPServers,
        mail_user: DovecotInbox,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        here = await resolve(mail_user.host, mail_user.port, allow_private=True)
        monkeypatch.setattr(sessions, "resolve", AsyncMock(return_value=here))

        with pytest.raises(CertificateRefused, match="mail.example.com"):
            async with servers.open(spec_of(mail_user, host="mail.example.com")):
                pass

    async def test_starttls_is_required_where_it_was_chosen(
        self, start_dovecot: StartDovecot
    ) -> None:
        server = await start_dovecot({"ann": "secret"}, extra_config="ssl = no\n")
        inbox = DovecotInbox(server, "ann", "none")

        async with make_servers() as servers:
            with pytest.raises(Transient, match="does not offer STARTTLS"):
                async with servers.open(spec_of(inbox, security=Security.STARTTLS)):
                    pass

    async def test_tls_where_the_server_speaks_plainly_says_so(
        self, servers: IMAPServers, dovecot: Dovecot, mail_user: DovecotInbox
    ) -> None:
        with pytest.raises(Transient, match="did not answer in TLS"):
            async with servers.open(spec_of(mail_user, port=dovecot.imap_port)):
                pass

    async def test_nobody_there(self, servers: IMAPServers, mail_user: DovecotInbox) -> None:
        with pytest.raises(Transient, match="Nothing answers"):
            async with servers.open(spec_of(mail_user, port=1)):
                pass

    async def test_an_unknown_name(self, servers: IMAPServers, mail_user: DovecotInbox) -> None:
        with pytest.raises(Transient, match="could not be found"):
            async with servers.open(spec_of(mail_user, host="mail.invalid")):
                pass

    async def test_a_private_address_is_forbidden_unless_allowed(
        self, mail_user: DovecotInbox
    ) -> None:
        async with IMAPServers(
            threads=1, largest_mail=1, allow_private=False, ca_file=None
        ) as servers:
            with pytest.raises(ServerForbidden, match="not a public mail server"):
                async with servers.open(spec_of(mail_user)):
                    pass

    async def test_a_line_break_in_the_password_never_reaches_the_server(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        with pytest.raises(UnsafeArgument):
            async with servers.open(spec_of(mail_user, password="x\r\nA1 DELETE INBOX")):
                pass

    async def test_a_password_beyond_ascii(self, servers: IMAPServers, dovecot: Dovecot) -> None:
        inbox = dovecot.add_user("umlaut@example.com", "pässwörd")

        async with servers.open(spec_of(inbox)) as session:
            assert (await session.examine("INBOX")).uidnext == 1

    async def test_a_server_that_never_greets_is_given_up_in_time(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        started = time.monotonic()

        async with silent:
            with pytest.raises(Transient, match="did not answer in time"):
                async with servers.open(spec_of(mail_user, port=port, security=Security.NONE)):
                    pass

        assert time.monotonic() - started < 15


class TestFolders:
    async def test_have_their_roles_by_attribute(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            roles = {folder.role: folder.name for folder in await session.folders()}

        assert roles[Role.INBOX] == "INBOX"
        assert {Role.ARCHIVE, Role.SENT, Role.DRAFTS, Role.JUNK, Role.TRASH} <= roles.keys()

    async def test_have_their_roles_by_name_where_no_attribute_tells(
        self, start_dovecot: StartDovecot
    ) -> None:
        server = await start_dovecot({"ann": "pw"}, folders={}, without={"SPECIAL-USE"})
        inbox = DovecotInbox(server, "ann", "none")

        async with make_servers() as servers, servers.open(spec_of(inbox)) as session:
            for name in ("Papierkorb", "Gesendete Objekte", "Entwürfe", "Projects"):
                await session.create(name)
            roles = {folder.name: folder.role for folder in await session.folders()}

        assert roles["Papierkorb"] is Role.TRASH
        assert roles["Gesendete Objekte"] is Role.SENT
        assert roles["Entwürfe"] is Role.DRAFTS
        assert roles["Projects"] is None


class TestChanges:
    async def test_highestmodseq_is_told_only_where_the_server_keeps_it(
        self, dovecot: Dovecot, mail_user: DovecotInbox, plain_user: DovecotInbox
    ) -> None:
        told = []
        for inbox in (mail_user, plain_user):
            async with make_servers(inbox.ca_file) as servers, servers.open(spec_of(inbox)) as one:
                said = (await one.examine("INBOX"), await one.status("INBOX"))
                told.append([bool(selected.highestmodseq) for selected in said])

        assert told == [[True, True], [False, False]]

    async def test_are_found_by_their_modseq_and_read_without_recent(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        for _ in range(3):
            await mail_user.deliver(mail())
        async with servers.open(spec_of(mail_user)) as session:
            before = (await session.examine("INBOX")).highestmodseq
            assert before is not None
            await session.select("INBOX")
            await session.add_flags([2], ["\\Flagged"])
            await session.examine("INBOX")

            assert await session.changed_since(before, 1, uidnext=4) == [2]
            assert await session.changed_since(before, 3, uidnext=4) == []
            assert await session.flags([1, 2, 9]) == {1: (), 2: ("\\Flagged",)}
            assert await session.uids_between(2, 2) == [2]
            assert await session.uids_between(4, 3) == []

    async def test_told_with_another_answer_end_the_wait_at_once(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        """A server tells each change once: what came with a SEARCH comes with no IDLE."""
        await mail_user.deliver(mail())
        async with (
            servers.open(spec_of(mail_user)) as session,
            servers.open(spec_of(mail_user)) as other,
        ):
            await session.examine("INBOX")
            await other.select("INBOX")
            await other.add_flags([1], ["\\Flagged"])
            await session.uids_from(1, uidnext=2)
            started = time.monotonic()

            assert await session.idle(Waker(), 30)
            assert time.monotonic() - started < 5
            assert (await session.examine("INBOX", max_age=60)).is_fresh

    async def test_new_mail_alone_takes_no_fresh_look(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            await mail_user.deliver(mail())

            assert await session.idle(Waker(), 30)

            selected = await session.examine("INBOX", max_age=60)
            assert (selected.is_fresh, selected.uidnext) == (False, None)


class TestLooking:
    async def test_an_empty_range_answers_nothing_though_the_server_answers_the_last_mail(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail())

        async with servers.open(spec_of(mail_user)) as session:
            selected = await session.examine("INBOX")
            assert selected.uidnext == 2
            assert await session.uids_from(1, uidnext=2) == [1]
            assert await session.uids_from(2, uidnext=None) == []

    async def test_a_folder_that_is_not_there(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            with pytest.raises(FolderMissing):
                await session.examine("Nowhere")
            assert (await session.examine("INBOX")).exists == 0

    async def test_a_fetch_leaves_the_mail_unread(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail("Invoice"))

        async with servers.open(spec_of(mail_user)) as session:
            await session.select("INBOX")
            raw = (await session.fetch([1]))[1]
            listing = (await session.list_mails([1]))[1]

        assert raw == mails(mail_user)[0]
        assert len(raw) == listing.size
        assert "\\Seen" not in listing.flags
        assert listing.internaldate.tzinfo is not None

    async def test_uids_that_are_gone_are_left_out(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail())

        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            assert set(await session.fetch([1, 7])) == {1}
            assert set(await session.list_mails([1, 7])) == {1}

    async def test_many_uids_take_several_commands(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        for number in range(3):
            await mail_user.deliver(mail(f"Number {number}"))

        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            assert set(await session.list_mails(range(1, 1001))) == {1, 2, 3}

    async def test_a_mail_is_found_by_what_it_is(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail(message_id="one@acme.example"))
        await mail_user.deliver(mail(body="No Message-ID here, and another length."))

        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            known = await session.identify([1, 2])
            assert known[1].internet_message_id == "one@acme.example"
            assert known[2].internet_message_id is None
            assert await session.find(known[1]) == [1]
            assert await session.find(known[2]) == [2]

    async def test_a_message_id_that_would_be_a_command_is_refused(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            known = Identity('<a>"\r\nA1 DELETE Archive', 1, None)  # type: ignore[arg-type]
            with pytest.raises(UnsafeArgument):
                await session.find(known)
            assert "Archive" in {folder.name for folder in await session.folders()}


@pytest.fixture(
    params=[frozenset(), frozenset({"MOVE"}), frozenset({"MOVE", "UIDPLUS"})],
    ids=["move", "uidplus", "neither"],
)
def missing(request: pytest.FixtureRequest) -> frozenset[str]:
    """The extensions the server does not have."""
    found: frozenset[str] = request.param
    return found


class TestMove:
    async def test_puts_the_mail_there_and_takes_it_from_here(
        self, start_dovecot: StartDovecot, missing: frozenset[str]
    ) -> None:
        server = await start_dovecot({"ann": "pw"}, without=missing)
        inbox = DovecotInbox(server, "ann", "none")
        for name in ("first", "second"):
            await inbox.deliver(mail(name, f"{name}@acme.example"))

        async with make_servers() as servers, servers.open(spec_of(inbox)) as session:
            await session.select("INBOX")
            copied = await session.move([1], "Archive")
            left = await session.list_mails([1, 2])

        assert [b"first" in raw for raw in mails(inbox, "Archive")] == [True]
        if "UIDPLUS" in missing:
            assert "\\Deleted" in left[1].flags
        else:
            assert set(left) == {2}
            assert copied is not None
            assert copied.uids == {1: 1}

    async def test_leaves_mail_that_others_marked_deleted_alone(
        self, start_dovecot: StartDovecot, missing: frozenset[str]
    ) -> None:
        server = await start_dovecot({"ann": "pw"}, without=missing)
        inbox = DovecotInbox(server, "ann", "none")
        for name in ("ours", "theirs"):
            await inbox.deliver(mail(name))

        async with make_servers() as servers, servers.open(spec_of(inbox)) as session:
            await session.select("INBOX")
            await session.add_flags([2], ["\\Deleted"])
            await session.move([1], "Archive")
            assert 2 in await session.list_mails([2])

    async def test_of_a_mail_that_is_gone_answers_nothing(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.select("INBOX")
            assert await session.move([7], "Archive") is None

    async def test_to_a_folder_that_is_not_there(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail())

        async with servers.open(spec_of(mail_user)) as session:
            await session.select("INBOX")
            with pytest.raises(CommandRefused):
                await session.move([1], "Nowhere")
            assert set(await session.list_mails([1])) == {1}


class TestFlags:
    async def test_are_set_and_removed(self, servers: IMAPServers, mail_user: DovecotInbox) -> None:
        await mail_user.deliver(mail())

        async with servers.open(spec_of(mail_user)) as session:
            await session.select("INBOX")
            await session.add_flags([1], ["\\Flagged"])
            assert "\\Flagged" in (await session.list_mails([1]))[1].flags
            await session.remove_flags([1], ["\\Flagged"])
            assert "\\Flagged" not in (await session.list_mails([1]))[1].flags


class TestHalfOpen:
    async def test_the_kernel_asks_whether_anybody_is_there(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sock = session._imap.socket  # type: ignore[attr-defined]
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            names = ("TCP_KEEPIDLE", "TCP_KEEPALIVE")  # of Linux, and of macOS
            first = next(getattr(socket, name) for name in names if hasattr(socket, name))
            quiet, apart, times = (
                sock.getsockopt(socket.IPPROTO_TCP, option)
                for option in (first, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )

        assert quiet + apart * times <= 120

    @pytest.mark.parametrize("fault", [Blackhole(), Drip(1, 0.2)], ids=["silent", "drips"])
    async def test_the_end_of_idle_tells_a_link_that_is_dead(
        self,
        servers: IMAPServers,
        mail_user: DovecotInbox,
        monkeypatch: pytest.MonkeyPatch,
        fault: Fault,
    ) -> None:
        monkeypatch.setattr(sessions, "IDLE_SECONDS", 1)
        monkeypatch.setattr(sessions, "LOGOUT_SECONDS", 0.2)
        async with (
            FaultProxy(mail_user.host, mail_user.port) as proxy,
            servers.open(spec_of(mail_user, port=proxy.port)) as session,
        ):
            await session.examine("INBOX")
            assert not await session.idle(Waker(), 0.05)
            waker, before = Waker(), proxy.passed[Direction.TO_CLIENT]
            waiting = asyncio.create_task(session.idle(waker, 30))

            async def has_begun() -> bool:
                return proxy.passed[Direction.TO_CLIENT] > before

            await eventually(has_begun)
            proxy.set(to_client=fault)
            waker.wake()

            started = time.monotonic()
            with pytest.raises(Transient, match="did not answer in time"):
                await waiting
                await session.examine("INBOX")
            assert time.monotonic() - started < 5

    def test_the_limits_in_force_tell_it_within_three_minutes(self) -> None:
        limit = max(sessions.IDLE_SECONDS, sessions.COMMAND_SECONDS)
        longest = Settings(_env_file=None).idle_renew_seconds + limit

        assert longest <= 180


class TestManyConnections:
    async def test_keep_what_their_server_can_once(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        spec = spec_of(mail_user)
        async with servers.open(spec) as one, servers.open(spec) as other:
            assert "IDLE" in one.capabilities
            assert one.capabilities is other.capabilities


class TestUnchanged:
    async def test_counts_the_folders_that_are_as_they_were(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sent, archive = await session.status("Sent"), await session.status("Archive")
            inbox = await session.examine("INBOX")
            await session.idle(Waker(), 0.05)

            assert await session.unchanged([sent, archive], inbox) == 3
            assert session.open_folder == "INBOX"
            assert await session.unchanged([], inbox) == 1

    async def test_waits_anew_where_all_are(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sent, inbox = await session.status("Sent"), await session.examine("INBOX")
            await session.unchanged([sent], inbox)
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await mail_user.deliver(mail())

            assert await waiting
            assert (await session.examine("INBOX")).exists == 1

    async def test_ends_at_the_first_that_is_not(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sent, archive = await session.status("Sent"), await session.status("Archive")
            inbox = await session.examine("INBOX")
            await mail_user.server.save(mail_user.username, "Archive", mail())

            assert await session.unchanged([sent, archive], inbox) == 1
            assert session.open_folder == "INBOX"

    async def test_of_the_one_that_is_opened_is_told_apart(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sent, inbox = await session.status("Sent"), await session.examine("INBOX")
            await session.idle(Waker(), 0.05)
            await mail_user.deliver(mail())

            assert await session.unchanged([sent], inbox) == 1
            assert (await session.examine("INBOX", max_age=60)).exists == 1

    async def test_of_the_open_one_nothing_old_is_believed_where_others_changed_too(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            sent, inbox = await session.status("Sent"), await session.examine("INBOX")
            await mail_user.server.save(mail_user.username, "Sent", mail())
            await mail_user.deliver(mail())

            assert await session.unchanged([sent], inbox) == 0
            assert (await session.examine("INBOX", max_age=60)).exists == 1

    async def test_in_place_of_another_folder_knows_how_many_mails_there_are(
        self, servers: IMAPServers, mail_user: DovecotInbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uid_windows, "UIDS_A_SEARCH", 1)
        for _ in range(3):
            await mail_user.deliver(mail())
        async with servers.open(spec_of(mail_user)) as session:
            inbox = await session.examine("INBOX")
            await session.examine("Archive")

            assert await session.unchanged([], inbox) == 1
            assert len(await session.windows(1, 3)) == 3

    async def test_asked_in_idle_forgets_nothing_that_was_told_meanwhile(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail())
        async with servers.open(spec_of(mail_user)) as session:
            sent, inbox = await session.status("Sent"), await session.examine("INBOX")
            await mail_user.server.save(mail_user.username, "Sent", mail())
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            with log_in(mail_user) as client:
                client.select("INBOX")
                client.store("1", "+FLAGS", r"(\Flagged)")
            assert await waiting

            assert await session.unchanged([sent], inbox) == 0
            assert (await session.examine("INBOX", max_age=60)).is_fresh

    async def test_of_a_folder_that_is_gone_says_so(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            inbox = await session.examine("INBOX")
            with pytest.raises(FolderMissing):
                await session.unchanged([Selected("Nowhere", 1, 1, 0)], inbox)

            assert (await session.examine("INBOX", max_age=60)).is_fresh


class TestHearing:
    async def test_of_another_folder_ends_the_wait(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            await session.hear_of(["Sent", "Archive"])
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await mail_user.server.save(mail_user.username, "Sent", mail())

            assert await asyncio.wait_for(waiting, 20)

            assert session.hears_of == {"Sent", "Archive"}
            assert await session.take_told() == {"Sent"}
            assert await session.take_told() == frozenset()
            assert (await session.status("Sent")).exists == 1

    async def test_of_a_flag_or_a_removal_there(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        await mail_user.server.save(mail_user.username, "Sent", mail())
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            await session.hear_of(["Sent"])
            for change in (r"(\Flagged)", r"(\Deleted)"):
                with log_in(mail_user) as client:
                    client.select("Sent")
                    client.store("1", "+FLAGS", change)

                assert await asyncio.wait_for(session.idle(Waker(), 30), 20)

                assert await session.take_told() == {"Sent"}

    async def test_goes_on_of_the_open_one(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            await session.hear_of(["Sent"])
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await mail_user.deliver(mail())

            assert await asyncio.wait_for(waiting, 20)

            assert await session.take_told() == frozenset()
            assert await session.uids_from(1, uidnext=None) == [1]

    async def test_while_something_else_was_asked_is_not_forgotten(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.hear_of(["Sent", "Archive"])
            await session.examine("INBOX")
            await mail_user.server.save(mail_user.username, "Sent", mail())
            told: set[str] = set()

            async def is_told() -> bool:
                await session.status("Archive")
                await session.examine("INBOX")
                told.update(await session.take_told())
                return "Sent" in told

            await eventually(is_told)

    async def test_at_a_glance_ends_the_next_wait(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            inbox = await session.examine("INBOX")
            await session.hear_of(["Sent"])
            assert not await session.idle(Waker(), 0.05)
            await mail_user.server.save(mail_user.username, "Sent", mail())

            async def is_told() -> bool:
                assert await session.unchanged([], inbox) == 1
                return await session.idle(Waker(), 0.05)

            await eventually(is_told)

            assert await session.take_told() == {"Sent"}

    async def test_of_more_names_than_a_command_may_have_is_of_the_first(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        names = [f"{number:03} {'x' * 100}" for number in range(100)]
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")

            await session.hear_of(names)

            assert session.hears_of == set(names[: len(session.hears_of)])
            assert 10 < len(session.hears_of) < len(names)

    async def test_is_not_asked_of_a_server_that_does_not_offer_it(
        self, start_dovecot: StartDovecot
    ) -> None:
        server = await start_dovecot({"ann": "pw"}, without={"NOTIFY"})
        async with (
            make_servers() as servers,
            servers.open(spec_of(DovecotInbox(server, "ann", "none"))) as session,
        ):
            await session.hear_of(["Sent"])

            assert session.hears_of == frozenset()


class TestIdle:
    async def test_ends_when_a_mail_arrives(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await asyncio.sleep(0)
            await mail_user.deliver(mail())

            assert await asyncio.wait_for(waiting, 10)
            assert await session.uids_from(1, uidnext=None) == [1]

    async def test_ends_when_somebody_wants_something(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        waker = Waker()
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            waiting = asyncio.create_task(session.idle(waker, 30))
            waker.wake()

            assert not await asyncio.wait_for(waiting, 5)
            assert (await session.select("Archive")).exists == 0

    async def test_ends_when_the_time_is_up(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with servers.open(spec_of(mail_user)) as session:
            await session.examine("INBOX")
            assert not await session.idle(Waker(), 0.05)
            assert not await session.idle(Waker(), 0.05)

    @pytest.mark.parametrize("security", ["tls", "none"])
    async def test_goes_on_when_the_server_only_says_that_it_is_there(
        self,
        start_dovecot: StartDovecot,
        security: Literal["tls", "none"],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server = await start_dovecot(
            {"ann": "pw"}, extra_config="protocol imap {\n  imap_idle_notify_interval = 1s\n}"
        )
        inbox = DovecotInbox(server, "ann", security)
        heard: list[bool] = []
        has_news = imap.IMAPConnection.has_news

        def listen(connection: imap.IMAPConnection) -> bool:
            heard.append(has_news(connection))
            return heard[-1]

        async def has_said_so_twice() -> bool:
            return len(heard) >= 2

        monkeypatch.setattr(imap.IMAPConnection, "has_news", listen)
        async with make_servers(server.ca_file) as servers, servers.open(spec_of(inbox)) as session:
            await session.examine("INBOX")
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await eventually(has_said_so_twice)

            assert not any(heard)
            assert not waiting.done()
            await inbox.deliver(mail())
            assert await asyncio.wait_for(waiting, 10)
            assert heard[-1]

    async def test_of_a_server_that_dies_ends_in_an_error(
        self, start_dovecot: StartDovecot
    ) -> None:
        server = await start_dovecot({"ann": "pw"})
        inbox = DovecotInbox(server, "ann", "none")

        async with make_servers() as servers, servers.open(spec_of(inbox)) as session:
            await session.examine("INBOX")
            waiting = asyncio.create_task(session.idle(Waker(), 30))
            await asyncio.sleep(0.1)
            await server.kill()

            with pytest.raises(Transient):
                await asyncio.wait_for(waiting, 10)
                await session.examine("INBOX")
