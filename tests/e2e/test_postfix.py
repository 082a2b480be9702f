"""A reply that really travels: Postfix takes it, Dovecot has it, and what fails comes back."""

import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.mail.process import free_ports
from app.sandbox.slack.local import LocalSlack
from tests.e2e.test_answering import reply, until
from tests.fixtures.mailservers import StartDovecot, mails
from tests.fixtures.postfix import SASL, Postfix, insist_on_postfix, running_postfix
from tests.fixtures.stack import Stack, eventually, text_of

CUSTOMER = "eva@example.com"


class Post:
    """The team's inbox, a customer's, and the server between them."""

    def __init__(self, stack: Stack, customer: DovecotInbox, postfix: Postfix) -> None:
        self.stack = stack
        self.customer = customer
        self.postfix = postfix

    async def asked(self, security: str = "starttls") -> tuple[str, dict[str, Any]]:
        """The customer writes; answers the card and the conversation."""
        stack = self.stack
        port = self.postfix.tls_port if security == "tls" else self.postfix.starttls_port
        await stack.connect_account(
            smtp={
                "host": "127.0.0.1",
                "port": port,
                "security": security,
                "username": stack.inbox.username,
                "password": stack.inbox.password,
            }
        )
        raw = (
            f"From: Eva Lind <{CUSTOMER}>\r\nTo: {stack.inbox.username}\r\n"
            "Subject: Where is it?\r\nMessage-ID: <1@other.example>\r\n\r\nHello?\r\n"
        )
        await stack.inbox.deliver(raw.encode())
        ts = (await stack.card("Where is it?"))["ts"]
        (conversation,) = (await stack.api.get("/conversations")).json()["items"]
        return ts, conversation

    async def received(self) -> EmailMessage:
        """The customer's only mail, once it is there."""

        async def look() -> list[bytes]:
            return mails(self.customer)

        (raw,) = await eventually(look)
        found = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture
async def post(database: URL, tmp_path: Path, start_dovecot: StartDovecot) -> AsyncIterator[Post]:
    insist_on_postfix()
    (sasl_port,) = free_ports(1)
    dovecot = await start_dovecot(extra_config=SASL.format(port=sasl_port))
    inbox = dovecot.add_user("support@example.com", "correct-horse")
    customer = dovecot.add_user(CUSTOMER, "pw")
    async with (
        running_postfix(dovecot, sasl_port) as postfix,
        LocalSlack() as slack,
        Stack(database, tmp_path, inbox, slack) as stack,
    ):
        await stack.start_web()
        await stack.start_worker()
        yield Post(stack, customer, postfix)


class TestAReply:
    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_arrives_as_it_was_written(self, post: Post, security: str) -> None:
        ts, conversation = await post.asked(security)
        await post.stack.api.put("/signatures", json={"text": "Support, Acme"})

        outgoing = await reply(post.stack, conversation, text="On its way, Eva.")
        await until(post.stack, outgoing["id"], state="sent", filing="done")

        mail = await post.received()
        assert mail["From"] == "support@example.com"
        assert mail["To"] == f"Eva Lind <{CUSTOMER}>"
        assert mail["References"] == mail["In-Reply-To"] == "<1@other.example>"
        body = mail.get_content()
        assert body.startswith("On its way, Eva.")
        assert body.count("Support, Acme") == 1
        assert len(mails(post.stack.inbox, "Sent")) == 1
        await post.stack.card_says(ts, "📮")

    async def test_to_nobody_comes_back_and_says_so_where_it_was_sent(self, post: Post) -> None:
        ts, conversation = await post.asked()

        outgoing = await reply(
            post.stack, conversation, to=["nobody@example.com"], text="Anybody there?"
        )
        await until(post.stack, outgoing["id"], state="sent")

        async def bounced() -> dict[str, Any] | None:
            row = (await post.stack.api.get(f"/outgoing/{outgoing['id']}")).json()
            (recipient,) = row["to"]
            return recipient if recipient["state"] == "bounced" else None

        recipient = await eventually(bounced)
        assert recipient["detail"].startswith("5.1.1")
        await post.stack.card_says(ts, "the reply came back")

        async def told() -> bool:
            lines = await post.stack.replies(ts)
            return any("Could not be delivered: nobody@example.com" in text_of(one)
                       for one in lines)  # fmt: skip

        await eventually(told)
        (conversation,) = (await post.stack.api.get("/conversations")).json()["items"]
        assert conversation["message_count"] == 3

    async def test_larger_than_the_server_takes_is_not_even_tried(self, post: Post) -> None:
        _, conversation = await post.asked()

        outgoing = await reply(post.stack, conversation, text="x" * 490_000)
        mail = await until(post.stack, outgoing["id"], state="failed")

        assert "takes at most 0.5 MB" in mail["detail"]
        assert mails(post.customer) == []
