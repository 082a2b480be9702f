"""Keeping blobs in a local folder, so that they are on the disk when that is said.

They lie under the names by which obstore reads them. What obstore itself writes is not flushed, and
a flush for each of a hundred small files costs more than all else that is done with them. So many
files are written first and then flushed together, by one call for their file system (syncfs): it
ends when everything that was written before is on the disk, names and folders included. A few files
are flushed each by itself, since that call waits for what others have written as well; but all at
the same time: the disk is waited for once, and not once for the file and again for its name.

Everything here blocks.
"""

import contextlib
import ctypes
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_FEW: Final = 16
_SYNCED_AT_ONCE: Final = 8
_REPORTS_ERRORS: Final = (5, 8)
"""From this release on Linux tells by syncfs, too, that something could not be written."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def keep(folder: Path, blobs: Sequence[tuple[str, bytes]]) -> None:
    """Write each under its name; all are on the disk when this returns. Raises `OSError`.

    The same name always means the same bytes, so whoever comes second may write them again.
    """
    paths = [folder / name for name, _ in blobs]
    made: list[Path] = []
    for path, (_, data) in zip(paths, blobs, strict=True):
        made += _write(path, data)
    if len(paths) > _FEW and _sync_file_system is not None:
        _sync_file_system(folder)
    else:
        _sync([*paths, *{path.parent for path in paths}, *{path.parent for path in made}])


def _write(path: Path, data: bytes) -> list[Path]:
    """Write a file; answers the folders that had to be made for it."""
    made: list[Path] = []
    try:
        _create(path, data)
    except FileNotFoundError:
        made = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, data)
    except FileExistsError:
        if not _holds(path, data):
            _replace(path, data)
    return made


def _holds(path: Path, data: bytes) -> bool:
    """Whether these bytes lie there whole. Then rows may name them, and nobody touches them."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


def _replace(path: Path, data: bytes) -> None:
    """Put the bytes where a crash left half of them, or somebody else is writing them just now.

    They are on the disk before the name means them: the other one may have heard that they are.
    """
    staged = path.with_name(f"{path.name}#{secrets.randbits(62)}")
    _create(staged, data)
    _sync([staged])
    staged.replace(path)


def _create(path: Path, data: bytes) -> None:
    descriptor = os.open(path, _NEW, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def _sync(paths: Iterable[Path]) -> None:
    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as threads:
        for _ in threads.map(_sync_one, paths):
            pass  # but for the error it may raise


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _find_syncfs() -> Callable[[Path], None] | None:
    """None where the system has no such call, or where it would not tell of errors."""
    if sys.platform != "linux" or _release() < _REPORTS_ERRORS:
        return None
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return None

    def sync_file_system(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if syncfs(ctypes.c_int(descriptor)):
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), str(folder))
        finally:
            os.close(descriptor)

    return sync_file_system


def _release() -> tuple[int, ...]:
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdecimal())


_sync_file_system: Final = _find_syncfs()
