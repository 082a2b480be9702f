"""Every row of the table of UIDVALIDITY and UIDNEXT, and where the watermark may go."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mailbox.port import Listing, Selected
from app.sync.plan import Kind, Known, batches, plan, watermark_after

KNOWN = Known(uidvalidity=7, watermark=100)


def selected(uidvalidity: int | None = 7, uidnext: int | None = 100) -> Selected:
    return Selected("INBOX", uidvalidity, uidnext, exists=3)


class TestPlan:
    @pytest.mark.parametrize(
        ("known", "said", "kind"),
        [
            (Known(None, None), selected(7, 686), Kind.BEGIN),
            (Known(None, None), selected(7, None), Kind.BEGIN),
            (Known(None, None), selected(None, 686), Kind.UNUSABLE),
            (Known(7, None), selected(7, 686), Kind.BEGIN),
            (KNOWN, selected(7, 100), Kind.NOTHING),
            (KNOWN, selected(7, 101), Kind.LOOK),
            (KNOWN, selected(7, 99), Kind.NOTHING),
            (KNOWN, selected(7, None), Kind.LOOK),
            (KNOWN, selected(None, 100), Kind.LOOK),
            (KNOWN, selected(8, 100), Kind.RESET),
            (KNOWN, selected(6, 100), Kind.RESET),
            (KNOWN, selected(8, 1), Kind.RESET),
            (Known(7, 100, pending=1), selected(7, 100), Kind.LOOK),
        ],
    )
    def test_decides_with_a_reason(self, known: Known, said: Selected, kind: Kind) -> None:
        decision = plan(known, said)

        assert decision.kind is kind
        assert decision.reason


class TestWatermarkAfter:
    @pytest.mark.parametrize(
        ("watermark", "found", "unsettled", "expected"),
        [
            (100, [], [], 100),
            (100, [100], [], 101),
            (100, [100, 101, 105], [], 106),
            (100, [100, 101, 105], [101], 101),
            (100, [100, 101, 105], [100, 105], 100),
            (100, [80, 100], [80], 80),
            (100, [80, 100], [], 101),
        ],
    )
    def test_moves_over_the_settled_beginning(
        self, watermark: int, found: list[int], unsettled: list[int], expected: int
    ) -> None:
        assert watermark_after(watermark, found, unsettled) == expected

    @given(
        watermark=st.integers(1, 1000),
        found=st.sets(st.integers(1, 1000)),
        data=st.data(),
    )
    def test_never_passes_what_is_not_settled(
        self, watermark: int, found: set[int], data: st.DataObject
    ) -> None:
        seen = sorted(uid for uid in found if uid >= watermark)
        unsettled = data.draw(st.sets(st.sampled_from(seen)) if seen else st.just(set()))

        after = watermark_after(watermark, seen, unsettled)

        assert watermark <= after
        assert all(after <= uid for uid in unsettled)
        assert all(uid < after or unsettled for uid in seen)


def listing(uid: int, size: int) -> Listing:
    return Listing(uid, size, datetime(2026, 3, 2, tzinfo=UTC), ())


class TestBatches:
    def test_are_cut_by_bytes(self) -> None:
        portions = batches(
            [listing(1, 60), listing(2, 50), listing(3, 10)], most_bytes=100, most_mails=10
        )

        assert [[one.uid for one in portion] for portion in portions] == [[1], [2, 3]]

    def test_are_cut_by_count(self) -> None:
        portions = batches([listing(uid, 1) for uid in range(5)], most_bytes=100, most_mails=2)

        assert [len(portion) for portion in portions] == [2, 2, 1]

    def test_a_mail_larger_than_a_batch_is_one_by_itself(self) -> None:
        portions = batches([listing(1, 500), listing(2, 1)], most_bytes=100, most_mails=9)

        assert [[one.uid for one in portion] for portion in portions] == [[1], [2]]

    @given(sizes=st.lists(st.integers(0, 200), max_size=40))
    def test_leave_nothing_out_and_keep_the_order(self, sizes: list[int]) -> None:
        listings = [listing(uid, size) for uid, size in enumerate(sizes)]

        portions = batches(listings, most_bytes=100, most_mails=7)

        assert [one for portion in portions for one in portion] == listings
        assert all(portions)
