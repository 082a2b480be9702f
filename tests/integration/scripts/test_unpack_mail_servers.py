"""The script that has Cyrus and Courier ready beside Dovecot."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT

SCRIPT = "scripts/unpack-mail-servers"
TOOLS = ("bash", "dirname", "env", "rm", "mkdir", "touch", "sed", "sort")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with nothing in it but the script, on a machine with little more than a shell."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(PROJECT_ROOT / SCRIPT, tmp_path / SCRIPT)
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def add(project: Path, name: str, script: str) -> None:
    program = project / "bin" / name
    program.write_text(f"#!{project}/bin/bash\n{script}\n")
    program.chmod(0o755)


def run(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / SCRIPT],
        env={"PATH": str(project / "bin")},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


class TestWithoutApt:
    def test_says_that_their_tests_are_left_out(self, project: Path) -> None:
        done = run(project)

        assert done.returncode == 0
        assert "on Debian and Ubuntu only" in done.stderr
        assert not (project / ".test-servers").exists()


class TestWithApt:
    @pytest.fixture
    def debian(self, project: Path) -> Path:
        """`apt-cache` tells of one library that is missing, `apt-get` notes what it fetches."""
        add(project, "apt-cache", 'echo "  Depends: libmissing1"; echo "  Depends: libthere1"')
        add(project, "dpkg-query", "[[ $* == *libthere1* ]] && printf installed")
        add(project, "apt-get", f'echo "$*" >> {project}/notes; echo > libmissing1.deb')
        add(project, "dpkg-deb", 'mkdir -p "$3/usr/lib"')
        return project

    def test_unpacks_the_servers_and_the_libraries_they_lack(self, debian: Path) -> None:
        done = run(debian)

        assert done.returncode == 0, done.stderr
        (fetched,) = (debian / "notes").read_text().splitlines()
        assert "download cyrus-imapd" in fetched
        assert fetched.endswith(" libmissing1")
        assert (debian / ".test-servers/complete").exists()
        assert (debian / ".test-servers/root/usr/lib").is_dir()

    def test_does_it_once(self, debian: Path) -> None:
        run(debian)

        done = run(debian)

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert len((debian / "notes").read_text().splitlines()) == 1

    def test_that_fails_ends_in_words(self, debian: Path) -> None:
        add(debian, "apt-get", "exit 100")
        add(debian, "sudo", "exit 1")

        done = run(debian)

        assert done.returncode == 1
        assert "sudo apt-get update" in done.stderr
        assert not (debian / ".test-servers/complete").exists()
