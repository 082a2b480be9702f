"""The worker process: it tends accounts and runs jobs."""

import asyncio
import contextlib

from app.accounts.tokens import GrantTokens
from app.bootstrap.checking import checker
from app.bootstrap.opening import open_container, open_installations
from app.container import Container
from app.core.config import Settings
from app.feed.context import Feeding
from app.jobs.context import Tending
from app.jobs.trying import Trying
from app.jobs.vitals import serving_vitals
from app.jobs.worker import Worker
from app.mailbox.sessions import IMAPServers
from app.outside.http import open_outside
from app.rules.arrivals import Arrivals
from app.sending.context import Sending
from app.sending.kept import KeptLines
from app.sending.smtp import SMTPTransport
from app.slack.client import WorkspaceClients, http_session
from app.sync.in_flight import InFlight
from app.sync.parsing import ParserPool
from app.webhooks.deliver import Delivering


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Tend accounts and run jobs until `stop` is set."""
    async with contextlib.AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            vitals = serving_vitals(settings.host, settings.metrics_port)
            await stack.enter_async_context(vitals)
        container = await stack.enter_async_context(open_container(settings))
        http = await stack.enter_async_context(http_session())
        installations = await open_installations(container, http, stack)
        parser = await stack.enter_async_context(ParserPool(settings.parser_processes))
        servers = await stack.enter_async_context(
            IMAPServers(
                threads=settings.imap_threads,
                largest_mail=settings.max_mail_bytes,
                allow_private=settings.allow_private_mail_hosts,
                ca_file=settings.tls_ca_file,
                dials_per_second=settings.dials_per_second,
            )
        )
        tokens = GrantTokens(container.store, container.hub, container.vault, container.oauth)
        tending = Tending(
            store=container.store,
            blobs=container.blobs,
            parser=parser,
            servers=servers,
            hub=container.hub,
            clock=container.clock,
            vault=container.vault,
            announce=Arrivals(container.clock),
            ladder=settings.ladder(),
            poll_seconds=settings.poll_seconds,
            idle_renew_seconds=settings.idle_renew_seconds,
            largest_mail=settings.max_mail_bytes,
            reconnect_after_seconds=settings.reconnect_after_seconds,
            import_mails_per_minute=settings.import_mails_per_minute,
            worker_silent_seconds=settings.worker_silent_seconds,
            in_flight=InFlight(settings.max_bytes_in_flight),
            tokens=tokens,
        )
        slack = WorkspaceClients(installations, http, settings.slack_api_url)
        feeding = _feeding(container, slack, stop)
        sending = await _sending(container, parser, tokens, stack)
        gate = open_outside(allow_private=settings.allow_private_webhook_hosts)
        delivering = Delivering(
            store=container.store,
            outside=await stack.enter_async_context(gate),
            vault=container.vault,
            clock=container.clock,
        )
        trying = Trying(container.store, container.vault, tokens, checker(settings, servers))
        await Worker(container, tending, feeding, sending, delivering, tokens, trying).run(stop)


def _feeding(container: Container, slack: WorkspaceClients, stop: asyncio.Event) -> Feeding:
    settings = container.settings
    return Feeding(
        store=container.store,
        blobs=container.blobs,
        slack=slack,
        hub=container.hub,
        clock=container.clock,
        site=settings.slack_api_url,
        pages=settings.base_url,
        cards_per_minute=settings.cards_per_minute,
        slept_seconds=settings.worker_silent_seconds / 2,
        stop=stop,
    )


async def _sending(
    container: Container, parser: ParserPool, tokens: GrantTokens, stack: contextlib.AsyncExitStack
) -> Sending:
    settings = container.settings
    allow_private = settings.allow_private_mail_hosts
    kept = await stack.enter_async_context(KeptLines(container.hub))
    return Sending(
        store=container.store,
        blobs=container.blobs,
        transport=SMTPTransport(
            allow_private=allow_private, ca_file=settings.tls_ca_file, kept=kept
        ),
        reader=parser,
        outside=await stack.enter_async_context(open_outside(allow_private=allow_private)),
        vault=container.vault,
        sends_per_hour=settings.sends_per_hour,
        tokens=tokens,
    )
