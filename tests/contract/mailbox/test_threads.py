"""How many commands of one process are on the wire at once."""

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import replace

from app.mailbox.port import Security
from app.mailbox.sessions import IMAPServers
from app.sandbox.mail.dovecot import DovecotInbox
from tests.fixtures.sessions import make_servers, spec_of
from tests.fixtures.stack import eventually

THREADS = 2
SESSIONS = 4


class TestTheLimit:
    async def test_holds_back_a_command_until_another_one_is_over(
        self, mail_user: DovecotInbox
    ) -> None:
        go_on = threading.Event()
        at_work: set[int] = set()

        def command(number: int) -> int:
            at_work.add(number)
            assert go_on.wait(60)
            return number

        async with (
            IMAPServers(
                threads=THREADS,
                largest_mail=1_000_000,
                allow_private=True,
                ca_file=mail_user.ca_file,
            ) as servers,
            AsyncExitStack() as stack,
        ):
            sessions = [
                await stack.enter_async_context(servers.open(spec_of(mail_user)))
                for _ in range(SESSIONS)
            ]
            running = [
                asyncio.create_task(session._call(lambda n=n: command(n)))  # type: ignore[attr-defined]
                for n, session in enumerate(sessions)
            ]

            async def are_busy() -> bool:
                return len(at_work) == THREADS and servers._threads.free.locked()

            await eventually(are_busy, within=60)
            assert not any(one.done() for one in running)
            assert len(at_work) == THREADS
            go_on.set()

            assert await asyncio.gather(*running) == list(range(SESSIONS))


class TestAHostThatAnswersNobody:
    async def test_leaves_some_places_to_the_others(self, mail_user: DovecotInbox) -> None:
        """One server by two names: to us they are two hosts."""
        go_on, at_work = threading.Event(), list[int]()

        def command(number: int) -> None:
            at_work.append(number)
            assert go_on.wait(60)

        plainly = replace(
            spec_of(mail_user), port=mail_user.server.imap_port, security=Security.NONE
        )
        async with (
            make_servers(mail_user.ca_file) as servers,
            AsyncExitStack() as stack,
        ):
            silent = [
                await stack.enter_async_context(servers.open(replace(plainly, host="127.0.0.1")))
                for _ in range(5)
            ]
            other = await stack.enter_async_context(
                servers.open(replace(plainly, host="localhost"))
            )
            calls = [
                asyncio.create_task(session._call(lambda n=n: command(n)))  # type: ignore[attr-defined]
                for n, session in enumerate(silent)
            ]

            async def are_busy() -> bool:
                return len(at_work) >= 3

            await eventually(are_busy, within=60)
            async with asyncio.timeout(30):
                assert (await other.status("INBOX")).name == "INBOX"
            assert len(at_work) == 3
            go_on.set()
            await asyncio.gather(*calls)
