"""Blobs in a local folder: whole, and on the disk before anybody hears that they are kept."""

import os
from pathlib import Path

import pytest

from app.store import blob_folder
from app.store.blob_folder import keep

FEW, MANY = 3, 40


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was flushed, by path below the folder."""
    flushed: list[str] = []
    opened: dict[int, Path] = {}
    fsync, open_ = os.fsync, os.open

    def remember(path: Path, *arguments: int) -> int:
        descriptor = open_(path, *arguments)
        opened[descriptor] = path
        return descriptor

    def note(descriptor: int) -> None:
        flushed.append(str(opened[descriptor].relative_to(tmp_path)))
        fsync(descriptor)

    monkeypatch.setattr(os, "open", remember)
    monkeypatch.setattr(os, "fsync", note)
    return flushed


def blobs(count: int) -> list[tuple[str, bytes]]:
    return [(f"{n % 7:02}/{n:04}", b"Mail %d\r\n" % n) for n in range(count)]


def kept(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class TestKeeping:
    @pytest.mark.parametrize("count", [0, 1, FEW, MANY])
    def test_puts_each_under_its_name(self, tmp_path: Path, count: int) -> None:
        keep(tmp_path, blobs(count))

        assert kept(tmp_path) == dict(blobs(count))

    def test_the_same_again_changes_nothing(self, tmp_path: Path) -> None:
        keep(tmp_path, blobs(MANY))

        keep(tmp_path, blobs(MANY))

        assert kept(tmp_path) == dict(blobs(MANY))

    def test_replaces_what_a_crash_left_half_written(self, tmp_path: Path) -> None:
        (name, data), *_ = blobs(1)
        keep(tmp_path, [(name, data[:3])])

        keep(tmp_path, [(name, data)])

        assert kept(tmp_path) == {name: data}

    def test_leaves_alone_what_lies_there_whole(self, tmp_path: Path) -> None:
        """Rows may name it: a crash during a second write must not cost them their mail."""
        keep(tmp_path, blobs(1))
        (name, _), *_ = blobs(1)
        before = (tmp_path / name).stat()

        keep(tmp_path, blobs(1))

        after = (tmp_path / name).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_makes_a_folder_that_is_lost_anew(self, tmp_path: Path) -> None:
        keep(tmp_path / "blobs", blobs(1))

        assert kept(tmp_path / "blobs") == dict(blobs(1))

    def test_leaves_nothing_half_written_where_the_disk_is_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = os.write

        def half(descriptor: int, data: memoryview) -> int:
            if len(data) > 4:
                return write(descriptor, data[:4])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            keep(tmp_path, blobs(1))

        assert kept(tmp_path) == {}


class TestFlushing:
    def test_of_a_few_is_one_flush_for_each_file_and_folder(
        self, tmp_path: Path, flushed: list[str]
    ) -> None:
        keep(tmp_path, blobs(FEW))

        assert sorted(flushed) == [".", "00", "00/0000", "01", "01/0001", "02", "02/0002"]

    def test_comes_before_a_name_that_stood_for_something_means_what_is_new(
        self, tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (name, data), *_ = blobs(1)
        keep(tmp_path, [(name, data[:3])])
        flushed.clear()
        replace, moved = Path.replace, list[str]()

        def note(staged: Path, path: Path) -> Path:
            moved.append(str(staged.relative_to(tmp_path)))
            assert flushed == moved
            return replace(staged, path)

        monkeypatch.setattr(Path, "replace", note)
        keep(tmp_path, [(name, data)])

        assert len(moved) == 1
        assert name in flushed

    def test_of_many_is_one_for_the_file_system_when_all_are_written(
        self, tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[dict[str, bytes]] = []
        monkeypatch.setattr(blob_folder, "_sync_file_system", lambda one: seen.append(kept(one)))

        keep(tmp_path, blobs(MANY))

        assert seen == [dict(blobs(MANY))]
        assert flushed == []

    def test_of_many_is_one_for_each_where_the_system_has_no_other(
        self, tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blob_folder, "_sync_file_system", None)

        keep(tmp_path, blobs(MANY))

        assert set(flushed) >= {name for name, _ in blobs(MANY)}

    def test_that_fails_is_not_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: Path) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(blob_folder, "_sync_file_system", fail)

        with pytest.raises(OSError, match="Input/output"):
            keep(tmp_path, blobs(MANY))
