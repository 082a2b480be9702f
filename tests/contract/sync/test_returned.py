"""What comes back for a mail of ours, on a real server."""

from typing import Any

from app.core.access import Origin
from app.core.ids import ConversationId, OutgoingId, new_id
from app.mail.parsed import Automatic
from app.store.models import (
    Conversation,
    Message,
    Outgoing,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
    RecipientState,
)
from tests import factories
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync

BOUNCE = b"""\
From: MAILER-DAEMON@mx.acme.example\r
To: support@example.com\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <b1@mx.acme.example>\r
Auto-Submitted: auto-replied\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
I am sorry.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.acme.example\r
\r
Final-Recipient: rfc822; ana@acme.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 unknown\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <ours@example.com>\r
--b--\r
"""
QMAIL = b"""\
From: MAILER-DAEMON@mx.acme.example\r
Subject: failure notice\r
Message-ID: <b2@mx.acme.example>\r
\r
Hi. This is the qmail-send program at mx.acme.example.\r
\r
<ben@acme.example>:\r
192.0.2.1 does not like recipient. Remote host said: 550 no such user\r
\r
--- Below this line is a copy of the message.\r
\r
Message-ID: <ours@example.com>\r
Subject: Re: Invoice\r
\r
Hello.\r
"""


async def sent(sync: Sync) -> Outgoing:
    """A mail of ours to Ana and Ben that was sent."""
    async with sync.rows() as uow:
        conversation = factories.conversation(
            sync.workspace.id, sync.syncing.account_id, subject="Re: Invoice"
        )
        await uow.conversations.add_all([conversation])
        outgoing = Outgoing(
            workspace_id=sync.workspace.id,
            id=OutgoingId(new_id()),
            account_id=sync.syncing.account_id,
            conversation_id=ConversationId(conversation.id),
            mode=OutgoingMode.REPLY,
            origin=Origin.API,
            from_address="support@example.com",
            internet_message_id="ours@example.com",
            raw_sha256=b"x" * 32,
            size=1,
            state=OutgoingState.SENT,
            due_at=await uow.outgoing.time(),
        )
        recipients = [
            OutgoingRecipient(
                workspace_id=sync.workspace.id,
                outgoing_id=outgoing.id,
                n=n,
                kind=RecipientKind.TO,
                address=address,
                state=RecipientState.ACCEPTED,
            )
            for n, address in enumerate(["Ana@acme.example", "ben@acme.example"])
        ]
        await uow.outgoing.add(outgoing, recipients)
        await uow.threads.link(outgoing.account_id, {"ours@example.com": conversation.id})
        return outgoing


async def states(sync: Sync, outgoing: Outgoing) -> dict[str, tuple[Any, str]]:
    async with sync.rows() as uow:
        recipients = await uow.outgoing.recipients(outgoing.id)
    return {one.address: (one.state, one.detail) for one in recipients}


class TestABounce:
    async def test_joins_the_conversation_and_marks_whom_it_is_about(self, sync: Sync) -> None:
        outgoing = await sent(sync)
        await sync.inbox.deliver(BOUNCE, sender="")

        await sync.look()

        (message,) = await sync.all(Message)
        assert message.conversation_id == outgoing.conversation_id
        assert message.automatic is Automatic.BOUNCE
        assert message.report["failures"][0]["status"] == "5.1.1"
        assert await states(sync, outgoing) == {
            "Ana@acme.example": (RecipientState.BOUNCED, "5.1.1 550 5.1.1 unknown"),
            "ben@acme.example": (RecipientState.ACCEPTED, ""),
        }

    async def test_without_a_report_is_known_by_what_it_returns(self, sync: Sync) -> None:
        outgoing = await sent(sync)
        await sync.inbox.deliver(QMAIL, sender="")

        await sync.look()

        found = await states(sync, outgoing)
        assert found["Ana@acme.example"][0] is RecipientState.ACCEPTED
        state, detail = found["ben@acme.example"]
        assert state is RecipientState.BOUNCED
        assert "550 no such user" in detail

    async def test_about_where_somebodys_mail_is_passed_on_to_is_about_them(
        self, sync: Sync
    ) -> None:
        outgoing = await sent(sync)
        elsewhere = BOUNCE.replace(b"rfc822; ana@acme.example", b"rfc822; box17@host.example")
        said = elsewhere.replace(b"I am sorry.", b"Mail for ana@acme.example goes to box17 here.")
        await sync.inbox.deliver(said, sender="")

        await sync.look()

        assert await states(sync, outgoing) == {
            "Ana@acme.example": (
                RecipientState.BOUNCED, "5.1.1 box17@host.example: 550 5.1.1 unknown"
            ),
            "ben@acme.example": (RecipientState.ACCEPTED, ""),
        }  # fmt: skip

    async def test_about_somebody_nobody_knows_marks_nobody_of_several(self, sync: Sync) -> None:
        outgoing = await sent(sync)
        elsewhere = BOUNCE.replace(b"rfc822; ana@acme.example", b"rfc822; box17@host.example")
        await sync.inbox.deliver(elsewhere, sender="")

        await sync.look()

        assert {state for state, _ in (await states(sync, outgoing)).values()} == {
            RecipientState.ACCEPTED
        }
        (message,) = await sync.all(Message)
        assert message.conversation_id == outgoing.conversation_id

    async def test_twice_is_told_once(self, sync: Sync) -> None:
        await sent(sync)
        await sync.inbox.deliver(BOUNCE, sender="")
        await sync.look()
        await sync.inbox.deliver(BOUNCE.replace(b"<b1@", b"<b3@"), sender="")
        await sync.look()

        async with sync.rows() as uow:
            events = await uow.events.after(0, limit=100)
        assert [one.type for one in events].count("outgoing.returned") == 1

    async def test_about_a_mail_that_is_not_ours_is_only_a_mail(self, sync: Sync) -> None:
        outgoing = await sent(sync)
        await sync.inbox.deliver(BOUNCE.replace(b"<ours@", b"<theirs@"), sender="")

        await sync.look()

        (message,) = await sync.all(Message)
        assert message.conversation_id != outgoing.conversation_id
        assert (await states(sync, outgoing))["Ana@acme.example"][0] is RecipientState.ACCEPTED


class TestAnOutOfOfficeNote:
    async def test_wakes_nobody(self, sync: Sync) -> None:
        outgoing = await sent(sync)
        async with sync.rows() as uow:
            (await uow.conversations.lock(outgoing.conversation_id)).status = "done"  # type: ignore[assignment]
        note = mail("Automatic reply: Invoice", "away@acme.example", "I am away.")
        lines = b"In-Reply-To: <ours@example.com>\r\nAuto-Submitted: auto-replied\r\nDate:"
        await sync.inbox.deliver(note.replace(b"Date:", lines, 1))

        await sync.look()

        (message,) = await sync.all(Message)
        (conversation,) = await sync.all(Conversation)
        assert message.automatic is Automatic.REPLY
        assert message.conversation_id == conversation.id
        assert (conversation.status, conversation.waiting_since) == ("done", None)
