"""Points at which a test may kill the process, to prove that nothing is lost or doubled there.

`SHAREDBOX_FAULT_FILE` names a file. While it says `K07:kill:2`, the process that passes K07 for the
second time takes the file away, so that it strikes once among all processes, and kills itself;
`raise` raises `InjectedFault` instead, and `stop` stops the process, as a paused machine would be,
until somebody sends it SIGCONT. In normal life the variable is unset and a fault point costs one
comparison.
"""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Final

from app.core.errors import SharedBoxError

POINTS: Final[dict[str, str]] = {
    "K01": "inbound: logged in",
    "K02": "inbound: SELECT done",
    "K03": "inbound: UIDVALIDITY read, not saved",
    "K04": "inbound: SEARCH done",
    "K05": "inbound: in the middle of a FETCH response",
    "K06": "inbound: raw bytes in hand",
    "K07": "inbound: raw bytes stored, the parser may still be running",
    "K08": "inbound: the parser is running",
    "K09": "inbound: rows inserted, not committed",
    "K10": "inbound: committed",
    "K11": "feed: post claimed",
    "K12": "feed: Slack has the request",
    "K13": "feed: Slack's answer read, not committed",
    "K14": "feed: post committed, files not begun",
    "K15": "feed: upload URL used, not completed",
    "K16": "feed: upload completed, not committed",
    "K17": "action: interaction received, not committed",
    "K18": "action: committed, not acknowledged",
    "K19": "action: command claimed",
    "K20": "action: IMAP command sent",
    "K21": "action: tagged OK read, not committed",
    "K22": "action: committed, card not refreshed",
    "K23": "reply: committed, not acknowledged",
    "K24": "reply: recipients accepted",
    "K25": "reply: in the middle of DATA",
    "K26": "reply: the last line is sent",
    "K27": "reply: the server has taken it, not committed",
    "K28": "reply: committed, not in Sent",
    "K29": "reply: in the middle of APPEND",
    "K30": "reply: appended, not noted",
    "K32": "token: the provider has given new ones, not committed",
}

_FILE = os.environ.get("SHAREDBOX_FAULT_FILE", "")
_passed: Counter[str] = Counter()


class InjectedFault(SharedBoxError):
    """Raised on purpose, by a test that asked for it."""


def faultpoint(name: str) -> None:
    """Do here what the fault file asks for; nothing where it asks for nothing."""
    if not _FILE:
        return
    match _take(name):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise InjectedFault(f"fault point {name}: {POINTS[name]}")


def _take(name: str) -> str | None:
    """What is to be done here and now, if we are the one whom it strikes."""
    file = Path(_FILE)
    try:
        wanted = file.read_text()
        point, action, count = wanted.split(":")
        if point != name:
            return None
        _passed[wanted] += 1
        if _passed[wanted] < int(count):
            return None
        file.rename(f"{_FILE}.struck")
    except FileNotFoundError:
        return None
    del _passed[wanted]
    return action
