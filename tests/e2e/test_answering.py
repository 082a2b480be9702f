"""A reply goes out, the mailbox has its copy, and the card tells of it: on real servers."""

import email
import email.policy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.sandbox.mail.customer import Customer
from app.sandbox.mail.submission import SubmissionServer
from tests.fixtures.mailservers import log_in, mails
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import Fail, ScriptedSMTP
from tests.fixtures.stack import Stack, eventually, text_of


@pytest.fixture
async def smtp() -> AsyncIterator[ScriptedSMTP]:
    async with ScriptedSMTP() as server:
        yield server


async def card_of(stack: Stack, smtp: ScriptedSMTP) -> tuple[str, dict[str, Any]]:
    """Connect the inbox with a server to send by, and have a mail come in."""
    by = {
        "host": "127.0.0.1",
        "port": smtp.port,
        "security": "none",
        "username": stack.inbox.username,
        "password": "correct-horse",
    }
    await stack.connect_account(smtp=by)
    await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
    ts = (await stack.card("Invoice 4471"))["ts"]
    (conversation,) = (await stack.api.get("/conversations")).json()["items"]
    return ts, conversation


async def reply(stack: Stack, conversation: dict[str, Any], **values: Any) -> dict[str, Any]:
    body = {
        "account_id": conversation["account_id"],
        "conversation_id": conversation["id"],
        "text": "You are right, Ana.",
        "undo_seconds": 0,
        **values,
    }
    answer = await stack.api.post("/outgoing", json=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until(stack: Stack, outgoing_id: str, **wanted: Any) -> dict[str, Any]:
    """The outgoing mail, once it is that way."""

    async def look() -> dict[str, Any] | None:
        row: dict[str, Any] = (await stack.api.get(f"/outgoing/{outgoing_id}")).json()
        return row if all(row[name] == value for name, value in wanted.items()) else None

    found: dict[str, Any] = await eventually(look)
    return found


async def until_asked(stack: Stack, outgoing_id: str) -> None:
    """Until it was looked for, and a person has to say what became of it."""

    async def look() -> bool:
        row = (await stack.api.get(f"/outgoing/{outgoing_id}")).json()
        return row["state"] == "unknown" and row["settled_at"] is not None

    await eventually(look)


def flags(stack: Stack, folder: str) -> str:
    with log_in(stack.inbox) as client:
        client.select(folder, readonly=True)
        return str(client.fetch("1", "(FLAGS)")[1])


class TestAReply:
    async def test_goes_out_and_everyone_sees_it(self, stack: Stack, smtp: ScriptedSMTP) -> None:
        ts, conversation = await card_of(stack, smtp)

        outgoing = await reply(stack, conversation)
        await until(stack, outgoing["id"], state="sent", filing="done")

        assert smtp.recipients == ["ana@acme.example"]
        (copy,) = mails(stack.inbox, "Sent")
        assert copy == smtp.taken[0].raw
        assert "\\Seen" in flags(stack, "Sent")

        async def is_marked() -> bool:
            return "\\Answered" in flags(stack, "INBOX")

        await eventually(is_marked)
        await stack.card_says(ts, "replied")
        (line,) = await stack.replies(ts)
        assert "📮 bootstrap key replied · to ana@acme.example" in text_of(line)
        assert "You are right, Ana." in text_of(line)

    async def test_can_be_taken_back_in_slack(self, stack: Stack, smtp: ScriptedSMTP) -> None:
        ts, conversation = await card_of(stack, smtp)
        outgoing = await reply(stack, conversation, undo_seconds=60)
        (line,) = await stack.replies(ts)

        await stack.slack.click("Ana", "support", line["ts"], "outgoing.undo")

        await until(stack, outgoing["id"], state="cancelled")
        assert smtp.connections == 0
        assert mails(stack.inbox, "Sent") == []

    async def test_that_is_refused_says_why_and_can_be_retried(
        self, stack: Stack, smtp: ScriptedSMTP
    ) -> None:
        smtp.scripts = [{"RCPT": "550 5.1.1 no such <!channel>"}]
        ts, conversation = await card_of(stack, smtp)
        outgoing = await reply(stack, conversation)
        await until(stack, outgoing["id"], state="failed")

        async def told() -> dict[str, Any] | None:
            (line,) = await stack.replies(ts)
            return line if "was not sent" in text_of(line) else None

        line = await eventually(told)
        assert "550 5.1.1 no such &lt;!channel&gt;" in text_of(line)
        await stack.slack.click("Ana", "support", line["ts"], "outgoing.retry")
        await until(stack, outgoing["id"], state="sent")

    async def test_in_doubt_is_decided_by_a_person(self, stack: Stack, smtp: ScriptedSMTP) -> None:
        smtp.scripts = [{"END": Fail.TAKE_AND_DROP}]
        ts, conversation = await card_of(stack, smtp)
        outgoing = await reply(stack, conversation)

        async def asked() -> dict[str, Any] | None:
            lines = await stack.replies(ts)
            return lines[0] if "was the reply sent?" in text_of(lines[0]) else None

        line = await eventually(asked)
        await stack.slack.click("Ana", "support", line["ts"], "outgoing.was_sent")

        await until(stack, outgoing["id"], state="sent", filing="done")
        assert len(smtp.taken) == 1

    @pytest.mark.parametrize("is_dropped", [False, True])
    async def test_in_doubt_is_sent_once_its_copy_comes_to_sent(
        self, stack: Stack, smtp: ScriptedSMTP, is_dropped: bool
    ) -> None:
        """A provider that files what it sends may take longer than we look; nobody is to wonder."""
        smtp.scripts = [{"END": Fail.TAKE_AND_DROP}]
        ts, conversation = await card_of(stack, smtp)
        outgoing = await reply(stack, conversation)
        await until_asked(stack, outgoing["id"])
        if is_dropped:
            dropped = await stack.api.post(f"/outgoing/{outgoing['id']}/drop")
            assert dropped.json()["state"] == "cancelled"

        with log_in(stack.inbox) as client:
            client.append("Sent", "(\\Seen)", "", smtp.taken[0].raw)
        await stack.api.post(f"/accounts/{conversation['account_id']}/test")

        row = await until(stack, outgoing["id"], state="sent", filing="done")
        assert row["message_id"] is not None
        assert (len(smtp.taken), len(mails(stack.inbox, "Sent"))) == (1, 1)
        await stack.card_says(ts, "replied")
        sent = [one["data"]["message_id"] for one in await stack.events("message.sent")]
        assert sent == [row["message_id"]]

    async def test_asked_for_twice_with_one_key_is_sent_once(
        self, stack: Stack, smtp: ScriptedSMTP
    ) -> None:
        _, conversation = await card_of(stack, smtp)
        stack.api.headers["Idempotency-Key"] = "once"
        first = await reply(stack, conversation)
        second = await reply(stack, conversation)
        del stack.api.headers["Idempotency-Key"]

        assert first["id"] == second["id"]
        await until(stack, first["id"], state="sent")
        assert len(smtp.taken) == 1


class TestANewMail:
    async def test_has_a_card_of_its_own(self, stack: Stack, smtp: ScriptedSMTP) -> None:
        _, conversation = await card_of(stack, smtp)

        outgoing = await reply(
            stack,
            conversation,
            conversation_id=None,
            mode="new",
            to=["Eva <eva@other.example>"],
            subject="Your order",
        )
        await until(stack, outgoing["id"], state="sent", filing="done")

        card = await stack.card("Your order")
        await stack.card_says(card["ts"], "📮 bootstrap key wrote")
        answer = mail("Re: Your order", "2@other.example", "Thank you!")
        header = f"In-Reply-To: <{outgoing['internet_message_id']}>\r\nDate:".encode()
        await stack.inbox.deliver(answer.replace(b"Date:", header, 1))
        await stack.card_says(card["ts"], "1 more mail in the thread")


class TestACustomer:
    async def test_writes_is_answered_and_writes_again(self, stack: Stack) -> None:
        """The way of the demo: nothing leaves the machine, and all of it is real."""
        async with SubmissionServer(stack.inbox.username, stack.inbox) as server:
            customer = Customer(server)
            by = {
                "host": server.host,
                "port": server.port,
                "security": "none",
                "username": stack.inbox.username,
                "password": stack.inbox.password,
            }
            await stack.connect_account(smtp=by)
            await customer.send("Eva Lind", "eva@other.example", "Where is it?", "Hello?")
            ts = (await stack.card("Where is it?"))["ts"]
            (conversation,) = (await stack.api.get("/conversations")).json()["items"]
            outgoing = await reply(stack, conversation, text="On its way, Eva.")
            await until(stack, outgoing["id"], state="sent", filing="done")

            (answer,) = await customer.received()
            assert answer["from"] == stack.inbox.username
            assert answer["to"] == "eva@other.example"
            assert answer["subject"] == "Re: Where is it?"
            assert answer["text"].startswith("On its way, Eva.")
            await customer.send(
                "Eva Lind",
                "eva@other.example",
                "Re: Where is it?",
                "Thank you!",
                in_reply_to=answer["message_id"],
            )
            await stack.card_says(ts, "1 more mail in the thread")


@pytest.fixture
async def outside(stack: Stack) -> AsyncIterator[SubmissionServer]:
    """The way of the demo: nothing leaves the machine, and all of it is real."""
    async with SubmissionServer(stack.inbox.username, stack.inbox) as server:
        yield server


async def asked(stack: Stack, server: SubmissionServer) -> tuple[str, str]:
    """A customer asks; answers their Message-ID and the ts of the card."""
    by = {
        "host": server.host,
        "port": server.port,
        "security": "none",
        "username": stack.inbox.username,
        "password": stack.inbox.password,
    }
    await stack.connect_account(smtp=by)
    sent = await Customer(server).send("Eva Lind", "eva@other.example", "Where is it?", "Hello?")
    return sent, (await stack.card("Where is it?"))["ts"]


async def answer(stack: Stack, ts: str, text: str) -> dict[str, Any]:
    """Press Reply, type, press Send; answers the line in the thread."""
    await stack.slack.click("Ana", "support", ts, "conversation.reply")

    async def is_drawn() -> bool:
        views = stack.slack.views("Ana")
        return bool(views) and views[-1].get("submit") is not None

    await eventually(is_drawn)
    outcome = await stack.slack.submit_view("Ana", {"compose.body": text})
    assert outcome.ok, outcome
    assert outcome.milliseconds < 3000
    return (await stack.replies(ts))[-1]


class TestFromTheCard:
    """A customer writes, is answered from the card, and nobody leaves Slack for it."""

    async def test_an_answer_reaches_the_customer(
        self, stack: Stack, outside: SubmissionServer
    ) -> None:
        sent, ts = await asked(stack, outside)
        signed = await stack.api.put("/signatures", json={"text": "Ana of Acme"})
        assert signed.status_code < 300, signed.text

        line = await answer(stack, ts, "On its *way*, Eva.")
        (outgoing,) = (await stack.api.get("/outgoing")).json()["items"]
        await stack.api.post(f"/outgoing/{outgoing['id']}/send-now")
        await eventually_says(stack, line["ts"], "📮")

        (away,) = outside.sent_away
        mail_ = email.message_from_bytes(away.raw, policy=email.policy.default)
        assert mail_["From"] == stack.inbox.username
        assert list(away.recipients) == ["eva@other.example"]
        assert mail_["Subject"] == "Re: Where is it?"
        assert mail_["In-Reply-To"] == mail_["References"] == sent
        plain, rich = (part.get_content() for part in mail_.iter_parts())
        assert plain.startswith("On its way, Eva.")
        assert plain.count("Ana of Acme") == 1
        assert "On its <b>way</b>, Eva." in rich
        assert rich.count("Ana of Acme") == 1
        card = await stack.card_says(ts, "replied")
        assert "is replying" not in text_of(card)

    async def test_an_answer_that_is_taken_back_does_not(
        self, stack: Stack, outside: SubmissionServer
    ) -> None:
        _, ts = await asked(stack, outside)
        line = await answer(stack, ts, "Too soon")

        await stack.slack.click("Ana", "support", line["ts"], "outgoing.undo")

        await eventually_says(stack, line["ts"], "taken back")
        assert not outside.sent_away
        assert mails(stack.inbox, "Sent") == []

    async def test_an_answer_that_is_refused_is_told_to_who_wrote_it(
        self, stack: Stack, smtp: ScriptedSMTP
    ) -> None:
        smtp.scripts = [{"RCPT": "550 5.1.1 no such user"}]
        ts, _ = await card_of(stack, smtp)
        line = await answer(stack, ts, "You are right.")
        (outgoing,) = (await stack.api.get("/outgoing")).json()["items"]
        await stack.api.post(f"/outgoing/{outgoing['id']}/send-now")
        await eventually_says(stack, line["ts"], "was not sent")

        told = await eventually(lambda: told_directly(stack, "Ana"))
        assert "550 5.1.1 no such user" in text_of(told)
        assert "Invoice 4471" in text_of(told)
        labels = [one["text"]["text"] for one in told["blocks"][-1]["elements"]]
        assert labels == ["Retry", "Edit", "Discard"]
        await stack.slack.click("Ana", "support", line["ts"], "outgoing.retry")
        await until(stack, outgoing["id"], state="sent")

        async def is_over() -> bool:
            return "📮" in text_of(await told_directly(stack, "Ana") or {})

        await eventually(is_over)


async def told_directly(stack: Stack, user: str) -> dict[str, Any] | None:
    """The last message between the app and this person alone, as it is now."""
    who = stack.slack.users[user]
    for room in stack.slack.emulator.workspace.channels.values():
        if who in room.direct_with and room.messages:
            last = list(room.messages.values())[-1]
            return dict(stack.slack.emulator.workspace.message_json(last))
    return None


async def eventually_says(stack: Stack, ts: str, words: str) -> None:
    async def says() -> bool:
        return words in text_of(stack.slack.message("support", ts))

    await eventually(says, within=25)
