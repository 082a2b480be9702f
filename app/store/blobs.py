"""Raw mail and attachments, addressed by the SHA-256 of their bytes, through obstore.

The same bytes always lie under the same name, so writing them twice is harmless and nothing that
was written ever changes. In a local folder a write is on the disk before it counts as done, as it
is in the cloud stores.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from app.core.errors import InvalidInput, SharedBoxError

_SECONDS: Final = 60
_WRITERS: Final = 8
"""obstore takes a thread for each write to a folder; many at once only stand in each other's
way."""
_FLUSHING_THREADS: Final = 8


class BlobMissing(SharedBoxError):
    """The rows know bytes that the blob store does not have."""


class Blobs:
    """`location` is a URL: file:///…, s3://…, gs://…, az://…."""

    def __init__(self, location: str) -> None:
        options: dict[str, Any] = {"mkdir": True} if location.startswith("file:") else {}
        try:
            self._store = from_url(location, **options)
        except (ValueError, BaseError) as error:
            raise InvalidInput(
                f"SHAREDBOX_BLOB_URL cannot be used: {str(error).splitlines()[0]}",
                field="SHAREDBOX_BLOB_URL",
                fix="Write file:///…, s3://…, gs://… or az://….",
            ) from None

    async def put(self, data: bytes) -> bytes:
        """Keep the bytes; answers their digest."""
        return (await self.put_many([data]))[0]

    async def put_many(self, datas: Sequence[bytes]) -> list[bytes]:
        """Keep each; answers their digests, in order. All are kept when this returns."""
        digests = [hashlib.sha256(data).digest() for data in datas]
        async with asyncio.timeout(_SECONDS):
            coming = iter(zip(digests, datas, strict=True))
            await asyncio.gather(*(self._put_each(coming) for _ in range(_WRITERS)))
            if isinstance(self._store, LocalStore) and self._store.prefix is not None:
                folder = Path(self._store.prefix)
                await _flush([folder / _name(digest) for digest in digests])
        return digests

    async def _put_each(self, coming: Iterator[tuple[bytes, bytes]]) -> None:
        for digest, data in coming:
            await obstore.put_async(self._store, _name(digest), data, use_multipart=False)

    async def get(self, digest: bytes) -> bytes:
        """Raises `BlobMissing`."""
        async with asyncio.timeout(_SECONDS):
            try:
                found = await obstore.get_async(self._store, _name(digest))
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                raise BlobMissing(
                    f"The stored mail {digest.hex()[:12]}… is not in the blob store.",
                    fix="Check SHAREDBOX_BLOB_URL, or restore the blob store from its backup.",
                ) from None

    async def delete(self, digests: Sequence[bytes]) -> None:
        """Forget these bytes; those that are not there are forgotten already."""
        for digest in digests:
            try:
                await obstore.delete_async(self._store, _name(digest))
            except FileNotFoundError:
                continue


def _name(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:2]}/{text}"


async def _flush(paths: Sequence[Path]) -> None:
    """Wait until files and the names of files are on the disk; obstore alone does not (fsync).

    In several threads at once: the file system then writes many of them in one go.
    """
    names = [*paths, *{path.parent for path in paths}]
    shares = [names[at::_FLUSHING_THREADS] for at in range(_FLUSHING_THREADS)]
    await asyncio.gather(*(asyncio.to_thread(_sync, share) for share in shares if share))


def _sync(paths: Sequence[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
