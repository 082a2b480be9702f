"""How accounts spread over workers, tick by tick."""

import math
import random

import pytest

from app.jobs.share import Share, share


class Fleet:
    """Workers that take and hand over in turn, as they would with one Postgres between them."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.owned: list[int] = []
        self.moves = 0

    @property
    def unowned(self) -> int:
        return self.accounts - sum(self.owned)

    def tick(self, *, settled: bool = True) -> None:
        order = list(range(len(self.owned)))
        random.Random(len(self.owned)).shuffle(order)
        for n in order:
            todo = share(
                owned=self.owned[n],
                accounts=self.accounts,
                workers=len(self.owned),
                settled=settled,
            )
            taken = min(todo.take, self.unowned)
            self.owned[n] += taken - todo.release
            self.moves += taken


class TestShare:
    def test_of_one_worker_is_everything_in_portions(self) -> None:
        assert share(owned=0, accounts=1000, workers=1, settled=False) == Share(take=100)
        assert share(owned=950, accounts=1000, workers=1, settled=False) == Share(take=50)

    def test_is_handed_over_once_the_company_has_settled(self) -> None:
        assert share(owned=3, accounts=3, workers=3, settled=False) == Share()
        assert share(owned=3, accounts=3, workers=3, settled=True) == Share(release=2)

    def test_a_little_more_than_fair_is_kept(self) -> None:
        assert share(owned=105, accounts=200, workers=2, settled=True) == Share()
        assert share(owned=106, accounts=200, workers=2, settled=True).release > 0

    def test_of_nothing_is_nothing(self) -> None:
        assert share(owned=0, accounts=0, workers=0, settled=True) == Share()

    @pytest.mark.parametrize(
        ("accounts", "workers"), [(3, 2), (7, 3), (100, 7), (1000, 4), (5000, 30)]
    )
    def test_everything_is_owned_and_evenly(self, accounts: int, workers: int) -> None:
        fleet = Fleet(accounts)
        fleet.owned = [0] * workers

        for _ in range(60):
            fleet.tick()

        fair = math.ceil(accounts / workers)
        assert fleet.unowned == 0
        assert max(fleet.owned) <= fair + fair // 20

    @pytest.mark.parametrize("accounts", [4, 300, 1000])
    def test_a_newcomer_has_its_share_within_ten_ticks_and_then_nothing_moves(
        self, accounts: int
    ) -> None:
        fleet = Fleet(accounts)
        fleet.owned = [accounts // 2, accounts - accounts // 2, 0]

        for _ in range(10):
            fleet.tick()
        moves = fleet.moves
        for _ in range(50):
            fleet.tick()

        fair = math.ceil(accounts / 3)
        assert fleet.moves == moves
        assert fleet.unowned == 0
        assert max(fleet.owned) <= fair + fair // 20

    def test_what_a_worker_leaves_is_taken_at_once(self) -> None:
        fleet = Fleet(90)
        fleet.owned = [45, 45]

        fleet.owned.pop()
        fleet.tick(settled=False)

        assert fleet.owned == [90]
