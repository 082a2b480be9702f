"""Folders whose contents are not what the server said a moment ago, or mean something new."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from app.commands.types import Archive, Flag
from app.mailbox.errors import Transient
from app.store.models import Event, Message, Placement
from app.sync import reset
from app.sync.plan import Kind
from app.sync.poll import catch_up
from app.sync.reconcile import Reconciler
from app.sync.unstable import FOLLOWED, FolderUnstable
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync
from tests.rig.asking import (
    LONG_AGO,
    ask,
    check_prefix,
    named,
    outcome,
    put,
    raw_of,
    subjects_in,
)
from tests.rig.fixtures import Tended
from tests.rig.imap_server import Call, HostileServer, Script
from tests.rig.imap_syntax import is_in, text
from tests.rig.scripts import finish, first, in_idle, preceded_by, refuse, replaced, then, without


async def again(sync: Sync) -> None:
    """Look until there is nothing more to find; a look that was interrupted counts for nothing."""
    for _ in range(3):
        await sync.look()


class TestVanishing:
    @pytest.fixture
    def inbox(self, watched: Sync) -> HostileServer:
        server: HostileServer = watched.inbox
        put(server, "First", "Second", "Third")
        return server

    async def test_ig1_between_search_and_fetch(self, watched: Sync, inbox: HostileServer) -> None:
        inbox.on("SEARCH", then(lambda: inbox.account.inbox.remove(2)))

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "vanished", 3: "stored"}
        assert (await watched.mailbox()).watermark == 4

    async def test_ig2_the_requested_messages_no_longer_exist(
        self, watched: Sync, inbox: HostileServer
    ) -> None:
        inbox.on("FETCH", _if_about(2, refuse("Some of the requested messages no longer exist.")),
                 times=None)  # fmt: skip
        inbox.on("SEARCH", then(lambda: inbox.account.inbox.remove(2)))

        await watched.look()

        ledger = await watched.ledger()
        assert (ledger[1], ledger[3]) == ("stored", "stored")
        assert ledger[2] in {"vanished", "quarantined"}
        assert len(inbox.commands("FETCH")) < 15
        assert (await watched.mailbox()).watermark == 4
        inbox.seen.clear()
        await watched.look()
        assert [one for one in inbox.commands("FETCH") if "BODY" in one] == []

    async def test_ig3_some_and_then_no(self, watched: Sync, inbox: HostileServer) -> None:
        async def some(call: Call) -> None:
            reply = call.honest()
            reply.lines, reply.status = reply.lines[:1], "NO Some of them cannot be had"
            await call.send_reply(reply)

        inbox.on("FETCH", some, skip=1)

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "stored", 3: "stored"}
        assert await watched.announced() == ["First", "Second", "Third"]

    async def test_ig3_left_out_of_one_answer(self, watched: Sync, inbox: HostileServer) -> None:
        inbox.on("FETCH", without(rb"^\* 2 FETCH"))

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "stored", 3: "stored"}
        assert await watched.announced() == ["First", "Second", "Third"]

    async def test_ig3_left_out_again_is_gone(self, watched: Sync, inbox: HostileServer) -> None:
        inbox.on("FETCH", without(rb"^\* 2 FETCH"), times=None)

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "vanished", 3: "stored"}
        assert len([one for one in inbox.commands("FETCH") if "RFC822.SIZE" in one]) == 2

    async def test_ig3_left_out_again_is_asked_for_within_minutes(
        self, watched: Sync, inbox: HostileServer
    ) -> None:
        """Some servers list a mail before they hand it over."""
        inbox.on("FETCH", without(rb"^\* 2 FETCH"), times=2)
        await watched.look()
        due = (await watched.mailbox()).next_reconcile_at
        assert due is not None
        assert due - watched.clock.now() <= timedelta(minutes=5)

        watched.clock.set(due)
        async with watched.session() as session:
            await Reconciler(watched.syncing, session).step()
        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "stored", 3: "stored"}
        assert await watched.announced() == ["First", "Third", "Second"]

    async def test_ig3_never_handed_over_is_asked_for_hourly_in_the_end(
        self, watched: Sync, inbox: HostileServer
    ) -> None:
        inbox.on("FETCH", without(rb"^\* 2 FETCH"), times=None)
        before = (await watched.mailbox()).next_reconcile_at
        async with watched.rows() as uow:
            mailbox = await watched.mailbox()
            placement = Placement(
                workspace_id=watched.workspace.id,
                mailbox_id=mailbox.id,
                uidvalidity=mailbox.uidvalidity or 0,
                uid=2,
                seen_at=watched.clock.now() - timedelta(hours=2),
            )
            uow.session.add(placement)

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "vanished", 3: "stored"}
        assert (await watched.mailbox()).next_reconcile_at == before

    async def test_ig3_left_out_when_tried_alone(self, watched: Sync, inbox: HostileServer) -> None:
        """The bodies are refused, so that each mail is tried alone; then one list is empty."""
        inbox.on("FETCH", refuse("Not now"), skip=1)
        inbox.on("FETCH", without(rb"^\* 1 FETCH"))

        await watched.look()

        assert await watched.ledger() == {1: "stored", 2: "stored", 3: "stored"}

    async def test_ig4_exists_shrinks_without_expunge(self, tended: Tended) -> None:
        put(tended.server, "First", "Second")
        await tended.brings_in("First", "Second")
        tended.server.on("IDLE", in_idle(b"* 1 EXISTS\r\n"))
        tended.server.account.inbox.remove(1)

        put(tended.server, "Third")

        await tended.brings_in("First", "Second", "Third")
        await check_prefix(tended.sync, tended.server)


def _if_about(uid: int, script: Script) -> Script:
    async def choose(call: Call) -> None:
        if is_in(uid, text(call.words[0]), 0):
            await script(call)
        else:
            await call.send_reply(call.honest())

    return choose


class TestUIDVALIDITY:
    """Two mails are known, one was there before us, and one comes in while the UIDs change."""

    @pytest.fixture
    async def known(self, hostile: HostileServer, make_sync: MakeSync) -> Sync:
        hostile.put(named("Old"), internaldate=LONG_AGO)
        sync = await make_sync(hostile)
        await sync.look()
        put(hostile, "First", "Second")
        await sync.look()
        return sync

    @pytest.mark.parametrize(
        "uidvalidity",
        [
            pytest.param(1_800_000_000, id="ih1-larger"),
            pytest.param(1_600_000_000, id="ih2-smaller"),
        ],
    )
    async def test_posts_the_gap_and_nothing_twice(self, known: Sync, uidvalidity: int) -> None:
        known.inbox.account.inbox.renumber(uidvalidity, first=7)
        put(known.inbox, "In the gap")

        look = await known.look()

        assert (look.kind, look.found) == (Kind.RESET, 1)
        assert await known.announced() == ["First", "Second", "In the gap"]
        assert await known.ledger() == {7: "skipped", 8: "stored", 9: "stored", 10: "stored"}
        (skipped,) = [one for one in await known.all(Placement) if one.state == "skipped"]
        assert "before the folder was watched" in skipped.reason
        await check_prefix(known, known.inbox)

    async def test_ih1_broken_off_anywhere_it_goes_on(
        self, known: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connection breaks one FETCH later each time, until it does no more."""
        monkeypatch.setattr(reset, "_LISTED_AT_ONCE", 1)
        server = known.inbox
        server.account.inbox.renumber(1_800_000_000, first=7)
        server.account.inbox.remove(8)
        put(server, "In the gap")

        breaks = 0
        while True:
            server.on("FETCH", finish(), skip=breaks)
            fired = server.fired["FETCH"]
            with contextlib.suppress(Transient):
                await known.look()
            if server.fired["FETCH"] == fired:
                break
            server.heal()
            breaks += 1

        assert breaks > 4
        assert await known.announced() == ["First", "Second", "In the gap"]
        assert await known.ledger() == {7: "skipped", 9: "stored", 10: "stored"}
        left = [one for one in await known.all(Event) if one.type == "message.left"]
        assert len(left) == 1
        await check_prefix(known, server)

    @pytest.mark.parametrize("skip", range(3))
    async def test_ih1_a_mail_left_out_of_an_answer_is_not_passed_over(
        self, known: Sync, skip: int
    ) -> None:
        async def all_but_the_last(call: Call) -> None:
            reply = call.honest()
            reply.lines = reply.lines[:-1]
            await call.send_reply(reply)

        known.inbox.account.inbox.renumber(known.inbox.account.inbox.uidvalidity + 5, first=7)
        put(known.inbox, "In the gap")
        known.inbox.on("FETCH", all_but_the_last, skip=skip)

        await again(known)

        assert await known.announced() == ["First", "Second", "In the gap"]

    async def test_ih1_of_a_mail_that_lies_there_twice(self, known: Sync) -> None:
        server = known.inbox
        server.put(named("First"))
        await known.look()
        server.account.inbox.renumber(1_800_000_000, first=7)

        await known.look()

        assert await known.announced() == ["First", "Second"]
        assert set((await known.ledger()).values()) == {"skipped", "stored"}

    async def test_ih3_back_to_the_old_one(self, known: Sync) -> None:
        inbox = known.inbox.account.inbox
        before = inbox.uidvalidity
        for uidvalidity in (before + 5, before):
            inbox.renumber(uidvalidity)
            put(known.inbox, f"Under {uidvalidity - before}")
            await known.look()

        assert await known.announced() == ["First", "Second", "Under 5", "Under 0"]
        assert await raw_of(known, "Under 0") == named("Under 0")
        assert set((await known.ledger()).values()) == {"skipped", "stored"}

    async def test_ih3_again_and_again_is_followed_three_times_and_then_waited_out(
        self, known: Sync
    ) -> None:
        inbox, before = known.inbox.account.inbox, known.inbox.account.inbox.uidvalidity
        for n in range(1, FOLLOWED + 1):
            known.clock.advance(minutes=1)
            inbox.renumber(before + n)
            await known.look()
        put(known.inbox, "While it changes")

        asked = []
        for n in (4, 5):
            known.inbox.seen.clear()
            inbox.renumber(before + n)
            known.clock.advance(minutes=5)
            with pytest.raises(FolderUnstable, match=rf"INBOX anew {n} times"):
                await known.look()
            asked.append(known.inbox.commands("FETCH"))
        unstable = await known.mailbox()
        known.clock.advance(minutes=9)
        with pytest.raises(FolderUnstable):
            await known.look()
        known.clock.advance(minutes=1)
        look = await known.look()

        assert asked == [[], []]
        assert unstable.uidvalidity == before + FOLLOWED
        assert unstable.unstable_since is not None
        assert (look.kind, look.found) == (Kind.RESET, 1)
        settled = await known.mailbox()
        assert (settled.uidvalidity, settled.unstable_since) == (before + 5, None)
        assert await known.announced() == ["First", "Second", "While it changes"]
        assert set((await known.ledger()).values()) == {"skipped", "stored"}
        await check_prefix(known, known.inbox)

    async def test_ih3_to_and_fro_ends_where_it_stays_with_what_was_known(
        self, known: Sync
    ) -> None:
        inbox, before = known.inbox.account.inbox, known.inbox.account.inbox.uidvalidity
        for n in range(FOLLOWED):
            inbox.renumber(before + 1 - n % 2)
            await known.look()
        held = inbox.uidvalidity
        put(known.inbox, "While it changes")
        for uidvalidity in (before + 7, held):
            inbox.renumber(uidvalidity)
            with pytest.raises(FolderUnstable):
                await known.look()

        known.clock.advance(minutes=10)
        await known.look()

        assert (await known.mailbox()).unstable_since is None
        assert await known.announced() == ["First", "Second", "While it changes"]

    async def test_ih3_that_stays_unfinished_counts_once(self, known: Sync) -> None:
        known.inbox.account.inbox.renumber(1_800_000_000, first=7)
        for _ in range(FOLLOWED + 2):
            known.inbox.on("FETCH", finish())
            with pytest.raises(Transient):
                await known.look()

        await known.look()

        assert await known.announced() == ["First", "Second"]
        assert len((await known.mailbox()).uidvalidity_changes) == 1

    async def test_ih4_missing_in_select(self, known: Sync) -> None:
        known.inbox.on("EXAMINE", without(rb"UIDVALIDITY"), times=1)
        put(known.inbox, "Third")

        await again(known)

        assert known.inbox.fired["EXAMINE"] == 1
        assert await known.announced() == ["First", "Second", "Third"]

    async def test_ih5_of_a_folder_that_a_mail_was_moved_to_meanwhile(
        self, hostile: HostileServer, make_sync: MakeSync
    ) -> None:
        """Whoever meets the new UIDs first: its own look adopts them, or the gap is jumped over."""
        projects = hostile.account.create("Projects")
        sync = await make_sync(hostile, folders=["INBOX", "Projects"])
        await sync.look_everywhere()
        put(hostile, "Moved")
        for subject in ("Known", "Left", "Left, too"):
            hostile.put(named(subject), "Projects")
        await sync.look_everywhere()
        projects.remove(2, 3)
        projects.renumber(1_800_000_000)
        hostile.put(named("In the gap"), "Projects")
        hostile.account.inbox.remove(1)
        hostile.put(named("Moved"), "Projects")

        await sync.look()
        await sync.look_everywhere()

        announced = await sync.announced()
        assert sorted(announced) == ["In the gap", "Known", "Left", "Left, too", "Moved"]

    async def test_ih5_changes_between_two_looks_of_one_session(self, known: Sync) -> None:
        inbox = known.inbox.account.inbox
        put(known.inbox, "Third")
        known.inbox.on("STATUS", then(lambda: inbox.renumber(1_800_000_000, first=3)))
        mailbox = await known.mailbox()
        async with known.session() as session:
            await catch_up(known.syncing, session, mailbox.id, peek=True)
            await catch_up(known.syncing, session, mailbox.id, peek=True)

        assert known.inbox.fired["STATUS"] == 1
        assert await known.announced() == ["First", "Second", "Third"]
        for subject in ("First", "Second", "Third"):
            assert await raw_of(known, subject) == named(subject)

    async def test_ih5_that_only_status_speaks_of(self, known: Sync) -> None:
        status = replaced(rb"UIDVALIDITY \d+", b"UIDVALIDITY 1800000000")
        known.inbox.on("STATUS", status, times=None)
        put(known.inbox, "Third")
        mailbox = await known.mailbox()
        async with known.session() as session:
            look = await catch_up(known.syncing, session, mailbox.id, peek=True)

        assert (look.found, look.has_more) == (1, False)
        assert await known.announced() == ["First", "Second", "Third"]
        assert (await known.mailbox()).uidvalidity == mailbox.uidvalidity

    async def test_ih6_while_an_action_is_queued(self, known: Sync) -> None:
        command = await ask(known, "Second", Archive())
        known.inbox.account.inbox.renumber(1_800_000_000, first=2)
        put(known.inbox, "Third")

        await known.run_commands()

        assert await outcome(known, command) == ("done", "")
        assert subjects_in(known.inbox, "Archive") == ["Second"]
        assert subjects_in(known.inbox, "INBOX") == ["Old", "First", "Third"]

    async def test_ih6_and_the_mail_is_not_there_any_more(self, known: Sync) -> None:
        command = await ask(known, "Second", Archive())
        known.inbox.account.inbox.remove(3)
        known.inbox.account.inbox.renumber(1_800_000_000, first=2)

        await known.run_commands()

        state, detail = await outcome(known, command)
        assert (state, detail) == ("failed", "The mail is no longer on the server.")
        assert subjects_in(known.inbox, "INBOX") == ["Old", "First"]


class TestMODSEQ:
    """Another client flags a mail while MODSEQ tells less than it should."""

    @pytest.fixture
    async def known(self, watched: Sync) -> Sync:
        put(watched.inbox, "First", "Second")
        await again(watched)
        return watched

    async def test_ik1_goes_back(self, known: Sync) -> None:
        known.inbox.account.inbox.set_flags(1, {"\\Flagged"})
        known.inbox.account.inbox.modseq = 1
        put(known.inbox, "Third")

        await again(known)

        await self.check(known, known.inbox)

    async def test_ik2_nomodseq(self, known: Sync) -> None:
        for name in ("SELECT", "EXAMINE"):
            known.inbox.on(name, replaced(rb"HIGHESTMODSEQ \d+", b"NOMODSEQ"), times=None)
        known.inbox.account.inbox.set_flags(1, {"\\Flagged"})
        put(known.inbox, "Third")

        await again(known)

        await self.check(known, known.inbox)

    async def test_ik3_only_flags_changed(self, known: Sync) -> None:
        known.inbox.account.inbox.set_flags(1, {"\\Seen", "\\Flagged"})
        await again(known)
        put(known.inbox, "Third")

        await again(known)

        await self.check(known, known.inbox)

    async def test_ik4_vanished_earlier_for_uids_we_never_saw(self, known: Sync) -> None:
        vanished = preceded_by(b"* VANISHED (EARLIER) 1:2,500:600\r\n")
        known.inbox.on("FETCH", vanished, times=None)
        known.inbox.account.inbox.set_flags(2, {"\\Seen"})
        put(known.inbox, "Third")

        await again(known)

        assert known.inbox.fired["FETCH"] >= 1
        await self.check(known, known.inbox)

    async def check(self, sync: Sync, server: HostileServer) -> None:
        """Nothing was posted twice, and the flags are the server's."""
        assert await sync.announced() == ["First", "Second", "Third"]
        assert {one.uid: set(one.flags) for one in await sync.all(Placement)} == {
            uid: one.flags for uid, one in server.account.inbox.mails.items()
        }
        assert [one for one in await sync.all(Placement) if one.gone_at is not None] == []


class TestIdentity:
    async def test_in1_one_mail_under_two_labels(
        self, hostile: HostileServer, make_sync: MakeSync
    ) -> None:
        """The rule: the same bytes in one account are one mail, wherever they lie."""
        hostile.account.create("Support")
        sync = await make_sync(hostile, folders=["INBOX", "Support"])
        await _look_everywhere(sync)
        for folder in ("INBOX", "Support"):
            hostile.put(named("Labelled"), folder, gmail_id=77)

        await _look_everywhere(sync)

        assert await sync.announced() == ["Labelled"]

    async def test_in2_no_message_id(self, watched: Sync) -> None:
        watched.inbox.put(mail("Nameless", body="One."))
        watched.inbox.put(mail("Nameless", body="Another."))

        await watched.look()

        assert await watched.announced() == ["Nameless", "Nameless"]

    async def test_in3_one_message_id_on_two_mails(self, watched: Sync) -> None:
        watched.inbox.put(mail("Monday", "same@acme.example", body="One."))
        watched.inbox.put(mail("Tuesday", "same@acme.example", body="Another."))

        await watched.look()

        assert await watched.announced() == ["Monday", "Tuesday"]
        assert await watched.ledger() == {1: "stored", 2: "stored"}

    async def test_in4_by_the_list_and_directly(self, watched: Sync) -> None:
        """The rule: other bytes are another mail, in the conversation of its Message-ID."""
        direct = mail("Release 2", "release@acme.example")
        watched.inbox.put(direct)
        watched.inbox.put(b"List-Id: <announce.acme.example>\r\n" + direct)

        await watched.look()

        assert await watched.announced() == ["Release 2", "Release 2"]
        async with watched.rows() as uow:
            posts = await uow.posts.cards_of(
                [one.conversation_id for one in await watched.all(Message)]
            )
        assert len(posts) == 1


async def _look_everywhere(sync: Sync) -> None:
    async with sync.session() as session:
        await sync.look(session)
        for name in ("INBOX", "Support"):
            mailbox = await sync.mailbox(name)
            await catch_up(sync.syncing, session, mailbox.id)


class TestDatesAndBacklog:
    async def test_io1_a_hundred_thousand_old_mails(
        self, hostile: HostileServer, make_sync: MakeSync
    ) -> None:
        raw = named("Old")
        hostile.account.inbox.on_change = lambda: None
        for _ in range(100_000):
            hostile.put(raw, internaldate=LONG_AGO)
        sync = await make_sync(hostile)

        await sync.look()
        put(hostile, "New")
        await sync.look()

        assert await sync.announced() == ["New"]
        assert await sync.ledger() == {100_001: "stored"}
        assert [one for one in hostile.commands("SEARCH") if "100001" not in one] == []

    async def test_io2_received_in_the_future(self, watched: Sync) -> None:
        future = datetime.now(UTC) + timedelta(days=20_000)
        watched.inbox.put(named("From the future"), internaldate=future)
        put(watched.inbox, "From today")

        await watched.look()
        watched.inbox.account.inbox.renumber(1_800_000_000)
        await watched.look()

        assert await watched.announced() == ["From the future", "From today"]

    @pytest.mark.parametrize(
        "date",
        [
            pytest.param(b"", id="io3-no-date"),
            pytest.param(b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n", id="io4-1970"),
        ],
    )
    async def test_order_is_by_uid(self, watched: Sync, date: bytes) -> None:
        put(watched.inbox, "First")
        dated = named("Second").replace(b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n", date)
        assert b"02 Mar 2026" not in dated
        watched.inbox.put(dated)
        put(watched.inbox, "Third")

        await watched.look()

        assert await watched.announced() == ["First", "Second", "Third"]


class TestSomebodyElseActs:
    async def test_iq1_the_mail_is_moved_while_we_move_it(self, watched: Sync) -> None:
        put(watched.inbox, "First")
        await watched.look()
        command = await ask(watched, "First", Archive())
        account = watched.inbox.account

        def move_it_elsewhere() -> None:
            account.folders["Junk"].add(account.inbox.mails[1].raw)
            account.inbox.remove(1)

        watched.inbox.on("MOVE", first(move_it_elsewhere))

        await watched.run_commands()

        assert watched.inbox.fired["MOVE"] == 1
        assert await outcome(watched, command) == ("failed", "The mail is no longer on the server.")
        assert subjects_in(watched.inbox, "Junk") == ["First"]
        assert subjects_in(watched.inbox, "Archive") == []

    async def test_iq2_store_on_a_vanished_uid_says_ok(self, watched: Sync) -> None:
        put(watched.inbox, "First")
        await watched.look()
        command = await ask(watched, "First", Flag())
        watched.inbox.on("STORE", first(lambda: watched.inbox.account.inbox.remove(1)))

        await watched.run_commands()

        assert watched.inbox.fired["STORE"] == 1
        assert await outcome(watched, command) == ("failed", "The mail is no longer on the server.")

    async def test_iq3_move_of_a_vanished_uid_says_ok(self, watched: Sync) -> None:
        put(watched.inbox, "First", "Second")
        await watched.look()
        command = await ask(watched, "First", Archive())
        watched.inbox.on("MOVE", first(lambda: watched.inbox.account.inbox.remove(1)))

        await watched.run_commands()

        assert watched.inbox.fired["MOVE"] == 1
        assert await outcome(watched, command) == ("failed", "The mail is no longer on the server.")
        assert subjects_in(watched.inbox, "INBOX") == ["Second"]
