"""What is asked of a server for sending, asked of a real Postfix: SIZE, 8BITMIME, SMTPUTF8, DSN.

And that a connection which is kept really serves the next mail there.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import URL

from app.core.ids import AccountId, new_id
from app.mailbox.port import Security, ServerSpec
from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.mail.process import free_ports
from app.sending.kept import KeptLines
from app.sending.port import Delivered, Envelope, LoginRefused, TooLarge
from app.sending.smtp import SMTPTransport
from app.sending.smtp_line import Limits
from app.store.notify import NotificationHub
from tests.fixtures.mailservers import StartDovecot, mails
from tests.fixtures.postfix import SASL, Postfix, insist_on_postfix, running_postfix
from tests.fixtures.stack import eventually

US, THEM = "support@example.com", "eva@example.com"
ACCOUNT = AccountId(new_id())
LIMITS = Limits(connect=10, answer=20, end=20, total=60)


async def nothing() -> None: ...


@dataclass
class Post:
    postfix: Postfix
    ours: DovecotInbox
    theirs: DovecotInbox
    transport: SMTPTransport

    async def send(
        self, raw: bytes, *, to: str = THEM, utf8: bool = False, login: str = "pw"
    ) -> Delivered:
        port = self.postfix.starttls_port
        server = ServerSpec("127.0.0.1", port, Security.STARTTLS, US, login)
        return await self.transport.deliver(
            server,
            Envelope(US, [to], needs_smtputf8=utf8),
            raw,
            before_the_end=nothing,
            account_id=ACCOUNT,
        )

    async def arrives(self, inbox: DovecotInbox, many: int = 1) -> list[bytes]:
        async def look() -> list[bytes] | None:
            found = mails(inbox)
            return found if len(found) == many else None

        found: list[bytes] = await eventually(look)
        return found


@pytest.fixture
async def post(start_dovecot: StartDovecot) -> AsyncIterator[Post]:
    insist_on_postfix()
    (sasl_port,) = free_ports(1)
    dovecot = await start_dovecot(extra_config=SASL.format(port=sasl_port))
    ours, theirs = dovecot.add_user(US, "pw"), dovecot.add_user(THEM, "pw")
    hub = NotificationHub(URL.create("postgresql"))  # nobody listens: nothing changes here
    async with running_postfix(dovecot, sasl_port) as postfix, KeptLines(hub) as kept:
        transport = SMTPTransport(
            allow_private=True, ca_file=ours.ca_file, limits=LIMITS, kept=kept
        )
        yield Post(postfix, ours, theirs, transport)


def mail(subject: str, body: bytes = b"Hello") -> bytes:
    head = f"From: {US}\r\nTo: {THEM}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.com>"
    kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8"
    return f"{head}\r\n{kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + body + b"\r\n"


def connections(postfix: Postfix) -> list[str]:
    """Everybody who came, as Postfix wrote it down."""
    return re.findall(r"smtpd\[\d+\]: connect from \S+", postfix.log())


class TestPostfix:
    async def test_takes_eight_bits_and_lone_dots_as_they_are(self, post: Post) -> None:
        body = "Grüße\r\n.\r\n..\r\n.ende".encode()

        await post.send(mail("dots", body))

        (raw,) = await post.arrives(post.theirs)
        assert raw.endswith(b"\r\n\r\n" + body + b"\r\n")

    async def test_takes_several_mails_by_one_connection(self, post: Post) -> None:
        before = len(connections(post.postfix))

        for subject in ("one", "two", "three"):
            await post.send(mail(subject))

        await post.arrives(post.theirs, 3)
        assert len(connections(post.postfix)) == before + 1
        assert post.postfix.log().count("sasl_username=support@example.com") == 3

    async def test_has_the_login_of_the_last_mail_and_no_other(self, post: Post) -> None:
        await post.send(mail("one"))

        with pytest.raises(LoginRefused):
            await post.send(mail("two"), login="another")

    async def test_is_asked_for_the_header_of_what_comes_back_only(self, post: Post) -> None:
        """RET=HDRS and NOTIFY=FAILURE (RFC 3461): the text of a mail does not come back."""
        await post.send(mail("back", b"nobody else is to read this"), to="nobody@example.com")

        (bounce,) = await post.arrives(post.ours)
        assert b"text/rfc822-headers" in bounce.lower()
        assert b"Message-ID: <back@example.com>" in bounce
        assert b"nobody else is to read this" not in bounce

    async def test_takes_letters_beyond_ascii_in_addresses(self, post: Post) -> None:
        raw = mail("utf8").replace(f"To: {THEM}".encode(), "To: пример@example.com".encode())

        delivered = await post.send(raw, to="пример@example.com", utf8=True)

        assert list(delivered.accepted) == ["пример@example.com"]

    async def test_says_what_it_takes_before_it_is_sent(self, post: Post) -> None:
        delivered = await post.send(mail("small"))
        assert delivered.takes == 500_000

        with pytest.raises(TooLarge, match="takes at most 0.5 MB"):
            await post.send(mail("large", b"x" * 600_000))
