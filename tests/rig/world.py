"""Everything that takes part in a random run, started and kept running: `async with World(…)`."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import httpx
import psutil
import psycopg

from app.sandbox.mail.dovecot import Dovecot, DovecotInbox
from app.sandbox.slack.local import LocalSlack
from app.store.engine import conninfo
from tests.fixtures.faultproxy import FaultProxy
from tests.fixtures.stack import API_KEY, Stack
from tests.rig.faultfile import FaultFile
from tests.rig.history import Findings, History, Pace, Usage
from tests.rig.imap_server import HostileServer
from tests.rig.observe import Database, in_slack, on_dovecot, on_hostile
from tests.rig.postgres import FragilePostgres

LARGEST_MAIL: Final = 100_000
CHANNELS: Final = {
    "busy": "support",
    "hostile": "sales",
    "control-1": "billing",
    "control-2": "billing",
}
_SILENT_SECONDS: Final = 3
_AGAIN_SECONDS: Final = 0.5
_SAMPLE_SECONDS: Final = 2.0
_WORK_SECONDS: Final = 0.02


class World:
    """Postgres, Dovecot behind a proxy, a hostile server, Slack, web, workers; and the history."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        self.folder = folder
        self.history = History()
        self.faults = FaultFile(folder)
        self.hostile = HostileServer()
        self.slack = LocalSlack()
        self.dovecot = Dovecot({"busy@soak.example": "pw"})
        self.postgres = FragilePostgres(folder / "postgres")
        self.children: dict[str, asyncio.subprocess.Process] = {}
        self.accounts: dict[str, str] = {}
        self.inboxes: dict[str, DovecotInbox] = {}
        self._workers = workers
        self._resources = AsyncExitStack()
        self._ending = False

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.postgres)
            await stack.enter_async_context(self.dovecot)
            await stack.enter_async_context(self.hostile)
            await stack.enter_async_context(self.slack)
            self.proxy = await stack.enter_async_context(
                FaultProxy(self.dovecot.host, self.dovecot.imaps_port)
            )
            self.inboxes["busy"] = DovecotInbox(self.dovecot, "busy@soak.example")
            for name in ("control-1", "control-2"):
                self.inboxes[name] = self.dovecot.add_user(f"{name}@soak.example", "pw")
            self._log = stack.enter_context((self.folder / "processes.log").open("ab"))
            self.stack = await stack.enter_async_context(
                Stack(self.postgres.url, self.folder, self.inboxes["busy"], self.slack)
            )
            for task in (self._supervise(), self._sample()):
                await stack.enter_async_context(_running(task))
            await self.stack.until_web_answers(within=60)
            await self.slack.connect(f"{self.stack.settings.base_url}/slack/events")
            await self._connect_accounts()
            self._resources = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        await self._resources.aclose()

    @property
    def workers(self) -> list[str]:
        """The names of those that run."""
        return [
            name
            for name, child in self.children.items()
            if name.startswith("worker") and child.returncode is None
        ]

    @property
    def database(self) -> Database:
        addresses = {name: f"{name}@soak.example" for name in CHANNELS}
        names = {address: name for name, address in addresses.items()}
        return Database(conninfo(self.postgres.url), names)

    def kill(self, name: str) -> None:
        """As the kernel would for want of memory; the supervisor starts another one."""
        with contextlib.suppress(ProcessLookupError, KeyError):
            self.children[name].kill()

    def pause(self, name: str, *, on: bool) -> None:
        with contextlib.suppress(ProcessLookupError, KeyError):
            self.children[name].send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    async def heal(self) -> None:
        """Take all trouble away, and let everybody know that they may hope again."""
        self.faults.disarm()
        self.proxy.set()
        self.hostile.heal()
        self.slack.emulator.faults.clear()
        for name in list(self.children):
            self.pause(name, on=False)
        await self.stack.until_web_answers(within=60)
        for account_id in self.accounts.values():
            with contextlib.suppress(httpx.HTTPError):
                await self.stack.api.post(f"/accounts/{account_id}/test", timeout=5)

    async def findings(self) -> Findings:
        """Everything as it is now, from three sides."""
        found = await asyncio.to_thread(self._from_tables)
        for name, inbox in self.inboxes.items():
            found.mails += await asyncio.to_thread(on_dovecot, name, inbox)
        found.mails += on_hostile("hostile", self.hostile)
        found.shown = in_slack(self.slack)
        return found

    def _from_tables(self) -> Findings:
        tables = self.database
        return Findings(
            folders=tables.folders(),
            entries=tables.entries(),
            kept=tables.kept(),
            commands=tables.commands(),
        )

    def _environment(self) -> dict[str, str]:
        return {
            "SHAREDBOX_RETRY_LADDER": "0.5 2@600 2",
            "SHAREDBOX_WORKER_SILENT_SECONDS": str(_SILENT_SECONDS),
            "SHAREDBOX_POLL_SECONDS": "5",
            "SHAREDBOX_CARDS_PER_MINUTE": "0",
            "SHAREDBOX_IDLE_RENEW_SECONDS": "10",
            "SHAREDBOX_MAX_MAIL_BYTES": str(LARGEST_MAIL),
            "SHAREDBOX_BOOTSTRAP_API_KEY": API_KEY,
            **self.faults.environment,
        }

    async def _supervise(self) -> None:
        """Start every process, and start it again when it ends, as an operator's machine does."""
        names = ["web", *(f"worker-{n + 1}" for n in range(self._workers))]
        while not self._ending:
            for name in names:
                child = self.children.get(name)
                if child is None or child.returncode is not None:
                    process = name.partition("-")[0]
                    self.children[name] = await self.stack.start_child(
                        process, self._log, **self._environment()
                    )
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _sample(self) -> None:
        """Look at the watermarks and at what each process uses, all the time."""
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            now = time.time()
            with contextlib.suppress(psycopg.Error):
                for ahead in await asyncio.to_thread(self.database.aheads, now):
                    self.history.note(ahead)
            self.history.note(Pace(now, await asyncio.to_thread(_slowness)))
            for name, child in self.children.items():
                with contextlib.suppress(psutil.Error):
                    self.history.note(_usage(now, name, child.pid))

    async def _connect_accounts(self) -> None:
        for name, channel in CHANNELS.items():
            body = self.stack.account(channel)
            body["address"] = f"{name}@soak.example"
            if name == "hostile":
                body["imap"] |= {"port": self.hostile.port, "security": "none"}
                body["imap"] |= {"username": self.hostile.username}
                body["imap"] |= {"password": self.hostile.password}
            else:
                port = self.proxy.port if name == "busy" else self.dovecot.imaps_port
                body["imap"] |= {"port": port, "username": self.inboxes[name].username}
            answer = await self.stack.api.post("/accounts", json=body)
            answer.raise_for_status()
            self.accounts[name] = answer.json()["id"]
        async with asyncio.timeout(60):
            for account_id in self.accounts.values():
                while await self._state(account_id) != "live":
                    await asyncio.sleep(0.1)

    async def _state(self, account_id: str) -> str:
        return str((await self.stack.api.get(f"/accounts/{account_id}")).json()["state"])


def _slowness() -> float:
    """How many times as long as its processor time a little work takes just now."""
    began, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < _WORK_SECONDS:
        pass
    return (time.perf_counter() - began) / _WORK_SECONDS


def _usage(at: float, name: str, pid: int) -> Usage:
    """A process is known by its number, too: one that was started anew starts anew here."""
    process = psutil.Process(pid)
    with process.oneshot():
        return Usage(
            at,
            f"{name}/{pid}",
            process.memory_info().rss,
            process.num_fds(),
            process.num_threads(),
        )


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def pick(of: list[Any], chance: float) -> Any:
    """The one that a number from 0 to 1 means."""
    return of[min(int(chance * len(of)), len(of) - 1)]
