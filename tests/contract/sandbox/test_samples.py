"""The demo's mails go through the real server unharmed."""

from datetime import UTC, datetime

from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.samples import load_samples
from tests.fixtures.mailservers import mails


class TestDelivery:
    async def test_every_sample_arrives_byte_for_byte(self, mail_user: DovecotInbox) -> None:
        samples = load_samples(datetime.now(UTC))

        for sample in samples:
            await mail_user.deliver(sample.raw, sender=sample.sender)

        arrived = mails(mail_user)
        assert len(arrived) == len(samples) >= 13
        for sample, raw in zip(samples, arrived, strict=True):
            assert raw.endswith(sample.raw)
            assert raw.startswith(f"Return-Path: <{sample.sender}>\r\n".encode())
