"""The process is killed between any two steps; nothing is lost, and nothing is doubled.

Each case lets a process run into one fault point, where it kills itself as `kill -9` would, and
then starts another one. A further mail marks the end: once its card is there, all before it must
be, too.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.core.faults import POINTS
from tests.e2e.test_answering import card_of, reply, until
from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import Stack, eventually, text_of

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
ASKED = ["K23"]
BEFORE_THE_END = ["K24", "K25"]
IN_DOUBT = ["K26", "K27"]
FILED = ["K28", "K29", "K30"]

UNREADABLE = b"\r\n"
"""Neither a header nor a body: there is nothing to show."""


def test_every_fault_point_has_its_case() -> None:
    assert sorted(POINTS) == sorted(
        [*INBOUND, *FILES, *CLICK, *COMMAND, *ASKED, *BEFORE_THE_END, *IN_DOUBT, *FILED]
    )


async def settle(stack: Stack) -> None:
    """Wait until everything that was delivered before has had its turn."""
    await stack.inbox.deliver(mail("The last mail", "last@acme.example"))
    await stack.card("The last mail")


def times_shown(stack: Stack, words: str) -> int:
    return sum(words in text_of(card) for card in stack.slack.messages("support"))


class TestAMailOnItsWayIn:
    @pytest.mark.parametrize("point", INBOUND)
    async def test_is_shown_once(self, stack: Stack, point: str) -> None:
        account = await stack.connect_account()
        await stack.stop_worker()
        await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))

        await stack.run_until_it_dies("worker", f"{point}:kill:1")
        await stack.start_worker()
        await settle(stack)

        assert times_shown(stack, "Invoice 4471") == 1
        shown = (await stack.api.get(f"/accounts/{account['id']}")).json()["mailboxes"][0]
        assert (shown["watermark"], shown["accounted"], shown["missing"]) == (3, 2, 0)
        conversations = (await stack.api.get("/conversations")).json()["items"]
        assert len(conversations) == 2

    @pytest.mark.parametrize("point", FILES)
    async def test_that_nobody_can_read_is_shown_once_with_its_original(
        self, stack: Stack, point: str
    ) -> None:
        await stack.connect_account()
        await stack.stop_worker()
        await stack.inbox.server.save(stack.inbox.username, "INBOX", UNREADABLE)

        await stack.run_until_it_dies("worker", f"{point}:kill:1")
        await stack.start_worker()
        await settle(stack)

        (post,) = [one for one in stack.cards() if "could not be read" in text_of(one)]
        files = [one for one in stack.slack.replies("support", post["ts"]) if one.get("files")]
        assert len(files) == 1


class TestAClickOnItsWayOut:
    @pytest.mark.parametrize("point", CLICK)
    async def test_happens_once_or_not_at_all(self, stack: Stack, point: str) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
        ts = (await stack.card("Invoice 4471"))["ts"]
        await stack.stop_web()

        dying = asyncio.create_task(stack.run_until_it_dies("web", f"{point}:kill:1"))
        await stack.until_web_answers()
        outcome = await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await dying
        await stack.start_web()

        assert not outcome.ok
        assert outcome.problem
        if point == "K17":
            await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await stack.card_says(ts, "🗄 Archived")
        assert (len(mails(stack.inbox)), len(mails(stack.inbox, "Archive"))) == (0, 1)
        assert len(await stack.events("command.done")) == 1

    @pytest.mark.parametrize("point", COMMAND)
    async def test_is_carried_out_once_and_the_card_says_so(self, stack: Stack, point: str) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
        ts = (await stack.card("Invoice 4471"))["ts"]
        await stack.stop_worker()
        await stack.slack.choose_overflow("Ana", "support", ts, "Archive")

        await stack.run_until_it_dies("worker", f"{point}:kill:1")
        await stack.start_worker()

        await stack.card_says(ts, "🗄 Archived")
        assert (len(mails(stack.inbox)), len(mails(stack.inbox, "Archive"))) == (0, 1)
        assert len(await stack.events("command.done")) == 1
        await settle(stack)
        assert times_shown(stack, "Invoice 4471") == 1


class TestAReplyOnItsWayOut:
    @pytest.mark.parametrize("point", ASKED)
    async def test_asked_for_again_is_sent_once(
        self, stack: Stack, smtp: ScriptedSMTP, point: str
    ) -> None:
        _, conversation = await card_of(stack, smtp)
        await stack.stop_web()
        stack.api.headers["Idempotency-Key"] = "once"

        dying = asyncio.create_task(stack.run_until_it_dies("web", f"{point}:kill:1"))
        await stack.until_web_answers()
        with pytest.raises(httpx.TransportError):
            await reply(stack, conversation)
        await dying
        await stack.start_web()
        outgoing = await reply(stack, conversation)

        await until(stack, outgoing["id"], state="sent")
        assert smtp.recipients == ["ana@acme.example"]

    @pytest.mark.parametrize("point", [*BEFORE_THE_END, *FILED])
    async def test_is_sent_and_filed_once(
        self, stack: Stack, smtp: ScriptedSMTP, point: str
    ) -> None:
        outgoing = await self._interrupted(stack, smtp, point)

        await until(stack, outgoing["id"], state="sent", filing="done")
        assert smtp.recipients == ["ana@acme.example"]
        assert mails(stack.inbox, "Sent") == [smtp.taken[0].raw]

    @pytest.mark.parametrize("point", IN_DOUBT)
    async def test_is_left_to_a_person_where_nobody_knows(
        self, stack: Stack, smtp: ScriptedSMTP, point: str
    ) -> None:
        outgoing = await self._interrupted(stack, smtp, point)

        async def is_asked() -> bool:
            row = (await stack.api.get(f"/outgoing/{outgoing['id']}")).json()
            return row["state"] == "unknown" and row["settled_at"] is not None

        await eventually(is_asked)
        assert len(smtp.taken) <= 1
        await stack.api.post(f"/outgoing/{outgoing['id']}/was-sent")
        await until(stack, outgoing["id"], state="sent", filing="done")
        assert len(smtp.taken) <= 1

    async def _interrupted(self, stack: Stack, smtp: ScriptedSMTP, point: str) -> dict[str, Any]:
        """A reply whose worker was killed at a point, and another worker that goes on."""
        _, conversation = await card_of(stack, smtp)
        await stack.stop_worker()
        outgoing = await reply(stack, conversation)
        await stack.run_until_it_dies("worker", f"{point}:kill:1")
        await stack.start_worker()
        return outgoing


@pytest.fixture
async def smtp() -> AsyncIterator[ScriptedSMTP]:
    async with ScriptedSMTP() as server:
        yield server
