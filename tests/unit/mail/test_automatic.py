import pytest

from app.mail.parse import parse
from app.mail.parsed import Automatic
from tests.unit.mail.samples import mail


def automatic(*lines: str) -> Automatic | None:
    return parse(mail(*lines)).automatic


class TestAutomatic:
    @pytest.mark.parametrize(
        "lines",
        [
            ("From: ann@example.com", "Subject: Hello"),
            ("From: ann@example.com", "Auto-Submitted: no"),
            ("From: postmaster@example.com", "Subject: Our new mail server"),
            ("From: ann@example.com", "Subject: undeliverable parcel"),
            ("Return-Path: <ann@example.com>", "Precedence: first-class"),
        ],
    )
    def test_person(self, lines: tuple[str, ...]) -> None:
        assert automatic(*lines) is None

    @pytest.mark.parametrize(
        "lines",
        [
            ("Auto-Submitted: auto-replied",),
            ("Auto-Submitted: Auto-Replied (vacation)",),
            ("Precedence: auto_reply",),
            ("X-Autoreply: yes",),
            ("Subject: Automatic reply: Printer",),
            ("Subject: Abwesenheitsnotiz: Drucker", "Return-Path: <>"),
        ],
    )
    def test_reply(self, lines: tuple[str, ...]) -> None:
        assert automatic(*lines) is Automatic.REPLY

    @pytest.mark.parametrize(
        "line",
        [
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            "Precedence: LIST",
            "List-Id: <users.example.org>",
            "List-Unsubscribe: <mailto:x@example.org>",
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        ],
    )
    def test_generated(self, line: str) -> None:
        assert automatic(line) is Automatic.GENERATED

    @pytest.mark.parametrize(
        "lines",
        [
            ("Content-Type: multipart/report; report-type=delivery-status; boundary=b",),
            ("From: MAILER-DAEMON@example.com", "Auto-Submitted: auto-replied"),
            ("From: Mail Delivery Subsystem <x@example.com>",),
            ("From: postmaster@example.com", "Subject: Undeliverable: Printer"),
            ("Return-Path: <>", "Subject: Delivery Status Notification (Failure)"),
            ("X-Failed-Recipients: x@example.com",),
        ],
    )
    def test_bounce(self, lines: tuple[str, ...]) -> None:
        assert automatic(*lines) is Automatic.BOUNCE
