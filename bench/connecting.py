"""An account full of mail is connected: what it takes, and that nobody is told of any of it.

Then each folder gets one mail more, which must be all that is shown; and each is compared with the
server, UID by UID, which must prove that nothing is missing.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.installation import Installation, channel, installation
from bench.maildir import fill
from bench.mails import make
from bench.processes import children, cpu_seconds, peak_mb, resident_mb
from bench.report import table

_USER: Final = "full@example.com"
_FOLDERS: Final = ("INBOX", "Orders", "Suppliers")
_LONGEST: Final = 300
_LOOK_SECONDS: Final = 0.05
_QUIET_SECONDS: Final = 10
"""After which a card of an old mail would have been posted long ago."""


async def connecting(mails: int) -> str:
    """The tables for an account that holds so many mails in three folders."""
    shares = [mails - 2 * (mails // 4), mails // 4, mails // 4]
    with tempfile.TemporaryDirectory(prefix="sharedbox-bench-") as name:
        async with installation(Path(name), {_USER: "bench-password"}) as here:
            for folder, share in zip(_FOLDERS, shares, strict=True):
                await asyncio.to_thread(fill, here.dovecot, _USER, share, folder)
                status = await here.dovecot.status(_USER, folder)  # and so the server has an index
                assert status["messages"] == share
            before, used = resident_mb(here.worker_pid), cpu_seconds(here.worker_pid)
            started = time.perf_counter()
            await here.connect(_USER, channel(0), folders=_FOLDERS)
            connected = await _folders(here, lambda all_: all(one["watermark"] for one in all_))
            took = time.perf_counter() - started
            await asyncio.sleep(_QUIET_SECONDS)
            used = cpu_seconds(here.worker_pid) - used
            silent = _posts(here)
            for folder, raw in zip(_FOLDERS, make(len(_FOLDERS), "small", seed=11), strict=True):
                await here.dovecot.save(_USER, folder, raw)
            await here.slack.wait_for(lambda: _posts(here) > silent + 2, _LONGEST)
            proven = await _compared(here, connected)
            parsers = sum(map(peak_mb, children(here.worker_pid)))
            peak = peak_mb(here.worker_pid)
            posts = _posts(here)
    head = ["mails", "s until watched", "worker CPU s", "worker MB before", "at its peak"]
    head += ["its parsers", "cards", "cards after a mail in each folder"]
    row = [f"{mails:,}", f"{took:.2f}", f"{used:.2f}", f"{before:.0f}", f"{peak:.0f}"]
    row += [f"{parsers:.0f}", str(silent), str(posts)]
    return f"{table(head, [row])}\n\n{_folder_table(proven)}"


def _folder_table(folders: Sequence[dict[str, Any]]) -> str:
    counts = ("uids_on_server", "older", "accounted", "missing")
    return table(
        ["folder", "mails on the server", "older than SharedBox", "brought in", "missing"],
        [[one["name"], *(f"{one[key]:,}" for key in counts)] for one in folders],
    )


async def _compared(
    here: Installation, before: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """The folders, once each was compared with the server anew, which is due at once for that."""
    then = {one["name"]: one["last_reconciled_at"] for one in before}
    async with await psycopg.AsyncConnection.connect(here.database, autocommit=True) as connection:
        await connection.execute("UPDATE mailboxes SET next_reconcile_at = NULL")
    return await _folders(
        here, lambda all_: all(one["last_reconciled_at"] != then[one["name"]] for one in all_)
    )


async def _folders(
    here: Installation, are_ready: Callable[[Sequence[dict[str, Any]]], bool]
) -> Sequence[dict[str, Any]]:
    """Those of the account that are watched, as the REST API tells of them, once they are ready."""

    async def look() -> Sequence[dict[str, Any]]:
        (account,) = (await here.api.get("/accounts")).json()["items"]
        found = (await here.api.get(f"/accounts/{account['id']}")).json()["mailboxes"]
        return [one for one in found if one["name"] in _FOLDERS]

    async def are_there() -> Sequence[dict[str, Any]] | None:
        found = await look()
        return found if len(found) == len(_FOLDERS) and are_ready(found) else None

    return await _until(are_there)


async def _until(
    look: Callable[[], Awaitable[Sequence[dict[str, Any]] | None]],
) -> Sequence[dict[str, Any]]:
    async with asyncio.timeout(_LONGEST):
        while (found := await look()) is None:  # noqa: ASYNC110 -- it is in another process
            await asyncio.sleep(_LOOK_SECONDS)
    return found


def _posts(here: Installation) -> int:
    return sum(write.method == "chat.postMessage" for write in here.slack.writes)
