"""`sharedbox demo`: the whole product on this machine, with nothing of the outside world.

    mail server ─▶ local Slack ─▶ Postgres ─▶ web, worker ─▶ sample inbox ─▶ sample mails

Each is started when the one before it is up. All of them end in reverse, whether the demo is told
to stop or one of them does not come up.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvloop

from app.cli.demo_output import DemoOutput
from app.cli.output import errors, fail, settings
from app.cli.run import Process, Surroundings, keep_running
from app.core.clock import SystemClock
from app.core.errors import SharedBoxError
from app.core.logging import configure_logging
from app.sandbox.demo import (
    Demo,
    Ports,
    demo_folder,
    make_owner,
    new_api_key,
    new_password,
    open_slack,
    refuse_real_slack,
)
from app.sandbox.inbox import SharedBoxAPI, deliver_samples, until
from app.sandbox.mail.choice import running_mail_server
from app.sandbox.mail.customer import Customer
from app.sandbox.mail.submission import SubmissionServer
from app.sandbox.samples import INBOX
from app.store.embedded import EmbeddedPostgres
from app.store.engine import conninfo
from app.store.migrate import migrate

_START_SECONDS: Final = 90
_LIVE_SECONDS: Final = 30
_ENDINGS_BORNE: Final = 3
_STOP_SECONDS: Final = 5
"""What is still to be posted then is nobody's loss."""
_LAST_WORDS: Final = 1500


class DidNotStart(SharedBoxError):
    """A process of SharedBox ends again and again before it was ever up."""


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="SharedBox’s port. [8000 or a free one]")
    ] = None,
    slack_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="The local workspace’s port. [the next free one]"),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the workspace’s page.")] = True,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep database, mail and logs in this empty folder, to look at them."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print addresses as JSON.")] = False,
) -> None:
    """Try SharedBox out: a local Slack, a mail server and an inbox with sample mails.

    It all runs on this machine, nothing leaves it, and Ctrl-C removes every trace. Settings that
    are meant for “sharedbox run” are not used.

    Example: sharedbox demo --port 9000 --no-browser
    """
    given = settings()
    configure_logging(process="demo", json=not sys.stderr.isatty(), level="WARNING")
    output = DemoOutput(as_json=as_json, browser=browser)
    try:
        refuse_real_slack(given)
        with (
            demo_folder(data) as folder,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_until_told_to_stop(folder, Ports(port, slack_port), output))
    except SharedBoxError as error:
        fail(error.sentence)
    errors.print("The demo has ended.", highlight=False)


async def _until_told_to_stop(folder: Path, ports: Ports, output: DemoOutput) -> None:
    """Run until Ctrl-C, SIGTERM or the end of the terminal; being told twice changes nothing."""
    loop, running = asyncio.get_running_loop(), asyncio.create_task(_run(folder, ports, output))

    def stop() -> None:
        if not running.cancelling():
            errors.print("Stopping …", highlight=False)
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(folder: Path, ports: Ports, output: DemoOutput) -> None:
    async with contextlib.AsyncExitStack() as stack:
        demo = await _surroundings(stack, folder, ports, output)
        with output.step("SharedBox, web and worker"):
            children = await stack.enter_async_context(_running(demo))
            api = await stack.enter_async_context(SharedBoxAPI.of(demo))
            late = "SharedBox did not come up in time."
            up = until(api.is_ready, within=_START_SECONDS, otherwise=late)
            await children.unless_they_fail(up)
            await demo.slack.connect(f"{demo.base_url}/slack/events")
        with output.step(f"Inbox {INBOX}"):
            account_id = await api.connect(demo)
            late = "The sample inbox was not watched in time."
            live = until(lambda: api.is_live(account_id), within=_LIVE_SECONDS, otherwise=late)
            await children.unless_they_fail(live)
        children.are_up = True
        await output.ready(demo)
        with output.samples() as tell:
            await children.unless_they_fail(deliver_samples(demo, SystemClock(), tell))
        await children.unless_they_fail(asyncio.Event().wait())


async def _surroundings(
    stack: contextlib.AsyncExitStack, folder: Path, ports: Ports, output: DemoOutput
) -> Demo:
    """Start what SharedBox stands on and between."""
    with output.step("Mail server") as step:
        mail = await stack.enter_async_context(running_mail_server(INBOX, new_password()))
        submission = await stack.enter_async_context(SubmissionServer(INBOX, mail))
        step.name = f"Mail server: {mail.name}"
    with output.step("Local Slack workspace"):
        slack, port = open_slack(ports, Customer(submission))
        await stack.enter_async_context(slack)
    with output.step("Postgres"):
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder / "postgres"))
        await asyncio.to_thread(migrate, postgres.url)
        owner = await make_owner(conninfo(postgres.url))
    return Demo(
        folder=folder,
        database_url=conninfo(postgres.url),
        mail=mail,
        submission=submission,
        slack=slack,
        port=port,
        api_key=new_api_key(),
        owner=owner,
    )


class _Children:
    """SharedBox's own processes. One that ends is started again, and people see it.

    One that keeps ending before all `are_up` is a failure, with the end of its log as the reason.
    """

    def __init__(self, folder: Path) -> None:
        self.are_up = False
        self._folder = folder
        self._endings = dict.fromkeys(Process, 0)
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def log_of(self, process: Process) -> Path:
        return self._folder / f"{process}.log"

    def note_ending(self, process: Process, code: int) -> None:
        self._endings[process] += 1
        log = self.log_of(process)
        errors.print(f"[red]The {process} process ended with code {code}; starting it again.[/red]")
        errors.print(f"  Its log: {log}", highlight=False, soft_wrap=True)
        if self._endings[process] < _ENDINGS_BORNE or self.are_up or self._failure.done():
            return
        words = log.read_text(errors="replace").strip()[-_LAST_WORDS:]
        self._failure.set_exception(
            DidNotStart(f"The {process} process does not come up. Its log ends:\n{words}")
        )

    def note_end_of_care(self, task: asyncio.Task[None]) -> None:
        """Nothing but the end of the demo should end the task that cares for a process."""
        if not task.cancelled() and (error := task.exception()) and not self._failure.done():
            self._failure.set_exception(error)

    async def unless_they_fail(self, work: Awaitable[object]) -> None:
        """Do this while they run. Raises `DidNotStart`."""
        task: asyncio.Future[object] = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._failure}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            (self._failure if self._failure.done() else task).result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _running(demo: Demo) -> AsyncIterator[_Children]:
    """Web and worker as `sharedbox run` starts them, each with a log of its own."""
    children, stop = _Children(demo.folder), asyncio.Event()
    environment = demo.environment()
    async with contextlib.AsyncExitStack() as stack:
        caring = set()
        for process in (Process.WEB, Process.WORKER):
            log = stack.enter_context(children.log_of(process).open("ab"))
            around = Surroundings(demo.folder, log, children.note_ending, _STOP_SECONDS)
            task = asyncio.create_task(keep_running(process, environment, stop, around))
            task.add_done_callback(children.note_end_of_care)
            caring.add(task)
        try:
            yield children
        finally:
            stop.set()
            await asyncio.wait(caring)
