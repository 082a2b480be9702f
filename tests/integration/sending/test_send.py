"""A mail from Send to the server, and what the team is told of it."""

import email
import email.policy
from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import InvalidInput, SharedBoxError
from app.core.ids import OutgoingId
from app.mail.address import Address
from app.mail.parsed import ParsedMail
from app.sending import change
from app.store.models import (
    CommandType,
    Conversation,
    Direction,
    Filing,
    OutgoingMode,
    OutgoingState,
    Post,
    PostKind,
)
from tests import factories
from tests.fixtures.sending import Outbox


class TestAReply:
    async def test_reaches_the_server_as_it_was_written(self, outbox: Outbox) -> None:
        outgoing = await outbox.send()

        (taken,) = outbox.server.taken
        mail = email.message_from_bytes(taken.raw, policy=email.policy.default)
        assert (taken.sender, taken.recipients) == ("support@example.com", ["ana@acme.example"])
        assert mail["From"] == "support@example.com"
        assert mail["To"] == "Ana Ruiz <ana@acme.example>"
        assert mail["Subject"] == "Re: Invoice 4471"
        assert mail["In-Reply-To"] == mail["References"] == "<1@acme.example>"
        assert mail["Message-ID"] == f"<{outgoing.internet_message_id}>"
        assert "> The total is wrong." in mail.get_content()

    async def test_is_a_mail_of_its_conversation_at_once(self, outbox: Outbox) -> None:
        outgoing = await outbox.send()

        _, ours = await outbox.messages()
        (conversation,) = await outbox.all(Conversation)
        assert (ours.id, ours.direction) == (outgoing.message_id, Direction.OUTBOUND)
        assert (ours.excerpt, ours.raw_sha256) == ("You are right.", outgoing.raw_sha256)
        assert (conversation.message_count, conversation.waiting_since) == (1, None)
        assert outgoing.state is OutgoingState.SENT
        assert await outbox.events() == ["outgoing.queued", "message.sent", "outgoing.sent"]

    async def test_leaves_the_copy_to_whoever_owns_the_mailbox(self, outbox: Outbox) -> None:
        outgoing = await outbox.send()

        assert await outbox.commands() == [CommandType.FILE_SENT]
        assert outgoing.filing is Filing.PENDING

    async def test_of_html_alone_is_told_of_by_what_its_writer_wrote(self, outbox: Outbox) -> None:
        """Its quotes and its signature are none of that: written on, they would stand twice."""
        outgoing = await outbox.send(text="", html="<p>You are <b>right</b>.</p>", quote=True)

        assert outgoing.text.strip() == "You are right."

    async def test_then_done_closes_the_conversation(self, outbox: Outbox) -> None:
        await outbox.send(then_done=True)

        (conversation,) = await outbox.all(Conversation)
        assert conversation.status == "done"
        assert conversation.done_by_id == outbox.actor.teammate_id

    async def test_then_done_wakes_a_conversation_that_sleeps(self, outbox: Outbox) -> None:
        """Nobody is told later that its time has come."""
        await outbox.run("UPDATE conversations SET snoozed_until = now() + interval '1 day'")

        await outbox.send(then_done=True)

        (conversation,) = await outbox.all(Conversation)
        assert (conversation.status, conversation.is_snoozed) == ("done", False)

    async def test_tells_of_itself_in_the_thread_from_the_beginning(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask(undo_seconds=10)

        posts = await outbox.all(Post)
        line = next(one for one in posts if one.kind is PostKind.OUTGOING)
        card = next(one for one in posts if one.kind is PostKind.CARD)
        assert line.payload == {"outgoing_id": str(outgoing_id)}
        assert card.seq < line.seq
        assert card.message_id == outbox.message_id


class TestAMailThatCannotBeReadBack:
    async def test_was_sent_all_the_same(self, outbox: Outbox) -> None:
        class Gives:
            async def parse(self, raw: bytes) -> ParsedMail:
                raise SharedBoxError(f"The parser took too long over {len(raw)} bytes.")

        object.__setattr__(outbox.sending, "reader", Gives())

        outgoing = await outbox.send()

        _, ours = await outbox.messages()
        assert (outgoing.state, len(outbox.server.taken)) == (OutgoingState.SENT, 1)
        assert (ours.id, ours.body) == (outgoing.message_id, "You are right.")
        assert ours.to == [{"name": "Ana Ruiz", "address": "ana@acme.example"}]


class TestOthers:
    async def test_get_their_copy_and_bcc_is_nobodys_business(self, outbox: Outbox) -> None:
        await outbox.send(
            cc=(Address("", "ben@acme.example"),), bcc=(Address("", "boss@example.com"),)
        )

        (taken,) = outbox.server.taken
        assert taken.recipients == ["ana@acme.example", "ben@acme.example", "boss@example.com"]
        assert b"boss@example.com" not in taken.raw

    async def test_named_twice_get_it_once(self, outbox: Outbox) -> None:
        ana = Address("", "ANA@acme.example")
        await outbox.send(to=(Address("", "ana@acme.example"),), cc=(ana,), bcc=(ana,))

        assert outbox.server.recipients == ["ana@acme.example"]


class TestNewMail:
    async def test_begins_a_conversation_that_answers_join(self, outbox: Outbox) -> None:
        outgoing = await outbox.send(
            mode=OutgoingMode.NEW, to=(Address("", "eva@other.example"),), subject="Hello"
        )

        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            conversation = await uow.conversations.get(outgoing.conversation_id)
            ids = [outgoing.internet_message_id]
            linked = await uow.threads.linked(outbox.account_id, ids)
        assert conversation.subject == "Hello"
        assert conversation.message_count == 1
        assert linked == {outgoing.internet_message_id: conversation.id}


class TestForward:
    async def test_does_not_count_as_an_answer(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE conversations SET waiting_since = now()")

        await outbox.send(mode=OutgoingMode.FORWARD, to=(Address("", "eva@other.example"),))

        (conversation,) = await outbox.all(Conversation)
        (taken,) = outbox.server.taken
        assert conversation.waiting_since is not None
        assert b"Subject: Fwd: Invoice 4471" in taken.raw
        assert b"The total is wrong." in taken.raw


class TestUndo:
    async def test_within_the_window_nothing_leaves(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask(undo_seconds=30)
        await outbox.drain()
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.cancel(uow, outgoing_id)
        await outbox.hurry()
        await outbox.drain()

        assert outbox.server.taken == []
        assert (await outbox.row(outgoing_id)).state is OutgoingState.CANCELLED

    async def test_after_the_window_it_leaves(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask(undo_seconds=30)
        await outbox.hurry()
        await outbox.drain()

        assert (await outbox.row(outgoing_id)).state is OutgoingState.SENT


class TestSchedule:
    async def test_waits_for_its_time_and_says_so_in_its_date(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            tomorrow = await uow.outgoing.time() + timedelta(days=1)
        outgoing = await outbox.send(send_at=tomorrow)
        assert (outgoing.state, outbox.server.taken) == (OutgoingState.SCHEDULED, [])

        await outbox.hurry()
        await outbox.drain()

        (taken,) = outbox.server.taken
        assert tomorrow.strftime("%d %b %Y %H:%M:%S").encode() in taken.raw

    async def test_is_held_back_when_they_answer_first(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            tomorrow = await uow.outgoing.time() + timedelta(days=1)
        outgoing_id = await outbox.ask(send_at=tomorrow, cancel_if_answered=True)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            answer = factories.message(
                outbox.workspace.id, outbox.account_id, outbox.conversation_id
            )
            await uow.messages.add_all([answer])
        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, outbox.server.taken) == (OutgoingState.CANCELLED, [])
        assert "wrote again" in row.detail


class TestAnAnswerInBetween:
    """They write again while a mail that is to be held back then is on its way out."""

    async def asked(self, outbox: Outbox) -> OutgoingId:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            tomorrow = await uow.outgoing.time() + timedelta(days=1)
        asked = await outbox.ask(send_at=tomorrow, cancel_if_answered=True)
        await outbox.hurry()
        return asked

    async def they_write(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            mail = factories.message(outbox.workspace.id, outbox.account_id, outbox.conversation_id)
            await uow.messages.add_all([mail])

    async def test_two_attempts_holds_it_back(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT": "450 4.2.1 busy"}]
        asked = await self.asked(outbox)
        await outbox.drain()
        assert (await outbox.row(asked)).state is OutgoingState.QUEUED

        await self.they_write(outbox)
        await outbox.hurry()
        await outbox.drain()

        assert (await outbox.row(asked)).state is OutgoingState.CANCELLED
        assert outbox.server.taken == []

    async def test_the_claim_and_the_last_line_is_too_late(self, outbox: Outbox) -> None:
        """What the server has is never called cancelled."""
        asked = await self.asked(outbox)
        transport = outbox.sending.transport

        class Overtaken:
            async def deliver(self, *values: Any, before_the_end: Any, **others: Any) -> Any:
                async def then() -> None:
                    await test.they_write(outbox)
                    await before_the_end()

                return await transport.deliver(*values, before_the_end=then, **others)

        test = self
        object.__setattr__(outbox.sending, "transport", Overtaken())
        await outbox.drain()
        await outbox.hurry()
        await outbox.drain()

        assert (await outbox.row(asked)).state is OutgoingState.SENT
        assert len(outbox.server.taken) == 1


class TestSize:
    async def test_that_the_server_has_named_is_refused_before_anything_waits(
        self, outbox: Outbox
    ) -> None:
        outbox.server.extensions = ["SIZE 4000", "AUTH PLAIN"]
        assert (await outbox.send()).state is OutgoingState.SENT

        with pytest.raises(InvalidInput, match="127.0.0.1 sends at most 0.0 MB"):
            await outbox.ask(text="word " * 1000)

    async def test_that_it_refuses_is_remembered(self, outbox: Outbox) -> None:
        outbox.server.extensions = ["SIZE 400", "AUTH PLAIN"]
        assert (await outbox.send()).state is OutgoingState.FAILED

        with pytest.raises(InvalidInput, match="sends at most"):
            await outbox.ask()


class TestTheBrake:
    async def test_lets_the_rest_wait(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE accounts SET sends_per_hour = 2")
        ids = [await outbox.ask() for _ in range(3)]
        await outbox.drain()

        states = [(await outbox.row(id_)).state for id_ in ids]
        assert states == [OutgoingState.SENT, OutgoingState.SENT, OutgoingState.QUEUED]
        assert "2 mails in an hour" in (await outbox.row(ids[2])).detail

        await outbox.run("UPDATE outgoing SET sent_at = sent_at - interval '61 minutes'")
        await outbox.hurry()
        await outbox.drain()
        assert (await outbox.row(ids[2])).state is OutgoingState.SENT


class TestAMailWhoseBytesAreLost:
    async def test_fails_with_the_reason_and_holds_up_nobody(self, outbox: Outbox) -> None:
        lost = await outbox.ask()
        digest = (await outbox.row(lost)).raw_sha256
        await outbox.sending.blobs.set_aside(digest)
        await outbox.sending.blobs.forget(digest)
        sound = await outbox.ask(mode=OutgoingMode.NEW, to=(Address("", "ben@acme.example"),),
                                 subject="Hello")  # fmt: skip

        await outbox.drain()

        row = await outbox.row(lost)
        assert row.state is OutgoingState.FAILED
        assert "is not in the blob store" in row.detail
        assert (await outbox.row(sound)).state is OutgoingState.SENT
