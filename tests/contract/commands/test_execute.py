"""Wishes carried out on a real Dovecot: once, verified, and never on another mail."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from app.commands import enqueue
from app.commands.carry_out import FolderRef, move
from app.commands.enqueue import enqueue_for_conversation
from app.commands.locate import Wanted
from app.commands.settle import MOST_ATTEMPTS
from app.commands.types import (
    Archive,
    Delete,
    Flag,
    MailIntent,
    MarkRead,
    MarkUnread,
    Move,
    Spam,
    Unflag,
)
from app.commands.undo import retry, undo
from app.core.access import Actor, Origin, system
from app.core.errors import Conflict, InvalidInput
from app.core.ids import CommandId, SlackUserId
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Listing
from app.mailbox.sessions import IMAPSession
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Command, CommandTarget, Conversation, Message, Placement, Post
from app.store.repositories.accounts import OwnershipLost
from tests.fixtures.mailservers import StartDovecot, log_in, mails
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync


async def arrived(sync: Sync, *subjects: str) -> Conversation:
    """One conversation of these mails, brought in."""
    for n, subject in enumerate(subjects):
        raw = mail(subject, f"{n}@acme.example")
        if n:
            raw = raw.replace(b"Date:", b"References: <0@acme.example>\r\nDate:", 1)
        await sync.inbox.deliver(raw)
    await sync.look()
    found: list[Conversation] = await sync.all(Conversation)
    return found[0]


async def ask(sync: Sync, conversation: Conversation, intent: MailIntent) -> CommandId:
    async with sync.rows() as uow:
        actor = system(sync.workspace.id)
        return (await enqueue_for_conversation(uow, actor, conversation.id, intent)).id


async def ask_undo(sync: Sync, command_id: CommandId) -> CommandId:
    async with sync.rows() as uow:
        actor = system(sync.workspace.id)
        return (await undo(uow, actor, command_id, now=sync.clock.now())).id


async def state(sync: Sync, command_id: CommandId) -> tuple[str, str]:
    async with sync.rows() as uow:
        command = await uow.commands.get(command_id)
        return command.state, command.detail


def flags(sync: Sync, folder: str = "INBOX") -> list[str]:
    with log_in(sync.inbox) as client:
        client.select(folder, readonly=True)
        numbers = client.search(None, "ALL")[1][0].decode().split()
        return [str(client.fetch(number, "(FLAGS)")) for number in numbers]


def count(sync: Sync, *folders: str) -> Sequence[int]:
    return [len(mails(sync.inbox, folder)) for folder in folders]


@pytest.fixture(
    params=[frozenset(), frozenset({"MOVE"}), frozenset({"MOVE", "UIDPLUS"})],
    ids=["move", "uidplus", "neither"],
)
async def any_sync(
    request: pytest.FixtureRequest, start_dovecot: StartDovecot, make_sync: MakeSync
) -> Sync:
    """An account on a Dovecot with more or less extensions."""
    server = await start_dovecot({"ann": "pw"}, without=request.param)
    sync = await make_sync(DovecotInbox(server, "ann", "none"))
    await sync.look()
    return sync


class TestFiling:
    @pytest.mark.parametrize(
        ("intent", "folder"),
        [(Archive(), "Archive"), (Delete(), "Trash"), (Spam(), "Junk"), (Move("Drafts"), "Drafts")],
    )
    async def test_moves_every_mail_of_the_conversation(
        self, sync: Sync, intent: MailIntent, folder: str
    ) -> None:
        conversation = await arrived(sync, "Question", "Re: Question")
        command_id = await ask(sync, conversation, intent)

        assert await sync.run_commands() == 1

        assert await state(sync, command_id) == ("done", "")
        assert count(sync, "INBOX", folder) == [0, 2]

    async def test_and_back_with_what_the_server_offers(self, any_sync: Sync) -> None:
        sync = any_sync
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()
        assert "Question" in str(mails(sync.inbox, "Archive"))

        undo_id = await ask_undo(sync, command_id)
        await sync.run_commands()

        assert (await state(sync, undo_id))[0] == "done"
        assert (await state(sync, command_id))[0] == "undone"
        undeleted = [one for one in flags(sync) if "\\Deleted" not in one]
        assert len(undeleted) == 1

    async def test_of_a_very_long_conversation_is_about_its_newest_mails(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(enqueue, "MOST_AT_ONCE", 1)
        conversation = await arrived(sync, "The oldest")
        answer = mail("The newest", "1@acme.example")
        await sync.inbox.deliver(b"References: <0@acme.example>\r\n" + answer)
        await sync.look()

        await ask(sync, conversation, Archive())
        await sync.run_commands()

        assert count(sync, "INBOX", "Archive") == [1, 1]
        assert b"The newest" in mails(sync.inbox, "Archive")[0]

    async def test_is_not_mistaken_for_new_mail_by_the_next_look(self, any_sync: Sync) -> None:
        sync = any_sync
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()
        await ask_undo(sync, command_id)
        await sync.run_commands()

        await sync.look()

        assert len(await sync.all(Message)) == 1
        assert await sync.announced() == ["Question"]

    async def test_makes_the_folder_where_there_is_none(
        self, start_dovecot: StartDovecot, make_sync: MakeSync
    ) -> None:
        server = await start_dovecot({"ann": "pw"}, folders={})
        sync = await make_sync(DovecotInbox(server, "ann", "none"))
        await sync.look()
        conversation = await arrived(sync, "Question")

        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "")
        assert count(sync, "INBOX", "Archive") == [0, 1]

    async def test_to_a_folder_that_does_not_exist_is_refused_at_once(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")

        with pytest.raises(InvalidInput, match="no folder"):
            await ask(sync, conversation, Move("Nowhere"))

    async def test_what_is_there_already_is_refused_at_once(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        await ask(sync, conversation, Archive())
        await sync.run_commands()

        with pytest.raises(Conflict, match="nothing to change"):
            await ask(sync, conversation, Archive())


class TestFlags:
    async def test_flag_and_undo(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question", "Re: Question")
        command_id = await ask(sync, conversation, Flag())
        await sync.run_commands()
        assert ["\\Flagged" in one for one in flags(sync)] == [False, True]

        await ask_undo(sync, command_id)
        await sync.run_commands()

        assert ["\\Flagged" in one for one in flags(sync)] == [False, False]

    async def test_undo_leaves_what_others_had_flagged_before(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Flag())
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Flagged")
        await sync.run_commands()

        await ask_undo(sync, command_id)
        await sync.run_commands()

        assert "\\Flagged" in flags(sync)[0]

    async def test_are_not_set_by_who_lost_the_account_meanwhile(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another worker may have set them, and a person taken that back since."""
        conversation = await arrived(sync, "Question")
        await ask(sync, conversation, Flag())
        honest = IMAPSession.list_mails

        async def stand_still(session: IMAPSession, uids: Sequence[int]) -> dict[int, Listing]:
            async with sync.rows() as uow:
                (await uow.accounts.lock(sync.syncing.account_id)).fence += 1
            return await honest(session, uids)

        monkeypatch.setattr(IMAPSession, "list_mails", stand_still)

        with pytest.raises(OwnershipLost):
            await sync.run_commands()

        assert "\\Flagged" not in flags(sync)[0]

    async def test_read_unread_and_unflag(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        for intent, flag, expected in (
            (MarkRead(), "\\Seen", True),
            (MarkUnread(), "\\Seen", False),
            (Flag(), "\\Flagged", True),
            (Unflag(), "\\Flagged", False),
        ):
            await ask(sync, conversation, intent)
            await sync.run_commands()
            assert (flag in flags(sync)[0]) is expected


class TestTheMailIsElsewhere:
    async def test_somebody_moved_it_where_it_was_to_go(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1", "Archive")

        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "")
        assert count(sync, "INBOX", "Archive") == [0, 1]

    async def test_it_is_gone(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()

        await sync.run_commands()

        assert await state(sync, command_id) == (
            "failed",
            "The mail is no longer on the server.",
        )

    async def test_one_of_two_is_gone(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question", "Re: Question")
        command_id = await ask(sync, conversation, Archive())
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()

        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "1 of 2 mails were no longer there.")
        assert sorted(one.state for one in await sync.all(CommandTarget)) == ["done", "gone"]

    async def test_the_uids_mean_other_mails_now(self, sync: Sync) -> None:
        """The number of our mail belongs to a stranger; the wish must find ours, not theirs."""
        conversation = await arrived(sync, "Ours")
        command_id = await ask(sync, conversation, Archive())
        inbox, server = sync.inbox, sync.inbox.server
        with log_in(inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1", "Drafts")
        await server.doveadm("mailbox", "delete", "-u", inbox.username, "-e", "Junk")
        await inbox.deliver(mail("Stranger", "stranger@acme.example"))
        with log_in(inbox) as client:
            client.select("Drafts")
            client.uid("MOVE", "1", "INBOX")
        uidvalidity = (await server.status(inbox.username, "INBOX"))["uidvalidity"]
        await server.change_uidvalidity(inbox.username, "INBOX", uidvalidity + 1)

        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "")
        assert "Ours" in str(mails(inbox, "Archive"))
        assert "Stranger" in str(mails(inbox))

    async def test_the_uid_is_the_same_and_the_mail_is_another(self, sync: Sync) -> None:
        """A server that broke the promise of UIDVALIDITY does not make us touch a stranger."""
        await arrived(sync, "Ours")
        await sync.inbox.deliver(mail("Stranger", "stranger@acme.example"))
        async with sync.session() as session:
            selected = await session.select("INBOX")
            ours = (await session.identify([1]))[1]
            wanted = Wanted(0, (await sync.mailbox()).id, selected.uidvalidity or 0, 2, ours)
            archive = FolderRef((await sync.mailbox("Archive")).id, "Archive")
            inbox = FolderRef((await sync.mailbox()).id, "INBOX")

            await move(session, inbox, archive, [wanted], tried_before=False)

        assert "Ours" in str(mails(sync.inbox, "Archive"))
        assert "Stranger" in str(mails(sync.inbox))


class TestAnAttemptThatWasLost:
    async def test_after_the_copy_and_before_the_removal(self, any_sync: Sync) -> None:
        sync = any_sync
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        with log_in(sync.inbox) as client:
            client.select("INBOX")
            client.uid("COPY", "1", "Archive")
        async with sync.rows() as uow:
            (await uow.commands.lock(command_id)).attempts = 1

        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "")
        assert count(sync, "Archive") == [1]
        assert [one for one in flags(sync) if "\\Deleted" not in one] == []

    async def test_that_took_the_worker_down_every_time_is_given_up(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        async with sync.rows() as uow:
            (await uow.commands.lock(command_id)).attempts = MOST_ATTEMPTS

        await sync.run_commands()

        assert (await state(sync, command_id))[0] == "failed"
        assert count(sync, "INBOX", "Archive") == [1, 0]


class TestRefusals:
    async def test_for_now_are_tried_again_later_with_growing_waits(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        monkeypatch.setattr("app.commands.execute.move", refuse("[INUSE] Busy"))

        waits = []
        for _ in range(MOST_ATTEMPTS):
            assert await sync.run_commands() == 1
            assert await sync.run_commands() == 0
            async with sync.rows() as uow:
                due = (await uow.agendas.of(sync.syncing.account_id, sync.clock.now())).retry_at
            if due is not None:
                waits.append((due - sync.clock.now()).total_seconds())
                sync.clock.set(due)

        assert waits == [10, 60, 300, 900]
        assert (await state(sync, command_id))[0] == "failed"
        assert {post.kind for post in await sync.all(Post)} == {"card", "notice"}

    async def test_for_good_are_not_tried_again(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        monkeypatch.setattr("app.commands.execute.move", refuse("[NOPERM] No", code="NOPERM"))

        await sync.run_commands()

        assert await state(sync, command_id) == ("failed", "[NOPERM] No")

    async def test_for_good_are_told_to_the_person_who_asked(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        conversation = await arrived(sync, "Question")
        monkeypatch.setattr("app.commands.execute.move", refuse("[NOPERM] No", code="NOPERM"))
        await ask(sync, conversation, Archive())
        await sync.run_commands()
        by_nobody = await to_be_told(sync)
        async with sync.rows() as uow:
            ana = await uow.teammates.by_slack_user(SlackUserId("U0ANA"), "ana")
            actor = Actor(sync.workspace.id, Origin.SLACK, teammate_id=ana.id, name="ana")
            asked = await enqueue_for_conversation(uow, actor, conversation.id, Delete())

        await sync.run_commands()

        assert by_nobody == []
        assert await to_be_told(sync) == [str(asked.id)]

    async def test_a_dead_letter_can_be_tried_again(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        with monkeypatch.context() as patch:
            patch.setattr("app.commands.execute.move", refuse("[NOPERM] No", code="NOPERM"))
            await sync.run_commands()

        async with sync.rows() as uow:
            await retry(uow, command_id)
        await sync.run_commands()

        assert await state(sync, command_id) == ("done", "")

    async def test_hold_back_only_later_wishes_of_their_conversation(
        self, sync: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = await arrived(sync, "Question")
        await sync.inbox.deliver(mail("Other", "other@acme.example"))
        await sync.look()
        (other,) = [one for one in await sync.all(Conversation) if one.id != first.id]
        waiting = await ask(sync, first, Archive())
        with monkeypatch.context() as patch:
            patch.setattr("app.commands.execute.move", refuse("[INUSE] Busy"))
            await sync.run_commands()
        behind_it, beside_it = await ask(sync, first, Flag()), await ask(sync, other, Flag())

        await sync.run_commands()

        states = {id_: (await state(sync, id_))[0] for id_ in (waiting, behind_it, beside_it)}
        assert states == {waiting: "queued", behind_it: "queued", beside_it: "done"}


class TestUndo:
    async def test_of_a_queued_wish_cancels_it(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())

        assert await ask_undo(sync, command_id) == command_id
        assert await sync.run_commands() == 0

        assert (await state(sync, command_id))[0] == "cancelled"
        assert count(sync, "INBOX", "Archive") == [1, 0]

    async def test_asked_twice_is_one(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()

        first, second = await ask_undo(sync, command_id), await ask_undo(sync, command_id)
        await sync.run_commands()

        assert first == second
        assert len(await sync.all(Command)) == 2
        assert count(sync, "INBOX", "Archive") == [1, 0]

    async def test_of_an_undo_is_refused(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()
        undo_id = await ask_undo(sync, command_id)
        await sync.run_commands()

        with pytest.raises(Conflict):
            await ask_undo(sync, undo_id)

    async def test_the_ledger_knows_where_every_mail_went(self, sync: Sync) -> None:
        conversation = await arrived(sync, "Question")
        command_id = await ask(sync, conversation, Archive())
        await sync.run_commands()
        await ask_undo(sync, command_id)
        await sync.run_commands()

        placements = await sync.all(Placement)
        live = [one for one in placements if one.gone_at is None]
        assert len(placements) == 3
        assert [(one.mailbox_id, one.uid) for one in live] == [((await sync.mailbox()).id, 2)]


async def to_be_told(sync: Sync) -> list[str]:
    """The commands of which somebody is to be told that they were given up."""
    async with sync.rows() as uow:
        found = await (await uow.session.connection()).execute(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = 'command.tell'")
        )
        return [args["command_id"] for (args,) in found]


def refuse(words: str, *, code: str = "INUSE") -> object:
    async def refusing(*_: object, **__: object) -> None:
        raise CommandRefused(words, code=code)

    return refusing
