"""Answers that no honest server gives: too long, too short, for others, or never ending."""

import resource
import time

import pytest

from app.mailbox.errors import Transient
from app.store.models import Attachment, Message
from app.sync.poll import catch_up
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync
from tests.rig.asking import check_prefix, named, put, raw_of
from tests.rig.fixtures import QUICK, MakeTended
from tests.rig.imap_answers import Reply
from tests.rig.imap_server import Call, HostileServer, Script
from tests.rig.imap_syntax import numbers_in, text
from tests.rig.scripts import (
    changed,
    drip,
    preceded_by,
    raw,
    replaced,
)

MEGABYTE = 1024 * 1024


def of_bodies(script: Script, uid: int | None = None) -> Script:
    """Only a FETCH of whole mails (of this mail) is answered so; all else honestly."""

    async def choose(call: Call) -> None:
        asks_for_body = "BODY.PEEK[]" in call.words[1]
        is_about = uid is None or any(uid in some for some in numbers_in(text(call.words[0]), 0))
        if asks_for_body and is_about:
            await script(call)
        else:
            await call.send_reply(call.honest())

    return choose


class TestTheStarRule:
    @pytest.mark.parametrize("is_known", [True, False], ids=["known", "from before us"])
    async def test_ic1_the_last_old_mail_is_no_news(
        self, make_sync: MakeSync, hostile: HostileServer, *, is_known: bool
    ) -> None:
        sync = await make_sync(hostile)
        if is_known:
            await sync.look()
        put(hostile, "First")
        async with sync.session() as session:
            await sync.look(session)
            hostile.seen.clear()
            mailbox = await sync.mailbox()

            look = await catch_up(sync.syncing, session, mailbox.id, max_age=float("inf"))

        assert look.found == 0
        assert hostile.commands("SEARCH") == ["SEARCH UID 2:*"]
        assert hostile.commands("FETCH") == []
        assert await sync.announced() == (["First"] if is_known else [])


class TestLiterals:
    async def test_id1_two_gigabytes_announced(self, watched: Sync) -> None:
        put(watched.inbox, "Monster", "Good")
        monster = raw(b"* 1 FETCH (UID 1 BODY[] {2000000000}\r\nabc")
        watched.inbox.on("FETCH", of_bodies(monster, uid=1), times=None)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        for _ in range(3):
            with pytest.raises(Transient, match="2000000000 bytes at once"):
                await watched.look()
            await check_prefix(watched, watched.inbox)
        await watched.look()

        assert await watched.ledger() == {1: "quarantined", 2: "stored"}
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024

    async def test_id2_shorter_than_its_size_is_fetched_again(self, watched: Sync) -> None:
        put(watched.inbox, "First", "Second")
        short = replaced(rb"BODY\[\] \{\d+\}\r\n(?s:.*)\)", b"BODY[] {4}\r\nShor)")
        watched.inbox.on("FETCH", of_bodies(short), skip=1)

        await watched.look()

        assert watched.inbox.fired["FETCH"] == 1
        assert await raw_of(watched, "First") == named("First")
        assert await raw_of(watched, "Second") == named("Second")

    async def test_id2_a_server_that_always_counts_too_many_is_believed(
        self, watched: Sync
    ) -> None:
        watched.inbox.put(named("First"), claimed_size=5000)

        await watched.look()

        assert await raw_of(watched, "First") == named("First")

    async def test_id3_nil_instead_of_a_mail(self, watched: Sync) -> None:
        put(watched.inbox, "Hollow", "Good")
        nil = changed(_only_nil)
        watched.inbox.on("FETCH", of_bodies(nil, uid=1), times=None)

        await watched.look()

        assert await watched.ledger() == {1: "quarantined", 2: "stored"}
        assert await watched.announced() == ["Good"]


def _only_nil(reply: Reply) -> None:
    reply.lines[0] = b"* 1 FETCH (UID 1 BODY[] NIL)\r\n"


class TestSlowOrHuge:
    async def test_ie1_a_drip_that_never_ends(self, watched: Sync, quick_limits: None) -> None:
        put(watched.inbox, "First")
        watched.inbox.on("FETCH", of_bodies(drip(size=1, pause=QUICK / 4)), skip=1)
        started = time.monotonic()

        with pytest.raises(Transient, match="did not answer in time"):
            await watched.look()

        assert time.monotonic() - started < 5 * QUICK
        await watched.look()
        assert await watched.announced() == ["First"]

    async def test_ie2_two_hundred_thousand_lines_of_nothing(self, watched: Sync) -> None:
        put(watched.inbox, "First")
        watched.inbox.on("SEARCH", preceded_by(*[b"* OK Still here\r\n"] * 200_000))

        await watched.look()

        assert watched.inbox.fired["SEARCH"] == 1
        assert await watched.announced() == ["First"]

    async def test_ie3_a_search_answer_of_megabytes(self, watched: Sync) -> None:
        async def every_uid(call: Call) -> None:
            (window,) = numbers_in(text(call.words[1]), highest=450_000)
            numbers = " ".join(map(str, window))
            await call.send_reply(Reply([f"* SEARCH {numbers}\r\n".encode()]))

        watched.inbox.on("SEARCH", every_uid, times=None)
        watched.inbox.on("EXAMINE", replaced(rb"\d+ EXISTS", b"450000 EXISTS"))

        async with watched.session() as session:
            await session.examine("INBOX")
            found = await session.uids_from(1, uidnext=450_001)
            with pytest.raises(Transient):
                await session.uids_from(1, uidnext=None)

        assert found == list(range(1, 450_001))

    async def test_ie4_an_endless_greeting(self, watched: Sync, quick_limits: None) -> None:
        async def endless(call: Call) -> None:
            while True:
                await call.send(b"* OK " + b"hello " * 1000)

        watched.inbox.on("GREETING", endless)
        started = time.monotonic()

        with pytest.raises(Transient):
            await watched.look()

        assert time.monotonic() - started < 5 * QUICK
        assert (await watched.look()).found == 0


class TestUnsolicited:
    @pytest.fixture
    def inbox(self, watched: Sync) -> HostileServer:
        """UIDs 1 to 3 under sequence numbers that are not theirs: UID 2 and 3 are 1 and 2."""
        server: HostileServer = watched.inbox
        put(server, "Gone", "Second", "Third")
        server.account.inbox.remove(1)
        return server

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param(b"* 9 FETCH (UID 99 BODY[] {5}\r\nalien)\r\n", id="if1-of-other-uids"),
            pytest.param(b"* 3 FETCH (BODY[] {5}\r\nalien)\r\n", id="if2-without-uid"),
            pytest.param(b"* 2 FETCH (FLAGS (\\Seen))\r\n", id="if2-flags-without-uid"),
            pytest.param(b"* 1 FETCH (UID 2 FLAGS (\\Seen))\r\n", id="if3-the-same-twice"),
        ],
    )
    async def test_right_mail_under_right_uid(
        self, watched: Sync, inbox: HostileServer, line: bytes
    ) -> None:
        inbox.on("FETCH", preceded_by(line), times=None)

        await watched.look()

        assert inbox.fired["FETCH"] >= 2
        assert await watched.ledger() == {2: "stored", 3: "stored"}
        for subject in ("Second", "Third"):
            assert await raw_of(watched, subject) == named(subject)

    async def test_if3_twice_with_the_whole_mail(self, watched: Sync, inbox: HostileServer) -> None:
        inbox.on("FETCH", changed(lambda reply: reply.lines.extend(list(reply.lines))), times=None)

        await watched.look()

        assert await watched.announced() == ["Second", "Third"]
        assert await raw_of(watched, "Second") == named("Second")

    async def test_if4_without_flags(self, watched: Sync, inbox: HostileServer) -> None:
        inbox.on("FETCH", replaced(rb" FLAGS \([^)]*\)", b""), times=None)

        await watched.look()

        assert await watched.announced() == ["Second", "Third"]


class TestSize:
    async def test_ip1_sixty_megabytes(
        self, hostile: HostileServer, make_tended: MakeTended
    ) -> None:
        tended = await make_tended(hostile)
        line = b"A line of a very long mail that somebody sent us all the same, yes.\r\n"
        body = line * (60 * MEGABYTE // len(line))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        hostile.put(named("Huge") + body)
        await tended.brings_in("Huge", within=60)

        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 512 * 1024, f"{grown // 1024} MB"
        assert await tended.sync.ledger() == {1: "stored"}

    async def test_ip2_ten_thousand_attachments(self, watched: Sync) -> None:
        part = b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
        head = mail("Many files", "many@acme.example").partition(b"\r\n\r\n")[0]
        kind = b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        watched.inbox.put(head + kind + part * 10_000 + b"--b--\r\n")
        put(watched.inbox, "Good")
        started = time.monotonic()

        await watched.look()

        assert time.monotonic() - started < 30
        ledger = await watched.ledger()
        assert ledger[2] == "stored"
        assert ledger[1] in {"stored", "quarantined"}
        if ledger[1] == "stored":
            assert len(await watched.all(Attachment)) <= 10_000

    async def test_ip3_a_size_of_nothing(self, watched: Sync) -> None:
        watched.inbox.put(named("Weightless"), claimed_size=0)

        await watched.look()

        assert await raw_of(watched, "Weightless") == named("Weightless")
        (message,) = await watched.all(Message)
        assert message.size == len(named("Weightless"))


class TestDates:
    @pytest.mark.parametrize("zone", [b"+2359", b"-9999"])
    async def test_in_a_zone_that_is_none_hold_up_no_mail(self, watched: Sync, zone: bytes) -> None:
        server: HostileServer = watched.inbox
        put(server, "First", "Second")
        server.on("FETCH", replaced(rb'(INTERNALDATE "[^"]+) [+-]\d{4}"', rb'\1 ' + zone + b'"'),
                  times=None)  # fmt: skip

        await watched.look()

        assert await watched.announced() == ["First", "Second"]


class TestFlags:
    async def test_with_what_no_database_takes_hold_up_no_mail(self, watched: Sync) -> None:
        server: HostileServer = watched.inbox
        put(server, "First", "Second")
        server.on("FETCH", replaced(rb"FLAGS \(", b"FLAGS (a\0b "), times=None)

        await watched.look()

        assert await watched.announced() == ["First", "Second"]
