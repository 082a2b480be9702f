"""The event log by pages and as a stream: in order, without gaps, for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.core.access import Scope
from app.core.ids import AccountId, new_id
from app.sandbox.slack.serving import LoopbackServer
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def emit(web: Web, *numbers: int) -> None:
    async with web.store.begin(web.workspace_id) as uow:
        for number in numbers:
            uow.emit("thing.happened", number=number)


class TestPages:
    async def test_lead_through_the_whole_log(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await emit(web, *range(7))

        seen: list[dict[str, Any]] = []
        cursor, more = 0, True
        while more:
            page = (await client.get("/events", params={"after": cursor, "limit": 3})).json()
            seen += page["events"]
            cursor, more = page["cursor"], page["has_more"]

        assert [one["data"]["number"] for one in seen] == list(range(7))
        end = (await client.get("/events", params={"after": cursor})).json()
        assert end == {"events": [], "cursor": 7, "has_more": False}
        assert set(seen[0]) == {
            "id", "type", "at", "account_id", "conversation_id", "data",
        }  # fmt: skip

    async def test_miss_nothing_while_many_write(self, web: Web) -> None:
        client, seen = web.client(BOOTSTRAP_KEY), list[int]()

        async def write(number: int) -> None:
            async with web.store.begin(web.workspace_id) as uow:
                uow.emit("thing.happened", number=number)
                await uow.session.flush()
                await asyncio.sleep(0)

        async def read() -> None:
            cursor = 0
            while len(seen) < 30:
                page = (await client.get("/events", params={"after": cursor, "limit": 4})).json()
                cursor = page["cursor"]
                seen.extend(one["id"] for one in page["events"])

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(read())
            for number in range(30):
                group.create_task(write(number))

        assert seen == list(range(1, 31))

    async def test_places_that_are_none_are_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        wrong = [{"after": "-1"}, {"after": "x"}, {"after": str(2**63)}, {"after": "1.5"}]
        wrong += [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}]

        for query in wrong:
            assert (await client.get("/events", params=query)).status_code == 422, query

    async def test_beyond_the_newest_are_of_a_log_that_was_set_back(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        await emit(web, 1, 2)

        at_the_end = await client.get("/events", params={"after": "2"})
        beyond = await client.get("/events", params={"after": "3"})

        assert at_the_end.json()["events"] == []
        assert beyond.status_code == 409
        assert "after=2" in beyond.text


class Stream:
    """What a client of `/events/stream` is sent."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def event(self) -> tuple[int, str, Any]:
        """The next one: id, type and data."""
        found: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in {"id", "event", "data"}:
                    found[name] = value
                elif not line and "data" in found:
                    break
        return int(found["id"]), found["event"], json.loads(found["data"])

    async def ends(self) -> bool:
        async with asyncio.timeout(10):
            async for _ in self._lines:
                pass
        return True


@asynccontextmanager
async def streaming(web: Web, key: str = BOOTSTRAP_KEY, **headers: str) -> AsyncIterator[Stream]:
    async with (
        LoopbackServer(web.app) as server,
        httpx.AsyncClient(base_url=server.url, timeout=20) as client,
        client.stream(
            "GET",
            "/api/v1/events/stream",
            headers={"Authorization": f"Bearer {key}", **headers},
        ) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield Stream(answer.aiter_lines())


class TestStream:
    async def test_begins_now_and_tells_what_happens(self, web: Web) -> None:
        await emit(web, 1)
        async with streaming(web) as stream:
            await emit(web, 2)

            seq, type_, event = await stream.event()

        assert (seq, type_, event["data"]) == (2, "thing.happened", {"number": 2})
        assert event["id"] == 2

    async def test_goes_on_after_the_last_event_that_was_seen(self, web: Web) -> None:
        await emit(web, *range(5))
        async with streaming(web, **{"Last-Event-ID": "3"}) as stream:
            assert (await stream.event())[0] == 4
            assert (await stream.event())[0] == 5
            await emit(web, 6)
            assert (await stream.event())[0] == 6

    async def test_of_a_log_that_was_set_back_says_so_and_goes_on(self, web: Web) -> None:
        await emit(web, 1, 2)
        async with streaming(web, **{"Last-Event-ID": "50"}) as stream:
            assert await stream.event() == (2, "log.set_back", {"cursor": 2})
            await emit(web, 3)
            assert (await stream.event())[0] == 3

    async def test_misses_nothing_while_many_write(self, web: Web) -> None:
        async with streaming(web, **{"Last-Event-ID": "0"}) as stream:
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(emit(web, number))

            assert [(await stream.event())[0] for _ in range(20)] == list(range(1, 21))

    async def test_shows_a_bound_key_its_accounts_only(self, web: Web) -> None:
        mine = await web.account()
        _, text = await web.key(Scope.READ, accounts=[mine])
        async with streaming(web, text) as stream:
            async with web.store.begin(web.workspace_id) as uow:
                uow.emit("of.another", account_id=AccountId(new_id()))
                uow.emit("of.mine", account_id=mine)

            assert (await stream.event())[1] == "of.mine"

    async def test_ends_when_its_key_is_revoked(self, web: Web) -> None:
        id_, text = await web.key(Scope.READ)
        async with streaming(web, text) as stream:
            await web.client(BOOTSTRAP_KEY).delete(f"/api-keys/{id_}")

            assert await stream.ends()

    async def test_a_place_that_is_none_is_refused(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for place in (b"x", b"-1", b"\xb2", b"9" * 30, b"1 2"):
            answer = await client.get("/events/stream", headers={b"Last-Event-ID": place})

            assert answer.status_code == 400, place
            assert answer.json()["errors"][0]["field"] == "Last-Event-ID"
        assert (await client.get("/events/stream", params={"after": "-1"})).status_code == 422
