"""No header can be slipped in, whichever Python writes the mail: ours, or others that are here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from tests.unit.mail import hostile_headers

ROOT = Path(__file__).parents[3]


def pythons() -> list[str]:
    """The one that runs this, and the other supported releases that PATH leads to."""
    names = [f"python3.{minor}" for minor in (11, 12, 13) if minor != sys.version_info.minor]
    others = [found for name in names if (found := shutil.which(name)) and _runs(found)]
    return [sys.executable, *others]


def _runs(python: str) -> bool:
    """A shim of a version that is not chosen lies on PATH, too, and runs nothing."""
    asked = subprocess.run([python, "-c", ""], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


class TestHostileWords:
    def test_smuggle_nothing_in(self) -> None:
        assert hostile_headers.smuggled() == []

    def test_are_written_where_they_can_be(self) -> None:
        """Or the case above would hold for a writer that refuses everything."""
        with pytest.raises(InvalidInput):
            hostile_headers.mail_with("subject", hostile_headers.WORDS[0])

        assert hostile_headers.mail_with("subject", hostile_headers.WORDS[-1])

    def test_smuggle_nothing_in_on_any_python_that_is_here(self) -> None:
        for python in pythons():
            ran = subprocess.run(
                [python, "-m", "tests.unit.mail.hostile_headers"],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert ran.returncode == 0, f"{python}: {ran.stdout}{ran.stderr}"
