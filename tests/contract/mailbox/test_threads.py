"""How many commands of one process are on the wire at once."""

import asyncio
import threading
from contextlib import AsyncExitStack

from app.mailbox.sessions import IMAPServers
from app.sandbox.mail.dovecot import DovecotInbox
from tests.fixtures.sessions import spec_of
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
