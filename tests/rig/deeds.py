"""Carrying out the steps of a random run, and noting what is known of each."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
import psycopg

from app.sandbox.mail.server import MailServerFailed
from app.sandbox.slack.faults import FaultKind
from app.sandbox.slack.wire import Refused
from app.sync.unstable import FOLLOWED
from tests.fixtures.faults import Blackhole, CutOn, Drip, Fault, Reset
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.stack import text_of
from tests.rig.history import Asked, Delivery, Interference, Result, Trouble
from tests.rig.plan import LARGE_SHARE, LOCAL, Step
from tests.rig.scripts import bye, changed, first, hang, refuse, reset, under_tag
from tests.rig.world import LARGEST_MAIL, World, pick

AFTERMATH: Final = 30.0
"""Seconds for which a trouble may be felt after it is over: processes start, ladders run."""
_FAULT_POINTS: Final = (
    "K01", "K02", "K03", "K04", "K05", "K06", "K07", "K08", "K09", "K10", "K11", "K12", "K13",
    "K19", "K20", "K21", "K22",
)  # fmt: skip
_PROXY: Final[dict[str, Fault]] = {
    "cut proxy": CutOn(rb"OK"),
    "blackhole proxy": Blackhole(),
    "drip proxy": Drip(40, 0.1),
    "reset proxy": Reset(),
}
_SLACK: Final = {
    "slack 429": FaultKind.RATE_LIMITED,
    "slack 500": FaultKind.HTTP,
    "slack drop after": FaultKind.DROP_AFTER,
    "slack drop before": FaultKind.DROP_BEFORE,
    "slack half body": FaultKind.HALF_BODY,
}


@dataclass
class Deeds:
    """Does what a plan says, in a world."""

    world: World
    delivered: list[tuple[str, str]] = field(default_factory=list)
    """(account, token), in order."""

    def __post_init__(self) -> None:
        self._touched: set[str] = set()
        self._renumbered = 0
        self._number = 0

    async def do(self, step: Step) -> None:
        """Whatever goes wrong on the way is an outcome, not an error."""
        verbs: dict[str, Callable[[Step], Awaitable[None]]] = {
            "deliver": self._deliver,
            "act": self._act,
            "interfere": self._interfere,
            "nemesis": self._strike,
        }
        await verbs[step.verb](step)

    # Mail comes in

    async def _deliver(self, step: Step) -> None:
        self._number += 1
        token, account = f"tok{self._number:05}", step.what
        words = "A word. " * (LARGEST_MAIL // 6) if step.size < LARGE_SHARE else "Hello."
        raw = mail(f"Soak {token}", f"{token}@soak.example", f"About {token}. {words}")
        at, result = time.time(), Result.OK
        try:
            if account == "hostile":
                self.world.hostile.put(raw)
            else:
                await self.world.inboxes[account].deliver(raw)
        except (OSError, MailServerFailed, TimeoutError, EOFError):
            result = Result.UNKNOWN
        self.world.history.note(Delivery(at, token, account, result))
        self.delivered.append((account, token))

    # People act

    async def _act(self, step: Step) -> None:
        if step.what == "undo":
            await self._undo(step)
            return
        token = self._untouched(step.chance, among=("busy", "hostile"))
        if token is None:
            return
        by_slack = step.what == "archive" and step.size < 0.5
        await (self._click(token) if by_slack else self._ask(token, step.what))

    async def _click(self, token: str) -> None:
        """Archive it by the menu of its card."""
        for channel in ("support", "sales"):
            for card in self.world.slack.messages(channel):
                if token in text_of(card):
                    await self._choose(token, channel, str(card["ts"]))
                    return

    async def _choose(self, token: str, channel: str, ts: str) -> None:
        self._touched.add(token)
        at, result = time.time(), Result.UNKNOWN
        with contextlib.suppress(Refused):
            outcome = await self.world.slack.choose_overflow("Ana", channel, ts, "Archive")
            result = Result.OK if outcome.ok else Result.UNKNOWN
        self.world.history.note(Asked(at, token, "archive", result))

    async def _ask(self, token: str, what: str) -> None:
        """By REST; only what was answered is known."""
        conversation_id = await self._read(lambda: self.world.database.conversation_of(token))
        if conversation_id is None:
            return
        self._touched.add(token)
        await self._post(
            token, what, "/commands", {"type": what, "conversation_id": conversation_id}
        )

    async def _undo(self, step: Step) -> None:
        done = [
            one for one in self.world.history.asked if one.what in {"archive", "delete", "spam"}
        ]
        undone = {one.token for one in self.world.history.asked if one.what == "restore"}
        left = [one.token for one in done if one.token not in undone]
        if not left:
            return
        token = pick(left, step.chance)
        command_id = await self._read(lambda: self.world.database.last_command_of(token))
        if command_id is not None:
            await self._post(token, "restore", f"/commands/{command_id}/undo", None)

    async def _post(self, token: str, what: str, path: str, body: object) -> None:
        at, result, command_id = time.time(), Result.UNKNOWN, ""
        with contextlib.suppress(httpx.HTTPError):
            answer = await self.world.stack.api.post(path, json=body, timeout=10)
            if answer.status_code == 202:
                result, command_id = Result.OK, str(answer.json()["id"])
            elif answer.status_code < 500:
                result = Result.FAIL
        self.world.history.note(Asked(at, token, what, result, command_id))

    # Other mail clients act

    async def _interfere(self, step: Step) -> None:
        token = self._untouched(step.chance, among=("busy",))
        if token is None:
            return
        self._touched.add(token)
        if step.what != "flag":
            self.world.history.note(Interference(time.time(), token, step.what))
        with contextlib.suppress(OSError, EOFError):
            await asyncio.to_thread(self._by_another_client, token, step.what)

    def _by_another_client(self, token: str, what: str) -> None:
        with log_in(self.world.inboxes["busy"]) as client:
            client.select("INBOX")
            found = client.uid("SEARCH", "SUBJECT", token)[1][0]
            if not found:
                return
            uid = found.split()[0].decode()
            if what == "move":
                client.uid("MOVE", uid, "Drafts")
                return
            client.uid("STORE", uid, "+FLAGS", "\\Flagged" if what == "flag" else "\\Deleted")
            if what == "delete":
                client.uid("EXPUNGE", uid)

    # Everything else goes wrong

    async def _strike(self, step: Step) -> None:
        at, seconds = time.time(), 0.5 + 3.5 * step.size
        with contextlib.suppress(psycopg.Error):
            await self._strike_now(step, seconds)
        self.world.history.note(
            Trouble(at, time.time() + AFTERMATH, step.what, local=step.what in LOCAL)
        )

    async def _strike_now(self, step: Step, seconds: float) -> None:
        world = self.world
        match step.what.split():
            case ["kill", "worker"]:
                world.kill(pick(world.workers or ["worker-1"], step.chance))
            case ["kill", "web"]:
                world.kill("web")
            case ["stop", "worker"]:
                name = pick(world.workers or ["worker-1"], step.chance)
                world.pause(name, on=True)
                await asyncio.sleep(2 * seconds)
                world.pause(name, on=False)
            case ["crash", "postgres"]:
                await world.postgres.crash()
                await asyncio.sleep(seconds)
                await world.postgres.start()
            case ["restart", "dovecot"]:
                await world.dovecot.restart()
            case [_, "proxy"]:
                world.proxy.set(to_client=_PROXY[step.what])
                await asyncio.sleep(seconds)
                world.proxy.set()
                world.proxy.kill()
            case ["slack", *_]:
                method = pick(["chat.postMessage", "chat.postMessage", "chat.update"], step.chance)
                world.slack.fail_next(method, _SLACK[step.what], times=1 + int(3 * step.size))
            case ["fault", "point"]:
                world.faults.arm(pick(list(_FAULT_POINTS), step.chance), "kill")
            case ["hostile", *_]:
                self._be_hostile(step, seconds)

    def _be_hostile(self, step: Step, seconds: float) -> None:
        server = self.world.hostile
        command = pick(["EXAMINE", "SEARCH", "FETCH", "SELECT", "LOGIN"], step.chance)
        match step.what.removeprefix("hostile "):
            case "cut":
                server.on(command, reset(after=int(200 * step.size)))
            case "bye":
                server.on(command, bye("Server shutting down"))
            case "wrong tag":
                server.on("SEARCH", under_tag("XXXX9"))
            case "twice":
                server.on("FETCH", changed(lambda reply: reply.lines.extend(list(reply.lines))))
            case "refuse":
                server.on("FETCH", refuse("Some of the requested messages no longer exist."))
            case "hang":
                server.on(command, hang(after=3))
            case "uidvalidity":
                self._renumber(step.size)
            case "vanish":
                token = self._untouched(step.size, among=("hostile",))
                if token is not None:
                    self._touched.add(token)
                    self.world.history.note(Interference(time.time(), token, "delete"))
                    server.on("FETCH", first(lambda: self._remove(token)))

    def _renumber(self, size: float) -> None:
        """Not more often than is followed at once: after that, a folder is let be for minutes."""
        if self._renumbered < FOLLOWED:
            self._renumbered += 1
            inbox = self.world.hostile.account.inbox
            inbox.renumber(inbox.uidvalidity + 1 + int(100 * size))
            inbox.on_change()

    def _remove(self, token: str) -> None:
        inbox = self.world.hostile.account.inbox
        for uid, one in list(inbox.mails.items()):
            if token.encode() in one.header("Subject"):
                inbox.remove(uid)

    def _untouched(self, chance: float, *, among: tuple[str, ...]) -> str | None:
        """A mail with which nobody has done anything yet."""
        left = [t for a, t in self.delivered if a in among and t not in self._touched]
        return pick(left, chance) if left else None

    async def _read(self, look: Callable[[], str | None]) -> str | None:
        """What the tables say; nothing while they cannot be read."""
        try:
            return await asyncio.to_thread(look)
        except psycopg.Error:
            return None
