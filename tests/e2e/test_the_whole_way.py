"""A mail comes in, a card appears in Slack, a click reaches the mailbox: on real servers."""

import json
import subprocess
import sys

import pytest

from app.core.config import PROJECT_ROOT
from tests.fixtures.mailservers import log_in, mails
from tests.fixtures.sessions import mail
from tests.fixtures.stack import Stack, eventually, text_of

VALIDATOR = PROJECT_ROOT.parent / "shared" / "slack_validate.py"


async def card_of(stack: Stack, subject: str = "Invoice 4471") -> str:
    """The ts of the card of a mail that was just delivered."""
    await stack.connect_account()
    await stack.inbox.deliver(mail(subject, f"{subject.replace(' ', '.')}@acme.example"))
    return str((await stack.card(subject))["ts"])


def flags(stack: Stack, folder: str = "INBOX") -> str:
    with log_in(stack.inbox) as client:
        client.select(folder, readonly=True)
        return str(client.fetch("1", "(FLAGS)")[1])


class TestAMailComesIn:
    async def test_and_becomes_a_card(self, stack: Stack) -> None:
        ts = await card_of(stack, "Invoice 4471 is wrong")

        shown = text_of(stack.slack.message("support", ts))
        assert "Ana Ruiz" in shown
        assert "ana@acme.example" in shown
        assert "Hi there." in shown
        assert "🟠 Unassigned" in shown
        assert "first contact" in shown
        labels = [button["text"]["text"] for button in stack.buttons(ts)]
        assert labels == ["Reply", "Assign to me", "Done", "Snooze"]

    async def test_what_was_there_before_is_not_announced(self, stack: Stack) -> None:
        await stack.inbox.deliver(mail("Old news"))
        account = await stack.connect_account()
        await stack.inbox.deliver(mail("Fresh news"))

        await stack.card("Fresh news")

        assert [text_of(card) for card in stack.cards() if "Old news" in text_of(card)] == []
        inbox = account["mailboxes"][0]
        assert (inbox["name"], inbox["watermark"], inbox["missing"]) == ("INBOX", 2, 0)

    async def test_an_answer_stands_in_the_thread_of_its_card(self, stack: Stack) -> None:
        ts = await card_of(stack)
        answer = mail("Re: Invoice 4471", "second@acme.example", "And another thing.")
        answer = answer.replace(b"Date:", b"In-Reply-To: <Invoice.4471@acme.example>\r\nDate:", 1)
        await stack.inbox.deliver(answer)

        await stack.card_says(ts, "1 more mail in the thread")

        (reply,) = await stack.replies(ts)
        assert "And another thing." in text_of(reply)
        assert len(stack.cards()) == 1

    async def test_two_while_the_worker_is_down_appear_once_each_in_order(
        self, stack: Stack
    ) -> None:
        await stack.connect_account()
        await stack.stop_worker()
        for number in ("First", "Second"):
            await stack.inbox.deliver(mail(f"{number} question", f"{number}@acme.example"))
        await stack.start_worker()

        await stack.card("Second question")

        subjects = [text_of(card).splitlines()[0] for card in stack.cards()]
        assert [subject.split(" - ")[1].split()[0] for subject in subjects] == ["First", "Second"]

    async def test_history_is_imported_without_a_word(self, stack: Stack) -> None:
        for number in range(3):
            await stack.inbox.deliver(mail(f"Old {number}", f"old{number}@acme.example"))
        account = await stack.connect_account(history_days=30)

        async def imported() -> bool:
            shown = (await stack.api.get(f"/accounts/{account['id']}")).json()
            return shown["history_imported_at"] is not None

        await eventually(imported)
        conversations = (await stack.api.get("/conversations")).json()["items"]
        assert sorted(one["subject"] for one in conversations) == ["Old 0", "Old 1", "Old 2"]
        assert stack.slack.messages("support") == []


class TestAClickGoesOut:
    async def test_archive_moves_the_mail_and_undo_brings_it_back(self, stack: Stack) -> None:
        ts = await card_of(stack)

        await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await stack.card_says(ts, "🗄 Archived by")
        assert (len(mails(stack.inbox)), len(mails(stack.inbox, "Archive"))) == (0, 1)

        await stack.slack.click("Ana", "support", ts, "conversation.undo")
        await stack.card_says(ts, "🟠 Unassigned")
        assert (len(mails(stack.inbox)), len(mails(stack.inbox, "Archive"))) == (1, 0)
        assert len(stack.cards()) == 1

    @pytest.mark.parametrize(
        ("option", "folder", "words"),
        [("Delete", "Trash", "🗑 In Trash by"), ("Mark as spam", "Junk", "🚫 Spam by")],
    )
    async def test_what_is_confirmed_first(
        self, stack: Stack, option: str, folder: str, words: str
    ) -> None:
        ts = await card_of(stack)

        await stack.slack.choose_overflow("Ben", "support", ts, option)
        (view,) = await stack.views("Ben")
        assert "Undo brings them back" in text_of(view)
        await stack.slack.submit_view("Ben", {})

        await stack.card_says(ts, words)
        assert (len(mails(stack.inbox)), len(mails(stack.inbox, folder))) == (0, 1)
        await stack.slack.click("Ben", "support", ts, "conversation.undo")
        await stack.card_says(ts, "🟠 Unassigned")
        assert len(mails(stack.inbox)) == 1

    async def test_move_offers_the_real_folders(self, stack: Stack) -> None:
        with log_in(stack.inbox) as client:
            client.create('"Projects/Gr&APYA3w-e &- Co"')
        ts = await card_of(stack)

        await stack.slack.choose_overflow("Ana", "support", ts, "Move to…")
        await stack.views("Ana")
        offered = await stack.slack.suggest("Ana", "move.folder", "größe")
        (folders,) = offered.groups
        await stack.slack.submit_view("Ana", {"move.folder": folders["options"][0]})

        await stack.card_says(ts, "📂 Projects/Größe &amp; Co")
        assert mails(stack.inbox) == []
        assert "Undo" in [button["text"]["text"] for button in stack.buttons(ts)]

    async def test_assign_done_and_reopen(self, stack: Stack) -> None:
        ts = await card_of(stack)

        await stack.slack.click("Ana", "support", ts, "conversation.assign_me")
        await stack.card_says(ts, f"🔵 <@{stack.slack.users['Ana']}>")
        await stack.slack.click("Ana", "support", ts, "conversation.done")
        await stack.card_says(ts, f"✅ Done by <@{stack.slack.users['Ana']}>")
        assert [button["text"]["text"] for button in stack.buttons(ts)] == ["Reopen"]
        await stack.slack.click("Ben", "support", ts, "conversation.reopen")
        await stack.card_says(ts, f"🔵 <@{stack.slack.users['Ana']}>")

        (conversation,) = (await stack.api.get("/conversations")).json()["items"]
        assert conversation["status"] == "open"

    async def test_more_actions_reach_the_flags(self, stack: Stack) -> None:
        ts = await card_of(stack)

        await stack.slack.choose_overflow("Ana", "support", ts, "More actions…")
        await stack.views("Ana")
        await stack.slack.submit_view("Ana", {"more.action": "flag"})

        await stack.card_says(ts, "🚩 Flagged")
        assert "\\Flagged" in flags(stack)
        await stack.slack.click("Ana", "support", ts, "conversation.undo")

        async def unflagged() -> bool:
            return "\\Flagged" not in flags(stack)

        await eventually(unflagged)

    async def test_a_mail_that_is_gone_is_reported_and_not_called_done(self, stack: Stack) -> None:
        ts = await card_of(stack)
        await stack.stop_worker()
        await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        with log_in(stack.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()
        await stack.start_worker()

        await stack.card_says(ts, "The mail is no longer on the server")
        (notice,) = await stack.replies(ts)
        assert "Archive failed" in text_of(notice)

    async def test_what_we_cannot_do_is_told_to_whoever_asked(self, stack: Stack) -> None:
        ts = await card_of(stack)
        await stack.slack.choose_overflow("Ana", "support", ts, "More actions…")
        await stack.views("Ana")

        answer = await stack.slack.submit_view("Ana", {"more.action": "unflag"})

        assert "nothing to change" in answer.errors["more.action"]


class TestAnotherClient:
    """What a colleague does in Outlook shows on the card within seconds, and without a new one."""

    async def test_reads_flags_and_answers(self, stack: Stack) -> None:
        ts = await card_of(stack)
        with log_in(stack.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Flagged \\Seen")
            await stack.card_says(ts, "👁 Read · 🚩 Flagged")
            client.store("1", "-FLAGS", "\\Flagged")
            client.store("1", "+FLAGS", "\\Answered")

            await stack.card_says(ts, "🟠 Unassigned · ↩️ Answered · 📂 INBOX")

        assert len(await stack.events("message.flags_changed")) >= 2

    async def test_archives_deletes_and_brings_back(self, stack: Stack) -> None:
        ts = await card_of(stack)
        with log_in(stack.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1", "Archive")
            await stack.card_says(ts, "🗄 Archived · ")
            client.select("Archive")
            client.uid("MOVE", "1", "INBOX")
            await stack.card_says(ts, "🟠 Unassigned")
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()

            await stack.card_says(ts, "👻 No longer on the mail server")

        assert len(stack.cards()) == 1
        (conversation,) = (await stack.api.get("/conversations")).json()["items"]
        told = await stack.events("message.moved") + await stack.events("message.left")
        assert {one["conversation_id"] for one in told} == {conversation["id"]}

    async def test_takes_back_what_was_archived_here(self, stack: Stack) -> None:
        ts = await card_of(stack)
        await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
        await stack.card_says(ts, "🗄 Archived by")
        with log_in(stack.inbox) as client:
            client.select("Archive")
            client.uid("MOVE", "1", "INBOX")

        await stack.card_says(ts, "🟠 Unassigned")

        assert len(stack.cards()) == 1


class TestWhatWeSend:
    @pytest.mark.skipif(not VALIDATOR.exists(), reason="the outside validator is not here")
    async def test_another_validator_finds_nothing_wrong(self, stack: Stack) -> None:
        await stack.connect_account()
        await stack.inbox.deliver(mail("<!channel> *bold* & <http://evil.example|bank>"))
        ts = (await stack.card("bank"))["ts"]
        card = {**stack.slack.message("support", ts), "channel": "C0123456"}
        payload = {key: card[key] for key in ("channel", "text", "blocks")}
        payload |= {"unfurl_links": False, "unfurl_media": False}

        judged = subprocess.run(
            [sys.executable, VALIDATOR, "--kind", "message", "--strict"],
            input=json.dumps(payload),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

        assert judged.returncode == 0, judged.stdout
