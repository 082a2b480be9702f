"""A mail of which nobody knows whether it left: looked for, asked about, never sent twice unasked.

The scripted server knows what it really took, and that is held against what the team is told.
"""

from typing import Any, ClassVar

import pytest

from app.commands.sent import gave_up
from app.commands.types import FindSent
from app.core.errors import Conflict
from app.core.ids import OutgoingId
from app.mail.address import Address
from app.sending import change
from app.sending.smtp import SMTPTransport
from app.store.models import CommandType, Outgoing, OutgoingState, RecipientState
from tests.fixtures.sending import Outbox
from tests.fixtures.smtp import Fail
from tests.integration.sending.test_faults import SENT, UNKNOWN, check, until_it_rests


class TestInDoubt:
    async def in_doubt(self, outbox: Outbox) -> Outgoing:
        outbox.server.scripts = [{"END": Fail.TAKE_AND_DROP}]
        return await outbox.send()

    async def test_it_is_looked_for_in_sent(self, outbox: Outbox) -> None:
        await self.in_doubt(outbox)

        assert await outbox.commands() == [CommandType.FIND_SENT]

    async def test_seen_there_it_was_sent(self, outbox: Outbox) -> None:
        row = await until_it_rests(outbox, (await self.in_doubt(outbox)).id, seen=True)

        assert (row.state, len(outbox.server.taken)) == (SENT, 1)
        assert row.message_id is not None

    async def test_that_nobody_can_look_for_in_time_is_asked_about(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)
        await outbox.drain()
        assert (await outbox.row(row.id)).settled_at is None

        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(row.id)
        assert (row.state, row.settled_at is not None) == (UNKNOWN, True)
        assert "Sent cannot be looked into for now" in row.detail
        assert len(outbox.server.taken) == 1

    async def test_a_person_may_send_it_again(self, outbox: Outbox) -> None:
        row = await until_it_rests(outbox, (await self.in_doubt(outbox)).id)
        await outbox.again(row.id, even_if_sent=True)
        row = await until_it_rests(outbox, row.id)

        assert (row.state, len(outbox.server.taken)) == (SENT, 2)
        check(outbox, row, most=2)

    async def test_a_person_may_say_that_it_was_sent(self, outbox: Outbox) -> None:
        row = await until_it_rests(outbox, (await self.in_doubt(outbox)).id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.it_was_sent(uow, row.id)
        row = await until_it_rests(outbox, row.id)

        assert (row.state, len(outbox.server.taken)) == (SENT, 1)
        assert row.message_id is not None
        check(outbox, row)

    async def test_a_worker_that_died_after_the_dot_leaves_doubt(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask()
        await outbox.run(
            "UPDATE outgoing SET state = 'sending', past_the_dot = true, attempts = 1, fence = 1"
        )
        await outbox.drain()

        assert (await outbox.row(outgoing_id)).state is UNKNOWN
        assert outbox.server.connections == 0

    async def test_a_worker_that_died_before_it_does_not(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask()
        await outbox.run("UPDATE outgoing SET state = 'sending', attempts = 1, fence = 1")
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, row.attempts) == (SENT, 2)

    async def test_a_worker_that_slept_may_neither_send_nor_settle(self, outbox: Outbox) -> None:
        """It wakes up in the middle of DATA, and another one has taken the mail meanwhile."""
        outgoing_id = await outbox.ask()
        transport = outbox.sending.transport
        assert isinstance(transport, SMTPTransport)

        class Sleepy:
            async def deliver(self, *values: Any, before_the_end: Any, **others: Any) -> Any:
                async def later() -> None:
                    await outbox.run("UPDATE outgoing SET fence = fence + 1")
                    await before_the_end()

                return await transport.deliver(*values, before_the_end=later, **others)

        object.__setattr__(outbox.sending, "transport", Sleepy())
        await outbox.drain()

        assert outbox.server.taken == []
        assert (await outbox.row(outgoing_id)).state is OutgoingState.SENDING

    async def test_it_cannot_be_sent_again_while_it_is_looked_for(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)

        with pytest.raises(Conflict, match="looked for in Sent just now"):
            await outbox.again(row.id, even_if_sent=True)

        await outbox.looked(row.id, seen=True)
        with pytest.raises(Conflict, match="looked for in Sent just now"):
            await outbox.again(row.id, even_if_sent=True)
        await outbox.drain()
        assert ((await outbox.row(row.id)).state, len(outbox.server.taken)) == (SENT, 1)

    async def test_nor_once_somebody_has_said_that_it_was_sent(self, outbox: Outbox) -> None:
        row = await until_it_rests(outbox, (await self.in_doubt(outbox)).id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.it_was_sent(uow, row.id)

        with pytest.raises(Conflict, match="looked for in Sent just now"):
            await outbox.again(row.id, even_if_sent=True)

    async def test_a_look_that_finds_it_stops_whoever_sends_it_again(self, outbox: Outbox) -> None:
        """The last look was late: it comes while the mail is on its way for the second time."""
        row = await until_it_rests(outbox, (await self.in_doubt(outbox)).id)
        await outbox.again(row.id, even_if_sent=True)
        transport = outbox.sending.transport

        class Overtaken:
            async def deliver(self, *values: Any, before_the_end: Any, **others: Any) -> Any:
                async def later() -> None:
                    await outbox.run("UPDATE outgoing SET state = 'unknown', seen_in_sent = true")
                    await before_the_end()

                return await transport.deliver(*values, before_the_end=later, **others)

        object.__setattr__(outbox.sending, "transport", Overtaken())
        await outbox.drain()
        await outbox.drain()

        assert ((await outbox.row(row.id)).state, len(outbox.server.taken)) == (SENT, 1)


class TestDropping:
    async def dropped(self, outbox: Outbox) -> Outgoing:
        outbox.server.scripts = [{"END": Fail.TAKE_AND_DROP}]
        row = await until_it_rests(outbox, (await outbox.send()).id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.drop(uow, row.id)
        return await outbox.row(row.id)

    async def test_it_is_never_sent_again(self, outbox: Outbox) -> None:
        row = await self.dropped(outbox)

        with pytest.raises(Conflict):
            await outbox.again(row.id, even_if_sent=True)
        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(row.id)
        assert (row.state, row.was_dropped) == (OutgoingState.CANCELLED, True)
        assert len(outbox.server.taken) == 1
        assert (await outbox.events())[-1] == "outgoing.dropped"

    async def test_seen_in_sent_later_it_was_sent(self, outbox: Outbox) -> None:
        row = await self.dropped(outbox)
        await outbox.run("UPDATE outgoing SET state = 'unknown', settled_at = null")
        await outbox.looked(row.id, seen=True)
        await outbox.drain()

        row = await outbox.row(row.id)
        assert (row.state, row.was_dropped, row.message_id is not None) == (SENT, False, True)

    async def test_what_is_sent_again_is_not_dropped(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"END": Fail.TAKE_AND_DROP}]
        row = await until_it_rests(outbox, (await outbox.send()).id)
        await outbox.again(row.id, even_if_sent=True)

        with pytest.raises(Conflict, match="Nobody is in doubt"):
            async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
                await change.drop(uow, row.id)


class TestInDoubtForSome:
    """One has it, and the connection broke when it was handed over for the other."""

    ASKED: ClassVar = {"cc": (Address("", "ben@acme.example"),)}
    BEN = "ben@acme.example"

    async def in_doubt(self, outbox: Outbox) -> Outgoing:
        outbox.server.scripts = [{f"RCPT {self.BEN}": "450 4.2.1 busy"}, {"END": Fail.DROP}]
        row = await outbox.send(**self.ASKED)
        await outbox.hurry()
        await outbox.drain()
        return await outbox.row(row.id)

    async def test_the_copy_of_the_first_proves_nothing(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)

        assert (row.state, row.settled_at is not None) == (UNKNOWN, True)
        assert f"Nobody knows whether it reached {self.BEN}" in row.detail
        assert CommandType.FIND_SENT not in await outbox.commands()
        ben = (await outbox.recipients(row.id))[self.BEN]
        assert ben.state is RecipientState.PENDING

    async def test_dropped_it_is_sent_but_for_the_other(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.drop(uow, row.id)

        row = await outbox.row(row.id)
        ben = (await outbox.recipients(row.id))[self.BEN]
        assert (row.state, ben.state) == (SENT, RecipientState.REFUSED)
        assert ben.detail.startswith("Nobody knows whether it reached them. It was dropped")
        assert row.detail.startswith(f"Nobody knows whether it reached {self.BEN}. It was dropped")

    async def test_dropped_twice_answers_the_same(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)

        for _ in range(2):
            async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
                await change.drop(uow, row.id)

        assert (await outbox.row(row.id)).state is SENT
        assert (await outbox.events()).count("outgoing.dropped") == 1

    async def test_sent_to_all_there_is_nothing_to_drop(self, outbox: Outbox) -> None:
        row = await outbox.send(**self.ASKED)

        with pytest.raises(Conflict, match="Nobody is in doubt"):
            async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
                await change.drop(uow, row.id)

    async def test_sent_again_it_goes_to_the_other_alone(self, outbox: Outbox) -> None:
        row = await self.in_doubt(outbox)
        await outbox.again(row.id, even_if_sent=True)
        await outbox.drain()

        assert [mail.recipients for mail in outbox.server.taken] == [
            ["ana@acme.example"], [self.BEN],
        ]  # fmt: skip
        assert (await outbox.row(row.id)).state is SENT


class TestLongOverdue:
    """Nobody sent it for a while; or the database is one that was restored from its backup."""

    async def overdue(self, outbox: Outbox) -> OutgoingId:
        outgoing_id = await outbox.ask()
        await outbox.run("UPDATE outgoing SET due_at = now() - interval '1 hour'")
        await outbox.drain()
        return outgoing_id

    async def test_it_is_looked_for_in_sent_first(self, outbox: Outbox) -> None:
        row = await outbox.row(await self.overdue(outbox))

        assert (row.state, outbox.server.connections) == (UNKNOWN, 0)
        assert await outbox.commands() == [CommandType.FIND_SENT]

    async def test_seen_there_it_is_not_sent_again(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        await outbox.looked(outgoing_id, seen=True)
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, outbox.server.connections) == (SENT, 0)
        assert row.message_id is not None

    async def test_not_seen_there_it_is_sent_once(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        await outbox.looked(outgoing_id, seen=False)
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, row.detail, len(outbox.server.taken)) == (SENT, "", 1)

    async def test_that_was_left_half_sent_is_looked_for_too(self, outbox: Outbox) -> None:
        outgoing_id = await outbox.ask()
        await outbox.run("UPDATE outgoing SET state = 'sending', attempts = 1, fence = 1")
        await outbox.run("UPDATE outgoing SET due_at = now() - interval '1 hour'")
        await outbox.drain()

        assert (await outbox.row(outgoing_id)).state is UNKNOWN
        assert outbox.server.connections == 0

    async def test_a_person_who_asks_for_it_is_not_kept_waiting(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        await outbox.again(outgoing_id, even_if_sent=True)
        await outbox.drain()

        assert (await outbox.row(outgoing_id)).state is SENT

    async def test_it_can_be_taken_back_meanwhile(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await change.cancel(uow, outgoing_id)
        await outbox.looked(outgoing_id, seen=False)
        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, outbox.server.connections) == (OutgoingState.CANCELLED, 0)
        assert row.detail == "Should it have left before, it cannot be called back."

    async def test_once_it_is_known_to_have_left_it_cannot(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        await outbox.looked(outgoing_id, seen=True)

        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            with pytest.raises(Conflict, match="may have been sent"):
                await change.cancel(uow, outgoing_id)

    async def test_it_is_not_asked_about_before_somebody_could_look(self, outbox: Outbox) -> None:
        """It leaves by itself then, and can be cancelled until then."""
        outgoing_id = await self.overdue(outbox)
        await outbox.hurry()
        await outbox.drain()

        row = await outbox.row(outgoing_id)
        assert (row.state, row.settled_at, outbox.server.connections) == (UNKNOWN, None, 0)

    async def test_that_nobody_can_look_for_is_left_to_a_person(self, outbox: Outbox) -> None:
        outgoing_id = await self.overdue(outbox)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await gave_up(uow, FindSent(outgoing_id=outgoing_id))
        row = await until_it_rests(outbox, outgoing_id)

        assert outbox.server.connections == 0
        check(outbox, row)
