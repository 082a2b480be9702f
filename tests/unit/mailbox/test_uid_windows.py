"""Every UID in exactly one window, and no window with too many mails."""

import pytest

from app.mailbox import uid_windows
from app.mailbox.errors import CommandRefused
from app.mailbox.uid_windows import windows

HIGHEST = 2**32 - 1


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uid_windows, "UIDS_A_SEARCH", 4)


class Folder:
    """Mails by their UIDs; counts how often one was asked for."""

    def __init__(self, *uids: int, refuses: bool = False) -> None:
        self.uids = list(uids)
        self.asked = 0
        self._refuses = refuses

    def uid_of(self, number: int) -> int | None:
        self.asked += 1
        if self._refuses:
            raise CommandRefused("BAD")
        return self.uids[number - 1] if number <= len(self.uids) else None

    def windows(self, first: int, last: int, *, exists: int | None = None) -> list[range]:
        count = len(self.uids) if exists is None else exists
        return list(windows(first, last, exists=count, uid_of=self.uid_of))


def covers(found: list[range], first: int, last: int) -> bool:
    starts = [one.start for one in found]
    stops = [one.stop for one in found]
    return starts == [first, *stops[:-1]] and stops[-1] == last + 1


class TestWindows:
    def test_of_nothing(self) -> None:
        assert Folder().windows(5, 4) == []

    def test_of_few_mails_is_one_however_wide(self) -> None:
        folder = Folder(1, 2, HIGHEST)

        assert folder.windows(1, HIGHEST) == [range(1, HIGHEST + 1)]
        assert folder.asked == 0

    def test_of_a_narrow_range_are_of_equal_width(self) -> None:
        assert Folder(*range(1, 11)).windows(1, 10) == [range(1, 5), range(5, 9), range(9, 11)]

    @pytest.mark.parametrize(
        "uids",
        [
            pytest.param((*range(1, 30), HIGHEST), id="dense at the bottom"),
            pytest.param((1, *range(HIGHEST - 30, HIGHEST)), id="dense at the top"),
            pytest.param(tuple(range(1, HIGHEST, HIGHEST // 31)), id="even"),
        ],
    )
    def test_of_a_wide_range_are_counted_off(self, uids: tuple[int, ...]) -> None:
        found = Folder(*uids).windows(1, HIGHEST)

        assert covers(found, 1, HIGHEST)
        assert len(found) <= len(uids)
        assert all(sum(uid in window for uid in uids) <= 4 for window in found)

    def test_begin_in_the_middle(self) -> None:
        uids = tuple(range(1, HIGHEST, HIGHEST // 20))

        found = Folder(*uids).windows(uids[9], uids[15])

        assert covers(found, uids[9], uids[15])

    def test_where_mails_left_meanwhile(self) -> None:
        found = Folder(10, 2_000, HIGHEST).windows(1, HIGHEST, exists=40)

        assert covers(found, 1, HIGHEST)

    def test_where_the_server_will_not_count(self) -> None:
        found = Folder(1, 200, refuses=True).windows(1, 200, exists=40)

        assert covers(found, 1, 200)
        assert len(found) == 50
