"""A connection for sending that is kept for the next mail: used when it is sound, and never else.

The invariant is that of `test_faults`: sent twice never, silently lost never; and a connection that
went bad while it was kept is nobody's failed attempt.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.accounts.connect import ask_for_test, remove
from app.accounts.pausing import pause
from app.mail.address import Address
from app.mailbox.port import Security, ServerSpec
from app.outside.http import open_outside
from app.providers.base import Facts
from app.sending.kept import KeptLines
from app.sending.port import Envelope
from app.sending.smtp import SMTPTransport
from app.store.models import OutgoingState
from app.store.notify import NotificationHub
from tests.fixtures.database import Workspace
from tests.fixtures.sending import LIMITS, Outbox, make_outbox
from tests.fixtures.smtp import Fail, Script, ScriptedSMTP
from tests.fixtures.stack import eventually
from tests.integration.sending.test_faults import ANA, check, until_it_rests

SENT, QUEUED, FAILED, UNKNOWN = (
    OutgoingState.SENT,
    OutgoingState.QUEUED,
    OutgoingState.FAILED,
    OutgoingState.UNKNOWN,
)
FOREVER = timedelta(hours=1)


def facts(kept: timedelta = FOREVER, mails: int = 20) -> Facts:
    return Facts(sending_line_kept=kept, mails_per_sending_line=mails)


@pytest.fixture
async def lines(workspace: Workspace) -> AsyncIterator[KeptLines]:
    async with (
        NotificationHub(workspace.url) as hub,
        KeptLines(hub, probe_seconds=0.3, facts_of=lambda _: facts()) as lines,
    ):
        await hub.until_listening()
        yield lines


@pytest.fixture
async def outbox(workspace: Workspace, tmp_path: Path, lines: KeptLines) -> AsyncIterator[Outbox]:
    async with ScriptedSMTP() as server, open_outside(allow_private=True) as outside:
        yield await make_outbox(workspace, tmp_path, server, outside, lines)


class TestTheNextMail:
    async def test_goes_by_the_same_connection_and_login(
        self, outbox: Outbox, lines: KeptLines
    ) -> None:
        first, second = await outbox.send(), await outbox.send()

        assert (first.state, second.state) == (SENT, SENT)
        assert outbox.server.connections == 1
        assert [one.split(" ")[0] for one in outbox.server.commands] == [
            "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA",
        ]  # fmt: skip
        assert len(lines) == 1

    async def test_of_the_same_job_does_too(self, outbox: Outbox) -> None:
        for _ in range(3):
            await outbox.ask()
        await outbox.drain()

        assert (len(outbox.server.taken), outbox.server.connections) == (3, 1)

    async def test_with_another_password_does_not(self, outbox: Outbox) -> None:
        await outbox.send()
        secret = outbox.sending.vault.seal("battery-staple")
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            (await uow.accounts.lock(outbox.account_id)).smtp_secret = secret

        row = await outbox.send()

        assert (row.state, outbox.server.connections) == (SENT, 2)

    async def test_after_the_most_that_one_connection_takes_has_a_new_one(
        self, outbox: Outbox, lines: KeptLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lines, "_facts_of", lambda _: facts(mails=2))

        for _ in range(3):
            await outbox.send()

        assert (len(outbox.server.taken), outbox.server.connections) == (3, 2)

    async def test_where_the_provider_grants_none_has_a_new_one(
        self, outbox: Outbox, lines: KeptLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lines, "_facts_of", lambda _: facts(kept=timedelta(0)))

        for _ in range(2):
            await outbox.send()

        assert (len(lines), outbox.server.connections) == (0, 2)


@dataclass(frozen=True)
class Case:
    script: Script
    """Of the connection that has taken one mail."""
    state: OutgoingState = SENT
    copies: int = 1
    connections: int = 2
    words: str = ""


WENT_BAD = {
    "gone before it is asked": Case({"RSET": Fail.DROP}),
    "silent when it is asked": Case({"RSET": Fail.HANG}),
    "knows no RSET": Case({"RSET": "502 5.5.1 what?"}),
    "421 to RSET": Case({"RSET": "421 4.4.2 idle too long"}),
    "an answer too many": Case({"END": "250 2.0.0 queued\r\n250 2.0.0 again"}),
    "an answer too many later": Case({"RSET": "250 2.0.0 as new\r\n250 2.0.0 again"}),
    "an answer too many, and a no of the mail before": Case(
        {"RSET": "250 2.0.0 as new\r\n250 2.0.0 again", "RCPT #2": "550 5.1.1 nobody here"}
    ),
    "421 to MAIL": Case({"MAIL #2": "421 4.7.0 too many mails"}),
    "452 to MAIL": Case({"MAIL #2": "452 4.5.3 too many mails"}),
    "login ended": Case({"MAIL #2": "530 5.7.0 token expired"}),
    "gone at MAIL": Case({"MAIL #2": Fail.DROP}),
    "silent at MAIL": Case({"MAIL #2": Fail.HANG}),
    "gone at RCPT": Case({"RCPT #2": Fail.DROP}),
    "421 to RCPT": Case({"RCPT #2": "421 4.3.2 closing"}),
    "gone at DATA": Case({"DATA #2": Fail.DROP}),
    "451 to DATA": Case({"DATA #2": "451 4.3.0 later"}),
    "554 to DATA": Case({"DATA #2": "554 5.5.1 no"}),
    "421 to DATA": Case({"DATA #2": "421 4.3.2 closing"}),
    "RCPT answered twice at once": Case({"RCPT #2": "250 ok\r\n550 5.1.1 nobody here"}),
    "the dot answered before it": Case(
        {"DATA #2": "354 go ahead\r\n250 2.0.0 queued", "END #2": "554 5.6.0 no"}
    ),
    "gone in the mail": Case({"BODY #2": Fail.DROP}),
}
ABOUT_THE_MAIL = {
    "RCPT 450": Case({"RCPT #2": "450 4.2.0 busy"}, QUEUED, 0, 1, "450 4.2.0 busy"),
    "RCPT 550": Case({"RCPT #2": "550 5.1.1 unknown"}, FAILED, 0, 1, "550 5.1.1 unknown"),
    "451 after the dot": Case({"END #2": "451 4.3.0 disk"}, QUEUED, 0, 1, "451 4.3.0 disk"),
    "421 after the dot": Case({"END #2": "421 4.3.2 closing"}, QUEUED, 0, 1, "421 4.3.2"),
    "550 after the dot": Case({"END #2": "550 5.7.1 spam"}, FAILED, 0, 1, "550 5.7.1 spam"),
    "gone after the dot, not taken": Case({"END #2": Fail.DROP}, UNKNOWN, 0, 1, "lost"),
    "gone after the dot, taken": Case({"END #2": Fail.TAKE_AND_DROP}, UNKNOWN, 1, 1, "lost"),
    "silent after the dot, taken": Case({"END #2": Fail.TAKE_AND_HANG}, UNKNOWN, 1, 1, "lost"),
    "nonsense after the dot": Case({"END #2": "hello?"}, UNKNOWN, 0, 1, "lost"),
    "gone before QUIT": Case({"END #2": Fail.ANSWER_AND_DROP}, SENT, 1, 1),
}


class TestAKeptConnectionThatFails:
    @pytest.mark.parametrize("name", WENT_BAD)
    async def test_costs_a_new_one_and_no_attempt(self, outbox: Outbox, name: str) -> None:
        case = WENT_BAD[name]
        outbox.server.scripts = [case.script]
        await outbox.send()

        row = await outbox.send(to=(Address("", "eva@other.example"),))

        assert (row.state, row.attempts) == (SENT, 1), row.detail
        assert outbox.server.connections == case.connections
        assert outbox.server.recipients == [ANA, "eva@other.example"]

    @pytest.mark.parametrize("name", ABOUT_THE_MAIL)
    async def test_over_the_mail_itself_is_told_as_ever(self, outbox: Outbox, name: str) -> None:
        case = ABOUT_THE_MAIL[name]
        outbox.server.scripts = [case.script]
        first = await outbox.send(to=(Address("", "eva@other.example"),))

        row = await outbox.send()

        assert (row.state, row.attempts) == (case.state, 1)
        assert case.words in row.detail
        assert outbox.server.connections == case.connections
        assert outbox.server.recipients.count(ANA) == case.copies
        row = await until_it_rests(outbox, row.id)
        await outbox.run(f"DELETE FROM outgoing WHERE id = '{first.id}'")
        outbox.server.taken = [one for one in outbox.server.taken if ANA in one.recipients]
        check(outbox, row)

    async def test_of_a_token_that_was_renewed_is_not_asked(self, outbox: Outbox) -> None:
        """The token is the password: with another one it is another login."""
        await outbox.send()
        lines = outbox.sending.transport._kept  # type: ignore[attr-defined]
        server = ServerSpec("127.0.0.1", outbox.server.port, Security.NONE, "support", "other")

        assert await lines.take(outbox.account_id, server) is None
        await eventually(lambda: is_left(outbox))


class TestAConnectionThatIsNotKept:
    @pytest.mark.parametrize(
        "script",
        [
            {"RCPT": "550 5.1.1 unknown"},
            {"END": "451 4.3.0 disk"},
            {"END": Fail.TAKE_AND_DROP},
            {"END": Fail.ANSWER_AND_DROP},
            {"RCPT ben@acme.example": "550 5.1.1 unknown"},
        ],
    )
    async def test_refused_or_broke(self, outbox: Outbox, lines: KeptLines, script: Script) -> None:
        outbox.server.scripts = [script]

        await outbox.send(
            cc=(Address("", "ben@acme.example"),) if "RCPT ben" in str(script) else ()
        )

        assert len(lines) == 0
        await eventually(lambda: is_left(outbox))

    async def test_is_that_of_a_mail_without_an_account(
        self, outbox: Outbox, lines: KeptLines
    ) -> None:
        transport = SMTPTransport(allow_private=True, ca_file=None, limits=LIMITS, kept=lines)
        server = ServerSpec("127.0.0.1", outbox.server.port, Security.NONE, "", "")

        async def nothing() -> None: ...

        envelope = Envelope("a@b.example", [ANA])
        await transport.deliver(
            server, envelope, b"Subject: x\r\n\r\ny\r\n", before_the_end=nothing
        )

        assert len(lines) == 0


async def is_left(outbox: Outbox) -> bool:
    return outbox.server.open == 0


class TestLettingGo:
    async def test_when_its_time_is_over(
        self, outbox: Outbox, lines: KeptLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lines, "_facts_of", lambda _: facts(timedelta(milliseconds=50)))
        await outbox.send()

        await eventually(lambda: is_left(outbox))
        assert len(lines) == 0
        assert outbox.server.commands[-1] == "QUIT"

    async def test_when_the_account_is_changed(self, outbox: Outbox, lines: KeptLines) -> None:
        await outbox.send()
        await asyncio.sleep(0)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await ask_for_test(uow, outbox.account_id)

        await eventually(lambda: is_left(outbox))
        assert len(lines) == 0

    async def test_when_the_account_is_paused(self, outbox: Outbox, lines: KeptLines) -> None:
        await outbox.send()
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await pause(uow, outbox.account_id, by="Ben", now=await uow.outgoing.time())

        await eventually(lambda: is_left(outbox))
        assert len(lines) == 0

    async def test_when_the_account_is_removed(self, outbox: Outbox, lines: KeptLines) -> None:
        await outbox.send()
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await remove(uow, outbox.account_id)

        await eventually(lambda: is_left(outbox))
        assert len(lines) == 0

    async def test_when_the_process_ends(self, workspace: Workspace, tmp_path: Path) -> None:
        async with ScriptedSMTP() as server, open_outside(allow_private=True) as outside:
            async with KeptLines(NotificationHub(workspace.url)) as lines:
                outbox = await make_outbox(workspace, tmp_path, server, outside, lines)
                await outbox.send()
                assert len(lines) == 1

            assert server.commands[-1] == "QUIT"
            row = await outbox.send()
            assert (row.state, len(lines)) == (SENT, 0)

    async def test_when_others_need_the_room(
        self, workspace: Workspace, outbox: Outbox, tmp_path: Path
    ) -> None:
        hub = NotificationHub(workspace.url)
        async with (
            KeptLines(hub, most=1, facts_of=lambda _: facts()) as lines,
            open_outside(allow_private=True) as outside,
        ):
            (tmp_path / "a").mkdir()
            boxes = [
                await make_outbox(
                    workspace, tmp_path, outbox.server, outside, lines, address=f"{n}@example.com"
                )
                for n in range(2)
            ]
            for one in boxes:
                await one.send()

            assert len(lines) == 1
            await eventually(lambda: only_one(outbox))


async def only_one(outbox: Outbox) -> bool:
    return outbox.server.open == 1
