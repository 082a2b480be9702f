"""A member by password who is in Slack as well: connected in a browser, and one person then."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func
from sqlmodel import col, select

from app.commands.assign import assign
from app.commands.notes import keep_note
from app.commands.undo import undo
from app.core.access import Actor, Origin, Role
from app.core.ids import SlackUserId, TeammateId, new_id
from app.sending.wording import put_signature
from app.store.models import Draft, Login, Rule, Teammate
from app.store.repositories.one_person import pointing_at_people
from app.store.unit_of_work import UnitOfWork
from app.team import sessions
from app.team.passwords import Passwords
from app.team.sessions import Place
from app.web.admin.visitor import token_of
from tests.fixtures.admin import PASSWORD
from tests.fixtures.slack_door import SlackDoor
from tests.integration.slack.test_people import audited, teammate
from tests.integration.slack.test_sign_in import COOKIE, agree, agreed, another_account


async def member(
    door: SlackDoor, browser: httpx.AsyncClient, role: Role = Role.AGENT, name: str = "Ana Torres"
) -> TeammateId:
    """Somebody who signed in by a password, in this browser."""
    kept = await Passwords().hash(PASSWORD)
    async with door.store.begin(door.feed.workspace.id) as uow:
        made = Teammate(
            id=TeammateId(new_id()), workspace_id=uow.workspace_id, name=name, role=role
        )
        uow.members.add(made)
        await uow.session.flush()
        login = Login(
            workspace_id=uow.workspace_id, teammate_id=made.id,
            email=f"{made.id}@example.com", password_hash=kept,
        )  # fmt: skip
        uow.members.add(login)
    await enter(door, browser, made)
    return made.id


async def enter(door: SlackDoor, browser: httpx.AsyncClient, who: Teammate) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        now = await uow.outgoing.time()
        secret = sessions.begin(uow, who, Place("192.0.2.1", "a test"), "password", now=now)
    browser.cookies.delete(COOKIE)
    browser.cookies.set(COOKIE, secret)


async def in_slack(door: SlackDoor, role: Role | None = None) -> TeammateId:
    """Ana, as the teammate that her clicks in Slack made of her."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        found = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ana"]), "ana")
        found.role = role
        return found.id


async def ask(browser: httpx.AsyncClient, path: str, password: str = PASSWORD) -> httpx.Response:
    form = {"csrf": token_of(browser.cookies[COOKIE]), "current": password}
    return await browser.post(path, data=form)


async def back_from_slack(door: SlackDoor, browser: httpx.AsyncClient) -> str:
    """Where Slack sends a browser back to that went there from the profile."""
    begun = await ask(browser, "/profile/slack")
    assert begun.status_code == 200, begun.text
    return await agree(door, browser, leads_to(begun))


def leads_to(page: httpx.Response) -> str:
    after = page.text.split('content="0;url=')[1]
    return after.split('"')[0].replace("&amp;", "&")


async def connect(door: SlackDoor, browser: httpx.AsyncClient) -> str:
    """Answers what the profile says afterwards."""
    answer = await browser.get(await back_from_slack(door, browser))
    assert answer.headers["location"] == "/profile"
    return (await browser.get("/profile")).text


async def people(door: SlackDoor) -> list[Teammate]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.teammates.page(after=None, limit=50))


async def in_transaction(door: SlackDoor, teammate_id: TeammateId, do: Any) -> Any:
    async with door.store.begin(door.feed.workspace.id) as uow:
        actor = Actor(uow.workspace_id, Origin.WEB, teammate_id=teammate_id, name="Ana Torres")
        return await do(uow, actor, await uow.outgoing.time())


class TestRefusals:
    async def test_without_the_password(self, door: SlackDoor, browser: httpx.AsyncClient) -> None:
        await member(door, browser)

        answer = await ask(browser, "/profile/slack", "another password")

        assert answer.status_code == 422
        assert "not your present password" in answer.text
        assert "set-cookie" not in answer.headers

    async def test_where_it_is_another_members(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        first = await member(door, browser, name="Ana Torres")
        assert "is connected" in await connect(door, browser)
        await member(door, browser, Role.OWNER, name="Ben Adler")

        said = await connect(door, browser)

        assert "belongs to another member already: Ana Torres" in said
        assert [(one.name, bool(one.slack_user_id)) for one in await people(door)] == [
            ("Ana Torres", True), ("Ben Adler", False),
        ]  # fmt: skip
        assert first not in {one.id for one in await people(door)}, "she is who Slack knows"

    async def test_where_one_was_shut_out(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        ana = await in_slack(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.members.lock(ana)).barred_at = await uow.outgoing.time()
        await member(door, browser)

        assert "may not sign in here any more" in await connect(door, browser)
        assert len(await people(door)) == 2

    async def test_where_one_would_become_more(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await in_slack(door, Role.OWNER)
        await member(door, browser, Role.ADMIN)

        assert "is an owner here, which is more than you are" in await connect(door, browser)
        assert len(await people(door)) == 2

    async def test_of_what_another_session_began(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        """Somebody has a colleague's browser finish what they began, at the same machine."""
        await member(door, browser)
        back = await back_from_slack(door, browser)
        other = await member(door, browser, name="Ben Adler")

        answer = await browser.get(back)

        assert answer.headers["location"] == "/profile"
        assert "begun in another session" in (await browser.get("/profile")).text
        assert {one.slack_user_id for one in await people(door)} == {None}
        assert other in {one.id for one in await people(door)}

    async def test_to_let_anybody_in_by_it(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await member(door, browser)
        back = await back_from_slack(door, browser)
        browser.cookies.delete(COOKIE)

        answer = await browser.get(back)

        assert COOKIE not in "".join(answer.headers.get_list("set-cookie"))
        assert COOKIE not in browser.cookies
        assert {one.slack_user_id for one in await people(door)} == {None}

    async def test_of_a_state_for_signing_in(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await member(door, browser)
        back = await agreed(door, browser)

        answer = await browser.get(back.replace("state=sign-in-", "state=connect-"))

        assert answer.headers["location"] == "/profile"
        assert "not begun in this browser" in (await browser.get("/profile")).text
        assert {one.slack_user_id for one in await people(door)} == {None}

    async def test_of_who_comes_by_slack_only(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await browser.get(await agreed(door, browser))

        assert (await ask(browser, "/profile/slack/disconnect")).status_code == 404
        assert "/profile/slack" not in (await browser.get("/profile")).text


class TestConnecting:
    async def test_makes_what_one_did_in_slack_ones_own(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await door.card("An order")
        id_, ana = door.id_of("An order"), await in_slack(door)

        async def act(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
            await assign(uow, actor, id_, ana, now=now)
            await keep_note(uow, actor, id_, "It is the blue one.")

        await in_transaction(door, ana, act)
        mine = await member(door, browser)

        assert "Your Slack account is connected." in await connect(door, browser)

        (who,) = await people(door)
        assert (who.id, who.name, who.role) == (ana, "Ana Torres", Role.AGENT)
        assert (await door.conversation("An order")).assignee_id == who.id
        page = (await browser.get(f"/conversations/{id_}")).text
        assert "It is the blue one." in page
        assert "Ana Torres" in page
        assert "team.slack_connected" in await audited(door)
        assert await points_at(door, mine) == []

    async def test_leaves_nothing_behind_of_what_one_did_here(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await door.card("An order")
        id_, mine = door.id_of("An order"), await member(door, browser)

        async def act(uow: UnitOfWork, actor: Actor, now: datetime) -> UUID:
            await assign(uow, actor, id_, mine, now=now)
            await keep_note(uow, actor, id_, "Mine.")
            await put_signature(uow, account_id=None, teammate_id=mine, text="Ana", html="")
            body = {"actions": [{"do": "assign", "teammate_id": str(mine)}]}
            await uow.rules.add(Rule(workspace_id=uow.workspace_id, name="Mine", body=body))
            to_nobody = await assign(uow, actor, id_, None, now=now)
            assert to_nobody is not None
            return to_nobody.id

        dropped = await in_transaction(door, mine, act)

        await connect(door, browser)

        (who,) = await people(door)
        assert await points_at(door, mine) == []
        async with door.store.begin(door.feed.workspace.id) as uow:
            (rule,) = await uow.rules.all()
            assert rule.body["actions"][0]["teammate_id"] == str(who.id)
            (signature,) = await uow.signatures.all()
            assert (signature.teammate_id, signature.text) == (who.id, "Ana")
            actor = Actor(uow.workspace_id, Origin.WEB, teammate_id=who.id, name=who.name)
            await undo(uow, actor, dropped, now=await uow.outgoing.time())
        assert (await door.conversation("An order")).assignee_id == who.id

    async def test_keeps_of_two_drafts_of_an_answer_the_later(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await door.card("An order")
        await door.card("A question")
        ana, mine = await in_slack(door), await member(door, browser)
        drafts = {
            "An order": {ana: ("older", 1), mine: ("newer", 2)},
            "A question": {ana: ("newer", 2), mine: ("older", 1)},
        }
        async with door.store.begin(door.feed.workspace.id) as uow:
            now = await uow.outgoing.time()
            for subject, of in drafts.items():
                conversation = await uow.conversations.get(door.id_of(subject))
                for who, (words, second) in of.items():
                    draft = Draft(
                        workspace_id=uow.workspace_id, account_id=conversation.account_id,
                        conversation_id=conversation.id, author_id=who,
                        content={"words": words}, updated_at=now.replace(second=second),
                    )  # fmt: skip
                    uow.session.add(draft)

        await connect(door, browser)

        async with door.store.begin(door.feed.workspace.id) as uow:
            kept = (await uow.session.exec(select(Draft))).all()
        assert [(one.author_id, one.content["words"]) for one in kept] == [(ana, "newer")] * 2

    async def test_ends_what_was_begun_as_somebody_who_may_do_less(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as by_slack:
            await by_slack.get(await agreed(door, by_slack))
            assert (await by_slack.get("/profile")).status_code == 200
            assert (await by_slack.get("/team")).status_code == 403
            await member(door, browser, Role.OWNER)

            assert "is connected" in await connect(door, browser)

            assert (await by_slack.get("/team")).status_code == 401
        assert (await browser.get("/team")).status_code == 200

    async def test_lets_one_sign_in_either_way(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        """By Slack an agent sees what Slack shows them; by a password what they saw before."""
        await another_account(door)
        await member(door, browser)
        await connect(door, browser)
        by_password = (await browser.get("/accounts")).text
        (who,) = await people(door)

        await browser.get(await agreed(door, browser))
        by_slack = (await browser.get("/accounts")).text

        assert ("secret@example.com" in by_password, "secret@example.com" in by_slack) == (
            True, False,
        )  # fmt: skip
        assert [one.id for one in await people(door)] == [who.id]

    async def test_to_whom_slack_makes_a_guest_leaves_the_password(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await member(door, browser)
        await connect(door, browser)

        door.slack.change_person("Ana", guest=True)
        await door.slack.until_delivered()

        assert (await browser.get("/accounts")).status_code == 200
        ana = await teammate(door)
        assert ana is not None
        assert ana.barred_at is None


class TestDisconnecting:
    async def test_leaves_what_one_did_and_ends_what_slack_began(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await member(door, browser)
        await connect(door, browser)
        (who,) = await people(door)
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as by_slack:
            await by_slack.get(await agreed(door, by_slack))
            assert (await by_slack.get("/profile")).status_code == 200

            answer = await ask(browser, "/profile/slack/disconnect")

            assert answer.headers["location"] == "/profile"
            assert (await by_slack.get("/profile")).status_code != 200
        assert "not connected any more" in (await browser.get("/profile")).text
        assert (who.id, None) in {(one.id, one.slack_user_id) for one in await people(door)}
        assert "team.slack_disconnected" in await audited(door)
        assert await in_slack(door) != who.id, "who comes by Slack next is somebody else"

    async def test_lets_nobody_do_more_in_slack_than_they_may(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        """Ana is an admin of the Slack workspace, which counts where nobody decided."""
        ts = await door.card("An order")
        await member(door, browser)
        await connect(door, browser)
        (who,) = await people(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.members.lock(who.id)).role = Role.VIEWER

        await ask(browser, "/profile/slack/disconnect")
        await door.slack.click("Ana", "support", ts, "conversation.done")
        await door.slack.run_command("Ana", "support", "/inbox emoji on")

        assert "You were made a viewer" in await door.told("Ana")
        assert (await door.conversation("An order")).status == "open"
        ana = await teammate(door)
        assert ana is not None
        assert (ana.id != who.id, ana.role) == (True, Role.VIEWER)
        async with door.store.begin(door.feed.workspace.id) as uow:
            channel = await uow.channels.find(door.feed.channel)
        assert channel is None or not channel.emoji_actions

    async def test_leaves_admins_in_slack_what_they_are_there(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await door.card("An order")
        await member(door, browser, Role.OWNER)
        await connect(door, browser)

        await ask(browser, "/profile/slack/disconnect")

        assert await teammate(door) is None, "nothing was decided about who comes by Slack next"


async def points_at(door: SlackDoor, who: TeammateId) -> list[str]:
    """The columns in which somebody is still named."""
    found = []
    async with door.store.begin(door.feed.workspace.id) as uow:
        for table, column in pointing_at_people():
            counted = select(func.count()).select_from(table).where(column == who)
            if (await uow.session.exec(counted)).one():
                found.append(str(column))
        is_there = select(Teammate.id).where(col(Teammate.id) == who)
        if (await uow.session.exec(is_there)).first():
            found.append("teammates.id")
    return found
