"""Which workers live, by what Postgres itself knows of their connections.

Every connection of a process carries the process's name. A worker shows that it lives by a shared
lock on its lock connection, and by asking something on it every few seconds. One that holds the
lock and says nothing is stopped, hung, or on a machine that lost its network: its locks would keep
its accounts from everybody, and its open transactions would keep rows. So others end all of its
connections. Should it wake, its fences are old and its writes are refused.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WORKERS: Final = 0x5B0E
"""The class of the lock that all workers share."""
_TOKEN: Final = secrets.token_hex(3)
"""Containers may share host names and process ids; this they do not share."""
_LONGEST_HOST: Final = 32

_OF_THIS_DATABASE: Final = f"""
    lock.locktype = 'advisory' AND lock.granted AND lock.mode = 'ShareLock'
    AND lock.classid = {WORKERS} AND lock.objid = 1 AND lock.objsubid = 2
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 -- of constants only
LIVE: Final = f"""
SELECT one.application_name, one.backend_start,
    extract(epoch FROM clock_timestamp() - one.state_change)::float8 AS silent_seconds,
    (SELECT count(*) FROM pg_locks AS held
     WHERE held.pid = one.pid AND held.locktype = 'advisory' AND held.objsubid = 1
       AND held.granted) AS accounts
FROM pg_locks AS lock JOIN pg_stat_activity AS one USING (pid)
WHERE {_OF_THIS_DATABASE}
ORDER BY one.backend_start
"""  # noqa: S608
END_SILENT: Final = f"""
SELECT DISTINCT application_name FROM (
    SELECT theirs.application_name, pg_terminate_backend(theirs.pid)
    FROM pg_stat_activity AS theirs
    WHERE theirs.usename = current_user AND theirs.datname = current_database()
      AND theirs.application_name IN (
        SELECT one.application_name FROM pg_locks AS lock JOIN pg_stat_activity AS one USING (pid)
        WHERE {_OF_THIS_DATABASE}
          AND one.application_name <> current_setting('application_name')
          AND clock_timestamp() - one.state_change > make_interval(secs => %s)
      )
) AS ended
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """`accounts`: how many it owns. `silent_seconds`: since it last gave a sign of life."""

    name: str
    started_at: datetime
    silent_seconds: float
    accounts: int


def process_name() -> str:
    """How this process is called in Postgres (at most 63 bytes, as Postgres cuts it)."""
    host = socket.gethostname().encode("ascii", "replace").decode()[:_LONGEST_HOST]
    return f"sharedbox {host}/{os.getpid()}/{_TOKEN}"
