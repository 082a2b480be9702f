"""Arming the fault points of processes that run already; see `app/core/faults.py`."""

from pathlib import Path


class FaultFile:
    """One fault at a time, for all processes that were started with `environment`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fault"
        self._struck = folder / "fault.struck"

    @property
    def environment(self) -> dict[str, str]:
        return {"SHAREDBOX_FAULT_FILE": str(self.path)}

    def arm(self, point: str, action: str, count: int = 1) -> None:
        """The next process that passes the point (for the `count`-th time) is struck."""
        self._struck.unlink(missing_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(f"{point}:{action}:{count}")
        draft.rename(self.path)

    def disarm(self) -> None:
        self.path.unlink(missing_ok=True)

    async def has_struck(self) -> bool:
        """To be awaited by `eventually`: a case whose fault never struck proves nothing."""
        return self._struck.exists()
