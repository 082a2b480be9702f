"""What every answer has in common, whatever is asked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from app.sandbox.slack.serving import LoopbackServer
from app.store.engine import conninfo
from app.web.shell import LARGEST_BODY, Shell
from tests.fixtures.web import BOOTSTRAP_KEY, Web

PROBLEM = "application/problem+json"


def check_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["x-content-type-options"] == "nosniff"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"]
    assert body["title"]
    return body


class TestWhatIsWrong:
    async def test_with_the_address(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        check_problem(await client.get("/nonsense"), 404)
        check_problem(await client.get("/accounts/"), 404)
        check_problem(await client.get("/accounts/42"), 422)
        check_problem(await web.client(base="").get("/nothing"), 404)

    async def test_with_the_method(self, web: Web) -> None:
        answer = await web.client(BOOTSTRAP_KEY).put("/accounts", json={})

        check_problem(answer, 405)
        assert "POST" in answer.headers["allow"] or "GET" in answer.headers["allow"]

    async def test_with_the_body(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        for body in (b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 20_000):
            answer = await client.post(
                "/commands", content=body, headers={"Content-Type": "application/json"}
            )

            check_problem(answer, 400 if body[:1] in {b"\xff", b"["} and body != b"[]" else 422)

    async def test_with_us(self, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(*_: object) -> None:
            raise RuntimeError("the secret inside")

        monkeypatch.setattr("app.web.api.accounts.health_of", broken)

        answer = await web.client(BOOTSTRAP_KEY).get("/accounts")

        body = check_problem(answer, 500)
        assert "secret" not in answer.text
        assert "its log" in body["detail"]

    async def test_with_the_database(self, web: Web) -> None:
        """It takes no connection for a while; then it does again."""
        client, name = web.client(BOOTSTRAP_KEY), web.container.url.database
        postgres = conninfo(web.container.url.set(database="postgres"))
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )

            answer = await client.get("/accounts")
            body = check_problem(answer, 503)
            assert "database" in body["detail"]
            assert answer.headers["retry-after"]
            assert (await web.client(base="").get("/healthz")).status_code == 200
            assert (await web.client(base="").get("/readyz")).status_code == 503
            check_problem(await web.client(base="").get("/metrics"), 503)

            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        assert (await client.get("/accounts")).status_code == 200

    async def test_is_declared(self, web: Web) -> None:
        for path, methods in web.app.openapi()["paths"].items():
            if not path.startswith("/api/v1"):
                continue
            for method, told in methods.items():
                assert told["summary"], (method, path)
                for code in ("401", "403", "404", "422", "503"):
                    assert PROBLEM in told["responses"][code]["content"], (method, path, code)


class TestHeaders:
    async def test_keep_answers_from_being_taken_for_something_else(self, web: Web) -> None:
        client = web.client(base="")

        for path in (
            "/",
            "/docs",
            "/healthz",
            "/metrics",
            "/api/v1/accounts",
            "/static/admin.css",
            "/sign-in",
        ):
            headers = (await client.get(path)).headers

            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] in {"no-referrer", "same-origin"}
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert (
                "unsafe-inline" not in headers["content-security-policy"].partition("style-src")[0]
            )
            assert "server" not in headers

    async def test_pages_run_no_foreign_script(self, web: Web) -> None:
        page = await web.client(base="").get("/docs")

        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in page.text
        assert "<script>" not in page.text
        for path in ("/static/swagger/swagger-ui-bundle.js", "/static/docs.js"):
            assert (await web.client(base="").get(path)).status_code == 200

    async def test_ask_for_https_where_people_come_by_it(self) -> None:
        app = FastAPI()
        app.add_middleware(Shell, is_https=True)
        async with LoopbackServer(app) as server:
            headers, _ = await asked(server.url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert "strict-transport-security: max-age=31536000" in headers

    async def test_are_not_made_of_what_the_client_calls_us(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY, base="")

        for path in (
            "/",
            "/docs",
            "/api/v1/accounts/",
            "/api/v1/nothing",
            "/static",
            "//evil.test/",
        ):
            answer = await client.get(path, headers={"Host": "evil.test"})

            assert "evil.test/" not in answer.text.replace("//evil.test/", "", 1)
            assert "location" not in answer.headers, path

    async def test_nothing_is_shared_with_other_sites(self, web: Web) -> None:
        client, foreign = web.client(BOOTSTRAP_KEY), {"Origin": "https://evil.test"}

        asked_before = await client.options(
            "/accounts", headers={**foreign, "Access-Control-Request-Method": "POST"}
        )
        answer = await client.get("/accounts", headers=foreign)

        assert asked_before.status_code == 405
        assert "access-control-allow-origin" not in answer.headers


async def asked(url: str, request: bytes) -> tuple[str, bytes]:
    """Send bytes as they are; answers the head and what follows it so far."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(10):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            return head.decode().lower(), await reader.read(2000)
    finally:
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """A server that says how long the body was."""
    app = FastAPI()

    @app.post("/")
    async def length(body: dict[str, Any]) -> int:
        return len(str(body))

    app.add_middleware(Shell, is_https=False)
    async with LoopbackServer(app) as server:
        yield server.url


class TestBodies:
    HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"

    async def test_that_say_they_are_too_long_are_not_read(self, echo: str) -> None:
        length = str(LARGEST_BODY + 1).encode()

        head, _ = await asked(echo, self.HEAD + b"Content-Length: " + length + b"\r\n\r\n")

        assert head.startswith("http/1.1 413")
        assert PROBLEM in head

    async def test_that_do_not_say_so_are_cut_off(self, echo: str) -> None:
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        request = self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 40

        head, _ = await asked(echo, request)

        assert head.startswith("http/1.1 413")

    async def test_in_pieces_are_taken_up_to_the_limit(self, echo: str) -> None:
        chunks = b"2\r\n{}\r\n" + (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 31
        request = self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"

        head, _ = await asked(echo, request)

        assert head.startswith("http/1.1 200")

    @pytest.mark.parametrize("length", ["-1", "+5", "1e3", "\xb2", "9" * 30, ""])
    async def test_with_a_length_that_is_none_are_refused(self, length: str) -> None:
        """As a server in front of us might let it through."""
        sent: list[Any] = []

        async def app(*_: object) -> None:
            pytest.fail("it was let in")

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/", "query_string": b"", "scheme": "http",
            "server": ("x", 80), "headers": [(b"content-length", length.encode("latin-1"))],
        }  # fmt: skip
        await Shell(app, is_https=False)(scope, lambda: None, send)  # type: ignore[arg-type,return-value]

        assert sent[0]["status"] == 413
