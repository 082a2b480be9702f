"""The outbox and the quarantine: what is shown, and what people decide there."""

import re
from uuid import UUID

import httpx
import pytest

from app.accounts.pausing import pause
from app.core.access import Role
from app.core.ids import AccountId, ConversationId, OutgoingId, PlacementId
from app.store.models import Outgoing, OutgoingState, PlacementState
from app.store.repositories.ledger import Entry, Place
from tests import factories
from tests.fixtures.admin import Admin, Person
from tests.fixtures.web import Web

State = OutgoingState


async def mail_in(web: Web, state: State, account_id: AccountId | None = None) -> OutgoingId:
    """A mail of ours, as it is in this state."""
    account_id = account_id or await web.account()
    conversation, _ = await web.conversation(account_id)
    id_ = OutgoingId(UUID(await web.outgoing(account_id, ConversationId(conversation))))
    async with web.store.begin(web.workspace_id) as uow:
        mail = await uow.outgoing.get(id_)
        mail.state = state
        if state in {State.UNKNOWN, State.FAILED, State.SENT}:
            mail.settled_at = web.container.clock.now()
        if state is State.FAILED:
            mail.detail = "550 No such user."
        if state is State.SENT:
            mail.sent_at = web.container.clock.now()
    return id_


async def found(web: Web, id_: OutgoingId) -> Outgoing:
    async with web.store.begin(web.workspace_id) as uow:
        return await uow.outgoing.get(id_)


async def do(person: Person, id_: OutgoingId, what: str, **fields: str) -> str:
    answer = await person.post(f"/outbox/{id_}/{what}", **fields)
    assert answer.status_code == 303, answer.text
    return (await person.get(answer.headers["location"])).text


class TestTheOutbox:
    async def test_of_another_workspace_is_not_shown(self, admin: Admin, web: Web) -> None:
        id_ = await mail_in(web, State.FAILED)
        stranger = await admin.person(Role.OWNER, await web.other_workspace())

        assert "550 No such user." not in (await stranger.get("/outbox")).text
        for path in (f"/outbox/{id_}", f"/outbox/{id_}/edit"):
            assert (await stranger.get(path)).status_code == 404
        for what in ("cancel", "send-now", "retry", "send-again", "was-sent", "drop"):
            assert (await stranger.post(f"/outbox/{id_}/{what}")).status_code == 404
        assert (await found(web, id_)).state is State.FAILED

    async def test_says_which_account_is_paused_and_what_waits_for_it(
        self, admin: Admin, web: Web
    ) -> None:
        account_id = await web.account(address="support@example.com")
        waits = await mail_in(web, State.QUEUED, account_id)
        left = await mail_in(web, State.SENT, account_id)
        other = await web.other_workspace()
        theirs = await web.account(other, address="theirs@example.com")
        person = await admin.person(Role.VIEWER)
        assert "paused" not in (await person.get("/outbox")).text
        for workspace_id, id_ in ((web.workspace_id, account_id), (other, theirs)):
            async with web.store.begin(workspace_id) as uow:
                await pause(uow, id_, by="Ana Ruiz", now=web.container.clock.now())

        pages = [(await person.get(path)).text for path in ("/outbox", "/commands")]

        for page in pages:
            assert "1 account is paused" in page
            assert f'<a href="/accounts/{account_id}">support@example.com</a>' in page
            assert "by Ana Ruiz" in page
            assert "theirs@example.com" not in page
        assert pages[0].count("its account is paused") == 1
        assert "it waits until somebody resumes" in (await person.get(f"/outbox/{waits}")).text
        assert "it waits until" not in (await person.get(f"/outbox/{left}")).text

    async def test_is_narrowed_by_state(self, admin: Admin, web: Web) -> None:
        await mail_in(web, State.FAILED)
        person = await admin.person(Role.VIEWER)

        assert "550 No such user." in (await person.get("/outbox?state=failed&account=")).text
        assert "550 No such user." not in (await person.get("/outbox?state=sent")).text
        assert "550 No such user." in (await person.get("/outbox?state=nonsense")).text

    async def test_offers_a_viewer_nothing_to_do(self, admin: Admin, web: Web) -> None:
        id_ = await mail_in(web, State.FAILED)

        text = (await (await admin.person(Role.VIEWER)).get(f"/outbox/{id_}")).text

        assert "550 No such user." in text
        assert f"/outbox/{id_}/" not in text

    @pytest.mark.parametrize(
        ("state", "offered"),
        [
            (State.UNDO, {"cancel", "edit"}),
            (State.SCHEDULED, {"cancel", "send-now", "edit"}),
            (State.QUEUED, {"cancel", "send-now", "edit"}),
            (State.SENDING, set()),
            (State.SENT, set()),
            (State.FAILED, {"cancel", "retry", "edit"}),
            (State.UNKNOWN, {"was-sent", "send-again", "drop"}),
            (State.CANCELLED, set()),
        ],
    )
    async def test_offers_what_can_be_done(
        self, admin: Admin, web: Web, state: State, offered: set[str]
    ) -> None:
        id_ = await mail_in(web, state)

        text = (await (await admin.person(Role.AGENT)).get(f"/outbox/{id_}")).text

        acts = {"cancel", "send-now", "retry", "edit", "was-sent", "send-again", "drop"}
        assert {one for one in acts if f'/outbox/{id_}/{one}"' in text} == offered


class TestActs:
    @pytest.mark.parametrize(
        ("before", "act", "after"),
        [
            (State.UNDO, "cancel", State.CANCELLED),
            (State.SCHEDULED, "send-now", State.QUEUED),
            (State.FAILED, "retry", State.QUEUED),
            (State.FAILED, "cancel", State.CANCELLED),
            (State.UNKNOWN, "send-again", State.QUEUED),
            (State.UNKNOWN, "drop", State.CANCELLED),
        ],
    )
    async def test_that_can_be_done_are(
        self, admin: Admin, web: Web, before: State, act: str, after: State
    ) -> None:
        id_ = await mail_in(web, before)

        text = await do(await admin.person(Role.AGENT), id_, act)

        assert "alert-success" in text
        assert (await found(web, id_)).state is after

    async def test_what_was_dropped_was_not_taken_back(self, admin: Admin, web: Web) -> None:
        """It may have left."""
        id_ = await mail_in(web, State.UNKNOWN)

        text = await do(await admin.person(Role.AGENT), id_, "drop")

        assert ">dropped<" in text
        assert "taken back" not in text

    async def test_a_person_who_knows_says_that_it_was_sent(self, admin: Admin, web: Web) -> None:
        id_ = await mail_in(web, State.UNKNOWN)

        await do(await admin.person(Role.AGENT), id_, "was-sent")

        assert (await found(web, id_)).seen_in_sent is True

    @pytest.mark.parametrize(
        ("before", "act"),
        [(State.SENT, "cancel"), (State.UNKNOWN, "retry"), (State.FAILED, "was-sent")],
    )
    async def test_that_cannot_be_done_say_why(
        self, admin: Admin, web: Web, before: State, act: str
    ) -> None:
        id_ = await mail_in(web, before)

        text = await do(await admin.person(Role.AGENT), id_, act)

        assert "alert-danger" in text
        assert (await found(web, id_)).state is before


async def rewrite(person: Person, id_: OutgoingId, page: str = "", **fields: str) -> httpx.Response:
    """From this page, or from one that is opened for it."""
    page = page or (await person.get(f"/outbox/{id_}/edit")).text
    (seen,) = re.findall(r'name="seen" value="([^"]*)"', page)
    return await person.post(f"/outbox/{id_}/edit", seen=seen, **fields)


class TestEdit:
    async def test_past_a_newer_mail_waits_until_that_was_seen(
        self, admin: Admin, web: Web
    ) -> None:
        old = await mail_in(web, State.FAILED)
        person = await admin.person(Role.AGENT)
        page = (await person.get(f"/outbox/{old}/edit")).text
        async with web.store.begin(web.workspace_id) as uow:
            mail = await uow.outgoing.get(old)
            conversation = await uow.conversations.lock(mail.conversation_id)
            conversation.message_count += 1
            newer = factories.message(
                web.workspace_id, mail.account_id, conversation.id, excerpt="Never mind."
            )
            await uow.messages.add_all([newer])

        first = await rewrite(person, old, page, text="Good morning.")
        before = (await found(web, old)).state
        second = await rewrite(person, old, first.text, text="Good morning.")

        assert first.status_code == 422
        assert "wrote again meanwhile" in first.text
        assert "Never mind." in first.text
        assert "Good morning." in first.text
        assert before is State.FAILED
        assert second.status_code == 303
        assert (await found(web, old)).state is State.CANCELLED

    async def test_sends_another_text_to_the_same_people(self, admin: Admin, web: Web) -> None:
        old = await mail_in(web, State.FAILED)
        person = await admin.person(Role.AGENT)
        assert "Hello." in (await person.get(f"/outbox/{old}/edit")).text

        answer = await rewrite(person, old, subject="Re: x", text="Good morning.")

        new = OutgoingId(UUID(answer.headers["location"].rpartition("/")[2]))
        assert (await found(web, old)).state is State.CANCELLED
        mail = await found(web, new)
        assert (mail.text, mail.state, mail.subject) == ("Good morning.", State.UNDO, "Re: x")
        assert mail.requested_by_id == person.teammate_id
        async with web.store.begin(web.workspace_id) as uow:
            before, after = [
                [(one.kind, one.address) for one in await uow.outgoing.recipients(id_)]
                for id_ in (old, new)
            ]
        assert before == after

    async def test_without_words_is_refused_at_the_field(self, admin: Admin, web: Web) -> None:
        id_ = await mail_in(web, State.FAILED)

        answer = await rewrite(await admin.person(Role.AGENT), id_, text="")

        assert answer.status_code == 422
        assert "This is needed." in answer.text
        assert (await found(web, id_)).state is State.FAILED

    @pytest.mark.parametrize("state", [State.SENT, State.SENDING, State.UNKNOWN, State.CANCELLED])
    async def test_of_what_left_or_may_have_is_refused(
        self, admin: Admin, web: Web, state: State
    ) -> None:
        id_ = await mail_in(web, state)
        person = await admin.person(Role.AGENT)

        assert (await person.get(f"/outbox/{id_}/edit")).status_code == 409
        answer = await person.post(f"/outbox/{id_}/edit", seen="1", text="Good morning.")
        assert answer.status_code == 409


async def set_aside(
    web: Web, account_id: AccountId, *, has_raw: bool = True, uid: int = 77
) -> PlacementId:
    digest = await web.container.blobs.put(b"Subject: x\r\n\r\nbroken") if has_raw else None
    async with web.store.begin(web.workspace_id) as uow:
        inbox = await uow.mailboxes.named(account_id, "INBOX")
        inbox.watermark = 100
        place = Place(inbox.id, 1, uid)
        await uow.ledger.record(
            [
                Entry(
                    place, PlacementState.QUARANTINED, size=2_400_000, raw_sha256=digest,
                    reason="The parser took longer than 10 seconds.",
                )
            ]
        )  # fmt: skip
        return (await uow.ledger.at([place]))[place].id


class TestQuarantine:
    async def test_of_another_workspace_is_not_shown(self, admin: Admin, web: Web) -> None:
        id_ = await set_aside(web, await web.account())
        stranger = await admin.person(Role.OWNER, await web.other_workspace())

        assert "Nothing is in quarantine" in (await stranger.get("/quarantine")).text
        assert (await stranger.get(f"/quarantine/{id_}/raw")).status_code == 404
        assert (await stranger.post(f"/quarantine/{id_}/again")).status_code == 404

    async def test_says_why_where_and_how_large(self, admin: Admin, web: Web) -> None:
        await set_aside(web, await web.account())

        text = (await (await admin.person(Role.VIEWER)).get("/quarantine")).text

        for words in ("The parser took longer", "INBOX", "support@example.com", "2.4 MB"):
            assert words in text
        assert "Process again" not in text

    async def test_hands_over_the_mail_as_it_came(self, admin: Admin, web: Web) -> None:
        account = await web.account()
        kept = await set_aside(web, account)
        never = await set_aside(web, account, has_raw=False, uid=78)
        person = await admin.person(Role.VIEWER)

        answer = await person.get(f"/quarantine/{kept}/raw")

        assert answer.content == b"Subject: x\r\n\r\nbroken"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert (await person.get(f"/quarantine/{never}/raw")).status_code == 404

    async def test_has_a_mail_read_once_more(self, admin: Admin, web: Web) -> None:
        id_ = await set_aside(web, await web.account())
        person = await admin.person(Role.AGENT)

        await person.post(f"/quarantine/{id_}/again")
        answer = await person.post(f"/quarantine/{id_}/again")

        async with web.store.begin(web.workspace_id) as uow:
            placement = await uow.ledger.get(id_)
            mailbox = await uow.mailboxes.get(placement.mailbox_id)
        assert (placement.state, mailbox.watermark) == (PlacementState.PENDING, 77)
        shown = await person.get(answer.headers["location"])
        assert "is not in quarantine any more" in shown.text
