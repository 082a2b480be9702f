"""What the team itself writes, with whatever mail client, on a real Dovecot."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.access import Origin
from app.core.ids import OutgoingId, new_id
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import (
    Conversation,
    Message,
    Outgoing,
    OutgoingMode,
    OutgoingState,
    Placement,
    Post,
    PostKind,
    Proof,
    SenderIdentity,
)
from app.sync.backfill import count, import_portion
from app.sync.folders import read_folders
from app.sync.poll import catch_up
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync

QUESTION = "question@acme.example"


def ours(
    sync: Sync,
    subject: str = "Re: Question",
    message_id: str = "answer@example.com",
    *,
    to: str = "ana@acme.example",
    answers: str | None = QUESTION,
    more: str = "",
) -> bytes:
    raw = mail(subject, message_id, "Here is the answer.").decode()
    raw = raw.replace("From: Ana Ruiz <ana@acme.example>", f"From: Ben <{sync.inbox.username}>")
    raw = raw.replace("To: support@example.com", f"To: {to}")
    reference = f"In-Reply-To: <{answers}>\r\n" if answers else ""
    return raw.replace("Date:", f"{reference}{more}Date:", 1).encode()


async def send_elsewhere(sync: Sync, raw: bytes) -> None:
    """As a mail client files what it has sent."""
    await sync.inbox.server.save(sync.inbox.username, "Sent", raw)


async def look(sync: Sync) -> None:
    async with sync.session() as session:
        for folder in await read_folders(sync.syncing, session):
            await catch_up(sync.syncing, session, folder)


async def posts(sync: Sync) -> list[tuple[str, str]]:
    """The kind of each post, and the subject it is about."""
    subjects = {one.id: one.subject for one in await sync.all(Message)}
    rows = sorted(await sync.all(Post), key=lambda post: post.seq)
    return [(str(post.kind), subjects[post.message_id]) for post in rows if post.message_id]


async def conversation(sync: Sync) -> Conversation:
    (found,) = await sync.all(Conversation)
    assert isinstance(found, Conversation)
    return found


@pytest.fixture
async def asked(make_sync: MakeSync, mail_user: DovecotInbox) -> Sync:
    """An account into which one question came."""
    sync = await make_sync(mail_user)
    await look(sync)
    await mail_user.deliver(mail("Question", QUESTION))
    await look(sync)
    assert (await conversation(sync)).waiting_since is not None
    return sync


class TestSentFromAnotherClient:
    async def test_joins_its_conversation_and_marks_it_answered(self, asked: Sync) -> None:
        version = (await conversation(asked)).version
        await send_elsewhere(asked, ours(asked, more="X-Mailer: Microsoft Outlook 16.0\r\n"))

        await look(asked)

        found = await conversation(asked)
        assert (found.message_count, found.waiting_since, found.status) == (2, None, "open")
        assert found.version > version
        assert await posts(asked) == [("card", "Question"), ("mail", "Re: Question")]
        (answer,) = [one for one in await asked.all(Message) if one.direction == "outbound"]
        assert (answer.from_name, answer.sent_with) == ("Ben", "Outlook")
        (card,) = [one for one in await asked.all(Post) if one.kind is PostKind.CARD]
        assert card.wanted > 0

    async def test_leaves_the_original_to_the_server(self, asked: Sync) -> None:
        await send_elsewhere(asked, ours(asked))

        await look(asked)

        flags = [one.flags for one in await asked.all(Placement) if one.uid == 1]
        assert not any("\\Answered" in some for some in flags)

    async def test_before_the_customer_wrote_again_answers_only_the_first(
        self, asked: Sync
    ) -> None:
        """The answer is seen after the second question, and was written before it."""
        answered = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        asked_again = answered + timedelta(hours=1)
        again = mail("Re: Question", "again@acme.example").replace(
            b"Date:", b"In-Reply-To: <question@acme.example>\r\nDate:", 1
        )
        with log_in(asked.inbox) as client:
            client.append("Sent", "", answered, ours(asked))
            client.append("INBOX", "", asked_again, again)

        async with asked.session() as session:
            for folder in await read_folders(asked.syncing, session):
                await catch_up(asked.syncing, session, folder)

        assert (await conversation(asked)).waiting_since == asked_again

    async def test_to_nobody_but_us_is_no_answer(self, asked: Sync) -> None:
        await send_elsewhere(asked, ours(asked, to=asked.inbox.username))

        await look(asked)

        assert (await conversation(asked)).waiting_since is not None

    async def test_by_itself_is_no_answer(self, asked: Sync) -> None:
        await send_elsewhere(asked, ours(asked, more="Auto-Submitted: auto-replied\r\n"))

        await look(asked)

        assert (await conversation(asked)).waiting_since is not None

    async def test_to_somebody_new_has_no_card_until_they_answer(self, asked: Sync) -> None:
        offer = ours(asked, "Offer", "offer@example.com", to="eve@new.example", answers=None)
        await send_elsewhere(asked, offer)
        await look(asked)
        assert await posts(asked) == [("card", "Question")]

        reply = mail("Re: Offer", "yes@new.example").replace(
            b"Date:", b"In-Reply-To: <offer@example.com>\r\nDate:", 1
        )
        await asked.inbox.deliver(reply)
        await look(asked)

        assert (await posts(asked))[1:] == [("card", "Re: Offer")]
        (offered,) = [one for one in await asked.all(Conversation) if one.subject == "Offer"]
        assert (offered.message_count, offered.status) == (2, "open")

    async def test_before_we_were_connected_is_not_announced(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        await send_elsewhere(sync, ours(sync))

        await look(sync)

        assert await sync.all(Message) == []

    async def test_of_long_ago_is_part_of_the_history_without_a_word(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        sync = await make_sync(mail_user)
        sync.clock.set(datetime.now(UTC))
        await mail_user.deliver(mail("Question", QUESTION))
        await send_elsewhere(sync, ours(sync))
        await look(sync)
        async with sync.session() as session:
            for folder in await read_folders(sync.syncing, session):
                history = await count(sync.syncing, session, folder, since=None)
                assert history is not None
                await import_portion(sync.syncing, session, history)

        assert (await conversation(sync)).message_count == 2
        assert await sync.all(Post) == []


class TestSentFromHere:
    async def test_is_one_message_when_its_copy_is_seen(self, asked: Sync) -> None:
        """The copy was filed by a server that added lines of its own."""
        await send_elsewhere(asked, ours(asked))
        await look(asked)
        await send_elsewhere(asked, ours(asked, more="X-Filed-By: the server\r\n"))

        await look(asked)

        assert len(await asked.all(Message)) == 2
        assert [kind for kind, _ in await posts(asked)] == ["card", "mail"]

    async def test_is_not_told_of_as_if_it_came_from_elsewhere(self, asked: Sync) -> None:
        async with asked.rows() as uow:
            outgoing = Outgoing(
                workspace_id=uow.workspace_id,
                id=OutgoingId(new_id()),
                account_id=asked.syncing.account_id,
                conversation_id=(await conversation(asked)).id,
                mode=OutgoingMode.REPLY,
                origin=Origin.SLACK,
                from_address=asked.inbox.username,
                internet_message_id="answer@example.com",
                raw_sha256=b"x" * 32,
                size=1,
                state=OutgoingState.SENDING,
                due_at=asked.clock.now(),
            )
            uow.session.add(outgoing)
        await send_elsewhere(asked, ours(asked))

        await look(asked)

        assert len(await asked.all(Message)) == 2
        assert [kind for kind, _ in await posts(asked)] == ["card"]


class TestOurOwnMailInTheInbox:
    async def test_in_copy_of_an_answer_counts_as_ours(self, asked: Sync) -> None:
        copied = ours(asked, more=f"Cc: {asked.inbox.username}\r\n")
        await send_elsewhere(asked, copied)
        await asked.inbox.deliver(copied)

        await look(asked)

        found = await conversation(asked)
        assert (found.message_count, found.waiting_since) == (2, None)
        assert [kind for kind, _ in await posts(asked)] == ["card", "mail"]
        answers = [one for one in await asked.all(Message) if one.direction == "outbound"]
        assert len(answers) == 1
        places = [one for one in await asked.all(Placement) if one.message_id == answers[0].id]
        assert len(places) == 2

    async def test_may_come_from_any_of_our_addresses(self, asked: Sync) -> None:
        async with asked.rows() as uow:
            identity = SenderIdentity(
                workspace_id=uow.workspace_id,
                account_id=asked.syncing.account_id,
                address="sales@example.com",
                proof=Proof.VERIFIED,
            )
            await uow.identities.add(identity)
        raw = ours(asked).replace(asked.inbox.username.encode(), b"Sales@example.com")
        await asked.inbox.deliver(raw)

        await look(asked)

        assert (await conversation(asked)).waiting_since is None

    async def test_that_answers_nothing_is_mail_like_any_other(self, asked: Sync) -> None:
        """Contact forms write our own address into From; so do forgers."""
        raw = ours(asked, "From the web site", "form@example.com", answers=None)
        await asked.inbox.deliver(raw)

        await look(asked)

        assert ("card", "From the web site") in await posts(asked)
        (form,) = [one for one in await asked.all(Conversation) if "web" in one.subject]
        assert form.waiting_since is not None

    async def test_whose_answers_go_elsewhere_is_somebody_elses(self, asked: Sync) -> None:
        await asked.inbox.deliver(ours(asked, more="Reply-To: customer@acme.example\r\n"))

        await look(asked)

        found = [one.direction for one in await asked.all(Message)]
        assert found == ["inbound", "inbound"]
