"""Connections for sending that are kept a little while for the next mail of their account.

    a mail was taken for everybody ──▶ kept ──▶ the next mail within seconds, RSET answered ──▶ used
                                        ├─ none within the time its provider grants ──▶ QUIT
                                        └─ login changed, account removed, shutdown ──▶ QUIT

An account has at most one here, and whoever takes it has it alone. One that has refused anything,
broken, or left a doubt never comes here. One that does not answer when it is taken costs a new
connection and nothing else. The next process knows nothing of them: each keeps its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from app.core.ids import AccountId
from app.core.logging import get_logger
from app.mailbox.port import ServerSpec
from app.providers.base import Facts
from app.providers.registry import of_host
from app.sending.smtp_line import Line
from app.store.notify import NotificationHub, Topic

MOST_AT_ONCE: Final = 50
"""In one process; the one that nobody has used for the longest makes room."""
_LONGEST_LIFE: Final = 300.0
"""Seconds after which none is used again, however busy: some servers hang up after ten minutes."""
_PROBE_SECONDS: Final = 5.0
"""Within which a kept one has to answer; a new one takes no longer than that to make."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    line: Line
    server: ServerSpec
    """With its password or token: another one needs a connection of its own."""
    watch: asyncio.Task[None]


class KeptLines:
    """Use as an async context manager; what is still kept at its end is left."""

    def __init__(
        self,
        hub: NotificationHub,
        *,
        most: int = MOST_AT_ONCE,
        probe_seconds: float = _PROBE_SECONDS,
        facts_of: Callable[[str], Facts] = lambda host: of_host(host).facts,
    ) -> None:
        self._hub = hub
        self._most = most
        self._probe_seconds = probe_seconds
        self._facts_of = facts_of
        self._kept: dict[AccountId, _Kept] = {}
        """The one that was used last stands last."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        for account_id in tuple(self._kept):
            self._let_go(account_id)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._kept)

    async def take(self, account_id: AccountId, server: ServerSpec) -> Line | None:
        """The account's connection to this server by this login, if it still answers."""
        kept = self._kept.get(account_id)
        if kept is None:
            return None
        if kept.server != server or self._is_used_up(kept.line, server):
            self._let_go(account_id)
            return None
        del self._kept[account_id]
        kept.watch.cancel()
        try:
            if await kept.line.is_ready(self._probe_seconds):
                return kept.line
        except BaseException:
            await kept.line.leave(polite=False)
            raise
        log.debug("smtp.kept_line_dead", account=str(account_id))
        await kept.line.leave(polite=False)
        return None

    def keep(self, account_id: AccountId, server: ServerSpec, line: Line) -> bool:
        """Keep it for the next mail; False where that may not be, and the line is still yours."""
        seconds = self._facts_of(server.host).sending_line_kept.total_seconds()
        if self._is_over or seconds <= 0 or self._is_used_up(line, server):
            return False
        self._let_go(account_id)
        if len(self._kept) >= self._most:
            self._let_go(next(iter(self._kept)))
        watch = asyncio.create_task(
            self._watch(account_id, line, seconds), name=f"kept line {account_id}"
        )
        self._kept[account_id] = _Kept(line, server, watch)
        return True

    def _is_used_up(self, line: Line, server: ServerSpec) -> bool:
        age = asyncio.get_running_loop().time() - line.opened_at
        most = self._facts_of(server.host).mails_per_sending_line
        return not line.is_open or line.mails >= most or age > _LONGEST_LIFE

    async def _watch(self, account_id: AccountId, line: Line, seconds: float) -> None:
        """Let it go when its time is over, or when the way into its account has changed."""
        with self._hub.waker(Topic.LOGIN, account_id) as waker:
            await waker.wait(seconds)
        kept = self._kept.get(account_id)
        if kept is not None and kept.line is line:
            self._let_go(account_id)

    def _let_go(self, account_id: AccountId) -> None:
        kept = self._kept.pop(account_id, None)
        if kept is None:
            return
        if kept.watch is not asyncio.current_task():
            kept.watch.cancel()
        leaving = asyncio.create_task(kept.line.leave(), name=f"leaving {account_id}")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
