"""A mail comes in, a card appears in Slack, a click reaches the mailbox."""

from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of


class TestIn:
    async def test_a_mail_becomes_a_card(self, stack: Stack) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice 4471 is wrong", "1@acme.example"))

        card = await stack.card("Invoice 4471 is wrong")

        assert "Ana Ruiz" in text_of(card)
        assert "🟠 Unassigned" in text_of(card)


class TestOut:
    async def test_archive_moves_the_mail_and_the_card_says_so(self, stack: Stack) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
        card = await stack.card("Invoice 4471")

        await stack.slack.choose_overflow("Ana", "support", card["ts"], "Archive")

        await stack.card_says(card["ts"], "🗄 Archived")
        assert mails(stack.inbox) == []
        assert len(mails(stack.inbox, "Archive")) == 1
