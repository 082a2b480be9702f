"""Which mails wake what sleeps until they reply, and end a follow-up, on a real Dovecot."""

from datetime import UTC, datetime

import pytest

from app.store.models import Conversation
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync

QUESTION = "question@acme.example"
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


async def bring(sync: Sync, message_id: str, *fields: str) -> Conversation:
    """Bring a mail in; all of them are one conversation."""
    raw = mail("Re: Question", message_id, "Hello.").decode()
    head = "".join(f"{field}\r\n" for field in (f"In-Reply-To: <{QUESTION}>", *fields))
    await sync.inbox.server.save(
        sync.inbox.username, "INBOX", raw.replace("Date:", f"{head}Date:", 1).encode()
    )
    await sync.look()
    (conversation,) = await sync.all(Conversation)
    assert isinstance(conversation, Conversation)
    return conversation


async def snooze(sync: Sync, until: datetime | None, *, until_reply: bool) -> None:
    async with sync.workspace.store.begin(sync.workspace.id) as uow:
        (found,) = await sync.all(Conversation)
        conversation = await uow.conversations.lock(found.id)
        conversation.snoozed_until, conversation.snoozed_until_reply = until, until_reply


class TestUntilTheyReply:
    @pytest.mark.parametrize("until", [None, NEXT_YEAR])
    async def test_automatic_mail_wakes_nothing_and_a_person_does(
        self, sync: Sync, until: datetime | None
    ) -> None:
        await bring(sync, QUESTION)
        await snooze(sync, until, until_reply=True)

        away = await bring(sync, "away@acme.example", "Auto-Submitted: auto-replied")
        assert away.is_snoozed
        notice = await bring(sync, "notice@acme.example", "Precedence: bulk")
        assert notice.is_snoozed
        answer = await bring(sync, "answer@acme.example")

        assert not answer.is_snoozed
        assert answer.message_count == 4

    async def test_until_a_moment_alone_a_mail_changes_nothing(self, sync: Sync) -> None:
        await bring(sync, QUESTION)
        await snooze(sync, NEXT_YEAR, until_reply=False)

        assert (await bring(sync, "answer@acme.example")).snoozed_until == NEXT_YEAR


class TestAFollowUp:
    async def test_is_ended_by_a_person_and_not_by_automatic_mail(self, sync: Sync) -> None:
        await bring(sync, QUESTION)
        async with sync.workspace.store.begin(sync.workspace.id) as uow:
            (found,) = await sync.all(Conversation)
            conversation = await uow.conversations.lock(found.id)
            conversation.follow_up_at, conversation.answered_at = NEXT_YEAR, NEXT_YEAR

        away = await bring(sync, "away@acme.example", "Auto-Submitted: auto-replied")
        assert away.follow_up_at == NEXT_YEAR
        answer = await bring(sync, "answer@acme.example")

        assert answer.follow_up_at is answer.answered_at is answer.no_answer_since is None
