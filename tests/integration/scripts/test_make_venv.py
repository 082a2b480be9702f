"""The virtual environment is made once, with a Python that can, or somebody is told what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT

BASH = shutil.which("bash") or "bash"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python that can do all that is asked of it, and makes one like itself."""
    return answering(tmp_path / "python", "*) ;;")


def answering(path: Path, *cases: str) -> Path:
    """A Python that answers as these cases say, and notes the environments it makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!{BASH}\n"
        'if [[ "$*" == "-m venv "* ]]; then\n'
        '  mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/made"; exit 0\n'
        "fi\n"
        f'case "$*" in {" ".join(cases)} esac\n'
    )
    path.chmod(0o755)
    return path


def run(folder: Path, python: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROJECT_ROOT / "scripts" / "make-venv", folder],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(python)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class TestMakeVenv:
    def test_without_a_python_says_how_to_get_one(self, tmp_path: Path) -> None:
        done = run(tmp_path / "venv", "")

        assert done.returncode == 1
        assert "sudo apt-get install python3 python3-venv" in done.stderr
        assert not (tmp_path / "venv").exists()

    def test_with_one_that_is_too_old_says_how_to_get_another(self, tmp_path: Path) -> None:
        old = answering(tmp_path / "old", "*version_info*) exit 1 ;;")

        done = run(tmp_path / "venv", old)

        assert done.returncode == 1
        assert "needs Python 3.11 or newer" in done.stderr

    def test_where_the_system_keeps_venv_apart_says_what_to_install(self, tmp_path: Path) -> None:
        bare = answering(tmp_path / "bare", "*ensurepip*) exit 1 ;;")

        done = run(tmp_path / "venv", bare)

        assert done.returncode == 1
        assert "sudo apt-get install python3-venv" in done.stderr

    def test_makes_one(self, tmp_path: Path, python: Path) -> None:
        done = run(tmp_path / "venv", python)

        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / "venv" / "made").exists()

    def test_leaves_one_that_works_alone(self, tmp_path: Path, python: Path) -> None:
        answering(tmp_path / "venv" / "bin" / "python", "*) ;;")

        assert run(tmp_path / "venv", python).returncode == 0
        assert not (tmp_path / "venv" / "made").exists()

    def test_makes_one_anew_that_was_never_finished(self, tmp_path: Path, python: Path) -> None:
        answering(tmp_path / "venv" / "bin" / "python", "*pip*) exit 1 ;;")
        (tmp_path / "venv" / "half").touch()

        assert run(tmp_path / "venv", python).returncode == 0
        assert (tmp_path / "venv" / "made").exists()
        assert not (tmp_path / "venv" / "half").exists()
