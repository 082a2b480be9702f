"""What others do to mails we know, on a real Dovecot, with CONDSTORE and without."""

import imaplib

import pytest

from app.commands.enqueue import enqueue_for_messages
from app.commands.types import Archive, Flag
from app.core.access import Actor, Origin, Scope
from app.core.clock import SystemClock
from app.core.ids import MessageId
from app.mail.flags import FLAGGED, SEEN
from app.mailbox.port import MailSession
from app.sandbox.mail.dovecot import DovecotInbox
from app.store.models import Command, CommandState, Event, Message, Placement, Post
from app.sync.plan import Kind
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import MakeSync, Sync


@pytest.fixture(params=["with CONDSTORE", "without CONDSTORE"])
async def followed(
    request: pytest.FixtureRequest,
    make_sync: MakeSync,
    mail_user: DovecotInbox,
    plain_user: DovecotInbox,
) -> Sync:
    """An account with two mails that were brought in."""
    sync = await make_sync(mail_user if request.param == "with CONDSTORE" else plain_user)
    await sync.look()
    for subject in ("First", "Second"):
        await sync.inbox.deliver(mail(subject, f"{subject}@acme.example"))
    await sync.look()
    return sync


@pytest.fixture
async def brought_in(sync: Sync) -> Sync:
    """The same on the shared server, which has CONDSTORE."""
    for subject in ("First", "Second"):
        await sync.inbox.deliver(mail(subject, f"{subject}@acme.example"))
    await sync.look()
    return sync


def store(sync: Sync, uid: int, change: str, flag: str, folder: str = "INBOX") -> None:
    with log_in(sync.inbox) as client:
        client.select(folder)
        client.uid("STORE", str(uid), change, f"({flag})")


def move(sync: Sync, uid: int, target: str, source: str = "INBOX") -> None:
    with log_in(sync.inbox) as client:
        client.select(source)
        assert client.uid("MOVE", str(uid), target)[0] == "OK"


def expunge(client: imaplib.IMAP4, uid: int) -> None:
    client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
    client.expunge()


def remove(sync: Sync, uid: int, folder: str = "INBOX") -> None:
    with log_in(sync.inbox) as client:
        client.select(folder)
        expunge(client, uid)


async def flags(sync: Sync) -> dict[str, set[str]]:
    """The flags of each mail of ours, by subject."""
    subjects = {one.id: one.subject for one in await sync.all(Message)}
    return {
        subjects[one.message_id]: set(one.flags)
        for one in await sync.all(Placement)
        if one.gone_at is None
    }


async def places(sync: Sync) -> dict[str, list[str]]:
    """The folders in which each mail lies, by subject."""
    found: dict[str, list[str]] = {}
    async with sync.rows() as uow:
        for message in await sync.all(Message):
            placed = await uow.ledger.live_of_messages([message.id])
            found[message.subject] = sorted(mailbox.name for _, mailbox in placed)
    return found


async def events(sync: Sync, prefix: str = "message.") -> list[str]:
    return [
        one.type
        for one in await sync.all(Event)
        if one.type.startswith(prefix) and one.type != "message.received"
    ]


async def is_stale(sync: Sync, subject: str) -> bool:
    """Whether the card of a mail is to be refreshed."""
    subjects = {one.id: one.subject for one in await sync.all(Message)}
    (post,) = [one for one in await sync.all(Post) if subjects[one.message_id] == subject]
    return bool(post and post.wanted > post.shown)


async def wish(sync: Sync, subject: str, intent: Archive | Flag) -> None:
    """Ask for something that cannot be carried out yet."""
    (message,) = [one for one in await sync.all(Message) if one.subject == subject]
    actor = Actor(sync.workspace.id, Origin.API, scopes=frozenset(Scope))
    async with sync.rows() as uow:
        await enqueue_for_messages(uow, actor, [MessageId(message.id)], intent)


class TestFlags:
    async def test_set_by_another_client_are_taken_over(self, followed: Sync) -> None:
        store(followed, 1, "+FLAGS", "\\Flagged \\Seen")

        await followed.look()

        assert await flags(followed) == {"First": {FLAGGED, SEEN}, "Second": set()}
        assert await events(followed) == ["message.flags_changed"]
        assert await is_stale(followed, "First")
        assert not await is_stale(followed, "Second")

    async def test_removed_by_another_client_are_taken_over(self, brought_in: Sync) -> None:
        store(brought_in, 1, "+FLAGS", "\\Flagged")
        await brought_in.look()
        store(brought_in, 1, "-FLAGS", "\\Flagged")

        await brought_in.look()

        assert (await flags(brought_in))["First"] == set()
        (_, event) = [one for one in await brought_in.all(Event) if one.type.endswith("changed")]
        assert (event.data["added"], event.data["removed"]) == ([], [FLAGGED])

    async def test_that_no_card_shows_change_no_card(self, brought_in: Sync) -> None:
        store(brought_in, 1, "+FLAGS", "$Important")

        await brought_in.look()

        assert (await flags(brought_in))["First"] == {"$Important"}
        assert not await is_stale(brought_in, "First")

    async def test_of_mails_that_are_not_ours_are_nothing_to_us(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        await mail_user.deliver(mail("Older", "older@acme.example"))
        sync = await make_sync(mail_user)
        await sync.look()
        store(sync, 1, "+FLAGS", "\\Flagged")

        await sync.look()

        assert await sync.all(Placement) == []
        assert await events(sync) == []

    async def test_and_new_mail_come_in_together(self, brought_in: Sync) -> None:
        store(brought_in, 2, "+FLAGS", "\\Seen")
        await brought_in.inbox.deliver(mail("Third", "third@acme.example"))

        await brought_in.look()

        assert await flags(brought_in) == {"First": set(), "Second": {SEEN}, "Third": set()}
        assert await brought_in.announced() == ["First", "Second", "Third"]

    async def test_after_highestmodseq_went_back_are_compared_for_every_mail(
        self, brought_in: Sync
    ) -> None:
        store(brought_in, 1, "+FLAGS", "\\Flagged")
        async with brought_in.rows() as uow:
            mailbox = await uow.mailboxes.get((await brought_in.mailbox()).id)
            mailbox.highestmodseq = 1_000_000

        await brought_in.look()

        assert (await flags(brought_in))["First"] == {FLAGGED}
        assert ((await brought_in.mailbox()).highestmodseq or 0) < 1_000_000

    async def test_that_a_waiting_wish_is_about_wait_for_it(self, followed: Sync) -> None:
        await wish(followed, "First", Flag())
        store(followed, 1, "+FLAGS", "\\Flagged \\Seen")
        await followed.look()
        shielded = (await flags(followed))["First"]
        async with followed.rows() as uow:
            (command,) = await followed.all(Command)
            (await uow.commands.lock(command.id)).state = CommandState.CANCELLED

        await followed.look()

        assert shielded == {SEEN}
        assert (await flags(followed))["First"] == {FLAGGED, SEEN}


class TestMoves:
    async def test_to_a_folder_nobody_watches_are_followed(self, followed: Sync) -> None:
        move(followed, 1, "Trash")

        await followed.look()

        assert await places(followed) == {"First": ["Trash"], "Second": ["INBOX"]}
        assert await events(followed) == ["message.moved"]
        assert await is_stale(followed, "First")
        assert len(await followed.all(Message)) == 2

    async def test_to_a_folder_of_the_teams_own_are_followed(self, brought_in: Sync) -> None:
        with log_in(brought_in.inbox) as client:
            client.create("Projects")
        move(brought_in, 2, "Projects")

        await brought_in.look()

        assert (await places(brought_in))["Second"] == ["Projects"]

    async def test_and_back_bring_no_new_card(self, followed: Sync) -> None:
        move(followed, 1, "Archive")
        await followed.look()
        move(followed, 1, "INBOX", source="Archive")

        await followed.look()

        assert await followed.announced() == ["First", "Second"]
        assert "INBOX" in (await places(followed))["First"]
        assert len(await followed.all(Message)) == 2
        assert await events(followed) == ["message.moved", "message.moved"]

    async def test_between_two_watched_folders_keep_the_message(
        self, make_sync: MakeSync, mail_user: DovecotInbox
    ) -> None:
        with log_in(mail_user) as client:
            client.create("Team")
        sync = await make_sync(mail_user, folders=["INBOX", "Team"])
        await sync.look_everywhere()
        await mail_user.deliver(mail("First", "first@acme.example"))
        await sync.look_everywhere()
        move(sync, 1, "Team")

        await sync.look_everywhere()

        assert await places(sync) == {"First": ["Team"]}
        assert await sync.announced() == ["First"]

    async def test_of_many_at_once_are_all_followed(self, brought_in: Sync) -> None:
        for number in range(40):
            await brought_in.inbox.deliver(mail(f"More {number}", f"{number}@acme.example"))
        await brought_in.look()
        with log_in(brought_in.inbox) as client:
            client.select("INBOX")
            client.uid("MOVE", "1:*", "Archive")

        await brought_in.look()

        assert set(map(tuple, (await places(brought_in)).values())) == {("Archive",)}

    async def test_of_a_mail_without_a_message_id_are_followed(self, sync: Sync) -> None:
        await sync.inbox.server.save(sync.inbox.username, "INBOX", mail("Nameless"))
        await sync.look()
        move(sync, 1, "Archive")

        await sync.look()

        assert await places(sync) == {"Nameless": ["Archive"]}

    async def test_do_not_mistake_a_mail_of_the_same_message_id_for_it(self, sync: Sync) -> None:
        """Somebody else's copy lies in Archive; ours was removed for good."""
        await sync.inbox.server.save(
            sync.inbox.username, "Archive", mail("Same", "same@acme.example", "Much longer text.")
        )
        await sync.inbox.deliver(mail("Same", "same@acme.example"))
        await sync.look()
        (message,) = await sync.all(Message)
        move(sync, 1, "Trash")

        await sync.look()

        assert await places(sync) == {"Same": ["Trash"]}
        assert (await sync.all(Message))[0].id == message.id

    async def test_are_not_believed_while_a_wish_for_another_place_waits(
        self, brought_in: Sync
    ) -> None:
        await wish(brought_in, "First", Archive())
        move(brought_in, 1, "Trash")
        await brought_in.look()
        shielded = (await places(brought_in))["First"]
        async with brought_in.rows() as uow:
            (command,) = await brought_in.all(Command)
            (await uow.commands.lock(command.id)).state = CommandState.CANCELLED

        await brought_in.look()

        assert shielded == ["INBOX"]
        assert (await places(brought_in))["First"] == ["Trash"]

    async def test_of_our_own_are_no_news(self, brought_in: Sync) -> None:
        await wish(brought_in, "First", Archive())
        assert await brought_in.run_commands() == 1

        await brought_in.look()

        assert await places(brought_in) == {"First": ["Archive"], "Second": ["INBOX"]}
        assert await events(brought_in) == []


class TestAReset:
    """The folder was given new UIDs, and somebody was at work meanwhile."""

    async def test_follows_mail_that_left(self, brought_in: Sync) -> None:
        inbox = brought_in.inbox
        before = (await brought_in.mailbox()).uidvalidity or 0
        move(brought_in, 1, "Archive")
        await inbox.server.change_uidvalidity(inbox.username, "INBOX", before + 1)
        await inbox.deliver(mail("Third", "third@acme.example"))
        brought_in.clock.set(SystemClock().now())

        await brought_in.look()

        assert (await places(brought_in))["First"] == ["Archive"]
        assert (await places(brought_in))["Second"] == ["INBOX"]
        assert await brought_in.announced() == ["First", "Second", "Third"]
        assert await is_stale(brought_in, "First")
        assert await events(brought_in) == ["message.moved"]


class TestRemovals:
    async def test_are_noticed(self, followed: Sync) -> None:
        remove(followed, 1)

        await followed.look()

        assert await places(followed) == {"First": [], "Second": ["INBOX"]}
        assert await events(followed) == ["message.left"]
        assert await is_stale(followed, "First")

    async def test_are_noticed_though_new_mail_makes_up_for_them(self, followed: Sync) -> None:
        remove(followed, 1)
        await followed.inbox.deliver(mail("Third", "third@acme.example"))

        await followed.look()

        assert (await places(followed))["First"] == []
        assert await followed.announced() == ["First", "Second", "Third"]

    async def test_of_one_of_two_equal_mails_leave_the_other(self, sync: Sync) -> None:
        for _ in range(2):
            await sync.inbox.server.save(sync.inbox.username, "INBOX", mail("Twin", "t@x.example"))
        await sync.look()
        remove(sync, 1)

        await sync.look()

        assert await places(sync) == {"Twin": ["INBOX"]}

    async def test_while_the_folder_is_open_are_seen_by_the_same_session(
        self, brought_in: Sync
    ) -> None:
        async with brought_in.session() as session:
            await brought_in.look(session)
            remove(brought_in, 2)
            await brought_in.look(session)

            assert (await places(brought_in))["Second"] == []
            assert session.open_folder == "INBOX"


class TestALookWithoutNews:
    async def test_is_one_round_trip_and_writes_nothing(
        self, brought_in: Sync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with brought_in.session() as session:
            await brought_in.look(session)
            before = await brought_in.mailbox()
            calls = count_calls(session, monkeypatch)
            (folder,) = [await brought_in.mailbox()]
            look = await brought_in.look_at(session, folder.id)

        assert look.kind is Kind.NOTHING
        assert calls == ["open"]
        assert await brought_in.mailbox() == before


def count_calls(session: MailSession, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls the session makes from now on, each at least one round trip."""
    connection = session._imap  # type: ignore[attr-defined]
    calls: list[str] = []
    for name in ("open", "status", "flags", "changed_since", "uids_from", "uids_between"):

        def counted(*args: object, _name: str = name, **options: object) -> object:
            calls.append(_name)
            return getattr(type(connection), _name)(connection, *args, **options)

        monkeypatch.setattr(connection, name, counted)
    return calls
