"""When mail is marked as read on the server, unasked: on a real one, step by step."""

from typing import Any

from tests.e2e.test_answering import answer
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.smtp import ScriptedSMTP
from tests.fixtures.stack import Stack, eventually


def flags(stack: Stack, subject: str) -> str:
    with log_in(stack.inbox) as client:
        client.select("INBOX", readonly=True)
        _, (found,) = client.search(None, "SUBJECT", f'"{subject}"')
        assert len(found.split()) == 1, (subject, found)
        return str(client.fetch(found.decode(), "(FLAGS)")[1])


async def until_read(stack: Stack, subject: str) -> None:
    async def look() -> bool:
        return "Seen" in flags(stack, subject)

    await eventually(look)


async def arrives(stack: Stack, subject: str) -> dict[str, Any]:
    """Its conversation, once its card stands in Slack."""
    await stack.inbox.deliver(mail(subject, f"{subject}@acme.example"))
    await stack.card(subject)
    items = (await stack.api.get("/conversations")).json()["items"]
    (found,) = [one for one in items if one["subject"] == subject]
    return dict(found)


async def change(stack: Stack, account_id: str, policy: str) -> None:
    changed = await stack.api.patch(f"/accounts/{account_id}", json={"mark_read": policy})
    assert (changed.status_code, changed.json()["mark_read"]) == (200, policy)


async def finish(stack: Stack, conversation: dict[str, Any]) -> None:
    path = f"/conversations/{conversation['id']}"
    changed = await stack.api.patch(path, json={"status": "done"})
    assert changed.status_code == 200, changed.text


class TestReadPolicy:
    async def test_marks_at_its_step_and_at_later_ones_and_never_unless_it_is_wanted(
        self, stack: Stack
    ) -> None:
        account = await stack.connect_account()
        assert account["mark_read"] == "never"
        await finish(stack, await arrives(stack, "Untouched"))

        await change(stack, account["id"], "answered")
        second = await arrives(stack, "Finished")
        assert "Seen" not in flags(stack, "Finished")
        await finish(stack, second)
        await until_read(stack, "Finished")

        await change(stack, account["id"], "shown")
        await arrives(stack, "Shown")
        await until_read(stack, "Shown")

        assert "Seen" not in flags(stack, "Untouched")
        commands = (await stack.api.get("/commands")).json()["items"]
        wishes = [one["type"] for one in commands if one["type"] == "mark_read"]
        assert wishes == ["mark_read"] * 2
        (card,) = [one for one in stack.cards() if "Shown" in str(one)]
        assert "Marking as read" not in str(card)

    async def test_marks_what_is_answered_from_slack_and_not_what_is_about_to_be(
        self, stack: Stack
    ) -> None:
        async with ScriptedSMTP() as smtp:
            by = {
                "host": "127.0.0.1", "port": smtp.port, "security": "none",
                "username": stack.inbox.username, "password": "correct-horse",
            }  # fmt: skip
            await stack.connect_account(smtp=by, mark_read="answered")
            await arrives(stack, "Waiting")
            await arrives(stack, "Answered")
            card = await stack.card("Answered")

            await answer(stack, card["ts"], "You are right.")
            (outgoing,) = (await stack.api.get("/outgoing")).json()["items"]
            before = flags(stack, "Answered")
            await stack.api.post(f"/outgoing/{outgoing['id']}/send-now")
            await until_read(stack, "Answered")

        assert (outgoing["state"], "Seen" in before) == ("undo", False)
        assert "Seen" not in flags(stack, "Waiting")
        assert len(smtp.taken) == 1

    async def test_marks_what_a_colleague_answers_with_another_client(self, stack: Stack) -> None:
        account = await stack.connect_account(mark_read="answered")
        await arrives(stack, "Waiting")
        await arrives(stack, "Answered")
        copy = (
            f"From: {stack.inbox.username}\r\nTo: ana@acme.example\r\nSubject: Re: Answered\r\n"
            "Message-ID: <answer@example.com>\r\nIn-Reply-To: <Answered@acme.example>\r\n\r\n"
            "You are right.\r\n"
        )
        assert "Seen" not in flags(stack, "Answered")

        with log_in(stack.inbox) as client:
            client.append("Sent", "(\\Seen)", "", copy.encode())
        looked = await stack.api.post(f"/accounts/{account['id']}/test")

        assert looked.status_code == 200, looked.text
        await until_read(stack, "Answered")
        assert "Seen" not in flags(stack, "Waiting")
