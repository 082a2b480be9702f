"""Every row of the tables: what is asked, what differs, and what of it is believed."""

import pytest

from app.core.ids import MessageId, new_id
from app.mail.flags import ANSWERED, FLAGGED, RECENT, SEEN
from app.mailbox.port import Selected
from app.store.models import ABOUT_CONVERSATION, CommandType
from app.sync.changes import (
    PLACE,
    Baseline,
    Difference,
    Flags,
    FlagsDiffer,
    KnownMail,
    Left,
    believe,
    differences,
    question,
    shield,
)

BEFORE = Baseline(exists=10, uidnext=100, highestmodseq=50)


def said(exists: int = 10, uidnext: int | None = 100, modseq: int | None = 50) -> Selected:
    return Selected("INBOX", 7, uidnext, exists, modseq)


def mail(*flags: str, uid: int = 5) -> KnownMail:
    return KnownMail(uid, MessageId(new_id()), flags)


class TestQuestion:
    @pytest.mark.parametrize(
        ("before", "now", "flags", "may_have_left"),
        [
            (BEFORE, said(), Flags.NONE, False),
            (BEFORE, said(exists=12, uidnext=102), Flags.NONE, False),
            (BEFORE, said(exists=9), Flags.NONE, True),
            (BEFORE, said(exists=10, uidnext=101), Flags.NONE, True),
            (BEFORE, said(exists=9, uidnext=101), Flags.NONE, True),
            (BEFORE, said(exists=11, uidnext=100), Flags.NONE, True),
            (BEFORE, said(uidnext=None), Flags.NONE, True),
            (BEFORE, said(modseq=51), Flags.SINCE, False),
            (BEFORE, said(exists=9, modseq=51), Flags.SINCE, True),
            (BEFORE, said(modseq=49), Flags.ALL, False),
            (BEFORE, said(modseq=None), Flags.NEWEST, False),
            (Baseline(10, 100, None), said(modseq=None), Flags.NEWEST, False),
            (Baseline(10, 100, None), said(), Flags.ALL, False),
            (Baseline(None, None, 50), said(), Flags.NONE, True),
        ],
    )
    def test_asks_no_more_than_the_numbers_call_for(
        self, before: Baseline, now: Selected, flags: Flags, may_have_left: bool
    ) -> None:
        asked = question(before, now)

        assert (asked.flags, asked.may_have_left) == (flags, may_have_left)
        assert asked.is_empty == (flags is Flags.NONE and not may_have_left)
        assert asked.reason


class TestDifferences:
    @pytest.mark.parametrize(
        ("known", "server", "expected"),
        [
            ((SEEN,), (SEEN,), None),
            ((SEEN, FLAGGED), (FLAGGED, SEEN), None),
            ((SEEN, RECENT), (SEEN,), None),
            ((SEEN,), None, None),
            ((), (SEEN, "Work"), ({SEEN, "Work"}, set())),
            ((FLAGGED, ANSWERED), (ANSWERED,), (set(), {FLAGGED})),
        ],
    )
    def test_of_flags(
        self,
        known: tuple[str, ...],
        server: tuple[str, ...] | None,
        expected: tuple[set[str], set[str]] | None,
    ) -> None:
        ours = mail(*known)

        found = differences([ours], {5: server})

        told = [(set(one.added), set(one.removed)) for one in found if isinstance(one, FlagsDiffer)]
        assert told == ([expected] if expected else [])

    def test_a_mail_that_the_server_does_not_name_has_left(self) -> None:
        here, gone = mail(uid=5), mail(uid=6)

        assert differences([here, gone], {5: (), 9: (SEEN,)}) == [Left(gone)]

    @pytest.mark.parametrize(
        ("flags", "is_shown"), [((SEEN,), True), ((ANSWERED,), True), (("$MDNSent",), False)]
    )
    def test_only_some_flags_stand_on_the_card(
        self, flags: tuple[str, ...], is_shown: bool
    ) -> None:
        assert FlagsDiffer(mail(), flags).is_shown is is_shown


class TestShield:
    def test_covers_what_a_wish_is_about(self) -> None:
        assert shield([]) == frozenset()
        assert shield([CommandType.ARCHIVE, CommandType.FLAG]) == {PLACE, FLAGGED}
        assert shield([CommandType.MARK_UNREAD]) == {SEEN}
        assert shield([CommandType.RESTORE]) == {PLACE, SEEN, FLAGGED}
        assert shield([CommandType.DONE]) == frozenset()

    @pytest.mark.parametrize("wish", CommandType)
    def test_knows_every_wish(self, wish: CommandType) -> None:
        changes_mail = wish not in {*ABOUT_CONVERSATION, CommandType.FIND_SENT}
        assert bool(shield([wish])) is changes_mail


class TestBelieve:
    def test_everything_without_a_shield(self) -> None:
        for one in (Left(mail()), FlagsDiffer(mail(), (SEEN,))):
            assert believe(one, frozenset()) == (one, False)

    @pytest.mark.parametrize(
        ("known", "server", "shielded", "believed", "later"),
        [
            ((), (SEEN,), {SEEN}, None, True),
            ((SEEN,), (), {SEEN}, None, True),
            ((), (SEEN, FLAGGED), {SEEN}, {FLAGGED}, True),
            ((SEEN,), (SEEN, FLAGGED), {SEEN}, {SEEN, FLAGGED}, False),
            ((), (FLAGGED,), {PLACE}, {FLAGGED}, False),
        ],
    )
    def test_of_flags_only_what_is_not_shielded(
        self,
        known: tuple[str, ...],
        server: tuple[str, ...],
        shielded: set[str],
        believed: set[str] | None,
        later: bool,
    ) -> None:
        now, again = believe(FlagsDiffer(mail(*known), server), shielded)

        assert (set(now.flags) if isinstance(now, FlagsDiffer) else now, again) == (believed, later)

    @pytest.mark.parametrize(("shielded", "believed"), [({PLACE}, False), ({SEEN}, True)])
    def test_that_a_mail_left_unless_its_place_is_shielded(
        self, shielded: set[str], believed: bool
    ) -> None:
        one: Difference = Left(mail())

        assert believe(one, shielded) == ((one, False) if believed else (None, True))
