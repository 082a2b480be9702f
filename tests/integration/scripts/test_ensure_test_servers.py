"""The script run before the tests: silent where all is there, helpful where it is not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "scripts" / "ensure-test-servers"
DOVECOT = ("dovecot", "doveadm", "imap", "lmtp")
SERVERS = (*DOVECOT, "postfix")


class Machine:
    """A machine on which nothing is installed but what the script itself is written in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bash", "env", "tr", "chmod", "true"):
            (folder / name).symlink_to(shutil.which(name) or name)

    def add(self, name: str, script: str = "") -> None:
        program = self.folder / name
        program.write_text(f"#!{self.folder}/bash\n{script}\n")
        program.chmod(0o755)

    def run(self, postfix: str = "yes") -> subprocess.CompletedProcess[str]:
        places = {"PATH": str(self.folder), "SERVER_PATH": "", "CHROME_APPLICATIONS": "/nowhere"}
        return subprocess.run(
            [SCRIPT],
            env=places | {"DOVECOT_PROGRAMS": str(self.folder), "POSTFIX_WANTED": postfix},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestComplete:
    def test_this_machine_is(self) -> None:
        done = subprocess.run([SCRIPT], capture_output=True, timeout=20, check=False)

        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def test_nothing_is_said_or_done(self, machine: Machine) -> None:
        for name in (*SERVERS, "google-chrome"):
            machine.add(name)

        done = machine.run()

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestIncomplete:
    def test_says_all_that_is_missing(self, machine: Machine) -> None:
        done = machine.run()

        assert done.returncode == 1
        assert "apt-get install dovecot-imapd dovecot-lmtpd postfix chromium\n" in done.stderr
        assert "brew install dovecot" in done.stderr

    @pytest.mark.parametrize("missing", DOVECOT)
    def test_says_what_alone_is_missing(self, machine: Machine, missing: str) -> None:
        for name in {*SERVERS, "chromium"} - {missing}:
            machine.add(name)

        done = machine.run()

        assert done.returncode == 1
        assert "apt-get install dovecot-imapd dovecot-lmtpd\n" in done.stderr


class TestPostfix:
    def test_is_wanted_only_where_it_can_be_started(self, machine: Machine) -> None:
        for name in (*DOVECOT, "chromium"):
            machine.add(name)

        assert machine.run(postfix="").returncode == 0
        done = machine.run()
        assert done.returncode == 1
        assert "apt-get install postfix\n" in done.stderr


class TestInstalling:
    """`apt-get` notes what it is told, and brings the programs; `sudo` asks for no password."""

    @pytest.fixture
    def apt(self, machine: Machine) -> Path:
        notes = machine.folder / "notes"
        programs = " ".join(str(machine.folder / name) for name in (*SERVERS, "chromium"))
        machine.add("sudo", 'shift; exec "$@"')
        machine.add(
            "apt-get",
            f"echo $* >> {notes}\n"
            f"if [[ $* == *install* ]]; then for one in {programs}; do echo > $one; done; fi\n"
            f"if [[ $* == *install* ]]; then chmod +x {programs}; fi",
        )
        return notes

    def test_brings_what_is_missing_and_no_more(self, machine: Machine, apt: Path) -> None:
        for name in SERVERS:
            machine.add(name)

        done = machine.run()

        update, install = apt.read_text().splitlines()
        assert done.returncode == 0, done.stderr
        assert update.endswith(" update")
        assert install.endswith("install chromium")

    def test_stops_the_service_debian_starts(self, machine: Machine, apt: Path) -> None:
        for name in ("service", "systemctl"):
            machine.add(name, f"echo {name} $* >> {apt}")

        done = machine.run()

        *_, install, stop, stop_postfix = apt.read_text().splitlines()
        assert done.returncode == 0, done.stderr
        assert install.endswith("install dovecot-imapd dovecot-lmtpd postfix chromium")
        assert stop in {
            "service dovecot stop",
            "systemctl --quiet disable --now dovecot.socket dovecot.service",
        }
        assert stop_postfix in {
            "service postfix stop",
            "systemctl --quiet disable --now postfix.service",
        }

    def test_that_fails_ends_in_words(self, machine: Machine, apt: Path) -> None:
        machine.add("apt-get", "exit 100")

        done = machine.run()

        assert done.returncode == 1
        assert "sudo apt-get install dovecot-imapd dovecot-lmtpd postfix chromium" in done.stderr

    def test_is_not_tried_where_a_password_would_be_asked(
        self, machine: Machine, apt: Path
    ) -> None:
        machine.add("sudo", "exit 1")

        done = machine.run()

        if os.geteuid() == 0:  # root needs no sudo
            assert done.returncode == 0
        else:
            assert done.returncode == 1
            assert not apt.exists()
