"""Servers without this or that extension, and folders that come and go: the same results."""

import pytest

from app.commands.types import Archive, Flag
from app.core.ids import CommandId
from tests.fixtures.sessions import mail
from tests.fixtures.stack import eventually
from tests.fixtures.syncing import Sync
from tests.rig.asking import ask, named, outcome, put, subjects_in
from tests.rig.fixtures import MakeTended, Tended
from tests.rig.imap_server import HostileServer


async def settled(tended: Tended, command_id: CommandId) -> tuple[str, str]:
    async def look() -> tuple[str, str] | None:
        state, detail = await outcome(tended.sync, command_id)
        return (state, detail) if state in {"done", "failed"} else None

    found: tuple[str, str] = await eventually(look)
    return found


class TestWithoutAnExtension:
    """Mail comes in, is flagged and is archived, beside a mail that somebody else has \\Deleted."""

    @pytest.mark.parametrize(
        "without",
        [
            pytest.param({"IDLE"}, id="ij1-IDLE"),
            pytest.param({"MOVE"}, id="ij2-MOVE"),
            pytest.param({"UIDPLUS"}, id="ij3-UIDPLUS"),
            pytest.param({"CONDSTORE", "QRESYNC"}, id="ij4-CONDSTORE"),
            pytest.param({"LITERAL+"}, id="ij5-LITERAL+"),
            pytest.param({"SPECIAL-USE"}, id="ij6-SPECIAL-USE"),
            pytest.param({"ENABLE"}, id="ij7-ENABLE"),
            pytest.param({"ID"}, id="ij8-ID"),
        ],
    )
    async def test_all_is_the_same(self, make_tended: MakeTended, without: set[str]) -> None:
        async with HostileServer(without=without) as server:
            tended = await make_tended(server, poll_seconds=5)
            put(server, "Bystander", "First")
            await tended.brings_in("Bystander", "First")
            server.account.inbox.set_flags(1, {"\\Deleted"})

            flag = await ask(tended.sync, "First", Flag())
            assert await settled(tended, flag) == ("done", "")
            archive = await ask(tended.sync, "First", Archive())
            assert await settled(tended, archive) == ("done", "")

            assert subjects_in(server, "Archive") == ["First"]
            (archived,) = server.account.folders["Archive"].mails.values()
            assert "\\Flagged" in archived.flags
            assert subjects_in(server, "INBOX") == ["Bystander"]
            await tended.stop()

    async def test_ij5_a_message_id_that_could_only_be_sent_as_a_literal(
        self, make_tended: MakeTended
    ) -> None:
        async with HostileServer(without={"LITERAL+"}) as server:
            tended = await make_tended(server)
            server.put(mail("First", "größe@acme.example"))
            await tended.brings_in("First")
            await tended.stop()
            archive = await ask(tended.sync, "First", Archive())
            server.account.inbox.renumber(1_800_000_000, first=5)
            await tended.start()

            assert await settled(tended, archive) == ("done", "")

            assert subjects_in(server, "Archive") == ["First"]
            await tended.stop()

    async def test_ij2_ij3_neither_move_nor_uidplus(self, make_tended: MakeTended) -> None:
        """Without both the original can only be marked: an EXPUNGE would take the bystander too."""
        async with HostileServer(without={"MOVE", "UIDPLUS"}) as server:
            tended = await make_tended(server)
            put(server, "Bystander", "First")
            await tended.brings_in("Bystander", "First")
            server.account.inbox.set_flags(1, {"\\Deleted"})

            archive = await ask(tended.sync, "First", Archive())
            assert await settled(tended, archive) == ("done", "")

            assert subjects_in(server, "Archive") == ["First"]
            assert subjects_in(server, "INBOX") == ["Bystander", "First"]
            assert server.account.inbox.mails[2].flags >= {"\\Deleted"}
            assert server.commands("EXPUNGE", "CLOSE") == []
            await tended.stop()


class TestFolders:
    @pytest.fixture
    async def tended(self, hostile: HostileServer, make_tended: MakeTended) -> Tended:
        hostile.account.create("Projects")
        tended = await make_tended(hostile, folders=["INBOX", "Projects"])
        hostile.put(named("Plan"), "Projects")
        await tended.retry_now()
        await tended.brings_in("Plan")
        return tended

    async def test_ii1_deleted_recreated_and_renamed(self, tended: Tended) -> None:
        account = tended.server.account
        old = account.folders.pop("Projects")
        await tended.retry_now()
        put(tended.server, "While it was gone")
        await tended.brings_in("Plan", "While it was gone")
        await eventually(lambda: _is(tended, listed=False))

        account.create("Projects")
        tended.server.put(named("Fresh"), "Projects")
        tended.server.put(old.mails[1].raw, "Projects")
        await tended.retry_now()
        await tended.brings_in("Plan", "While it was gone", "Fresh")
        await eventually(lambda: _is(tended, listed=True))

        account.rename("Projects", "Projekte")
        await tended.retry_now()
        put(tended.server, "Last")
        await tended.brings_in("Plan", "While it was gone", "Fresh", "Last")
        assert (await tended.account()).state == "live"
        assert sorted(await tended.sync.announced()) == [
            "Fresh", "Last", "Plan", "While it was gone",
        ]  # fmt: skip

    async def test_ii2_cannot_be_selected(self, tended: Tended) -> None:
        tended.server.account.folders["Projects"].attributes = ("\\Noselect",)
        await tended.retry_now()
        put(tended.server, "First")

        await tended.brings_in("Plan", "First")

        await eventually(lambda: _is(tended, selectable=False))
        assert (await tended.account()).state == "live"

    async def test_ii3_appears_later(self, hostile: HostileServer, make_tended: MakeTended) -> None:
        tended = await make_tended(hostile, folders=["INBOX", "Later"])
        hostile.account.create("Later")
        await tended.retry_now()
        await eventually(lambda: _begun(tended))

        hostile.put(named("First"), "Later")
        await tended.retry_now()

        await tended.brings_in("First")


class TestTheFolderForSentMail:
    """It is watched for what it is for, so nobody can take it off a list."""

    async def test_that_is_gone_is_waited_for(self, watched: Sync, hostile: HostileServer) -> None:
        del hostile.account.folders["Sent"]

        await watched.look_everywhere()

        sent = await watched.mailbox("Sent")
        assert (sent.listed, sent.watched) == (False, True)
        assert "switch off watching sent mail" in sent.detail

    async def test_that_is_gone_gives_its_place_to_another(
        self, watched: Sync, hostile: HostileServer
    ) -> None:
        del hostile.account.folders["Sent"]
        hostile.account.create("Gesendet", "\\Sent").uidvalidity = 5

        await watched.look_everywhere()

        sent, other = [await watched.mailbox(name) for name in ("Sent", "Gesendet")]
        assert (sent.listed, sent.watched, sent.detail) == (False, False, "")
        assert (other.listed, other.watched) == (True, True)


async def _is(tended: Tended, **wanted: bool) -> bool:
    """Whether the folder is so by now: a round that was under way may have brought the mail in."""
    mailbox = await tended.sync.mailbox("Projects")
    return all(getattr(mailbox, name) is value for name, value in wanted.items())


async def _begun(tended: Tended) -> bool:
    return (await tended.sync.mailbox("Later")).watermark is not None
