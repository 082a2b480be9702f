"""What the doctor says of an account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.accounts.diagnose import diagnose
from app.accounts.health import AccountHealth, FolderHealth, Pause
from app.accounts.history import ImportProgress
from app.core.findings import Finding, Level, ago
from app.core.ids import AccountId, MailboxId, new_id
from app.store.models import AccountState, ImportState, ReadPolicy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

INBOX = FolderHealth(
    id=MailboxId(new_id()),
    name="INBOX",
    role="inbox",
    watched=True,
    selectable=True,
    listed=True,
    detail="",
    parked_until=None,
    uidvalidity=1,
    watermark=1235,
    accounted=1234,
    missing=0,
    uids_on_server=1300,
    older=66,
    last_checked_at=NOW - timedelta(seconds=12),
    last_reconciled_at=NOW - timedelta(minutes=30),
)
ACCOUNT = AccountHealth(
    id=AccountId(new_id()),
    address="support@example.com",
    state=AccountState.LIVE,
    detail="",
    provider=None,
    channel="C1",
    watch_sent=True,
    mark_read=ReadPolicy.NEVER,
    history_days=0,
    history_imported_at=None,
    history=None,
    failures=0,
    outage_since=None,
    retry_at=None,
    created_at=NOW - timedelta(days=9),
    oauth=None,
    paused=None,
    resumed_at=None,
    mailboxes=(INBOX,),
)


def told(*folders: FolderHealth, **changes: Any) -> Finding:
    account = replace(ACCOUNT, mailboxes=folders or (INBOX,), **changes)
    return diagnose(account, NOW, poll_seconds=60)


class TestALiveAccount:
    def test_says_what_is_accounted_for_and_when_it_was_last_looked_at(self) -> None:
        finding = told()

        assert (finding.subject, finding.level) == ("support@example.com", Level.OK)
        assert finding.what == "Live. 1,234 mails accounted for, 0 missing."
        (line,) = finding.details
        assert line.startswith("INBOX: settled below UID 1235, 1,234 accounted for, 0 missing")
        assert line.endswith("looked at 12 seconds ago")

    def test_says_that_mail_was_found_which_nobody_announced(self) -> None:
        (line,) = told(replace(INBOX, untold_at=NOW - timedelta(hours=3))).details

        assert line.endswith("its server did not announce mail that was found 3 hours ago")

    def test_with_missing_mail_is_worth_knowing(self) -> None:
        finding = told(replace(INBOX, missing=3))

        assert finding.level is Level.NOTE
        assert "3 missing" in finding.what

    def test_that_gave_no_sign_of_life_needs_a_person(self) -> None:
        finding = told(INBOX, replace(INBOX, last_checked_at=NOW - timedelta(minutes=10)))

        assert finding.level is Level.PROBLEM
        assert "No sign of life for 10 minutes" in finding.what
        assert "worker" in finding.fix

    def test_folders_that_are_not_watched_do_not_matter(self) -> None:
        other = replace(INBOX, watched=False, last_checked_at=None, listed=False, missing=9)

        assert told(INBOX, other).level is Level.OK

    @pytest.mark.parametrize(
        "folder", [replace(INBOX, listed=False), replace(INBOX, selectable=False)]
    )
    def test_a_folder_that_is_gone_needs_a_person(self, folder: FolderHealth) -> None:
        finding = told(replace(folder, name="Orders"))

        assert finding.level is Level.PROBLEM
        assert "The folder Orders is not" in finding.what

    def test_a_folder_that_the_server_does_not_open_says_why(self) -> None:
        detail = "The server says: mailbox is corrupt."
        finding = told(replace(INBOX, detail=detail, parked_until=NOW + timedelta(minutes=50)))

        assert finding.level is Level.PROBLEM
        assert finding.what == f"INBOX: {detail} Tried again in 50 minutes."

    def test_an_import_says_how_far_it_is(self) -> None:
        progress = ImportProgress(
            state=ImportState.RUNNING,
            days=30,
            since=None,
            mails_per_minute=None,
            found=2000,
            done=1500,
            failed=1,
            eta_seconds=300,
            requested_at=NOW,
            finished_at=None,
        )

        assert (
            "import: 1,501 of 2,000 mails, 1 failed, 5 minutes left"
            in told(history=progress).details
        )
        counting = replace(progress, found=None)
        assert "import: its mail is still to be counted" in told(history=counting).details
        over = replace(progress, state=ImportState.DONE)
        assert len(told(history=over).details) == 1


class TestAnAccountInTrouble:
    def test_refused_needs_a_person(self) -> None:
        finding = told(
            state=AccountState.REFUSED,
            detail="support@example.com: imap.example.com refused the password.",
            retry_at=NOW + timedelta(minutes=40),
        )

        assert finding.level is Level.PROBLEM
        assert finding.what == (
            "Refused. imap.example.com refused the password. Tried again in 40 minutes."
        )
        assert finding.fix

    @pytest.mark.parametrize(("minutes", "level"), [(5, Level.NOTE), (90, Level.PROBLEM)])
    def test_out_of_reach_needs_a_person_when_it_lasts(self, minutes: int, level: Level) -> None:
        finding = told(
            state=AccountState.RETRYING,
            detail="support@example.com: Nothing answers.",
            outage_since=NOW - timedelta(minutes=minutes),
            retry_at=NOW + timedelta(seconds=30),
        )

        assert finding.level is level
        assert "Nothing answers. It is tried again in 30 seconds." in finding.what

    def test_stopped_needs_a_person(self) -> None:
        finding = told(state=AccountState.STOPPED, failures=7, detail="Nothing answers.")

        assert finding.level is Level.PROBLEM
        assert "Given up after 7 failures." in finding.what
        assert "retry support@example.com" in finding.fix

    @pytest.mark.parametrize(("minutes", "level"), [(1, Level.NOTE), (9, Level.PROBLEM)])
    def test_never_looked_at_needs_a_person_when_it_lasts(self, minutes: int, level: Level) -> None:
        finding = told(
            replace(INBOX, watermark=None, last_checked_at=None),
            state=AccountState.CONNECTING,
            created_at=NOW - timedelta(minutes=minutes),
        )

        assert finding.level is level
        assert finding.details == ("INBOX: not yet looked at",)


class TestAPausedAccount:
    def test_is_worth_knowing_with_who_since_when_and_what_waits(self) -> None:
        pause = Pause(NOW - timedelta(hours=3), "Ana", commands=1, mails=2)
        long_ago = replace(INBOX, last_checked_at=NOW - timedelta(hours=3))

        finding = told(long_ago, state=AccountState.PAUSED, paused=pause)

        assert finding.level is Level.NOTE
        assert finding.what.startswith("Paused by Ana 3 hours ago.")
        assert "Until it is resumed wait: 1 action and 2 outgoing mails." in finding.what
        assert finding.fix == "Go on: sharedbox accounts resume support@example.com"

    def test_says_nothing_of_what_does_not_wait(self) -> None:
        pause = Pause(NOW - timedelta(hours=3), "", commands=0, mails=0)

        finding = told(state=AccountState.PAUSED, paused=pause)

        assert finding.what.startswith("Paused 3 hours ago.")
        assert "wait" not in finding.what

    @pytest.mark.parametrize(("minutes", "level"), [(1, Level.NOTE), (9, Level.PROBLEM)])
    def test_that_was_resumed_is_given_some_minutes(self, minutes: int, level: Level) -> None:
        finding = told(state=AccountState.CONNECTING, resumed_at=NOW - timedelta(minutes=minutes))

        assert finding.level is level
        assert "since it was resumed" in finding.what


class TestAgo:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (-3, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (3600, "1 hour"),
            (7200, "2 hours"),
            (86_400, "1 day"),
            (9 * 86_400, "9 days"),
        ],
    )
    def test_is_said_as_people_say_it(self, seconds: float, words: str) -> None:
        assert ago(seconds) == words
