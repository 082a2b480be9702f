"""What a killed run leaves behind, the next one removes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from app.core.config import PROJECT_ROOT
from tests.fixtures.leftovers import owned_folder, sweep

PREFIX = "left-over-"
_HOLD = f"""
import subprocess, sys
from pathlib import Path
from tests.fixtures.leftovers import owned_folder

with owned_folder({PREFIX!r}, Path(sys.argv[1])) as folder:
    data = folder / "data"
    data.mkdir()
    # A shell that starts us in the background has ours pass over SIGQUIT; Postgres heeds it.
    wait = "from signal import *; signal(SIGQUIT, SIG_DFL); print(flush=True); pause()"
    server = subprocess.Popen([sys.executable, "-c", wait, str(data)], stdout=subprocess.PIPE)
    server.stdout.readline()
    (data / "postmaster.pid").write_text(f"{{server.pid}}\\n")
    print(server.pid, flush=True)
    sys.stdin.readline()
    server.kill()
"""


@contextmanager
def held(parent: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A process that has such a folder, and the server in it."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(parent)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        server = psutil.Process(int(holder.stdout.readline()))
        try:
            yield holder, server
        finally:
            if server.is_running():
                server.kill()
            holder.kill()


def is_over(process: psutil.Process) -> bool:
    """A process that has ended may be listed until somebody asks what it ended with."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class TestSweep:
    def test_leaves_what_somebody_still_uses(self, tmp_path: Path) -> None:
        with held(tmp_path) as (_, server):
            sweep(PREFIX, tmp_path)

            assert len(list(tmp_path.iterdir())) == 1
            assert not is_over(server)

    def test_leaves_what_is_not_marked(self, tmp_path: Path) -> None:
        (tmp_path / f"{PREFIX}abc").mkdir()

        sweep(PREFIX, tmp_path)

        assert len(list(tmp_path.iterdir())) == 1

    def test_removes_what_a_killed_process_left_and_ends_its_server(self, tmp_path: Path) -> None:
        with held(tmp_path) as (holder, server):
            holder.send_signal(signal.SIGKILL)
            holder.wait(30)

            sweep(PREFIX, tmp_path)

            assert list(tmp_path.iterdir()) == []
            assert is_over(server)


class TestOwnedFolder:
    def test_goes_with_its_context(self, tmp_path: Path) -> None:
        with owned_folder(PREFIX, tmp_path) as folder:
            assert folder.is_dir()

        assert list(tmp_path.iterdir()) == []
