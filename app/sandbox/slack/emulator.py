"""Everything behind the HTTP surface: the workspace, its tokens, and what was done."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from app.core.clock import Clock
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.delivery import Courier
from app.sandbox.slack.faults import Faults
from app.sandbox.slack.files import Files
from app.sandbox.slack.rates import RateMode, Rates
from app.sandbox.slack.response_urls import ResponseURLs
from app.sandbox.slack.room import Channel
from app.sandbox.slack.seed import Seed
from app.sandbox.slack.views import Views
from app.sandbox.slack.wire import JSON, slack_id
from app.sandbox.slack.workspace import Workspace

_WRITES_KEPT: Final = 50_000
_APP_SCOPES: Final = frozenset({"connections:write"})


@dataclass(slots=True)
class Grant:
    """What a token may do."""

    scopes: frozenset[str]
    revoked: bool = False
    app_level: bool = False
    """Whether it speaks for the app itself, and not for its bot in a workspace."""


@dataclass(frozen=True, slots=True)
class Write:
    """A call that was accepted and changed something, whether or not it was answered."""

    number: int
    at: float
    method: str
    arguments: JSON
    answer: JSON
    answered: str
    """`ok`, or the fault that befell the answer."""

    @property
    def ts(self) -> str:
        return str(self.answer.get("ts") or self.answer.get("message_ts") or "")

    def as_json(self) -> JSON:
        return {**asdict(self), "ts": self.ts}

    def summary(self) -> JSON:
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "answered": self.answered,
            "channel": self.answer.get("channel") or self.arguments.get("channel") or "",
        }


class Emulator:
    """One workspace, and the app in it. `beside` is another of the same site, if there is one."""

    def __init__(
        self,
        seed: Seed,
        clock: Clock,
        courier: Courier,
        changes: Changes,
        beside: "Emulator | None" = None,
    ) -> None:
        self.clock, self.courier, self.changes = clock, courier, changes
        self.faults: Faults = beside.faults if beside else Faults()
        self.rates: Rates = beside.rates if beside else Rates(clock, RateMode.OFF)
        self.base_url: str = beside.base_url if beside else ""
        self.bot_token = ""
        """What the app was given last; empty where nobody has installed it yet."""
        self.is_installed = beside is None
        self.app_token: str = beside.app_token if beside else ""
        self.grants: dict[str, Grant] = {}
        self.writes: deque[Write] = deque(maxlen=_WRITES_KEPT)
        self._begin(seed)
        if beside is not None:
            self.workspace.app_id = beside.workspace.app_id
            return
        self.bot_token = self.new_token(seed.app.scopes)
        self.app_token = f"xapp-1-{self.workspace.app_id}-{secrets.token_hex(16)}"
        self.grants[self.app_token] = Grant(_APP_SCOPES, app_level=True)

    def _begin(self, seed: Seed) -> None:
        self.workspace = Workspace(seed, self.clock, self.changes)
        self.workspace.on_event = self._deliver
        self.views = Views(self.workspace)
        self.files = Files()
        self.response_urls = ResponseURLs(self.workspace)

    def reset(self) -> None:
        """Empty the workspace. People, channels and tokens stay who they are."""
        self.courier.drop_events()
        self.courier.log.clear()
        self.faults.clear()
        self.rates.clear()
        self.writes.clear()
        for channel in self.workspace.channels.values():
            channel.messages.clear()
        self.workspace.ephemerals.clear()
        self.views = Views(self.workspace)
        self.files = Files()
        self.response_urls = ResponseURLs(self.workspace)
        self.changes.tell("reset")

    def new_token(self, scopes: frozenset[str]) -> str:
        """A bot token that nobody else made: it works here only."""
        token = f"xoxb-local-{secrets.token_hex(16)}"
        self.grants[token] = Grant(scopes)
        return token

    def install(self, scopes: frozenset[str]) -> str:
        """Let the app in, once more if it was in before; answers its token."""
        self.bot_token, self.is_installed = self.new_token(scopes), True
        self.changes.tell("channels")
        return self.bot_token

    def uninstall(self) -> None:
        """Put the app out: its tokens end, and it is told so."""
        for grant in self.grants.values():
            grant.revoked = grant.revoked or not grant.app_level
        self.workspace.tell_app([{"type": "app_uninstalled"}])
        self.is_installed = False
        self.changes.tell("channels")

    def revoke(self, token: str) -> None:
        self.grants[token].revoked = True
        revoked = {"oauth": [], "bot": [self.workspace.bot.id]}
        self.workspace.tell_app([{"type": "tokens_revoked", "tokens": revoked}])

    def note_write(self, method: str, arguments: JSON, answer: JSON, answered: str) -> None:
        number = self.writes[-1].number + 1 if self.writes else 1
        at = self.clock.now().timestamp()
        kept = {name: value for name, value in arguments.items() if name != "token"}
        write = Write(number, at, method, kept, answer, answered)
        self.writes.append(write)
        self.changes.tell("write", team=self.workspace.team_id, call=write.summary())

    def permalink(self, channel: Channel, ts: str, thread_ts: str | None = None) -> str:
        link = f"{self.base_url}/archives/{channel.id}/p{ts.replace('.', '')}"
        return f"{link}?thread_ts={thread_ts}&cid={channel.id}" if thread_ts else link

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """What Slack does after it has answered."""
        asyncio.get_running_loop().call_later(seconds, do)

    def _deliver(self, event: JSON, channel: Channel | None) -> None:
        """Take an event to the app, if it subscribed to such and is where it happened."""
        here = self.workspace
        wanted = event["type"]
        if wanted == "message" and channel is not None:
            wanted += {"channel": ".channels", "group": ".groups", "im": ".im"}[channel.type]
        if not self.is_installed or wanted not in here.seed.app.events:
            return
        if channel is not None and here.bot.id not in channel.members:
            return
        self.courier.event(self._envelope(event, channel))

    def _envelope(self, event: JSON, channel: Channel | None) -> JSON:
        here = self.workspace
        place = f"-{channel.id}" if channel else ""
        authorization = {
            "enterprise_id": None,
            "team_id": here.team_id,
            "user_id": here.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "unused",
            "team_id": here.team_id,
            "context_team_id": here.team_id,
            "context_enterprise_id": None,
            "api_app_id": here.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": slack_id("Ev"),
            "event_time": int(self.clock.now().timestamp()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{here.team_id}-{here.app_id}{place}",
        }
