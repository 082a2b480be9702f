"""What a submission that leads to another window is answered with."""

import asyncio
from typing import Any

import pytest

from app.core.errors import NotFound
from app.slack.leading import lead_to

SKELETON = {"title": "a skeleton"}
VIEW = {"title": "the view"}


class Answered:
    """What reached Slack, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    async def ack(self, **answer: Any) -> None:
        self.seen.append((answer["response_action"], answer["view"]))

    async def show(self, view: dict[str, Any]) -> None:
        self.seen.append(("views.update", view))


async def lead(answered: Answered, making: Any, within: float) -> None:
    await lead_to(
        answered.ack,  # type: ignore[arg-type]
        making,
        skeleton=SKELETON,
        show=answered.show,
        within=within,
    )


class TestLeadTo:
    async def test_a_view_that_cannot_be_made_is_no_answer(self) -> None:
        answered = Answered()

        async def make() -> dict[str, Any]:
            raise NotFound("There is no mail in this conversation.")

        with pytest.raises(NotFound):
            await lead(answered, make(), within=60)

        assert answered.seen == []

    async def test_a_view_that_is_ready_travels_in_the_answer(self) -> None:
        answered = Answered()

        async def make() -> dict[str, Any]:
            return VIEW

        await lead(answered, make(), within=60)

        assert answered.seen == [("update", VIEW)]

    async def test_a_view_that_takes_long_follows_a_skeleton(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.slack.leading.AFTER_ANSWER_SECONDS", 0)
        answered, wanted = Answered(), asyncio.Event()

        async def make() -> dict[str, Any]:
            await wanted.wait()
            return VIEW

        leading = asyncio.create_task(lead(answered, make(), within=0))
        while not answered.seen:
            await asyncio.sleep(0)
        wanted.set()
        await leading

        assert answered.seen == [("update", SKELETON), ("views.update", VIEW)]
