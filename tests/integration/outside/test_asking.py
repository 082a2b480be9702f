"""Asking an outside server, here one on loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from app.outside.http import AddressRefused, OutsideError, OutsideHTTP, open_outside


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {await request.text()}")


async def elsewhere(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/hello")


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 4096)


async def silent(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
async def server() -> AsyncIterator[BaseTestServer]:
    app = web.Application()
    app.router.add_route("*", "/hello", hello)
    app.router.add_get("/elsewhere", elsewhere)
    app.router.add_get("/endless", endless)
    app.router.add_get("/silent", silent)
    async with TestServer(app) as running:
        yield running


@pytest.fixture
async def outside() -> AsyncIterator[OutsideHTTP]:
    async with open_outside(allow_private=True) as opened:
        yield opened


class TestRequest:
    async def test_a_name_that_leads_inside_is_refused(self, server: BaseTestServer) -> None:
        async with open_outside(allow_private=False) as outside:
            with pytest.raises(AddressRefused, match="not a public address"):
                await outside.request("GET", f"https://localhost:{server.port}/hello")

    async def test_a_redirect_is_not_followed(
        self, outside: OutsideHTTP, server: BaseTestServer
    ) -> None:
        answer = await outside.request("GET", str(server.make_url("/elsewhere")))

        assert (answer.status, answer.headers["Location"]) == (302, "/hello")

    async def test_one_that_never_ends_is_read_to_the_limit(
        self, outside: OutsideHTTP, server: BaseTestServer
    ) -> None:
        answer = await outside.request("GET", str(server.make_url("/endless")), most_bytes=10_000)

        assert len(answer.body) == 10_000

    async def test_one_that_says_nothing_is_given_up(
        self, outside: OutsideHTTP, server: BaseTestServer
    ) -> None:
        with pytest.raises(OutsideError, match=r"did not answer within 0\.1 seconds"):
            await outside.request("GET", str(server.make_url("/silent")), seconds=0.1)

    async def test_one_that_is_not_there_is_said_to_be_so(
        self, outside: OutsideHTTP, unused_tcp_port: int
    ) -> None:
        with pytest.raises(OutsideError, match="was not reached"):
            await outside.request("GET", f"http://127.0.0.1:{unused_tcp_port}/")

    async def test_it_answers(self, outside: OutsideHTTP, server: BaseTestServer) -> None:
        answer = await outside.request("POST", str(server.make_url("/hello")), body=b"ana")

        assert (answer.status, answer.body) == (200, b"POST ana")
        assert answer.is_success
