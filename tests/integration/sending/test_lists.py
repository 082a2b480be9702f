"""Leaving a list: what is asked of whom, once, and what is told of it."""

from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.core.errors import Conflict
from app.core.ids import ListExitId
from app.mail.lists import Way
from app.outside.http import open_outside
from app.sending import change, leave_list
from app.sending.lists import Exit, find_exit, leave, letter
from app.store.models import (
    CommandType,
    Event,
    ListExit,
    ListExitState,
    Outgoing,
    OutgoingMode,
    OutgoingState,
    Proof,
    SenderIdentity,
)
from tests import factories
from tests.fixtures.sending import Outbox

SIGNED = (
    b"Authentication-Results: mx.example.com; dkim=pass header.d=list.example\r\n"
    b"DKIM-Signature: v=1; d=list.example; h=from:list-unsubscribe:list-unsubscribe-post; b=x\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
BY_MAIL = b"List-Unsubscribe: <mailto:leave-7@list.example?subject=off>\r\n"
BY_PAGE = b"List-Unsubscribe: <https://list.example/leave>\r\n"


async def newsletter(outbox: Outbox, header: bytes, **values: object) -> Exit | None:
    """A mail of a list in the conversation, and the way out that it names."""
    raw = header + b"From: news@list.example\r\nSubject: News\r\n\r\nNews!\r\n"
    digest = (await outbox.sending.blobs.put_many([raw]))[0]
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        found = factories.message(
            outbox.workspace.id,
            outbox.account_id,
            outbox.conversation_id,
            raw_sha256=digest,
            **values,
        )
        await uow.messages.add_all([found])
    return await find_exit(
        outbox.workspace.store, outbox.sending.blobs, outbox.workspace.id, outbox.conversation_id
    )


async def ask(outbox: Outbox, found: Exit | None) -> ListExit:
    assert found is not None
    written = await letter(outbox.writing, outbox.actor, found)
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        return await leave(uow, outbox.actor, found, written)


async def row(outbox: Outbox, exit_id: ListExitId) -> ListExit:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        return await uow.list_exits.lock(exit_id)


async def told(outbox: Outbox) -> list[str]:
    found = sorted(await outbox.all(Event), key=lambda one: one.seq)
    return [one.type for one in found if one.type.startswith("list_exit")]


class TestAsking:
    async def test_without_a_way_out_there_is_nothing_to_ask(self, outbox: Outbox) -> None:
        assert await newsletter(outbox, b"") is None

    async def test_what_only_a_page_does_is_left_to_people(self, outbox: Outbox) -> None:
        found = await newsletter(outbox, BY_PAGE)

        with pytest.raises(Conflict, match="own page") as caught:
            await ask(outbox, found)

        assert caught.value.fix == "Open it yourself: https://list.example/leave"

    async def test_one_request_is_written_down_and_not_made_here(self, outbox: Outbox) -> None:
        asked = await ask(outbox, await newsletter(outbox, SIGNED + BY_PAGE))

        assert (asked.way, asked.whom, asked.state) == (
            Way.ONE_CLICK, "list.example", ListExitState.ASKED,
        )  # fmt: skip
        assert asked.url == "https://list.example/leave"
        assert await told(outbox) == ["list_exit.asked"]

    async def test_twice_is_a_conflict(self, outbox: Outbox) -> None:
        found = await newsletter(outbox, SIGNED + BY_PAGE)
        await ask(outbox, found)

        with pytest.raises(Conflict, match="asked already"):
            await ask(outbox, found)


class TestByMail:
    async def test_goes_from_the_address_that_the_list_knows(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            alias = SenderIdentity(
                workspace_id=uow.workspace_id,
                account_id=outbox.account_id,
                address="sales@example.com",
                proof=Proof.VERIFIED,
            )
            await uow.identities.add(alias)
        to = [{"name": "", "address": "sales@example.com"}]

        asked = await ask(outbox, await newsletter(outbox, BY_MAIL, to=to))
        await outbox.hurry()
        await outbox.drain()

        (taken,) = outbox.server.taken
        assert (taken.sender, taken.recipients) == ("sales@example.com", ["leave-7@list.example"])
        assert b"Subject: off\r\n" in taken.raw
        assert b"News!" not in taken.raw
        assert asked.state is ListExitState.MAILED

    async def test_waits_for_its_undo_window_and_does_not_count_as_an_answer(
        self, outbox: Outbox
    ) -> None:
        asked = await ask(outbox, await newsletter(outbox, BY_MAIL))
        (mail,) = await outbox.all(Outgoing)
        assert (mail.id, mail.state, mail.mode) == (
            asked.outgoing_id, OutgoingState.UNDO, OutgoingMode.NEW,
        )  # fmt: skip

        await outbox.drain()
        assert outbox.server.taken == []

        await outbox.hurry()
        await outbox.drain()
        assert await outbox.commands() == [CommandType.FILE_SENT]
        assert mail.answers_id is None

    async def test_that_was_taken_back_may_be_asked_for_again(self, outbox: Outbox) -> None:
        found = await newsletter(outbox, BY_MAIL)
        first = await ask(outbox, found)
        with pytest.raises(Conflict, match="A mail has asked"):
            await ask(outbox, found)
        assert first.outgoing_id is not None
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.cancel(uow, first.outgoing_id)

        second = await ask(outbox, found)

        assert second.id != first.id


@pytest.fixture
async def lists() -> AsyncIterator[tuple[Callable[[int], str], list[str]]]:
    """A list's server that answers as its address says, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen = await request.text()
        asked.append(f"{request.method} {request.content_type} {seen} {request.cookies}")
        status = int(request.match_info["status"])
        headers = {"Location": "http://127.0.0.1:1/"} if status // 100 == 3 else {}
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{status}", answer)
    async with TestServer(app) as server:
        yield lambda status: str(server.make_url(f"/{status}")), asked


Lists = tuple[Callable[[int], str], list[str]]


class TestTheRequest:
    async def asked_at(self, outbox: Outbox, url: str) -> ListExit:
        asked = await ask(outbox, await newsletter(outbox, SIGNED + BY_PAGE))
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            (await uow.list_exits.lock(asked.id)).url = url
        return asked

    async def run(self, outbox: Outbox, asked: ListExit) -> ListExit:
        await leave_list.run(outbox.sending, outbox.workspace.id, asked.id)
        return await row(outbox, asked.id)

    async def test_is_one_post_with_nothing_of_ours(self, outbox: Outbox, lists: Lists) -> None:
        url, seen = lists
        asked = await self.asked_at(outbox, url(202))

        found = await self.run(outbox, asked)

        assert seen == ["POST application/x-www-form-urlencoded List-Unsubscribe=One-Click {}"]
        assert (found.state, found.attempts) == (ListExitState.DONE, 1)
        assert found.settled_at is not None
        assert await told(outbox) == ["list_exit.asked", "list_exit.done"]

    async def test_that_was_answered_is_not_made_again(self, outbox: Outbox, lists: Lists) -> None:
        url, seen = lists
        asked = await self.asked_at(outbox, url(200))
        await self.run(outbox, asked)

        await self.run(outbox, asked)

        assert len(seen) == 1

    @pytest.mark.parametrize(
        ("status", "words"), [(404, "answered 404"), (403, "403"), (302, "lead to another address")]
    )
    async def test_that_is_refused_says_so(
        self, outbox: Outbox, lists: Lists, status: int, words: str
    ) -> None:
        url, seen = lists
        asked = await self.asked_at(outbox, url(status))

        found = await self.run(outbox, asked)

        assert found.state is ListExitState.REFUSED
        assert words in found.detail
        assert len(seen) == 1

    async def test_that_may_work_later_is_made_four_times_in_all(
        self, outbox: Outbox, lists: Lists
    ) -> None:
        url, seen = lists
        asked = await self.asked_at(outbox, url(503))

        found = await self.run(outbox, asked)
        assert (found.state, found.detail) == (
            ListExitState.ASKED, "list.example answered 503.",
        )  # fmt: skip

        for _ in range(5):
            found = await self.run(outbox, asked)

        assert (found.state, len(seen)) == (ListExitState.REFUSED, 4)
        assert found.detail == "list.example answered 503. It was asked 4 times."

    async def test_a_server_that_is_not_there_is_asked_later(self, outbox: Outbox) -> None:
        asked = await self.asked_at(outbox, "http://127.0.0.1:1/")

        found = await self.run(outbox, asked)

        assert found.state is ListExitState.ASKED
        assert "was not reached" in found.detail

    async def test_an_address_inside_is_never_asked(self, outbox: Outbox, lists: Lists) -> None:
        url, seen = lists
        asked = await self.asked_at(outbox, url(200).replace("http:", "https:"))
        async with open_outside(allow_private=False) as outside:
            object.__setattr__(outbox.sending, "outside", outside)

            found = await self.run(outbox, asked)

        assert (found.state, seen) == (ListExitState.REFUSED, [])
        assert "not a public address" in found.detail
