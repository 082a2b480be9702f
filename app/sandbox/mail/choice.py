"""Which mail server the demo runs: Dovecot where it is installed and comes up, else pymap."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from app.core.logging import get_logger
from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.sandbox.mail.pymap_server import PymapServer
from app.sandbox.mail.server import MailServer, MailServerFailed

log = get_logger(__name__)


@asynccontextmanager
async def running_mail_server(username: str, password: str) -> AsyncIterator[MailServer]:
    """The best mail server this machine can run, with one user; it runs inside the context."""
    async with AsyncExitStack() as stack:
        yield await _enter_best(stack, username, password)


async def _enter_best(stack: AsyncExitStack, username: str, password: str) -> MailServer:
    if Dovecot.is_installed():
        try:
            dovecot = DovecotInbox(Dovecot({username: password}), username)
            return await stack.enter_async_context(dovecot)
        except MailServerFailed as error:
            log.warning("dovecot.did_not_come_up", error=str(error))
    return await stack.enter_async_context(PymapServer(username, password))
