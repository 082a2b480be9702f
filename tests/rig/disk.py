"""A file system of its own, in memory, that can be made full, larger and read-only."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

NOT_PERMITTED: Final = "a file system can only be mounted by root, and not in every container"


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_mounted = False

    def mount(self, options: str) -> bool:
        """Whether that is permitted here; where it is not, the folder is an ordinary one."""
        self.folder.mkdir()
        self.is_mounted = (
            shutil.which("mount") is not None
            and os.geteuid() == 0
            and _runs("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder))
        )
        return self.is_mounted

    def remount(self, options: str) -> None:
        assert _runs("mount", "-o", f"remount,{options}", str(self.folder))

    def fill(self) -> None:
        """Leave no room but what is taken already."""
        self.remount(f"size={shutil.disk_usage(self.folder).used}")

    def unmount(self) -> None:
        _runs("umount", "-l", str(self.folder))


def _runs(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True, timeout=10).returncode == 0
