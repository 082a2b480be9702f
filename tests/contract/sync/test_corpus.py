"""Every mail of the corpus, and hostile ones, through a real server into the store."""

import time

import pytest

from app.store.models import Message, Placement
from tests.fixtures.syncing import Sync
from tests.unit.mail.corpus import entries

HOSTILE = {
    "quotes": b"From: " + b'"' * 50_000 + b"\r\nSubject: quotes\r\n\r\nbody\r\n",
    "comments": b"To: " + b"(" * 2000 + b")" * 2000 + b"\r\nSubject: comments\r\n\r\nbody\r\n",
    "addresses": b"To: " + b", ".join(b"a%d@b.example" % n for n in range(20_000))
    + b"\r\nSubject: addresses\r\n\r\nbody\r\n",
    "parts": b"Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 20_000 + b"--b--\r\n",
    "nested": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(1000)
    ),
    "unclosed": b"Subject: unclosed\r\nContent-Type: text/html\r\n\r\n" + b"<a href=x " * 100_000,
    "divs": b"Subject: divs\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 50_000 + b"deep\r\n",
    "blank": b"Subject: blank\r\n\r\n" + b"\r\n" * 100_000 + b"end\r\n",
    "injection": b"Subject: Re: A=?utf-8?q?=0ABcc:_x=40y.z?=\r\n\r\nbody\r\n",
    "nul": b"Subject: nul\x00\r\n\r\nbo\x00dy \xff\xfe\r\n",
}  # fmt: skip


async def bring_in(sync: Sync, mails: list[bytes]) -> float:
    """Put mails into the mailbox byte for byte, and look; answers the seconds the look took."""
    for raw in mails:
        await sync.inbox.server.save(sync.inbox.username, "INBOX", raw)
    started = time.monotonic()
    await sync.look()
    return time.monotonic() - started


async def check_settled(sync: Sync, count: int) -> None:
    placements = await sync.all(Placement)
    assert len(placements) == count
    assert {one.state for one in placements} <= {"stored", "quarantined"}
    assert all(one.reason for one in placements if one.state == "quarantined")
    mailbox = await sync.mailbox()
    assert (mailbox.watermark, mailbox.missing) == (count + 1, 0)


class TestCorpus:
    @pytest.mark.corpus
    @pytest.mark.timeout(300)
    async def test_every_mail_ends_as_a_message_or_in_quarantine(self, sync: Sync) -> None:
        mails = [entry.raw for entry in entries("eml") if entry.raw]

        await bring_in(sync, mails)

        await check_settled(sync, len(mails))
        for message in await sync.all(Message):
            text = message.subject + message.body + message.from_name + message.excerpt
            assert "\0" not in text
            text.encode()
            assert "\n" not in message.subject + message.from_name


class TestHostile:
    @pytest.mark.parametrize("name", HOSTILE)
    async def test_ends_within_ten_seconds_and_lets_the_next_one_in(
        self, sync: Sync, name: str
    ) -> None:
        after = b"Subject: The next one\r\n\r\nHello.\r\n"

        seconds = await bring_in(sync, [HOSTILE[name], after])

        assert seconds < 10
        await check_settled(sync, 2)
        assert "The next one" in await sync.subjects()
