"""The disk on which mail is kept fills up, cannot be written, or loses its folder."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.blobs import Blobs
from app.store.models import Message
from tests.fixtures.stack import eventually
from tests.rig.asking import check_prefix, named, put
from tests.rig.disk import NOT_PERMITTED, Disk
from tests.rig.fixtures import MakeTended, Tended
from tests.rig.imap_server import HostileServer

SMALL, LARGE = "256k", "8m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small one; where mounting is not permitted, the tests say so and are left out."""
    made = Disk(tmp_path / "disk")
    if not made.mount(f"size={SMALL}"):
        pytest.skip(NOT_PERMITTED)
    yield made
    made.unmount()


@pytest.fixture
async def tended(disk: Disk, hostile: HostileServer, make_tended: MakeTended) -> Tended:
    """A worker that keeps its mail on the small disk."""
    return await make_tended(hostile, blob_url=(disk.folder / "blobs").as_uri())


async def has_tried(server: HostileServer, times: int) -> bool:
    return len([one for one in server.commands("FETCH") if "BODY" in one]) >= times


class TestADiskOfRawMail:
    async def test_that_is_full_and_is_made_larger(self, tended: Tended, disk: Disk) -> None:
        large = named("Large") + b"A line of it.\r\n" * 40_000
        tended.server.put(large)
        await eventually(lambda: has_tried(tended.server, 1))
        assert await tended.sync.subjects() == []
        await check_prefix(tended.sync, tended.server)

        disk.remount(f"size={LARGE}")

        await tended.brings_in("Large", within=60)
        assert await raw_from(tended, "Large", disk) == large
        assert await tended.sync.ledger() == {1: "stored"}

    async def test_that_is_read_only_for_a_while(self, tended: Tended, disk: Disk) -> None:
        disk.remount("ro")
        put(tended.server, "First")
        await eventually(lambda: has_tried(tended.server, 1))
        assert await tended.sync.subjects() == []

        disk.remount("rw")

        await tended.brings_in("First", within=60)
        assert await tended.sync.ledger() == {1: "stored"}

    async def test_whose_folder_is_deleted(self, tended: Tended, disk: Disk) -> None:
        put(tended.server, "First")
        await tended.brings_in("First")

        await asyncio.to_thread(shutil.rmtree, disk.folder / "blobs")
        put(tended.server, "Second")

        await tended.brings_in("First", "Second", within=60)
        assert await raw_from(tended, "Second", disk) == named("Second")


async def raw_from(tended: Tended, subject: str, disk: Disk) -> bytes:
    """The bytes as they lie on the disk."""
    blobs = Blobs((disk.folder / "blobs").as_uri())
    (message,) = [one for one in await tended.sync.all(Message) if one.subject == subject]
    return await blobs.get(message.raw_sha256)
