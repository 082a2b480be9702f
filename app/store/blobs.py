"""Raw mail and attachments, addressed by the SHA-256 of their bytes, through obstore.

The same bytes always lie under the same name, so writing them twice is harmless and nothing that
was written ever changes. In a local folder a write is on the disk before it counts as done, as it
is in the cloud stores: see `blob_folder.py`.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from app.core.errors import InvalidInput, SharedBoxError
from app.store import blob_folder

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult  # they exist for type checkers only

_SECONDS: Final = 60
_WRITERS: Final = 8
_PIECE: Final = 256 * 1024


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
        self._folder: Path | None = None
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            self._folder = Path(self._store.prefix)

    async def put(self, data: bytes) -> bytes:
        """Keep the bytes; answers their digest."""
        return (await self.put_many([data]))[0]

    async def put_many(self, datas: Sequence[bytes]) -> list[bytes]:
        """Keep each; answers their digests, in order. All are kept when this returns."""
        async with asyncio.timeout(_SECONDS):
            if self._folder is not None:
                return await asyncio.to_thread(_keep_in_folder, self._folder, datas)
            digests = [_digest(data) for data in datas]
            coming = iter(zip(digests, datas, strict=True))
            await asyncio.gather(*(self._put_each(coming) for _ in range(_WRITERS)))
        return digests

    async def _put_each(self, coming: Iterator[tuple[bytes, bytes]]) -> None:
        for digest, data in coming:
            await obstore.put_async(self._store, _name(digest), data, use_multipart=False)

    async def get(self, digest: bytes) -> bytes:
        """Raises `BlobMissing`."""
        async with asyncio.timeout(_SECONDS):
            return bytes(await (await self._find(digest)).bytes_async())

    async def part(self, digest: bytes, offset: int, length: int) -> bytes:
        """So many bytes from there on, or as many as there are. Raises `BlobMissing`.

        There must be one at least, unless none is wanted.
        """
        if length <= 0:
            return b""
        async with asyncio.timeout(_SECONDS):
            found = await self._find(digest, (offset, offset + length))
            return bytes(await found.bytes_async())

    async def stream(self, digest: bytes) -> tuple[int, AsyncGenerator[bytes]]:
        """How many bytes there are, and these a little at a time. Raises `BlobMissing`."""
        async with asyncio.timeout(_SECONDS):
            found = await self._find(digest)
        return found.meta["size"], _pieces(found)

    async def _find(self, digest: bytes, part: tuple[int, int] | None = None) -> "GetResult":
        options: GetOptions = {} if part is None else {"range": part}
        # Where it lies, where it lies when set aside, and there again: it may be taken back.
        for name in (_name(digest), _aside(digest), _name(digest)):
            try:
                return await obstore.get_async(self._store, name, options=options)
            except FileNotFoundError:
                continue
        raise BlobMissing(
            f"The stored mail {digest.hex()[:12]}… is not in the blob store.",
            fix="Check SHAREDBOX_BLOB_URL, or restore the blob store from its backup.",
        )

    async def set_aside(self, digest: bytes) -> None:
        """Take it out of the way of `put`, which keeps the same bytes anew; `get` finds it still.

        Like the two below it does nothing where it was done before.
        """
        await self._rename(_name(digest), _aside(digest))

    async def take_back(self, digest: bytes) -> None:
        """Put back what was set aside."""
        await self._rename(_aside(digest), _name(digest))

    async def forget(self, digest: bytes) -> None:
        """Delete what was set aside."""
        async with asyncio.timeout(_SECONDS):
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._store, _aside(digest))

    async def _rename(self, old: str, new: str) -> None:
        async with asyncio.timeout(_SECONDS):
            with contextlib.suppress(FileNotFoundError):
                await obstore.rename_async(self._store, old, new)


async def _pieces(found: "GetResult") -> AsyncGenerator[bytes]:
    """Each within its own time limit: whoever reads them may be slow."""
    coming = found.stream(min_chunk_size=_PIECE)
    while True:
        try:
            async with asyncio.timeout(_SECONDS):
                piece = await anext(coming)
        except StopAsyncIteration:
            return
        yield bytes(piece)


def _name(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:2]}/{text}"


def _aside(digest: bytes) -> str:
    return f"aside/{digest.hex()}"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _keep_in_folder(folder: Path, datas: Sequence[bytes]) -> list[bytes]:
    digests = [_digest(data) for data in datas]
    blob_folder.keep(
        folder, [(_name(digest), data) for digest, data in zip(digests, datas, strict=True)]
    )
    return digests
