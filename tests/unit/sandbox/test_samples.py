"""The demo's mails: each is what its name says, fresh, and a thread where it should be one."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise

import pytest

from app.sandbox.samples import Sample, load_samples

NOW = datetime(2027, 7, 14, 15, 26, 53, tzinfo=UTC)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return load_samples(NOW, run="run1")


@pytest.fixture(scope="module")
def mails(samples: list[Sample]) -> dict[str, EmailMessage]:
    """The parsed mails, by their names without the number."""
    return {
        sample.name.split("-", 1)[1]: email.message_from_bytes(
            sample.raw, policy=email.policy.default
        )
        for sample in samples
    }


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


class TestEverySample:
    def test_parses_without_a_defect(self, mails: dict[str, EmailMessage]) -> None:
        defects = {name: [part.defects for part in mail.walk()] for name, mail in mails.items()}

        assert not any(defect for found in defects.values() for defect in found), defects

    def test_has_what_a_mail_needs(self, mails: dict[str, EmailMessage]) -> None:
        for mail in mails.values():
            assert all(mail[name] for name in ("From", "To", "Subject", "Date", "Message-ID"))

    def test_has_crlf_at_every_line_end(self, samples: list[Sample]) -> None:
        assert not [one.name for one in samples if re.search(rb"(?<!\r)\n|\r(?!\n)", one.raw)]

    def test_has_a_message_id_of_its_own(self, mails: dict[str, EmailMessage]) -> None:
        assert len({mail["Message-ID"] for mail in mails.values()}) == len(mails)


class TestTime:
    def test_the_newest_is_two_minutes_old_and_the_oldest_a_week(
        self, samples: list[Sample]
    ) -> None:
        assert samples[-1].sent_at == NOW - timedelta(minutes=2)
        assert timedelta(days=6) < NOW - samples[0].sent_at < timedelta(days=8)

    def test_they_come_in_order(self, samples: list[Sample]) -> None:
        assert all(one.sent_at < next_.sent_at for one, next_ in pairwise(samples))

    def test_a_date_keeps_its_zone(self, mails: dict[str, EmailMessage]) -> None:
        assert mails["japanese"]["Date"].endswith("+0900")

    def test_what_was_received_says_so_in_its_trace(self, mails: dict[str, EmailMessage]) -> None:
        mail = mails["angry-invoice"]

        assert mail["Received"].endswith(mail["Date"])

    def test_an_appointment_stays_on_the_hour_and_ahead(
        self, mails: dict[str, EmailMessage]
    ) -> None:
        starts = re.findall(r"DTSTART:(\w+)Z", mails["calendar-invitation"].as_string())

        moment = datetime.fromisoformat(starts[0]).replace(tzinfo=UTC)
        assert len(starts) == 2
        assert moment.strftime("%H:%M:%S") == "13:00:00"
        assert timedelta(0) < moment - NOW < timedelta(days=5)


class TestRuns:
    def test_two_share_no_message_id(self, samples: list[Sample]) -> None:
        ours, theirs = (
            {re.search(rb"Message-ID: (<.*>)", one.raw)[1] for one in run}  # type: ignore[index]
            for run in (samples, load_samples(NOW))
        )

        assert not ours & theirs

    def test_the_inbox_can_have_another_address(self) -> None:
        again = load_samples(NOW, address="desk@shop.example.org")

        assert all(b"desk@shop.example.org" in one.raw for one in again)
        assert not any(b"support@example.com" in one.raw for one in again)


class TestThread:
    NAMES = ("order-question", "order-question-bottom-posted", "order-question-top-posted")

    def test_each_mail_answers_the_one_before(self, mails: dict[str, EmailMessage]) -> None:
        first, second, third = (mails[name] for name in self.NAMES)

        assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
        assert third["In-Reply-To"] == second["Message-ID"]
        assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]
        assert first["Message-ID"].endswith(".run1@nordlicht.example.org>")

    def test_quoted_dates_are_those_of_the_quoted_mails(
        self, mails: dict[str, EmailMessage]
    ) -> None:
        first, second, third = (mails[name] for name in self.NAMES)

        moment = second["Date"].datetime
        time = moment.strftime("%I:%M %p").removeprefix("0")
        assert f"On {first['Date']}, Lena Winther wrote:" in text_of(second)
        assert f"{moment:%a, %b} {moment.day}, {moment.year} at {time} Tomas" in text_of(third)

    def test_one_quotes_above_and_one_below(self, mails: dict[str, EmailMessage]) -> None:
        _, below, above = (text_of(mails[name]) for name in self.NAMES)

        assert below.index("> 1. Can") < below.index("If it does")
        assert above.index("Could you confirm") < above.index("> ")


class TestKinds:
    def test_the_complaint_has_a_pdf(self, mails: dict[str, EmailMessage]) -> None:
        [pdf] = mails["angry-invoice"].iter_attachments()
        content = pdf.get_content()

        assert (pdf.get_content_type(), pdf.get_filename()) == (
            "application/pdf",
            "Invoice 4471.pdf",
        )
        table = int(content.split(b"startxref\n")[1].split()[0])
        assert content.startswith(b"%PDF-1.4\n")
        assert content[table:].startswith(b"xref\n0 6\n")
        offsets = [int(line[:10]) for line in content[table:].splitlines()[3:8]]
        for number, offset in enumerate(offsets, 1):
            assert content[offset:].startswith(b"%d 0 obj" % number)

    def test_the_newsletter_is_html_alone_and_a_list(self, mails: dict[str, EmailMessage]) -> None:
        mail = mails["newsletter"]

        assert mail.get_content_type() == "text/html"
        assert mail["List-Id"]
        assert mail["List-Unsubscribe"].startswith("<https://")

    def test_the_picture_stands_in_the_text(self, mails: dict[str, EmailMessage]) -> None:
        parts = {part.get_content_type(): part for part in mails["inline-image"].walk()}

        assert parts["image/png"].get_content().startswith(b"\x89PNG\r\n\x1a\n")
        content_id = parts["image/png"]["Content-ID"].strip("<>")
        assert f'src="cid:{content_id}"' in parts["text/html"].get_content()

    @pytest.mark.parametrize(
        ("name", "charset", "words"),
        [
            ("german-umlauts", "iso-8859-1", "mit den Teelöffeln. Außerdem"),
            ("japanese", "iso-2022-jp", "交換は可能でしょうか"),
            ("arabic", "utf-8", "لم يصلني رمز التفعيل"),
            ("emoji", "utf-8", "👩‍💻👨🏽‍🎨🧑‍🔬"),
        ],
    )
    def test_a_language_is_written_in_its_charset(
        self, mails: dict[str, EmailMessage], name: str, charset: str, words: str
    ) -> None:
        assert mails[name].get_content_charset() == charset
        assert words in text_of(mails[name])
        assert not mails[name]["Subject"].isascii()

    @pytest.mark.parametrize("name", ["out-of-office", "bounce"])
    def test_what_a_machine_wrote_has_no_sender(
        self, samples: list[Sample], mails: dict[str, EmailMessage], name: str
    ) -> None:
        [sample] = [one for one in samples if one.name.endswith(name)]

        assert mails[name]["Auto-Submitted"] == "auto-replied"
        assert sample.sender == ""

    def test_what_a_person_wrote_has_one(self, samples: list[Sample]) -> None:
        assert samples[-1].sender == "harriet.pike@rowanpike.example.com"

    def test_the_bounce_says_who_and_why(self, mails: dict[str, EmailMessage]) -> None:
        mail = mails["bounce"]
        [status] = [one for one in mail.walk() if one.get_content_subtype() == "delivery-status"]

        recipient = list(status.walk())[-1]
        assert mail.get_content_type() == "multipart/report"
        assert recipient["Status"] == "5.1.1"
        assert recipient["Final-Recipient"] == "rfc822; ivo@brightbikes.example.net"

    def test_the_invitation_asks_for_an_answer(self, mails: dict[str, EmailMessage]) -> None:
        [part] = [
            one
            for one in mails["calendar-invitation"].walk()
            if one.get_content_type() == "text/calendar"
        ]

        assert part.get_param("method") == "REQUEST"
        assert "ATTENDEE;ROLE=REQ-PARTICIPANT" in part.get_content()

    def test_the_injection_tries_every_mark(self, mails: dict[str, EmailMessage]) -> None:
        mail = mails["slack-markup"]

        assert "<!channel>" in mail["Subject"]
        for mark in ("<!channel>", "<@U123>", "<http://evil.example|", "*Your", "`rm", "```"):
            assert mark in text_of(mail)

    def test_the_long_one_is_long(self, mails: dict[str, EmailMessage]) -> None:
        assert 190 <= len(text_of(mails["long-log"]).splitlines()) <= 250

    def test_the_large_one_is_large(self, mails: dict[str, EmailMessage]) -> None:
        [attachment] = mails["large-attachment"].iter_attachments()

        assert attachment.get_filename() == "readings.csv"
        assert 800_000 < len(attachment.get_content()) < 1_200_000
