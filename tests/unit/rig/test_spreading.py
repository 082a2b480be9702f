"""Which file of tests a worker takes next."""

from tests.fixtures.spreading import pick

UNIT = "tests/unit/mail/test_parse.py"
FEW = "tests/integration/web/test_rules.py"
MANY = "tests/integration/slack/test_answering.py"
WHOLE_WAY = "tests/e2e/test_workers.py"
FAULTS = "tests/integration/host_faults/test_disk.py"
FILES = {UNIT: range(1431), FEW: range(5), MANY: range(52), WHOLE_WAY: range(3), FAULTS: range(2)}


def taken(files: dict[str, range], *, waiting: bool) -> list[str]:
    """All of them, in the order in which one worker alone would take them."""
    left, order = dict(files), []
    while left:
        order.append(pick(left, waiting=waiting))
        del left[order[-1]]
    return order


class TestPick:
    def test_by_a_worker_that_waits_takes_what_waits_and_then_the_rest(self) -> None:
        assert taken(FILES, waiting=True) == [WHOLE_WAY, FAULTS, MANY, FEW, UNIT]

    def test_by_one_that_works_leaves_what_waits_to_the_end(self) -> None:
        assert taken(FILES, waiting=False) == [MANY, FEW, UNIT, WHOLE_WAY, FAULTS]
