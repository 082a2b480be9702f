"""SharedBox installed from a wheel, with no checkout beside it, is whole."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from app.core.config import PROJECT_ROOT
from app.store.engine import conninfo


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel was unpacked, as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT_ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("sharedbox-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestWheel:
    def test_brings_its_migrations(self, installed: Path, postgres: URL) -> None:
        name = "of_the_wheel"
        with psycopg.connect(conninfo(postgres), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            database = conninfo(postgres.set(database=name))

            done = run(installed, "migrate", SHAREDBOX_DATABASE_URL=database)
            listed = run(installed, "accounts", "list", "--json", SHAREDBOX_DATABASE_URL=database)

            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        assert (done.returncode, done.stderr) == (0, "")
        assert (listed.returncode, listed.stdout.strip()) == (0, "[]"), listed.stderr

    def test_brings_the_pages(self, installed: Path) -> None:
        for part in ("web/templates", "web/static", "sandbox/slack/page", "sandbox/samples"):
            here = {one.name for one in (installed / "app" / part).iterdir()}
            there = {one.name for one in (PROJECT_ROOT / "app" / part).iterdir()}

            assert here - {"__pycache__"} == there - {"__pycache__"}

    def test_puts_nothing_beside_the_package(self, installed: Path) -> None:
        beside = [one.name for one in installed.iterdir() if not one.name.endswith(".dist-info")]

        assert beside == ["app"]
