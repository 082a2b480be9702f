"""A customer's mail on its way into a real inbox, and an answer on its way back."""

import asyncio
import contextlib
import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from app.core.errors import InvalidInput
from app.sandbox.mail.customer import Customer
from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.mail.pymap_server import PymapServer
from app.sandbox.mail.server import MailServer, MailServerFailed
from app.sandbox.mail.submission import SubmissionServer
from tests.fixtures.clock import ManualClock
from tests.fixtures.mailservers import PASSWORD, mails

INBOX = "support@example.com"


@pytest.fixture(params=["dovecot", "pymap"])
async def inbox(
    request: pytest.FixtureRequest, mail_user: DovecotInbox
) -> AsyncIterator[MailServer]:
    if request.param == "dovecot":
        yield mail_user
    else:
        async with PymapServer("support", PASSWORD) as pymap:
            yield pymap


@pytest.fixture
async def submission(inbox: MailServer, clock: ManualClock) -> AsyncIterator[SubmissionServer]:
    async with SubmissionServer(INBOX, inbox, max_bytes=100_000, clock=clock) as server:
        yield server


@pytest.fixture
def customer(submission: SubmissionServer, clock: ManualClock) -> Customer:
    return Customer(submission, clock)


async def hand_over(submission: SubmissionServer, raw: bytes, *recipients: str) -> None:
    """Send what a client would, by SMTP."""
    await aiosmtplib.send(
        raw,
        sender="ann@example.org",
        recipients=recipients or (INBOX,),
        hostname=submission.host,
        port=submission.port,
        local_hostname="client.example.org",
        start_tls=False,
    )


def only_mail(inbox: MailServer) -> EmailMessage:
    [raw] = mails(inbox)
    return email.message_from_bytes(raw, policy=email.policy.default)


class TestTaking:
    async def test_a_mail_arrives_with_the_trace_of_its_way(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        await hand_over(submission, b"Subject: Hello\r\nMessage-ID: <1@x>\r\n\r\n.Hi\r\n")

        mail = only_mail(inbox)
        assert mail["Return-Path"] == "<ann@example.org>"
        assert INBOX in mail.get_all("Delivered-To", [])
        assert any(
            "from client.example.org" in one and "for <support@example.com>; Mon, 02 Mar" in one
            for one in mail.get_all("Received", [])
        )
        assert mail.get_payload() == ".Hi\r\n"

    async def test_what_every_mail_needs_is_added_where_it_is_missing(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        await hand_over(submission, b"Subject: Hello\r\n\r\nDate: not a header\r\n")

        mail = only_mail(inbox)
        assert mail["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
        assert mail["Message-ID"].endswith("@mx.example.com>")

    async def test_what_is_there_is_left_alone(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        date = "Sun, 01 Mar 2026 08:00:00 +0000"

        await hand_over(submission, f"date: {date}\r\nmessage-id: <1@x>\r\n\r\nHi\r\n".encode())

        mail = only_mail(inbox)
        assert (mail.get_all("Date"), mail.get_all("Message-ID")) == ([date], ["<1@x>"])

    async def test_a_mail_to_anybody_else_never_reaches_the_inbox(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        await hand_over(submission, b"Subject: Away\r\n\r\nHi\r\n", "ann@example.org")

        assert mails(inbox) == []
        [away] = submission.sent_away
        assert away.recipients == ("ann@example.org",)

    async def test_a_mail_to_both_reaches_both(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        await hand_over(submission, b"Subject: Both\r\n\r\nHi\r\n", INBOX, "ann@example.org")

        assert len(mails(inbox)) == len(submission.sent_away) == 1


class TestRefusing:
    async def test_a_mail_that_is_too_large(
        self, submission: SubmissionServer, inbox: MailServer
    ) -> None:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await hand_over(submission, b"Subject: Large\r\n\r\n" + b"x" * 99 + b"\r\n" * 60_000)

        assert refused.value.code == 552
        assert mails(inbox) == []

    async def test_more_recipients_than_anybody_has(self, submission: SubmissionServer) -> None:
        recipients = [f"user{number}@example.org" for number in range(101)]

        await hand_over(submission, b"Subject: Many\r\n\r\nHi\r\n", *recipients)

        assert len(submission.sent_away[0].recipients) == 100

    async def test_an_inbox_that_is_down_means_try_again_later(
        self, mail_user: DovecotInbox
    ) -> None:
        mail_user.username = "nobody"
        async with SubmissionServer(INBOX, mail_user) as submission:
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await hand_over(submission, b"Subject: Hello\r\n\r\nHi\r\n", INBOX, "ann@x.example")

        assert refused.value.code == 451
        assert not submission.sent_away


class TestEnding:
    async def test_cuts_who_is_still_connected(self, mail_user: DovecotInbox) -> None:
        async with SubmissionServer(INBOX, mail_user) as submission:
            reader, writer = await asyncio.open_connection(submission.host, submission.port)
            await reader.readline()

        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


class TestCustomerSends:
    async def test_a_correct_mail(self, customer: Customer, inbox: MailServer) -> None:
        message_id = await customer.send(
            "Jörg Müller", "joerg@example.org", "Rechnung für März ✓", "Grüße 👋\n.\nJörg"
        )

        mail = only_mail(inbox)
        assert str(mail["From"]) == "Jörg Müller <joerg@example.org>"
        assert mail["To"] == customer.address == INBOX
        assert mail["Subject"] == "Rechnung für März ✓"
        assert mail["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
        assert mail["Message-ID"] == message_id
        assert mail["Return-Path"] == "<joerg@example.org>"
        assert mail.get_content() == "Grüße 👋\r\n.\r\nJörg\r\n"
        assert "=0D" not in mail.as_string()

    async def test_an_answer_joins_its_thread(self, customer: Customer, inbox: MailServer) -> None:
        await customer.send("Ann", "ann@example.org", "Re: Hi", "Yes.", in_reply_to="<1@x.example>")

        mail = only_mail(inbox)
        assert mail["In-Reply-To"] == mail["References"] == "<1@x.example>"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "Ann\r\nBcc: all@example.org"),
            ("name", "A" * 101),
            ("address", "ann@example.org\nBcc: all@example.org"),
            ("subject", "Hi\rthere"),
            ("subject", "Hi\0"),
            ("subject", "H" * 501),
            ("text", "t" * 100_001),
            *(("address", one) for one in ["", "ann", "@x", "a@", "a b@c.x", "<a@b.x>", "ä@b.de"]),
        ],
    )
    async def test_nothing_that_is_no_correct_mail(
        self, mail_user: DovecotInbox, field: str, value: str
    ) -> None:
        words = {"name": "Ann", "address": "ann@example.org", "subject": "Hi", "text": "Hello"}
        async with SubmissionServer(INBOX, mail_user) as submission:
            with pytest.raises(InvalidInput) as refused:
                await Customer(submission).send(*(words | {field: value}).values())

        assert refused.value.field == field
        assert mails(mail_user) == []

    async def test_and_is_told_when_the_server_is_gone(self, mail_user: DovecotInbox) -> None:
        async with SubmissionServer(INBOX, mail_user) as submission:
            pass

        with pytest.raises(MailServerFailed, match="could not be sent"):
            await Customer(submission).send("Ann", "ann@example.org", "Hi", "text")


class TestCustomerReceives:
    async def test_nothing_at_first(self, customer: Customer) -> None:
        assert await customer.received() == []

    async def test_what_was_sent_away(
        self, customer: Customer, submission: SubmissionServer
    ) -> None:
        answer = EmailMessage(policy=email.policy.SMTP)
        answer["From"] = "Support <support@example.com>"
        answer["To"] = "ann@example.org"
        answer["Subject"] = "Re: Größe"
        answer["Message-ID"] = "<2@x.example>"
        answer["In-Reply-To"] = answer["References"] = "<1@x.example>"
        answer["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
        answer.set_content("Grüße\n")
        answer.add_alternative("<p>Grüße</p>", subtype="html")

        await hand_over(submission, answer.as_bytes(), "ann@example.org")

        assert await customer.received() == [
            {
                "from": "Support <support@example.com>",
                "to": "ann@example.org",
                "subject": "Re: Größe",
                "date": "Mon, 02 Mar 2026 09:00:00 +0000",
                "message_id": "<2@x.example>",
                "in_reply_to": "<1@x.example>",
                "references": "<1@x.example>",
                "text": "Grüße\n",
            }
        ]

    async def test_a_mail_without_text_or_with_an_unknown_charset(
        self, customer: Customer, submission: SubmissionServer
    ) -> None:
        odd = b"Content-Type: text/plain; charset=x-none\r\n\r\nHi\r\n"
        empty = b"Content-Type: application/pdf\r\n\r\nHi\r\n"

        for raw in (odd, empty):
            await hand_over(submission, raw, "ann@example.org")

        assert [one["text"] for one in await customer.received()] == ["Hi\n", ""]


class TestLogin:
    @pytest.mark.parametrize("right", [True, False])
    async def test_takes_the_inbox_own_password_alone(
        self, submission: SubmissionServer, inbox: MailServer, right: bool
    ) -> None:
        client = aiosmtplib.SMTP(hostname=submission.host, port=submission.port, start_tls=False)
        async with client:
            password = inbox.password if right else "wrong"
            with (
                contextlib.nullcontext()
                if right
                else pytest.raises(aiosmtplib.SMTPAuthenticationError)
            ):
                await client.login(inbox.username, password)
