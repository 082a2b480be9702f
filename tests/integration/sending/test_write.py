"""From which address, with which signature, and what is refused before it is promised."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from app.commands.merge import merge
from app.core.access import system
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, ConversationId, TemplateId, new_id
from app.mail.address import Address
from app.mail.compose import File
from app.mail.parsed import Automatic
from app.sending.enqueue import enqueue
from app.sending.gather import today
from app.sending.templates import filled
from app.sending.wanted import Wanted
from app.sending.write import Written, preview
from app.store.models import (
    OutgoingMode,
    Proof,
    ReminderSettings,
    SenderIdentity,
    Signature,
    Template,
)
from tests import factories
from tests.fixtures.sending import Outbox


async def identity(outbox: Outbox, address: str, **values: Any) -> None:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        row = SenderIdentity(
            workspace_id=outbox.workspace.id,
            account_id=outbox.account_id,
            address=address,
            **{"proof": Proof.VERIFIED, **values},
        )
        await uow.identities.add(row)


async def signature(outbox: Outbox, text: str, **values: Any) -> None:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        await uow.signatures.add(Signature(workspace_id=outbox.workspace.id, text=text, **values))


async def write(outbox: Outbox, **changes: object) -> tuple[Written, EmailMessage]:
    values: dict[str, object] = {
        "account_id": outbox.account_id,
        "conversation_id": outbox.conversation_id,
        "mode": OutgoingMode.REPLY,
        "text": "You are right.",
        **changes,
    }
    written = await preview(outbox.writing, outbox.actor, Wanted(**values))  # type: ignore[arg-type]
    mail = email.message_from_bytes(written.composed.raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return written, mail


class TestFrom:
    async def test_is_the_alias_the_customer_wrote_to(self, outbox: Outbox) -> None:
        await identity(outbox, "sales@example.com", name="{{ agent.first_name }} at Acme")
        await outbox.run(
            """UPDATE messages SET "to" = '[{"name": "", "address": "Sales@example.com"}]'"""
        )

        _, mail = await write(outbox)

        assert mail["From"] == "Ben at Acme <sales@example.com>"

    async def test_is_the_alias_a_server_noted(self, outbox: Outbox) -> None:
        await identity(outbox, "sales@example.com")
        await outbox.run(
            """UPDATE messages SET "to" = '[]', delivered_to = '{sales@example.com}'"""
        )

        _, mail = await write(outbox)

        assert mail["From"] == "sales@example.com"

    async def test_can_be_chosen_among_ours(self, outbox: Outbox) -> None:
        await identity(outbox, "sales@example.com")

        _, mail = await write(outbox, sender="SALES@example.com")

        assert mail["From"] == "sales@example.com"

    async def test_that_is_not_ours_is_refused(self, outbox: Outbox) -> None:
        with pytest.raises(InvalidInput, match="may not send as"):
            await write(outbox, sender="boss@bank.example")


class TestSignature:
    async def test_of_the_person_stands_above_that_of_the_inbox(self, outbox: Outbox) -> None:
        await signature(outbox, "Acme Ltd", account_id=outbox.account_id)
        await signature(outbox, "{{ agent.name }}", teammate_id=outbox.actor.teammate_id)

        written, _ = await write(outbox, quote=False)

        assert written.mail.text == "You are right.\n\n-- \nBen Kurz\nAcme Ltd\n"

    async def test_for_one_inbox_goes_before_the_one_for_all(self, outbox: Outbox) -> None:
        await signature(outbox, "everywhere")
        await signature(outbox, "here", account_id=outbox.account_id)

        written, _ = await write(outbox, quote=False)

        assert written.mail.text.endswith("-- \nhere\n")

    async def test_can_be_left_out(self, outbox: Outbox) -> None:
        await signature(outbox, "Acme Ltd", account_id=outbox.account_id)

        written, _ = await write(outbox, quote=False, sign=False)

        assert written.mail.text == "You are right.\n"

    async def test_with_html_makes_both(self, outbox: Outbox) -> None:
        await signature(outbox, "Acme", account_id=outbox.account_id, html="<b>Acme</b>")

        _, mail = await write(outbox, text="1 < 2")

        body = mail.get_body(preferencelist=("html",))
        assert body is not None
        assert "1 &lt; 2" in body.get_content()
        assert "<b>Acme</b>" in body.get_content()


class TestRefusals:
    async def test_nobody(self, outbox: Outbox) -> None:
        with pytest.raises(InvalidInput, match="Nobody"):
            await write(outbox, to=())

    async def test_no_address(self, outbox: Outbox) -> None:
        with pytest.raises(InvalidInput, match="no mail address"):
            await write(outbox, to=(Address("", "ana@acme.example, ben@acme.example"),))

    @pytest.mark.parametrize("subject", ["a\r\nBcc: x@y.example", "a\u2028b", "a\0b"])
    async def test_a_subject_that_breaks_out(self, outbox: Outbox, subject: str) -> None:
        with pytest.raises(InvalidInput):
            await write(outbox, subject=subject)

    async def test_too_large(self, outbox: Outbox) -> None:
        with pytest.raises(InvalidInput, match=r"at most 1\.0 MB"):
            await write(outbox, files=(File("a.bin", "", b"x" * 900_000),))

    async def test_another_accounts_conversation(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            other = factories.account(outbox.workspace.id, address="other@example.com")
            uow.accounts.add(other)
        with pytest.raises(InvalidInput, match="another account"):
            await write(outbox, account_id=AccountId(other.id))

    async def test_too_long_an_undo_window(self, outbox: Outbox) -> None:
        with pytest.raises(InvalidInput, match="undo"):
            await write(outbox, undo_seconds=100_000)

    async def test_a_newer_mail_stops_the_writer(self, outbox: Outbox) -> None:
        seen = outbox.message_id
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            later = factories.MOMENT.replace(hour=10)
            newer = factories.message(
                outbox.workspace.id, outbox.account_id, outbox.conversation_id, received_at=later
            )
            await uow.messages.add_all([newer])

        with pytest.raises(Conflict, match="newer mail in this conversation, from Ana Ruiz"):
            await write(outbox, last_seen_id=seen)


class TestAskingForIt:
    async def test_where_the_conversation_was_merged_since_it_was_written(
        self, outbox: Outbox
    ) -> None:
        written, _ = await write(outbox)
        other = factories.conversation(outbox.workspace.id, outbox.account_id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await uow.conversations.add_all([other])
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            into = ConversationId(other.id)
            await merge(uow, outbox.actor, outbox.conversation_id, into, now=factories.MOMENT)

        with pytest.raises(Conflict, match="merged into another one"):
            async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
                await enqueue(uow, outbox.actor, written)


class TestWhatIsAnswered:
    async def test_is_not_an_out_of_office_note(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            note = factories.message(
                outbox.workspace.id,
                outbox.account_id,
                outbox.conversation_id,
                received_at=factories.MOMENT.replace(hour=11),
                internet_message_id="away@acme.example",
                automatic=Automatic.REPLY,
            )
            await uow.messages.add_all([note])

        _, mail = await write(outbox)

        assert mail["In-Reply-To"] == "<1@acme.example>"

    async def test_a_conversation_without_mail_has_nothing(self, outbox: Outbox) -> None:
        empty = factories.conversation(outbox.workspace.id, outbox.account_id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await uow.conversations.add_all([empty])

        with pytest.raises(Conflict, match="no mail in this conversation"):
            await write(outbox, conversation_id=ConversationId(empty.id))


class TestARule:
    async def test_may_answer_a_person_once_a_day(self, outbox: Outbox) -> None:
        _, mail = await write(outbox, is_automatic=True)
        assert mail["Auto-Submitted"] == "auto-replied"
        await outbox.ask(is_automatic=True)

        with pytest.raises(Conflict, match="already today"):
            await write(outbox, is_automatic=True)

    async def test_may_not_answer_a_machine(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE messages SET automatic = 'generated'")

        with pytest.raises(Conflict, match="not written by a person"):
            await write(outbox, is_automatic=True)

    async def test_may_not_answer_our_other_address(self, outbox: Outbox) -> None:
        await identity(outbox, "ana@acme.example")

        with pytest.raises(Conflict, match="our own addresses"):
            await write(outbox, is_automatic=True)


class TestToday:
    NIGHT = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)

    async def test_is_the_day_of_whoever_writes_else_of_the_team(self, outbox: Outbox) -> None:
        settings = ReminderSettings(workspace_id=outbox.workspace.id, time_zone="Asia/Tokyo")
        nobody = system(outbox.workspace.id)
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            assert await today(uow, nobody, self.NIGHT) == "2026-03-05"
            await uow.reminders.put(settings)
            assert await today(uow, nobody, self.NIGHT) == "2026-03-06"
            assert await today(uow, outbox.actor, self.NIGHT) == "2026-03-06"
            assert outbox.actor.teammate_id is not None
            (person,) = (await uow.teammates.get_many([outbox.actor.teammate_id])).values()
            person.time_zone = "America/Lima"
            assert await today(uow, outbox.actor, self.NIGHT) == "2026-03-05"


class TestTemplates:
    async def test_are_filled_in_for_a_conversation(self, outbox: Outbox) -> None:
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            template = Template(
                workspace_id=outbox.workspace.id,
                id=TemplateId(new_id()),
                name="Hello",
                text="Dear {{ customer.first_name }}, {{ subject }}: {{ agent.name }}",
            )
            await uow.templates.add(template)
            found = await filled(
                uow, outbox.actor, template.id, outbox.account_id, outbox.conversation_id
            )

        assert found.text == "Dear Ana, Invoice 4471: Ben Kurz"
        assert found.missing == ()
