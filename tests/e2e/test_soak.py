"""A short random run; `make soak` makes long ones."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.soak import run


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: as root, Postgres runs as a user of its own and must get in."""
    with tempfile.TemporaryDirectory(prefix="sharedbox-soak-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.mark.timeout(300)
async def test_twenty_seconds_of_everything(folder: Path) -> None:
    history, wrong = await run(folder, seconds=20, seed=7, workers=2)

    assert wrong == []
    assert len(history.deliveries) > 10
    assert history.asked
    assert history.troubles
