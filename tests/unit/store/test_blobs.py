"""Raw mail in a folder: whole, a part of it, and a little at a time."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.blobs import BlobMissing, Blobs

MB = 1024 * 1024


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path.as_uri())


async def collected(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return [one async for one in pieces]


class TestPart:
    async def test_of_what_is_not_there_says_so(self, blobs: Blobs) -> None:
        with pytest.raises(BlobMissing):
            await blobs.part(b"\0" * 32, 0, 10)

    async def test_is_what_was_asked_for_as_far_as_it_is_there(self, blobs: Blobs) -> None:
        digest = await blobs.put(b"From: ana\r\n\r\nHi.")

        assert await blobs.part(digest, 0, 9) == b"From: ana"
        assert await blobs.part(digest, 6, MB) == b"ana\r\n\r\nHi."
        assert await blobs.part(digest, 99, 0) == b""

    async def test_of_what_was_set_aside_is_found(self, blobs: Blobs) -> None:
        digest = await blobs.put(b"From: ana")
        await blobs.set_aside(digest)

        assert await blobs.part(digest, 0, 4) == b"From"


class TestStream:
    async def test_of_what_is_not_there_says_so(self, blobs: Blobs) -> None:
        with pytest.raises(BlobMissing):
            await blobs.stream(b"\0" * 32)

    @pytest.mark.parametrize("size", [0, 1, 3 * MB + 7])
    async def test_is_all_of_it_in_small_pieces(self, blobs: Blobs, size: int) -> None:
        data = os.urandom(size)
        digest = await blobs.put(data)

        told, pieces = await blobs.stream(digest)
        found = await collected(pieces)

        assert told == size
        assert b"".join(found) == data
        assert max(map(len, found), default=0) <= MB
