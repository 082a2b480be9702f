"""The checker itself: a run in order passes, and one that breaks a rule is caught by that rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.rig.history import (
    Ahead,
    Asked,
    Command,
    Delivery,
    Entry,
    Findings,
    Folder,
    History,
    Interference,
    Kept,
    OnServer,
    Pace,
    Result,
    Shown,
    Trouble,
    Usage,
)
from tests.rig.invariants import check

MB = 1024 * 1024


def history() -> History:
    """Two mails came in, one unreadable; one was archived; a third may have been delivered."""
    return History(
        [
            Delivery(0, "t1", "busy", Result.OK),
            Delivery(1, "t2", "busy", Result.OK),
            Delivery(2, "t3", "busy", Result.UNKNOWN),
            Delivery(3, "c1", "control", Result.OK),
            Asked(4, "t1", "archive", Result.OK, "k1"),
            Usage(0, "worker-1", 80 * MB, 40, 20),
            Usage(9, "worker-1", 90 * MB, 60, 30),
        ]
    )


def findings() -> Findings:
    return Findings(
        mails=[
            OnServer("busy", "Archive", 9, 1, "t1"),
            OnServer("busy", "INBOX", 7, 2, "t2"),
            OnServer("control", "INBOX", 7, 1, "c1"),
        ],
        folders=[
            Folder("busy", "INBOX", watched=True, uidvalidity=7, watermark=3, first_uid=1),
            Folder("busy", "Archive", watched=False, uidvalidity=9, watermark=1, first_uid=1),
        ],
        entries=[
            Entry("busy", "INBOX", 7, 1, "stored", "t1"),
            Entry("busy", "INBOX", 7, 2, "quarantined", post_id="p2"),
        ],
        kept=[Kept("t1", "busy", ("p1",)), Kept("c1", "control", ("p3",))],
        commands=[Command("k1", "t1", "archive", "done")],
        shown=[
            Shown("p1", "C1", "1.0", at=1),
            Shown("p2", "C1", "2.0", at=2),
            Shown("p3", "C2", "3.0", at=4),
        ],
    )


def broken(history: History, findings: Findings) -> set[str]:
    return {violation.rule for violation in check(history, findings)}


class TestInOrder:
    def test_nothing_is_wrong(self) -> None:
        assert check(history(), findings()) == []

    def test_an_unknown_delivery_may_have_happened(self) -> None:
        found = findings()
        found.mails.append(OnServer("busy", "INBOX", 7, 3, "t3"))
        found.entries.append(Entry("busy", "INBOX", 7, 3, "stored", "t3"))
        found.kept.append(Kept("t3", "busy", ("p4",)))
        found.shown.append(Shown("p4", "C1", "4.0", at=5))

        assert check(history(), found) == []

    def test_an_unknown_action_may_or_may_not_be_there(self) -> None:
        done = history()
        done.note(Asked(5, "t1", "flag", Result.UNKNOWN))
        found = findings()

        assert check(done, found) == []
        found.commands.append(Command("k2", "t1", "flag", "done"))
        assert check(done, found) == []

    def test_a_mail_that_another_client_removed_need_not_be_anywhere(self) -> None:
        done, found = history(), findings()
        done.note(Delivery(5, "t5", "busy", Result.OK))
        done.note(Interference(6, "t5", "delete"))

        assert check(done, found) == []

    def test_a_twin_that_was_deleted_soon_is_forgiven(self) -> None:
        found = findings()
        found.shown.append(Shown("p1", "C1", "1.5", at=2, gone=20))

        assert check(history(), found) == []

    def test_a_failed_action_that_was_told_leaves_the_mail_where_it_was(self) -> None:
        found = findings()
        found.commands = [Command("k1", "t1", "archive", "failed", told=True)]
        found.mails[0] = OnServer("busy", "INBOX", 7, 1, "t1")

        assert check(history(), found) == []


def _never_stored(found: Findings) -> None:
    del found.kept[0]


def _stored_and_never_shown(found: Findings) -> None:
    del found.shown[0]


def _quarantined_in_silence(found: Findings) -> None:
    del found.shown[1]


def _unknown_that_lies_on_the_server(found: Findings) -> None:
    found.mails.append(OnServer("busy", "INBOX", 7, 3, "t3"))


def _its_post_was_deleted(found: Findings) -> None:
    found.shown[0] = replace(found.shown[0], gone=9.0)


def _stored_twice(found: Findings) -> None:
    found.kept.append(Kept("t1", "busy", ("p1",)))


def _two_posts(found: Findings) -> None:
    found.kept[0] = Kept("t1", "busy", ("p1", "p9"))


def _posted_twice(found: Findings) -> None:
    found.shown.append(Shown("p1", "C1", "9.0", at=5))


def _twin_for_too_long(found: Findings) -> None:
    found.shown[0] = Shown("p1", "C1", "1.0", at=1, gone=90)
    found.shown.append(Shown("p1", "C1", "9.0", at=5))


def _still_running(found: Findings) -> None:
    found.commands[0] = replace(found.commands[0], state="running")


def _failed_in_silence(found: Findings) -> None:
    found.commands[0] = replace(found.commands[0], state="failed")
    found.mails[0] = OnServer("busy", "INBOX", 7, 1, "t1")


def _accepted_and_gone(found: Findings) -> None:
    found.commands.clear()
    found.mails[0] = OnServer("busy", "INBOX", 7, 1, "t1")


def _done_twice(found: Findings) -> None:
    found.commands.append(Command("k2", "t1", "archive", "done"))


def _copied_twice(found: Findings) -> None:
    found.mails.append(OnServer("busy", "Archive", 9, 2, "t1"))


def _called_done_and_not_moved(found: Findings) -> None:
    found.mails[0] = OnServer("busy", "INBOX", 7, 1, "t1")


def _moved_without_being_asked(found: Findings) -> None:
    found.mails[2] = OnServer("control", "Trash", 7, 1, "c1")


def _lost_on_the_server(found: Findings) -> None:
    del found.mails[2]


def _jumped_over(found: Findings) -> None:
    del found.entries[0]
    found.mails[0] = OnServer("busy", "INBOX", 7, 1, "t1")
    found.commands.clear()


def _pending_below_the_watermark(found: Findings) -> None:
    found.entries[1] = replace(found.entries[1], state="pending")


class TestABrokenRule:
    @pytest.mark.parametrize(
        ("rule", "spoil"),
        [
            ("INV-LOSS", _never_stored),
            ("INV-LOSS", _stored_and_never_shown),
            ("INV-LOSS", _quarantined_in_silence),
            ("INV-LOSS", _unknown_that_lies_on_the_server),
            ("INV-LOSS", _its_post_was_deleted),
            ("INV-ONCE", _stored_twice),
            ("INV-ONCE", _two_posts),
            ("INV-ONCE", _posted_twice),
            ("INV-ONCE", _twin_for_too_long),
            ("INV-ACT", _still_running),
            ("INV-ACT", _failed_in_silence),
            ("INV-ACT", _accepted_and_gone),
            ("INV-ACT", _done_twice),
            ("INV-ACT", _copied_twice),
            ("INV-ACT", _called_done_and_not_moved),
            ("INV-ACT", _moved_without_being_asked),
            ("INV-ACT", _lost_on_the_server),
            ("INV-PREFIX", _jumped_over),
            ("INV-PREFIX", _pending_below_the_watermark),
        ],
    )
    def test_is_caught_in_what_was_found(
        self, rule: str, spoil: Callable[[Findings], None]
    ) -> None:
        found = findings()

        spoil(found)

        assert rule in broken(history(), found)

    def test_a_watermark_that_ran_ahead_during_the_run(self) -> None:
        done = history()
        done.note(Ahead(3, "busy", "INBOX", 9, 4))

        assert broken(done, findings()) == {"INV-PREFIX"}

    def test_a_delay_of_others_beside_a_local_trouble(self) -> None:
        done, found = history(), findings()
        done.note(Trouble(100, 200, "the mail server drips", local=True))
        done.note(Delivery(110, "c2", "control", Result.OK))
        found.mails.append(OnServer("control", "INBOX", 7, 2, "c2"))
        found.kept.append(Kept("c2", "control", ("p5",)))
        found.shown.append(Shown("p5", "C2", "5.0", at=150))

        assert broken(done, found) == {"INV-BLAST"}

    @pytest.mark.parametrize(("slowness", "rules"), [(1.0, {"INV-BLAST"}), (3.0, set[str]())])
    def test_a_delay_is_measured_by_the_machine(self, slowness: float, rules: set[str]) -> None:
        done, found = history(), findings()
        done.note(Trouble(100, 200, "the mail server drips", local=True))
        done.note(Delivery(110, "c2", "control", Result.OK))
        for at in range(3):
            done.note(Pace(at, slowness))
        found.mails.append(OnServer("control", "INBOX", 7, 2, "c2"))
        found.kept.append(Kept("c2", "control", ("p5",)))
        found.shown.append(Shown("p5", "C2", "5.0", at=120))

        assert broken(done, found) == rules

    def test_a_delay_by_a_trouble_of_all_is_none(self) -> None:
        done, found = history(), findings()
        done.note(Trouble(100, 200, "the mail server drips", local=True))
        done.note(Trouble(105, 160, "Postgres is down"))
        done.note(Delivery(110, "c2", "control", Result.OK))
        found.mails.append(OnServer("control", "INBOX", 7, 2, "c2"))
        found.kept.append(Kept("c2", "control", ("p5",)))
        found.shown.append(Shown("p5", "C2", "5.0", at=150))

        assert check(done, found) == []

    @pytest.mark.parametrize(
        "last",
        [
            Usage(9, "worker-1", 700 * MB, 40, 20),
            Usage(9, "worker-1", 80 * MB, 400, 20),
            Usage(9, "worker-1", 80 * MB, 40, 200),
        ],
    )
    def test_a_process_that_takes_too_much(self, last: Usage) -> None:
        done = history()
        done.note(last)

        assert broken(done, findings()) == {"INV-BOUND"}
