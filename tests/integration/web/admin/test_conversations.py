"""Conversations: the list, the reader, and what is done from them."""

import re
from datetime import timedelta

import pytest

from app.commands import enqueue
from app.commands.change import change_conversation
from app.commands.enqueue import enqueue_for_conversation
from app.commands.types import Archive, Tag
from app.core.access import Actor, Origin, Role
from app.core.ids import AccountId, ConversationId, SlackUserId, WorkspaceId, new_id
from app.slack.worklist import Sight
from app.store.models import Command, CommandState, CommandType, ConversationStatus
from app.team.sessions import BY_SLACK
from tests.fixtures.admin import Admin, Person
from tests.fixtures.reading import Talk, html_mail, long_talk
from tests.fixtures.web import Web


def system(web: Web) -> Actor:
    return Actor(web.workspace_id, Origin.API, name="a key")


async def commands(web: Web, id_: ConversationId) -> list[Command]:
    async with web.store.begin(web.workspace_id) as uow:
        return list(await uow.commands.of_conversation(id_))


async def do(person: Person, id_: ConversationId, what: str, **fields: str) -> str:
    """Send a form of the reader, and answer the page that it leads to."""
    answer = await person.post(f"/conversations/{id_}/{what}", **fields)
    assert answer.status_code == 303, answer.text
    return (await person.get(answer.headers["location"])).text


class TestTheList:
    async def test_of_another_workspace_is_not_shown(self, admin: Admin, web: Web) -> None:
        other = await web.other_workspace()
        await web.conversation(await web.account(other), other, subject="Their secret")

        assert "Their secret" not in (await (await admin.person()).get("/conversations")).text

    async def test_begins_with_what_is_open_and_awake(self, admin: Admin, web: Web) -> None:
        account = await web.account()
        now = web.container.clock.now()
        await web.conversation(account, subject="An open one")
        asleep, _ = await web.conversation(account, subject="A sleeping one")
        done, _ = await web.conversation(account, subject="A done one")
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.conversations.get(asleep)).snoozed_until = now + timedelta(days=1)
            (await uow.conversations.get(done)).status = ConversationStatus.DONE
        person = await admin.person(Role.VIEWER)

        shown = {
            state: (await person.get(f"/conversations?status={state}")).text
            for state in ("", "snoozed", "done", "all", "merged")
        }

        assert "An open one" in shown[""]
        assert "A sleeping one" not in shown[""]
        assert "A done one" not in shown[""]
        assert "A sleeping one" in shown["snoozed"]
        assert "A done one" in shown["done"]
        assert all(f"{one} one" in shown["all"] for one in ("An open", "A sleeping", "A done"))
        assert "Nothing was merged" in shown["merged"]

    async def test_is_narrowed_by_words_inbox_person_and_tag(self, admin: Admin, web: Web) -> None:
        support = await web.account()
        sales = await web.account(address="sales@example.com", channel_id="C0SALES")
        first, _ = await web.conversation(support, subject="Printer on fire")
        await web.conversation(sales, subject="An offer")
        person = await admin.person(Role.AGENT)
        now = web.container.clock.now()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.conversations.get(first)).assignee_id = person.teammate_id
            await change_conversation(uow, system(web), first, Tag(("fire",)), now=now)

        for query in (
            "q=printer", f"account={support}", "assignee=me", f"assignee={person.teammate_id}",
            "tag=fire",
        ):  # fmt: skip
            text = (await person.get(f"/conversations?{query}")).text
            assert "Printer on fire" in text, query
            assert "An offer" not in text, query
        assert "An offer" in (await person.get("/conversations?assignee=none")).text
        assert "Nothing found" in (await person.get("/conversations?q=nowhere")).text

    @pytest.mark.parametrize(
        "query",
        ["status=x", "account=x", "assignee=x", "tag=%27", "q=%22%27%5C", "q=" + "a" * 400],
    )
    async def test_takes_whatever_somebody_types(self, admin: Admin, query: str) -> None:
        answer = await (await admin.person()).get(f"/conversations?{query}")

        assert answer.status_code == 200

    async def test_goes_on_where_a_page_ends(self, admin: Admin, web: Web) -> None:
        account = await web.account()
        for n in range(31):
            await web.conversation(account, subject=f"Subject {n:02}.")
        person = await admin.person()

        first = (await person.get("/conversations?q=subject")).text
        more = re.search(r'href="([^"]+)" rel="next"', first)
        assert more is not None
        second = (await person.get(more[1].replace("&amp;", "&"))).text

        subjects = re.compile(r"Subject \d\d\.")
        assert len(set(subjects.findall(first))) == 30
        assert len(set(subjects.findall(first + second))) == 31
        assert "q=subject" in more[1]

    async def test_escapes_what_strangers_wrote(self, admin: Admin, web: Web) -> None:
        await web.conversation(await web.account(), subject="<script>alert(1)</script>")

        text = (await (await admin.person()).get("/conversations")).text

        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


class TestTheReader:
    async def test_shows_mails_and_notes_in_the_order_of_time(self, admin: Admin, web: Web) -> None:
        talk = await long_talk(web, await web.account(), 2, web.container.clock.now())
        person = await admin.person(Role.AGENT)
        await do(person, talk.id, "notes", text="I ask <b>Ben</b>.")

        text = (await person.get(f"/conversations/{talk.id}")).text

        places = [text.index(one) for one in ("mail 1.", "mail 2.", "I ask &lt;b&gt;Ben")]
        assert places == sorted(places)

    async def test_of_a_long_one_begins_with_the_latest_mails(self, admin: Admin, web: Web) -> None:
        talk = await long_talk(web, await web.account(), 23, web.container.clock.now())
        person = await admin.person(Role.VIEWER)

        latest = (await person.get(f"/conversations/{talk.id}")).text
        earlier = re.search(r'href="(\?before=[^"]+)"', latest)
        assert earlier is not None
        before = (await person.get(f"/conversations/{talk.id}{earlier[1]}")).text

        numbers = re.compile(r'mail-line">This is mail (\d+)\.')
        assert numbers.findall(latest) == [str(n) for n in range(4, 24)]
        assert numbers.findall(before) == ["1", "2", "3"]

    async def test_of_one_that_was_merged_leads_to_where_it_is(
        self, admin: Admin, web: Web
    ) -> None:
        account = await web.account()
        (gone, _), (kept, _) = [await web.conversation(account) for _ in range(2)]
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.conversations.get(gone)).merged_into_id = kept

        answer = await (await admin.person()).get(f"/conversations/{gone}")

        assert answer.headers["location"] == f"/conversations/{kept}"

    async def test_offers_a_viewer_nothing_to_do(self, admin: Admin, web: Web) -> None:
        id_, _ = await web.conversation(await web.account())

        text = (await (await admin.person(Role.VIEWER)).get(f"/conversations/{id_}")).text

        assert f"/conversations/{id_}/" not in text

    async def test_says_when_there_is_news(self, admin: Admin, web: Web) -> None:
        talk = await long_talk(web, await web.account(), 1, web.container.clock.now())
        person = await admin.person(Role.AGENT)
        news = {"HX-Request": "true", "HX-Target": "news"}
        text = (await person.get(f"/conversations/{talk.id}")).text
        found = re.search(r'hx-get="(/conversations/[^"]+since=[^"]+)"', text)
        assert found is not None
        assert "new" not in (await person.get(found[1], **news)).text

        await do(person, talk.id, "notes", text="Look.")

        assert "1 new mail or note: show" in (await person.get(found[1], **news)).text


class TestActs:
    async def test_of_a_conversation_are_done_at_once_and_by_name(
        self, admin: Admin, web: Web
    ) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)

        assert "It is yours." in await do(person, id_, "assign", assignee=str(person.teammate_id))
        await do(person, id_, "tags", tags="billing, urgent,, billing")
        assert "It sleeps." in await do(person, id_, "snooze", until="tomorrow", zone="Asia/Tokyo")
        await do(person, id_, "wake")
        assert "It is done." in await do(person, id_, "done")
        await do(person, id_, "reopen")

        found = await commands(web, id_)
        assert [one.type for one in reversed(found)] == [
            CommandType.ASSIGN, CommandType.TAG, CommandType.SNOOZE, CommandType.WAKE,
            CommandType.DONE, CommandType.REOPEN,
        ]  # fmt: skip
        assert {(one.origin, one.requested_by_id) for one in found} == {
            (Origin.WEB, person.teammate_id)
        }
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.conversations.get(id_)).tags == ["billing", "urgent"]

    @pytest.mark.parametrize(
        ("what", "fields"),
        [
            ("snooze", {"until": "pick", "at": "yesterday"}),
            ("snooze", {"until": "pick", "at": "2001-01-01T09:00"}),
            ("snooze", {"until": "soon"}),
            ("assign", {"assignee": "00000000-0000-0000-0000-000000000001"}),
            ("notes", {"text": "  "}),
            ("mail", {"do": "move", "folder": "Nowhere"}),
        ],
    )
    async def test_that_make_no_sense_say_why(
        self, admin: Admin, web: Web, what: str, fields: dict[str, str]
    ) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)

        text = await do(person, id_, what, **fields)

        assert "alert-danger" in text
        assert await commands(web, id_) == []

    @pytest.mark.parametrize("fields", [{}, {"do": "file_sent"}, {"do": "x"}, {"do": "move"}])
    async def test_that_no_form_of_ours_sends_are_refused(
        self, admin: Admin, web: Web, fields: dict[str, str]
    ) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)

        answer = await person.post(f"/conversations/{id_}/mail", **fields)

        assert answer.status_code == 400

    async def test_on_the_server_where_too_many_wait_says_which_mailbox(
        self, admin: Admin, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(enqueue, "MOST_WAITING", 1)
        account = await web.account()
        person = await admin.person(Role.AGENT)
        await do(person, (await web.conversation(account))[0], "mail", do="archive")
        id_, _ = await web.conversation(account)

        text = await do(person, id_, "mail", do="archive")

        assert "1 changes wait for support@example.com already" in text
        assert "alert-danger" in text
        assert await commands(web, id_) == []

    @pytest.mark.parametrize("wish", ["archive", "delete", "spam", "flag", "mark_read", "move"])
    async def test_on_the_server_are_queued_and_say_so(
        self, admin: Admin, web: Web, wish: str
    ) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)

        text = await do(person, id_, "mail", do=wish, folder="Archive" if wish == "move" else "")

        (command,) = await commands(web, id_)
        assert (command.type, command.state) == (CommandType(wish), CommandState.QUEUED)
        assert "queued" in text

    async def test_that_failed_say_why_and_can_be_tried_again(self, admin: Admin, web: Web) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)
        async with web.store.begin(web.workspace_id) as uow:
            command = await enqueue_for_conversation(uow, system(web), id_, Archive())
            command.state, command.detail = CommandState.FAILED, "The server has no archive."

        text = (await person.get(f"/conversations/{id_}")).text
        assert "The server has no archive." in text
        back = f"/conversations/{id_}"
        answer = await person.post(f"/commands/{command.id}/retry", back=back)

        assert answer.headers["location"] == back
        assert (await commands(web, id_))[0].state is CommandState.QUEUED

    async def test_are_taken_back(self, admin: Admin, web: Web) -> None:
        id_, _ = await web.conversation(await web.account())
        person = await admin.person(Role.AGENT)
        await do(person, id_, "done")
        (command,) = await commands(web, id_)

        await person.post(f"/commands/{command.id}/undo")
        again = await person.post(f"/commands/{command.id}/retry", back="//evil.example")

        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.conversations.get(id_)).status is ConversationStatus.OPEN
        assert again.headers["location"] == "/"


class TestWhoSees:
    async def test_one_inbox_sees_nothing_of_another(self, admin: Admin, web: Web) -> None:
        tenant = await web.tenant()
        theirs = await web.account(address="sales@example.com", channel_id="C0SALES")
        talk = await Talk.begin(web, theirs, web.container.clock.now(), subject="Not for them")
        mail = await talk.mail(html_mail("<p>Secret</p>", files=True), web.container.clock.now())
        person = await bound_to(admin, tenant.account_id)
        async with web.store.begin(web.workspace_id) as uow:
            hidden = await enqueue_for_conversation(uow, system(web), talk.id, Archive())
            (await uow.conversations.lock(talk.id)).tags = ["lawsuit"]
        own, _ = await web.conversation(tenant.account_id)
        everybody = await admin.person(Role.AGENT)

        for path in ("/conversations", f"/conversations/{own}"):
            assert "lawsuit" not in (await person.get(path)).text, path
            assert "lawsuit" in (await everybody.get(path)).text, path
        assert "Not for them" not in (await person.get("/conversations?status=all")).text
        for path in (
            f"/conversations/{talk.id}", f"/conversations?account={theirs}", f"/messages/{mail}",
            f"/messages/{mail}/frame", f"/messages/{mail}/raw", f"/messages/{mail}/files/1",
            f"/commands?account={theirs}",
        ):  # fmt: skip
            assert (await person.get(path)).status_code == 404, path
        for path in (
            f"/conversations/{talk.id}/{what}"
            for what in ("assign", "done", "reopen", "wake", "tags", "notes", "snooze")
        ):
            assert (await person.post(path)).status_code == 404, path
        refused = await person.post(f"/conversations/{talk.id}/mail", do="archive")
        assert refused.status_code == 404
        for what in ("retry", "undo"):
            assert (await person.post(f"/commands/{hidden.id}/{what}")).status_code == 404
        assert len(await commands(web, talk.id)) == 1

    async def test_another_workspace_sees_nothing(self, admin: Admin, web: Web) -> None:
        tenant = await web.tenant()
        person = await admin.person(Role.OWNER, await web.other_workspace())

        for path in (
            f"/conversations/{tenant.conversation_id}", f"/messages/{tenant.message_id}",
            f"/messages/{tenant.message_id}/frame", f"/messages/{tenant.message_id}/raw",
            f"/conversations/{new_id()}",
        ):  # fmt: skip
            assert (await person.get(path)).status_code == 404, path


async def bound_to(admin: Admin, *accounts: AccountId) -> Person:
    """Somebody who came by Slack, and is in the channels of these accounts alone."""

    class Channels:
        async def sight_of(self, workspace_id: WorkspaceId, _: object) -> Sight:
            async with admin.web.store.begin(workspace_id) as uow:
                rows = await uow.accounts.page(after=None, limit=9, only=frozenset(accounts))
            return Sight(frozenset(one.channel_id for one in rows), {one.id: one for one in rows})

    admin.web.app.state.slack_sign_in = Channels()
    teammate = await admin.teammate(Role.AGENT)
    async with admin.web.store.begin(teammate.workspace_id) as uow:
        (await uow.members.lock(teammate.id)).slack_user_id = SlackUserId("U0BOUND")
    return await admin.enter(teammate, BY_SLACK)


class TestCommands:
    async def test_show_what_failed_apart_from_the_rest(self, admin: Admin, web: Web) -> None:
        id_, _ = await web.conversation(await web.account())
        async with web.store.begin(web.workspace_id) as uow:
            command = await enqueue_for_conversation(uow, system(web), id_, Archive())
            command.state, command.detail = CommandState.FAILED, "The server said NO."
        person = await admin.person(Role.AGENT)

        assert "The server said NO." in (await person.get("/commands?state=failed")).text
        assert "The server said NO." not in (await person.get("/commands?state=queued")).text
        assert (await person.get("/commands?state=x&account=y&cursor=")).status_code in {200, 400}
