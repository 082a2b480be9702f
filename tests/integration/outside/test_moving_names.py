"""A name that leads to a public address when it is checked, and inside a moment later.

Here 127.0.0.1 counts as public and 127.0.0.2, where a second server listens at the same port, as
inside: so it is seen at real sockets who was connected to. Whoever resolves the name is told the
public address the first time, and the other one from then on (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.accounts.discovery import Discovery, Source
from app.core.errors import SharedBoxError
from app.mailbox import hosts
from app.mailbox.port import Security, ServerSpec
from app.mailbox.sessions import IMAPServers
from app.outside.dns import DNS
from app.outside.http import AddressRefused, Answer, OutsideHTTP, open_outside
from app.providers.oauth.port import ProviderTrouble
from app.providers.oauth.registry import OAuthProviders
from app.providers.oauth.standard import Profile, StandardProvider
from app.sending.smtp import SMTPTransport
from app.sending.smtp_line import Limits
from tests.fixtures.nameserver import NameServer

PUBLIC, INSIDE = "127.0.0.1", "127.0.0.2"
NAME = "moving.example"


@dataclass
class Place:
    """A server that says one thing to whoever connects, and counts them."""

    says: bytes
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.says.startswith(b"HTTP"):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(self.says)
        writer.close()


@dataclass
class Network:
    """`answers` are what the name leads to, one look after the other; the last one stays."""

    port: int
    public: Place
    inside: Place
    answers: list[list[str]]
    looks: int = 0
    asked: list[str] = field(default_factory=list)

    async def look_up(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        found = self.answers[min(self.looks, len(self.answers) - 1)]
        self.looks += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    @property
    def url(self) -> str:
        return f"http://{NAME}:{self.port}/"


@pytest.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    hello = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"
    public, inside = Place(hello + b"public"), Place(hello + b"inside")
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(await asyncio.start_server(public.serve, PUBLIC, 0))
        port = first.sockets[0].getsockname()[1]
        await stack.enter_async_context(await asyncio.start_server(inside.serve, INSIDE, port))
        found = Network(port, public, inside, [[PUBLIC], [INSIDE]])
        monkeypatch.setattr(hosts, "_is_public", lambda address: address == PUBLIC)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found.look_up)
        yield found


@pytest.fixture
async def outside() -> AsyncIterator[OutsideHTTP]:
    async with open_outside(allow_private=False) as opened:
        yield opened


class TestANameThatMoves:
    async def test_is_asked_at_the_address_that_was_checked(
        self, network: Network, outside: OutsideHTTP
    ) -> None:
        answer = await outside.request("GET", network.url, allow_http=True)

        assert (answer.status, answer.body) == (200, b"public")
        assert (network.looks, network.inside.connections) == (1, 0)

    async def test_is_checked_anew_at_the_next_question(
        self, network: Network, outside: OutsideHTTP
    ) -> None:
        """Neither a connection nor an address is kept from the time when it was public."""
        await outside.request("GET", network.url, allow_http=True)

        with pytest.raises(AddressRefused, match="not a public address"):
            await outside.request("GET", network.url, allow_http=True)

        assert (network.public.connections, network.inside.connections) == (1, 0)

    async def test_and_leads_to_both_is_asked_at_the_public_one(
        self, network: Network, outside: OutsideHTTP
    ) -> None:
        network.answers = [[INSIDE, PUBLIC]]

        answer = await outside.request("GET", network.url, allow_http=True)

        assert answer.body == b"public"
        assert network.inside.connections == 0

    async def test_and_whose_public_address_is_dead_is_not_asked_inside(
        self, network: Network, outside: OutsideHTTP
    ) -> None:
        """Another address is tried only among those that were checked."""
        network.answers = [[PUBLIC, INSIDE]]
        network.public.says = b""

        with pytest.raises(SharedBoxError):
            await outside.request("GET", network.url, allow_http=True)

        assert network.inside.connections == 0

    async def test_as_a_mail_server_is_opened_where_it_was_checked(self, network: Network) -> None:
        network.public.says = b"* BYE not today\r\n"
        spec = ServerSpec(NAME, network.port, Security.NONE, "ana", "secret")

        async with IMAPServers(
            threads=1, largest_mail=1_000_000, allow_private=False, ca_file=None
        ) as servers:
            with pytest.raises(SharedBoxError):
                async with servers.open(spec):
                    pass

        assert network.public.connections == 1
        assert (network.asked, network.inside.connections) == ([NAME], 0)

    async def test_as_a_server_for_sending_is_opened_where_it_was_checked(
        self, network: Network
    ) -> None:
        network.public.says = b"554 not today\r\n"
        spec = ServerSpec(NAME, network.port, Security.NONE, "ana", "secret")
        limits = Limits(connect=5, answer=5, end=5, total=10)
        transport = SMTPTransport(allow_private=False, ca_file=None, limits=limits)

        with pytest.raises(SharedBoxError):
            await transport.try_login(spec)

        assert network.public.connections == 1
        assert (network.asked, network.inside.connections) == ([NAME], 0)


class TestARedirectInside:
    async def test_of_what_is_asked_outside_is_an_answer_and_no_more(
        self, network: Network, outside: OutsideHTTP
    ) -> None:
        network.answers, network.public.says = [[PUBLIC]], _moved(network)

        answer = await outside.request("GET", network.url, allow_http=True)

        assert answer.status == 302
        assert (network.public.connections, network.inside.connections) == (1, 0)

    async def test_of_a_providers_description_is_not_followed(self, network: Network) -> None:
        network.public.says = _moved(network)
        provider = StandardProvider(
            Profile(
                name="own", title="Own", client_id="c", client_secret=None, scopes=("mail",),
                required=(), mail_hosts=None, domains=(), issuer=f"http://{PUBLIC}:{network.port}",
            )
        )  # fmt: skip

        with pytest.raises(
            ProviderTrouble, match=rf"Own answered with a redirect to http://{INSIDE}"
        ):
            await asyncio.to_thread(
                provider.begin, redirect_uri="https://box.example.com/", state="s", login_hint=""
            )

        assert (network.public.connections, network.inside.connections) == (1, 0)

    @pytest.mark.parametrize("target", [INSIDE, "inside.example"])
    async def test_of_a_domains_description_leads_nowhere(
        self, network: Network, outside: OutsideHTTP, target: str
    ) -> None:
        """A description may send us on; each place is checked as the first one was."""
        network.public.says = _moved(network, target)
        async with NameServer() as names:
            discovery = Discovery(
                Plain(outside), DNS(names.resolver(), seconds=0.5), OAuthProviders(),
                allow_private=False, autoconfig_urls=(network.url,),
            )  # fmt: skip

            found = await discovery.discover("ana@moving.example")

        assert found.source is Source.NOTHING
        assert (network.public.connections, network.inside.connections) == (1, 0)


class Plain(OutsideHTTP):
    """The gate without encryption, which is not what is tried here."""

    def __init__(self, outside: OutsideHTTP) -> None:
        super().__init__(outside._session, allow_private=outside._allow_private)

    async def request(self, method: str, address: str, **how: Any) -> Answer:
        return await super().request(method, address, **(how | {"allow_http": True}))


def _moved(network: Network, target: str = INSIDE) -> bytes:
    return (
        f"HTTP/1.1 302 Found\r\nLocation: http://{target}:{network.port}/\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
