"""What SMTP servers and networks do to a mail: sent twice never, silently lost never.

Each case says how the server behaves, connection by connection. The checker at the end knows what
the server really took, and holds that against what the team was told.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlmodel import select

from app.accounts.connect import remove
from app.core.ids import OutgoingId
from app.mail.address import Address
from app.outside.http import open_outside
from app.sandbox.mail.certificates import certificate_for_this_machine
from app.sending import send
from app.sending.settle import PATIENCE
from app.sending.smtp import SMTPTransport
from app.store.models import (
    Outgoing,
    OutgoingState,
    Proof,
    RecipientState,
    SenderIdentity,
)
from tests.fixtures.database import Workspace
from tests.fixtures.sending import LIMITS, Outbox, make_outbox
from tests.fixtures.smtp import Fail, Script, ScriptedSMTP

SENT, QUEUED, FAILED, UNKNOWN = (
    OutgoingState.SENT,
    OutgoingState.QUEUED,
    OutgoingState.FAILED,
    OutgoingState.UNKNOWN,
)
ANA = "ana@acme.example"


@dataclass(frozen=True)
class Case:
    scripts: Sequence[Script]
    first: OutgoingState
    """After the first attempt."""
    finally_: OutgoingState = SENT
    """When everything that goes on by itself has gone on."""
    words: str = ""
    """What the team is told after the first attempt."""
    copies: int = 1
    """How many the recipient has in the end."""
    extensions: Sequence[str] | None = None
    asked: dict[str, Any] = field(default_factory=dict)


CASES = {
    "RCPT 450": Case([{"RCPT": "450 4.2.0 busy"}], QUEUED, words="450 4.2.0 busy"),
    "RCPT 550": Case([{"RCPT": "550 5.1.1 no such user"}], FAILED, FAILED, "no such user", 0),
    "MAIL 451": Case([{"MAIL": "451 4.3.0 later"}], QUEUED, words="451 4.3.0 later"),
    "MAIL 550": Case([{"MAIL": "550 5.7.1 not you"}], FAILED, FAILED, "550 5.7.1 not you", 0),
    "DATA 451": Case([{"DATA": "451 4.3.0 later"}], QUEUED, words="451 4.3.0 later"),
    "DATA 554": Case([{"DATA": "554 5.5.1 no"}], FAILED, FAILED, "554 5.5.1 no", 0),
    "DATA answered 250": Case([{"DATA": "250 hm"}], QUEUED, words="250 hm"),
    "MAIL answered twice at once": Case(
        [{"MAIL": "250 ok\r\n250 ok"}], QUEUED, words="before it was asked"
    ),
    "RCPT answered twice at once": Case(
        [{"RCPT": "250 ok\r\n550 5.1.1 no such user"}], QUEUED, words="before it was asked"
    ),
    "the dot answered before it, then refused": Case(
        [{"DATA": "354 go ahead\r\n250 2.0.0 queued", "END": "554 5.6.0 no"}],
        QUEUED,
        words="before it was asked",
    ),
    "the dot refused before it, then taken": Case(
        [{"DATA": "354 go ahead\r\n554 5.6.0 no"}], QUEUED, words="before it was asked"
    ),
    "greeting 421": Case([{"greeting": "421 4.3.2 closing"}], QUEUED, words="421 4.3.2 closing"),
    "greeting 554": Case([{"greeting": "554 5.7.1 go away"}], QUEUED, words="554 5.7.1 go away"),
    "drop at the greeting": Case([{"greeting": Fail.DROP}], QUEUED),
    "silence at the greeting": Case([{"greeting": Fail.HANG}], QUEUED, words="did not answer"),
    "drop before MAIL": Case([{"MAIL": Fail.DROP}], QUEUED),
    "drop after RCPT": Case([{"RCPT": Fail.DROP}], QUEUED),
    "silence after RCPT": Case([{"RCPT": Fail.HANG}], QUEUED, words="did not answer"),
    "drop in DATA": Case([{"BODY": Fail.DROP}], QUEUED),
    "drop after the dot, not taken": Case([{"END": Fail.DROP}], UNKNOWN, UNKNOWN, "lost", 0),
    "drop after the dot, taken": Case([{"END": Fail.TAKE_AND_DROP}], UNKNOWN, UNKNOWN, "lost"),
    "silence after the dot, not taken": Case([{"END": Fail.HANG}], UNKNOWN, UNKNOWN, "lost", 0),
    "silence after the dot, taken": Case([{"END": Fail.TAKE_AND_HANG}], UNKNOWN, UNKNOWN, "lost"),
    "nonsense after the dot": Case([{"END": "hello?"}], UNKNOWN, UNKNOWN, "lost", 0),
    "451 after the dot": Case([{"END": "451 4.3.0 disk"}], QUEUED, words="451 4.3.0 disk"),
    "421 after the dot": Case([{"END": "421 4.3.2 closing"}], QUEUED, words="421 4.3.2 closing"),
    "550 after the dot": Case([{"END": "550 5.7.1 spam"}], FAILED, FAILED, "550 5.7.1 spam", 0),
    "554 after the dot": Case([{"END": "554 5.6.0 no"}], FAILED, FAILED, "554 5.6.0 no", 0),
    "gone before QUIT": Case([{"END": Fail.ANSWER_AND_DROP}], SENT),
    "QUIT refused": Case([{"QUIT": "500 what?"}], SENT),
    "QUIT unanswered": Case([{"QUIT": Fail.DROP}], SENT),
    "552 too large": Case([{"END": "552 5.3.4 too large"}], FAILED, FAILED, "largest files", 0),
    "SIZE too small": Case(
        [], FAILED, FAILED, "takes at most", 0, extensions=["SIZE 400", "AUTH PLAIN"]
    ),
    "SIZE lies": Case([{"MAIL": "552 5.3.4 too large"}], FAILED, FAILED, "largest files", 0),
    "AUTH 535": Case([{"AUTH": "535 5.7.8 bad"}], FAILED, FAILED, "refused the password", 0),
    "AUTH 454": Case([{"AUTH": "454 4.7.0 later"}], QUEUED, words="just now"),
    "AUTH not offered": Case(
        [], FAILED, FAILED, "no login that we know", 0, extensions=["8BITMIME"]
    ),
    "token expired in the session": Case([{"MAIL": "530 5.7.0 login"}], FAILED, FAILED, "530", 0),
    "greylisting, three rounds": Case([{"RCPT": "450 4.7.1 greylisted"}] * 3, QUEUED),
    "EHLO refused": Case([{"EHLO": "502 5.5.1 no"}], QUEUED, words="500 5.5.1 what?"),
}


async def until_it_rests(
    outbox: Outbox, outgoing_id: OutgoingId, *, seen: bool = False
) -> Outgoing:
    """Let everything that goes on by itself go on: later attempts, and looks into Sent."""
    for _ in range(8):
        row = await outbox.row(outgoing_id)
        if row.state is UNKNOWN and row.seen_in_sent is None:
            await outbox.looked(outgoing_id, seen=seen)
        await outbox.hurry()
        await outbox.drain()
    return await outbox.row(outgoing_id)


def check(outbox: Outbox, row: Outgoing, *, most: int = 1) -> None:
    """Nobody has it more often than somebody wanted, and nobody is told what is not so."""
    for recipient in set(outbox.server.recipients):
        assert outbox.server.recipients.count(recipient) <= most
    is_taken = bool(outbox.server.taken)
    assert row.state in {SENT, FAILED, UNKNOWN}
    if row.state is SENT:
        assert is_taken
    if row.state is FAILED:
        assert not is_taken
        assert row.detail
    if row.state is UNKNOWN:
        assert row.settled_at is not None
        assert "Nobody knows" in row.detail
    ids = {line for mail in outbox.server.taken for line in mail.raw.split(b"\r\n")
           if line.startswith(b"Message-ID")}  # fmt: skip
    assert ids <= {f"Message-ID: <{row.internet_message_id}>".encode()}


class TestWhateverTheServerDoes:
    @pytest.mark.parametrize("name", CASES)
    async def test_it_is_sent_once_and_told_truly(self, outbox: Outbox, name: str) -> None:
        case = CASES[name]
        outbox.server.scripts = list(case.scripts)
        if case.extensions is not None:
            outbox.server.extensions = case.extensions

        row = await outbox.send()
        assert row.state is case.first, row.detail
        assert case.words in row.detail
        assert row.attempts == 1

        row = await until_it_rests(outbox, row.id)
        assert row.state is case.finally_, row.detail
        assert outbox.server.recipients.count(ANA) == case.copies
        check(outbox, row)


class TestOneOfThree:
    ASKED: ClassVar = {"cc": (Address("", "ben@acme.example"), Address("", "carl@acme.example"))}

    async def test_refused_for_good_is_named_and_the_others_have_it(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT ben@acme.example": "550 5.1.1 unknown"}]

        row = await outbox.send(**self.ASKED)

        assert row.state is SENT
        assert row.detail == "Not taken for ben@acme.example: 550 5.1.1 unknown"
        states = {one: r.state for one, r in (await outbox.recipients(row.id)).items()}
        assert states["ben@acme.example"] is RecipientState.REFUSED
        assert sorted(outbox.server.recipients) == [ANA, "carl@acme.example"]

    async def test_refused_for_now_gets_it_later_alone(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT ben@acme.example": "450 4.2.1 busy"}]

        row = await outbox.send(**self.ASKED)
        assert (row.state, row.sent_at is not None) == (QUEUED, True)
        assert "ben@acme.example (450 4.2.1 busy)" in row.detail

        row = await until_it_rests(outbox, row.id)
        assert [mail.recipients for mail in outbox.server.taken] == [
            [ANA, "carl@acme.example"], ["ben@acme.example"],
        ]  # fmt: skip
        assert (row.state, row.detail) == (SENT, "")
        assert len(await outbox.messages()) == 2

    async def test_all_refused_differently(self, outbox: Outbox) -> None:
        outbox.server.scripts = [
            {"RCPT": "450 4.2.1 busy", f"RCPT {ANA}": "550 5.1.1 unknown"},
        ]

        row = await outbox.send(**self.ASKED)
        assert row.state is QUEUED

        row = await until_it_rests(outbox, row.id)
        assert row.detail == f"Not taken for {ANA}: 550 5.1.1 unknown"
        assert sorted(outbox.server.recipients) == ["ben@acme.example", "carl@acme.example"]


class TestPatience:
    async def test_ends_after_a_day(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT": "450 4.2.0 busy"}] * 2
        row = await outbox.send()
        hours = PATIENCE.total_seconds() / 3600 + 1
        await outbox.run(f"UPDATE outgoing SET tried_since = now() - interval '{hours} hours'")
        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(row.id)
        assert row.state is FAILED
        assert "24 hours" in row.detail
        assert "450 4.2.0 busy" in row.detail

    async def test_retry_begins_anew(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT": "550 5.1.1 unknown"}]
        row = await outbox.send()
        await outbox.again(row.id)
        await outbox.drain()

        assert (await outbox.row(row.id)).state is SENT


class TestAnAccountThatIsRemoved:
    """While a mail of it is on its way."""

    @pytest.mark.parametrize(("step", "copies"), [("blobs.get", 0), ("read_back", 1)])
    async def test_sends_nothing_more_and_stops_nobody(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str, copies: int
    ) -> None:
        """Before the mail is handed over, and before it is noted that it was."""
        owner: Any = outbox.sending.blobs if step == "blobs.get" else send
        name = step.rpartition(".")[2]
        as_ever = getattr(owner, name)

        async def removed_meanwhile(*given: Any) -> Any:
            async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
                await remove(uow, outbox.account_id)
            return await as_ever(*given)

        monkeypatch.setattr(owner, name, removed_meanwhile)
        await outbox.ask()

        await outbox.drain()

        assert len(outbox.server.taken) == copies
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            assert (await uow.session.exec(select(Outgoing))).all() == []


class TestTheWayThere:
    async def test_no_server_is_said_in_words(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE accounts SET smtp_host = NULL")

        row = await outbox.send()

        assert row.state is FAILED
        assert "has no server to send by" in row.detail

    async def test_an_address_that_was_taken_away_meanwhile_sends_nothing(
        self, outbox: Outbox
    ) -> None:
        identity = SenderIdentity(
            workspace_id=outbox.workspace.id,
            account_id=outbox.account_id,
            address="sales@example.com",
            proof=Proof.VERIFIED,
        )
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await uow.identities.add(identity)
        outgoing_id = await outbox.ask(sender="sales@example.com")
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await uow.identities.delete(await uow.identities.get(identity.id))

        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, outbox.server.connections) == (FAILED, 0)
        assert "may not send as sales@example.com any more" in row.detail

    async def test_a_private_address_is_not_connected_to(self, outbox: Outbox) -> None:
        gate = SMTPTransport(allow_private=False, ca_file=None, limits=LIMITS)
        object.__setattr__(outbox.sending, "transport", gate)

        row = await outbox.send()

        assert (row.state, outbox.server.connections) == (FAILED, 0)
        assert "not a public mail server" in row.detail

    async def test_nobody_there_is_tried_later(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE accounts SET smtp_port = 1")

        row = await outbox.send()

        assert row.state is QUEUED
        assert "Nothing answers at 127.0.0.1:1" in row.detail

    async def test_starttls_that_is_not_offered_sends_nothing(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE accounts SET smtp_security = 'starttls'")

        row = await outbox.send()

        assert (row.state, outbox.server.taken) == (QUEUED, [])
        assert "does not offer STARTTLS" in row.detail
        assert not any(one.startswith("AUTH") for one in outbox.server.commands)

    async def test_an_injected_recipient_never_reaches_the_wire(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask()
        await outbox.run(
            "UPDATE outgoing_recipients SET address = E'a@b.example>\\r\\nRCPT TO:<x@y.example'"
        )
        await outbox.drain()

        assert (await outbox.row(outgoing_id)).state is FAILED
        assert not any("x@y.example" in one for one in outbox.server.commands)


class TestTLS:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
        folder = tmp_path / "tls"
        folder.mkdir()
        files = certificate_for_this_machine(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate_file, files.key_file)
        return context, files.ca_file

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    @pytest.mark.parametrize("trusted", [True, False])
    async def test_certificates(
        self,
        workspace: Workspace,
        tmp_path: Path,
        certificate: tuple[ssl.SSLContext, Path],
        security: str,
        trusted: bool,
    ) -> None:
        context, ca_file = certificate
        implicit = security == "tls"
        async with (
            ScriptedSMTP(tls=context, implicit_tls=implicit) as server,
            open_outside(allow_private=True) as outside,
        ):
            outbox = await make_outbox(workspace, tmp_path, server, outside, smtp_security=security)
            transport = SMTPTransport(
                allow_private=True, ca_file=ca_file if trusted else None, limits=LIMITS
            )
            object.__setattr__(outbox.sending, "transport", transport)

            row = await outbox.send()

        assert row.state is (SENT if trusted else QUEUED)
        if not trusted:
            assert "certificate" in row.detail
            assert not any(one.startswith("AUTH") for one in server.commands)
