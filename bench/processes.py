"""What processes use, as Linux tells it in /proc."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """What it took to bring in a mailbox."""

    mails: int
    seconds: float
    cpu_seconds: float
    """Of the process and its children."""
    peak_mb: float
    """Of the process and its children, each at its own peak."""
    searchable_seconds: float | None = None
    """From the start until search finds all by its index, where there is such a thing."""


def children(pid: int) -> list[int]:
    """The processes that any thread of this one started and that still run."""
    lists = (file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for children in lists for child in children.split()]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    return _status(pid, "VmRSS") / 1024


def peak_mb(pid: int) -> float:
    return _status(pid, "VmHWM") / 1024


def threads(pid: int) -> int:
    return _status(pid, "Threads")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(f"process {pid} has no {name}")
