"""A process is killed while a reply leaves: it is sent once, or a person is asked.

See `test_kill_points.py` for mails that come in and clicks that go out.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_answering import card_of, reply, until
from tests.fixtures.mailservers import mails
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import Stack, eventually

ASKED = ["K23"]
BEFORE_THE_END = ["K24", "K25"]
IN_DOUBT = ["K26", "K27"]
FILED = ["K28", "K29", "K30"]


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
