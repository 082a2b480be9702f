"""Which addresses we would never connect to."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from app.mailbox.errors import ServerForbidden
from app.mailbox.hosts import resolve

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1",
    "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "fd00::1",
    "fe80::1", "fe80::1%lo", "ff02::1", "2002:7f00:0001::", "2001:db8::1", "64:ff9b::7f00:1",
    "::127.0.0.1", "fec0::1",
]  # fmt: skip


class TestResolve:
    @pytest.mark.parametrize("address", PRIVATE)
    async def test_refuses_private_addresses(self, address: str) -> None:
        with pytest.raises(ServerForbidden):
            await resolve(address.partition("%")[0], 993, allow_private=False)

    @pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
    async def test_refuses_other_spellings_of_them(self, spelling: str) -> None:
        with pytest.raises(ServerForbidden):
            await resolve(spelling, 993, allow_private=False)

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "a b",
            "user@host",
            "host:25",
            "http://host",
            "/var/run/socket",
            "a\r\nb",
            "a\0b",
            "..x/",
        ],
    )
    async def test_refuses_what_is_no_name(self, host: str) -> None:
        with pytest.raises(ServerForbidden, match="not the name of a mail server"):
            await resolve(host, 993, allow_private=True)

    async def test_a_name_that_leads_inside_is_refused_without_telling_where(
        self, look_up: Callable[..., None]
    ) -> None:
        look_up("10.1.2.3")

        with pytest.raises(ServerForbidden) as error:
            await resolve("mail.example.com", 993, allow_private=False)

        assert "10.1.2.3" not in error.value.sentence

    async def test_only_the_public_ones_of_several_addresses_are_used(
        self, look_up: Callable[..., None]
    ) -> None:
        look_up("10.1.2.3", "93.184.216.34")

        (endpoint,) = await resolve("mail.example.com", 993, allow_private=False)

        assert endpoint.address == "93.184.216.34"

    async def test_private_ones_are_used_where_the_operator_allows_it(self) -> None:
        (endpoint,) = await resolve("127.0.0.1", 143, allow_private=True)

        assert (endpoint.address, endpoint.port) == ("127.0.0.1", 143)

    async def test_a_name_beyond_ascii(self, look_up: Callable[..., None]) -> None:
        look_up("93.184.216.34")

        (endpoint,) = await resolve("bücher.example", 993, allow_private=False)

        assert endpoint.address == "93.184.216.34"


@pytest.fixture
async def look_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have every name stand for these addresses."""

    def answer(*addresses: str) -> None:
        async def getaddrinfo(*_: object, **__: object) -> list[object]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 993)) for address in addresses
            ]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)

    return answer
