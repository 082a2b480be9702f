import pytest

from app.mail.packed import packed, parsed_mail
from app.mail.parse import parse
from app.mail.parsed import Automatic, Failure, ParsedMail, Report

DSN = """\
From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type={kind}; boundary=b

--b
Content-Type: text/plain

{text}
--b
Content-Type: {status_type}

{status}
--b
Content-Type: {returned_type}

{returned}
--b--
"""
RETURNED = "From: support@example.com\nMessage-ID: <77@example.com>\nSubject: Re: Invoice\n"


def reported(
    status: str,
    *,
    text: str = "Sorry.",
    kind: str = "delivery-status",
    status_type: str = "message/delivery-status",
    returned: str = RETURNED + "\nHello.",
    returned_type: str = "message/rfc822",
) -> ParsedMail:
    mail = DSN.format(
        kind=kind,
        text=text,
        status_type=status_type,
        status=status,
        returned=returned,
        returned_type=returned_type,
    )
    return parse(mail.encode())


class TestDelivery:
    def test_names_the_mail_and_each_recipient(self) -> None:
        mail = reported(
            "Reporting-MTA: dns; mx.example.net\n\n"
            "Final-Recipient: rfc822; ana@acme.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1\n <ana@acme.example> unknown\n\n"
            "Original-Recipient: rfc822; ben@acme.example\n"
            "Final-Recipient: rfc822; b2@acme.example\nAction: delayed\nStatus: 4.4.1\n"
        )

        assert mail.automatic is Automatic.BOUNCE
        assert mail.report == Report(
            "77@example.com",
            (
                Failure("ana@acme.example", "failed", "5.1.1",
                        "550 5.1.1 <ana@acme.example> unknown"),
                Failure("ben@acme.example", "delayed", "4.4.1", ""),
            ),
        )  # fmt: skip

    def test_headers_alone_are_enough(self) -> None:
        mail = reported("", returned=RETURNED, returned_type="text/rfc822-headers")

        assert mail.report
        assert mail.report.original_message_id == "77@example.com"

    def test_what_is_no_address_is_left_out(self) -> None:
        mail = reported("Final-Recipient: rfc822; nobody at all\nAction: failed\n")

        assert mail.report
        assert mail.report.failures == ()

    def test_survives_the_way_between_processes(self) -> None:
        mail = reported("Final-Recipient: rfc822; ana@acme.example\nStatus: 5.0.0\n")

        assert parsed_mail(packed(mail)) == mail

    def test_encoded_words_cannot_break_out(self) -> None:
        mail = reported(
            "Final-Recipient: rfc822; ana@acme.example\n"
            "Diagnostic-Code: smtp; =?utf-8?q?550_no=0D=0AX:_y?=\n"
        )

        assert mail.report
        assert mail.report.failures[0].detail == "550 no X: y"

    def test_is_bounded(self) -> None:
        block = "Final-Recipient: rfc822; a{}@b.example\nAction: failed\n\n"
        mail = reported("".join(block.format(n) for n in range(5_000)))

        assert mail.report
        assert len(mail.report.failures) <= 101


class TestOtherBounces:
    def test_exim_names_them_in_a_header(self) -> None:
        raw = (
            b"From: Mail Delivery System <Mailer-Daemon@mx.example.net>\n"
            b"X-Failed-Recipients: ana@acme.example, ben@acme.example\n"
            b"Subject: Mail delivery failed: returning message to sender\n\n"
            b"A message that you sent could not be delivered:\n\n"
            b"  ana@acme.example\n    550 5.1.1 no such user here\n\n"
            b"------ This is a copy of the message. ------\n\n"
            b"Message-ID: <77@example.com>\nSubject: x\n\nHello\n"
        )

        report = parse(raw).report

        assert report
        assert report.original_message_id == "77@example.com"
        assert [one.address for one in report.failures] == ["ana@acme.example", "ben@acme.example"]
        assert report.failures[0].status == "5.1.1"
        assert "no such user here" in report.failures[0].detail

    def test_a_mail_of_a_person_has_no_report(self) -> None:
        assert parse(b"From: ana@acme.example\nSubject: Hi\n\nMessage-ID: <7@x.y>").report is None


class TestComplaint:
    def test_is_told_from_a_bounce(self) -> None:
        mail = reported(
            "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <ana@acme.example>\n",
            kind="feedback-report",
            status_type="message/feedback-report",
        )

        assert mail.automatic is Automatic.COMPLAINT
        assert mail.report == Report(
            "77@example.com",
            (Failure("ana@acme.example", "complained", "", "The recipient complained (abuse)."),),
        )


@pytest.mark.parametrize("size", [1, 200_000])
def test_hostile_reports_take_little_time(size: int) -> None:
    reported("Final-Recipient: rfc822; " + "a" * size, text="Message-ID: " * size, returned="x")
