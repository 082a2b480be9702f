"""A process is killed between any two steps, or fails there; nothing is lost, nothing is doubled.

Each of the points K01 to K22 of `app/core/faults.py` is passed by one worker alone and by two, and
each time the process kills itself there as `kill -9` would, or raises an error that nobody foresaw.
The whole of SharedBox keeps running in between, as it would; what a case asserts is about its own
mail. A further mail marks the end: once its card is there, all before it must be, too.
"""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import URL

from app.core import faults as core_faults
from app.sandbox.mail.dovecot import Dovecot
from app.sandbox.slack.local import LocalSlack
from tests.fixtures.database import new_database
from tests.fixtures.mailservers import PASSWORD, log_in
from tests.fixtures.sessions import mail
from tests.fixtures.stack import ACK_SECONDS, Stack, eventually, text_of
from tests.rig.crew import Crew, Hands
from tests.rig.faultfile import FaultFile

INBOUND = [
    "K01",
    "K02",
    "K03",
    "K04",
    "K05",
    "K06",
    "K07",
    "K08",
    "K09",
    "K10",
    "K11",
    "K12",
    "K13",
]
FILES = ["K14", "K15", "K16"]
CLICK = ["K17", "K18"]
COMMAND = ["K19", "K20", "K21", "K22"]

UNREADABLE = b"\r\n"
"""Neither a header nor a body: there is nothing to show."""

PATIENCE = 40
"""Seconds; a machine that does much else at once takes its time to start a process."""


@dataclass
class Site:
    """All that runs, for every case of this file."""

    stack: Stack
    faults: FaultFile
    web: Crew
    workers: Crew
    hands: Hands
    account_id: str = ""
    action: str = "kill"
    size: int = 1

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_subject(self, point: str) -> str:
        return f"{point} case {next(self._numbers)}"

    async def deliver(self, subject: str) -> None:
        await self.stack.inbox.deliver(mail(subject, f"{subject.replace(' ', '.')}@acme.example"))

    async def reconnect(self) -> None:
        """Have the account connected anew; whether that works is not waited for."""
        with contextlib.suppress(httpx.ReadTimeout):
            await self.stack.api.post(f"/accounts/{self.account_id}/test", timeout=0.5)

    async def strike(self) -> None:
        """Wait until the armed fault has struck, and replace a worker that was alone."""
        if self.action == "raise":
            await eventually(self.faults.has_struck, PATIENCE)
            return
        await self.workers.until_one_dies()
        if self.size == 1:
            await self.workers.muster(1)

    async def card(self, subject: str) -> str:
        """The ts of the card that a mail got."""

        async def find() -> str | None:
            found = [one["ts"] for one in self.stack.cards() if subject in text_of(one)]
            return found[0] if found else None

        ts: str = await eventually(find, PATIENCE)
        return ts

    async def until_told(self, *, more_than: int) -> None:
        """Wait until Ana was told that something went wrong."""

        async def look() -> bool:
            return len(self.stack.slack.ephemerals("Ana", "support")) > more_than

        await eventually(look)

    async def is_archived(self, ts: str) -> None:
        async def look() -> bool:
            return "🗄 Archived" in text_of(self.stack.slack.message("support", ts))

        await eventually(look, PATIENCE)

    async def settle(self) -> None:
        """Wait until everything that was delivered before has had its turn."""
        subject = self.new_subject("Last")
        await self.deliver(subject)
        await self.card(subject)

    async def folder(self) -> dict[str, Any]:
        account = (await self.stack.api.get(f"/accounts/{self.account_id}")).json()
        (inbox,) = [one for one in account["mailboxes"] if one["name"] == "INBOX"]
        return dict(inbox)

    async def check_folder(self) -> None:
        """Every UID that the server ever gave is settled."""
        server = await self.stack.inbox.server.status(self.stack.inbox.username, "INBOX")
        inbox = await self.folder()
        assert (inbox["watermark"], inbox["missing"]) == (server["uidnext"], 0)
        assert inbox["accounted"] >= server["messages"]

    def times_shown(self, words: str) -> int:
        return sum(words in text_of(card) for card in self.stack.slack.messages("support"))

    def lies_in(self, subject: str) -> list[str]:
        """The folders in which a mail is, as another mail client finds it."""
        found = []
        with log_in(self.stack.inbox) as client:
            for folder in ("INBOX", "Archive"):
                client.select(folder, readonly=True)
                hits = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
                found += [folder] * len(hits)
        return found

    async def done(self, subject: str) -> int:
        """How often something was done to a mail, by the event log."""
        pages = (await self.stack.api.get("/conversations", params={"q": subject})).json()
        (conversation,) = [one for one in pages["items"] if one["subject"] == subject]
        events = await self.stack.events("command.done")
        return sum(one["conversation_id"] == conversation["id"] for one in events)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    postgres: URL, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("kill-points")
    # There may be several in one process, one after the other: each begins with an empty mailbox.
    inbox = dovecot.add_user(f"kill-points-{folder.name}@example.com", PASSWORD)
    faults = FaultFile(folder)
    with new_database(postgres) as database, pytest.MonkeyPatch.context() as patch:
        async with (
            LocalSlack(time_scale=0.05, ack_seconds=ACK_SECONDS) as slack,
            Stack(database, folder, inbox, slack) as stack,
        ):
            web, workers = Crew(stack, "web", faults), Crew(stack, "worker", faults)
            await web.muster(1)
            await stack.until_web_answers(within=60)
            await workers.muster(1)
            await slack.connect(f"{stack.settings.base_url}/slack/events")
            account = await stack.connect_account(within=60)
            hands = Hands(stack.settings)
            patch.setattr(core_faults, "_FILE", str(faults.path))
            yield Site(stack, faults, web, workers, hands, account["id"])
            await hands.muster(0)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[("kill", 1), ("kill", 2), ("raise", 1), ("raise", 2)],
    ids=["kill", "kill-one-of-two", "error", "error-in-one-of-two"],
)
async def manned(site: Site, request: pytest.FixtureRequest) -> Site:
    """The way in which the following cases strike."""
    site.action, site.size = request.param
    return site


@pytest_asyncio.fixture(loop_scope="module")
async def ready(manned: Site) -> AsyncIterator[Site]:
    """As many sound workers as the case wants."""
    kills = manned.action == "kill"
    await manned.workers.muster(manned.size if kills else 0)
    await manned.hands.muster(0 if kills else manned.size)
    yield manned
    manned.faults.disarm()
    await manned.hands.muster(0)


@pytest.mark.asyncio(loop_scope="module")
class TestAMailOnItsWayIn:
    @pytest.mark.parametrize("point", INBOUND)
    async def test_is_shown_once(self, ready: Site, point: str) -> None:
        subject = ready.new_subject(point)
        ready.faults.arm(point, ready.action)

        await ready.deliver(subject)
        if point in {"K01", "K02"}:
            await ready.reconnect()
        await ready.strike()
        await ready.settle()

        assert ready.times_shown(subject) == 1
        await ready.check_folder()

    @pytest.mark.parametrize("point", FILES)
    async def test_that_nobody_can_read_is_shown_once_with_its_original(
        self, ready: Site, point: str
    ) -> None:
        stack = ready.stack
        before = {one["ts"] for one in stack.cards() if "could not be read" in text_of(one)}
        ready.faults.arm(point, ready.action)

        await stack.inbox.server.save(stack.inbox.username, "INBOX", UNREADABLE)
        await ready.strike()
        await ready.settle()

        after = {one["ts"] for one in stack.cards() if "could not be read" in text_of(one)}
        (ts,) = after - before

        async def attached() -> bool:
            return bool([one for one in stack.slack.replies("support", ts) if one.get("files")])

        await eventually(attached, PATIENCE)
        await ready.settle()
        files = [one for one in stack.slack.replies("support", ts) if one.get("files")]
        assert len(files) == 1


@pytest.mark.asyncio(loop_scope="module")
class TestAClickOnItsWayOut:
    @pytest.mark.parametrize("point", CLICK)
    async def test_happens_once_or_not_at_all(self, ready: Site, point: str) -> None:
        subject = ready.new_subject(point)
        await ready.deliver(subject)
        ts = await ready.card(subject)
        ready.faults.arm(point, ready.action)

        told = len(ready.stack.slack.ephemerals("Ana", "support"))
        outcome = await ready.stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        if ready.action == "kill":
            assert outcome.problem
            await ready.web.until_one_dies()
            await ready.web.muster(1)
            await ready.stack.until_web_answers(PATIENCE)
        else:
            await ready.until_told(more_than=told)
        if point == "K17":
            await ready.stack.slack.choose_overflow("Ana", "support", ts, "Archive")

        await ready.is_archived(ts)
        assert ready.lies_in(subject) == ["Archive"]
        assert await ready.done(subject) == 1

    @pytest.mark.parametrize("point", COMMAND)
    async def test_is_carried_out_once_and_the_card_says_so(self, ready: Site, point: str) -> None:
        subject = ready.new_subject(point)
        await ready.deliver(subject)
        ts = await ready.card(subject)
        ready.faults.arm(point, ready.action)

        await ready.stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await ready.strike()

        await ready.is_archived(ts)
        assert ready.lies_in(subject) == ["Archive"]
        await ready.settle()
        assert await ready.done(subject) == 1
        assert ready.times_shown(subject) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "manned", [("kill", 1), ("raise", 1)], ids=["kill", "error"], indirect=True, scope="module"
)
class TestAnEventOnItsWayIn:
    @pytest.mark.parametrize("point", CLICK)
    async def test_has_its_effect_once(self, ready: Site, point: str) -> None:
        slack, subject = ready.stack.slack, ready.new_subject(point)
        await ready.deliver(subject)
        ts = await ready.card(subject)
        before = len(await ready.stack.events("note.added"))
        ready.faults.arm(point, ready.action)

        slack.post_as_user("Ben", "support", f"Typed at {subject}.", ts)
        if ready.action == "kill":
            await ready.web.until_one_dies()
            await ready.web.muster(1)
        else:
            await eventually(ready.faults.has_struck, PATIENCE)
        await slack.until_delivered(PATIENCE)

        assert len(await ready.stack.events("note.added")) == before + 1
        (told,) = [one for one in slack.deliveries if f"Typed at {subject}." in str(one.sent)]
        assert told.delivered
        assert told.attempts > 1
