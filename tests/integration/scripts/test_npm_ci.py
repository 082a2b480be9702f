"""npm packages are installed with whichever Node is at hand, and run nothing of their own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one package, which lies beside it and would like to run something."""
    package = {"name": "greedy", "version": "1.0.0", "scripts": {"install": "touch ran"}}
    described = {"name": "project", "version": "1.0.0", "dependencies": {"greedy": "file:greedy"}}
    locked = {
        "": described,
        "greedy": {"version": "1.0.0", "hasInstallScript": True},
        "node_modules/greedy": {"resolved": "greedy", "link": True},
    }
    lock = {"name": "project", "version": "1.0.0", "lockfileVersion": 3, "packages": locked}
    (tmp_path / "greedy").mkdir()
    (tmp_path / "greedy" / "package.json").write_text(json.dumps(package))
    (tmp_path / "package.json").write_text(json.dumps(described))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "scripts").mkdir()
    shutil.copy(PROJECT_ROOT / "scripts" / "npm-ci", tmp_path / "scripts")
    return tmp_path


@pytest.fixture
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the script is written in and our Python, and no Node."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("bash", "env", "dirname"):
        (folder / name).symlink_to(shutil.which(name) or name)
    python = folder / "python"
    python.write_text(f'#!{folder}/bash\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def run(project: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / "npm-ci"],
        env={"PATH": str(tools), "HOME": str(project), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestNode:
    def test_comes_from_the_wheel_where_there_is_no_other(self, project: Path, tools: Path) -> None:
        done = run(project, tools)

        assert done.returncode == 0, done.stderr
        assert (project / "node_modules" / "greedy").exists()
        assert not (project / "greedy" / "ran").exists()

    def test_comes_from_the_wheel_where_the_other_is_too_old(
        self, project: Path, tools: Path
    ) -> None:
        npm = tools / "npm"
        npm.write_text(f"#!{tools}/bash\n[[ $1 == --version ]] && echo 6.14.0\n")
        npm.chmod(0o755)

        assert run(project, tools).returncode == 0
        assert (project / "node_modules" / "greedy").exists()

    def test_comes_from_the_system_where_that_is_new_enough(
        self, project: Path, tools: Path
    ) -> None:
        npm = tools / "npm"
        npm.write_text(f"#!{tools}/bash\nif [[ $1 == --version ]]; then echo 11.0; fi; echo $*\n")
        npm.chmod(0o755)

        done = run(project, tools)

        assert done.stdout == "ci --ignore-scripts --no-audit --no-fund --loglevel=error\n"

    def test_that_is_nowhere_is_asked_for(self, project: Path, tools: Path) -> None:
        (tools / "python").write_text(f"#!{tools}/bash\nexit 1\n")

        done = run(project, tools)

        assert done.returncode == 1
        assert "npm 7 or newer is needed" in done.stderr
