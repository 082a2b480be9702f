"""The demo's customer: writes to the inbox, and sees the mails that were sent to them."""

import asyncio
import email
import email.policy
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

import aiosmtplib

from app.core.clock import Clock, SystemClock
from app.core.errors import InvalidInput
from app.sandbox.mail.server import MailServerFailed
from app.sandbox.mail.submission import SentAway, SubmissionServer

_LONGEST: Final = {
    "name": 100,
    "address": 254,
    "subject": 500,
    "in_reply_to": 998,
    "text": 100_000,
}
_SECONDS: Final = 30
_ADDRESS: Final = re.compile(
    r"(?:[\w!#$%&'*+/=?^`{|}~-]+\.)*[\w!#$%&'*+/=?^`{|}~-]+@(?:[a-z0-9-]+\.)*[a-z0-9-]+",
    re.ASCII | re.IGNORECASE,
)
"""The addresses people have: a dot-atom and a domain (RFC 5322 §3.4.1), in ASCII."""


class Customer:
    """Anybody outside. `address` is the inbox they write to."""

    def __init__(self, server: SubmissionServer, clock: Clock | None = None) -> None:
        self.address = server.address
        self._server = server
        self._clock = clock or SystemClock()

    async def send(
        self,
        sender_name: str,
        sender_address: str,
        subject: str,
        text: str,
        *,
        in_reply_to: str | None = None,
    ) -> str:
        """Send a mail to the inbox and answer its Message-ID.

        Raises `InvalidInput` for what would be no correct mail. `in_reply_to` is the Message-ID of
        a received mail this one answers.
        """
        sender = _address(_one_line("name", sender_name), _one_line("address", sender_address))
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = sender
        mail["To"] = self.address
        mail["Subject"] = _one_line("subject", subject)
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = make_msgid(domain=sender.domain)
        if in_reply_to:
            mail["In-Reply-To"] = mail["References"] = _one_line("in_reply_to", in_reply_to)
        mail.set_content(_bounded("text", text), cte="quoted-printable")
        await self._hand_over(mail, sender.addr_spec)
        return str(mail["Message-ID"])

    async def received(self) -> list[dict[str, str]]:
        """The last mails that were sent to anybody outside, oldest first."""
        return [_shown(one) for one in self._server.sent_away]

    async def _hand_over(self, mail: EmailMessage, sender: str) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await aiosmtplib.send(
                    mail,
                    sender=sender,
                    recipients=[self.address],
                    hostname=self._server.host,
                    port=self._server.port,
                    local_hostname="localhost",
                    start_tls=False,
                )
        except (aiosmtplib.SMTPException, TimeoutError) as error:
            raise MailServerFailed(f"The mail could not be sent: {error}") from error


def _bounded(field: str, value: str) -> str:
    if len(value) > _LONGEST[field]:
        raise InvalidInput(
            f"The {field} is too long: {len(value)} characters.",
            field=field,
            fix=f"Use at most {_LONGEST[field]}.",
        )
    return value


def _one_line(field: str, value: str) -> str:
    if any(character in value for character in "\r\n\0"):
        raise InvalidInput(f"The {field} must be a single line.", field=field)
    return _bounded(field, value.strip())


def _address(name: str, address: str) -> Address:
    if not _ADDRESS.fullmatch(address):
        raise InvalidInput(
            f"“{address}” is no mail address.",
            field="address",
            fix="Write it like ann@example.com.",
        )
    return Address(display_name=name, addr_spec=address)


def _shown(sent: SentAway) -> dict[str, str]:
    mail = email.message_from_bytes(sent.raw, policy=email.policy.default)
    return {
        "from": str(mail["From"] or ""),
        "to": ", ".join(sent.recipients),
        "subject": str(mail["Subject"] or ""),
        "date": str(mail["Date"] or ""),
        "message_id": str(mail["Message-ID"] or ""),
        "in_reply_to": str(mail["In-Reply-To"] or ""),
        "references": str(mail["References"] or ""),
        "text": _text(mail),
    }


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None or not isinstance(payload := body.get_payload(decode=True), bytes):
        return ""
    try:
        text = payload.decode(body.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        text = payload.decode(errors="replace")
    return text.replace("\r\n", "\n")
