"""An answer that a rule proposes: on the card, and in a window, and never sent by itself."""

from typing import Any

from sqlmodel import select

from app.store.models import Outgoing, Template
from tests.factories import MOMENT
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of


async def proposed(door: SlackDoor, at: Any = MOMENT) -> str:
    """The card of a mail that a rule proposes an answer to."""
    await door.feed.mail("Invoice")
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(door.feed.account_id)
        account.smtp_host, account.smtp_port = "smtp.example.com", 465
        account.smtp_security = "tls"
        template = Template(
            workspace_id=uow.workspace_id, name="Thanks <!here>", text="Thank you, we look at it."
        )
        await uow.templates.add(template)
        conversation = await uow.conversations.lock(door.id_of("Invoice"))
        conversation.waiting_since = MOMENT
        conversation.proposal = {
            "template_id": str(template.id),
            "rule_id": str(template.id),
            "rule_name": "Invoices",
            "at": at.isoformat(),
        }
    await door.draw()
    return str(door.slack.messages("support")[-1]["ts"])


class TestProposal:
    async def test_is_reviewed_in_a_window_and_nothing_is_sent(self, door: SlackDoor) -> None:
        ts = await proposed(door)
        shown = text_of(door.slack.message("support", ts))
        assert "The rule *Invoices* proposes an answer" in shown
        assert "<!here>" not in shown

        outcome = await door.slack.click("Ana", "support", ts, "conversation.proposed")

        assert outcome.ok, outcome

        async def look() -> bool:
            return any("we look at it" in str(view) for view in door.slack.views("Ana"))

        await eventually(look)
        async with door.store.begin(door.feed.workspace.id) as uow:
            assert (await uow.session.exec(select(Outgoing))).all() == []

    async def test_is_gone_once_its_mail_was_answered(self, door: SlackDoor) -> None:
        ts = await proposed(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.conversations.lock(door.id_of("Invoice"))).waiting_since = None
        await door.feed.change("Invoice")
        await door.draw()

        assert "proposes an answer" not in text_of(door.slack.message("support", ts))
