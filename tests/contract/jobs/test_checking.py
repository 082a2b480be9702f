"""The live test of a mailbox, against a real Dovecot and a scripted server for sending."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.jobs.checking import Checker, Progress, StepState, WhatToCheck
from app.mailbox.port import Security, ServerSpec
from app.mailbox.sessions import IMAPServers
from app.sandbox.mail.dovecot import DovecotInbox
from app.sending.smtp import SMTPTransport
from app.sending.smtp_line import Limits
from tests.fixtures.sessions import mail, make_servers, spec_of
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import eventually

LIMITS = Limits(connect=2, answer=2, end=2, total=5)


@pytest.fixture
async def servers(mail_user: DovecotInbox) -> AsyncIterator[IMAPServers]:
    async with make_servers(mail_user.ca_file) as opened:
        yield opened


def checker(servers: IMAPServers, ca_file: Path | None, *, allow_private: bool = True) -> Checker:
    transport = SMTPTransport(allow_private=True, ca_file=ca_file, limits=LIMITS)
    return Checker(servers, transport, allow_private=allow_private, ca_file=ca_file, loop_seconds=5)


async def check(
    servers: IMAPServers, inbox: DovecotInbox, *, allow_private: bool = True, **changes: object
) -> Progress:
    """The progress when all is done; the steps were seen to go forward only."""
    what = WhatToCheck(inbox.username, spec_of(inbox))
    what = replace(what, **changes)  # type: ignore[arg-type]
    seen: list[dict[str, StepState]] = []
    progress: Progress | None = None
    run = checker(servers, inbox.ca_file, allow_private=allow_private)
    async for progress in run.check(what):
        seen.append({key: step.state for key, step in progress.steps.items()})
    assert progress is not None
    running = [[key for key, state in one.items() if state is StepState.RUNNING] for one in seen]
    assert all(len(keys) <= 1 for keys in running)
    assert not {StepState.WAITING, StepState.RUNNING} & set(seen[-1].values())
    return progress


def states(progress: Progress) -> dict[str, str]:
    return {key: str(step.state) for key, step in progress.steps.items()}


class TestAMailboxThatIsWell:
    async def test_passes_each_step(self, servers: IMAPServers, mail_user: DovecotInbox) -> None:
        await mail_user.deliver(mail("One"))
        await mail_user.deliver(mail("Two"))

        progress = await check(servers, mail_user)

        assert set(states(progress).values()) == {"ok"}
        assert list(progress.steps) == [
            "name", "tls", "greeting", "login", "capabilities", "folders", "history",
        ]  # fmt: skip
        folders = {one["name"]: one["role"] for one in progress.found["folders"]}
        assert (folders["INBOX"], folders["Sent"]) == ("inbox", "sent")
        assert progress.found["history"] == {"7": 2, "30": 2, "90": 2, "365": 2, "all": 2}
        assert "127.0.0.1" in progress.steps["name"].detail
        assert "SharedBox test authority" in progress.steps["tls"].detail

    async def test_is_left_as_it_was(self, servers: IMAPServers, mail_user: DovecotInbox) -> None:
        await mail_user.deliver(mail("One"))
        before = await mail_user.server.status(mail_user.username, "INBOX")

        await check(servers, mail_user)

        after = await mail_user.server.status(mail_user.username, "INBOX")
        assert (after["messages"], after["unseen"]) == (before["messages"], before["unseen"])

    async def test_by_starttls_is_secured_too(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        imap = spec_of(mail_user, security=Security.STARTTLS, port=mail_user.server.imap_port)

        progress = await check(servers, mail_user, imap=imap)

        assert states(progress)["tls"] == "ok"
        assert "SharedBox test authority" in progress.steps["tls"].detail

    async def test_without_encryption_is_told_so(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        imap = spec_of(mail_user, security=Security.NONE, port=mail_user.server.imap_port)

        progress = await check(servers, mail_user, imap=imap)

        assert states(progress)["tls"] == "note"
        assert "not encrypted" in progress.steps["tls"].detail


class TestAMailboxThatIsNotWell:
    async def test_stops_where_the_password_is_wrong(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        progress = await check(servers, mail_user, imap=spec_of(mail_user, password="wrong-one"))

        assert states(progress) == {
            "name": "ok", "tls": "ok", "greeting": "ok", "login": "failed",
            "capabilities": "skipped", "folders": "skipped", "history": "skipped",
        }  # fmt: skip
        assert "refused the password" in progress.steps["login"].detail
        assert "wrong-one" not in repr(progress)
        assert progress.steps["login"].fix

    @pytest.mark.parametrize(
        ("changes", "step", "words"),
        [
            ({"host": "mail.invalid"}, "name", "could not be found"),
            ({"port": 1}, "tls", "Nothing answers"),
        ],
    )
    async def test_says_where_it_ends(
        self,
        servers: IMAPServers,
        mail_user: DovecotInbox,
        changes: dict[str, object],
        step: str,
        words: str,
    ) -> None:
        progress = await check(servers, mail_user, imap=spec_of(mail_user, **changes))

        assert states(progress)[step] == "failed"
        assert words in progress.steps[step].detail
        assert progress.steps[step].fix
        assert states(progress)["history"] == "skipped"

    async def test_is_not_believed_by_those_who_do_not_know_its_authority(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        what = WhatToCheck(mail_user.username, spec_of(mail_user))

        progress = [one async for one in checker(servers, None).check(what)][-1]

        assert states(progress)["tls"] == "failed"
        assert "cannot be trusted" in progress.steps["tls"].detail
        assert states(progress)["login"] == "skipped"

    async def test_is_not_asked_inside_our_network(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        progress = await check(servers, mail_user, allow_private=False)

        assert states(progress)["name"] == "failed"
        assert "not a public mail server" in progress.steps["name"].detail


class TestSending:
    async def test_is_tried_without_sending(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with ScriptedSMTP() as smtp:
            progress = await check(servers, mail_user, smtp=plain(smtp, mail_user))

        assert states(progress)["smtp"] == "ok"
        assert smtp.taken == []

    async def test_that_is_refused_says_so(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with ScriptedSMTP([{"AUTH": "535 5.7.8 No."}]) as smtp:
            progress = await check(servers, mail_user, smtp=plain(smtp, mail_user), with_loop=True)

        assert (states(progress)["smtp"], states(progress)["loop"]) == ("failed", "skipped")
        assert "refused the password" in progress.steps["smtp"].detail

    async def test_to_itself_is_seen_to_arrive_and_removed(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with ScriptedSMTP() as smtp, asyncio.TaskGroup() as world:
            world.create_task(carry(smtp, mail_user))
            progress = await check(servers, mail_user, smtp=plain(smtp, mail_user), with_loop=True)

        assert states(progress)["loop"] == "ok"
        assert "received within" in progress.steps["loop"].detail
        status = await mail_user.server.status(mail_user.username, "INBOX")
        assert status["messages"] == 0

    async def test_to_itself_that_does_not_arrive_says_so(
        self, servers: IMAPServers, mail_user: DovecotInbox
    ) -> None:
        async with ScriptedSMTP() as smtp:
            progress = await check(servers, mail_user, smtp=plain(smtp, mail_user), with_loop=True)

        assert states(progress)["loop"] == "failed"
        assert "did not arrive" in progress.steps["loop"].detail
        assert len(smtp.taken) == 1


async def carry(smtp: ScriptedSMTP, inbox: DovecotInbox) -> None:
    """Hand on what is sent to the inbox, as the world does."""

    async def taken() -> bool:
        return bool(smtp.taken)

    await eventually(taken)
    await inbox.deliver(smtp.taken[0].raw)


def plain(smtp: ScriptedSMTP, inbox: DovecotInbox) -> ServerSpec:
    return ServerSpec("127.0.0.1", smtp.port, Security.NONE, inbox.username, inbox.password)
