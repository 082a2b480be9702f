"""Signing in to the admin with Slack, in a browser of our own, at the local workspace's page."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from app.core.access import Role
from app.core.ids import ChannelId, ConversationId, SlackUserId
from app.sending.wording import put_signature, put_template
from app.store.models import Account, PostKind, Route, Rule
from app.store.models.route import RouteKind
from app.store.new import NewPost
from tests import factories
from tests.fixtures.admin import csrf_in
from tests.fixtures.slack_door import SlackDoor

COOKIE = "sharedbox_session"
OURS = "support@example.com"


async def agreed(
    door: SlackDoor,
    browser: httpx.AsyncClient,
    user: str = "Ana",
    decision: str = "allow",
    wanted: str = "/accounts",
) -> str:
    """Where Slack sends the browser back to."""
    begun = await browser.get("/sign-in/slack", params={"next": wanted})
    assert begun.status_code == 303
    return await agree(door, browser, begun.headers["location"], user, decision)


async def agree(
    door: SlackDoor,
    browser: httpx.AsyncClient,
    asked: str,
    user: str = "Ana",
    decision: str = "allow",
) -> str:
    """What Slack's page asks for; answers where it sends the browser back to."""
    page = await browser.get(asked)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket, page.text
    who = f"{door.slack.team_id}/{door.slack.users[user]}"
    form = {"ticket": ticket[1], "who": who, "decision": decision}
    back = await browser.post(asked, data=form)
    return str(back.headers["location"])


async def said(browser: httpx.AsyncClient, answer: httpx.Response) -> str:
    """What the page says that a refused sign-in leads to."""
    assert answer.headers["location"] == "/sign-in"
    assert COOKIE not in "".join(answer.headers.get_list("set-cookie"))
    return (await browser.get("/sign-in")).text


class TestRefusals:
    async def test_of_a_state_that_this_browser_did_not_begin(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        back = await agreed(door, browser)
        browser.cookies.delete("sharedbox_slack")

        assert "not begun in this browser" in await said(browser, await browser.get(back))

    async def test_of_a_state_that_was_used(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        back = await agreed(door, browser)
        kept = browser.cookies["sharedbox_slack"]
        assert (await browser.get(back)).headers["location"] == "/accounts"
        browser.cookies.delete(COOKIE)
        browser.cookies.set("sharedbox_slack", kept)

        assert "not begun in this browser" in await said(browser, await browser.get(back))

    async def test_of_a_code_that_was_given_to_another_sign_in(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        async with httpx.AsyncClient(base_url=door.settings.base_url, timeout=20) as other:
            planted = parse_qs(urlsplit(await agreed(door, other, "Ben")).query)["code"][0]
        mine = urlsplit(await agreed(door, browser))
        query = {"state": parse_qs(mine.query)["state"][0], "code": planted}

        answer = await browser.get(f"{mine.path}?{urlencode(query)}")

        assert "not meant for this sign-in" in await said(browser, answer)

    async def test_of_who_cancelled(self, door: SlackDoor, browser: httpx.AsyncClient) -> None:
        back = await agreed(door, browser, decision="deny")

        assert "you cancelled it there" in await said(browser, await browser.get(back))

    async def test_of_a_guest(self, door: SlackDoor, browser: httpx.AsyncClient) -> None:
        back = await agreed(door, browser, "Ben")
        door.slack.emulator.workspace.person(door.slack.users["Ben"]).guest = True

        assert "Only full members" in await said(browser, await browser.get(back))

    async def test_of_a_workspace_that_is_not_connected(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        back = await agreed(door, browser)
        door.slack.emulator.workspace.team_id = "T0STRANGER"

        assert "is not connected to this SharedBox" in await said(browser, await browser.get(back))

    async def test_to_be_led_elsewhere(self, door: SlackDoor, browser: httpx.AsyncClient) -> None:
        back = await agreed(door, browser, wanted="//evil.example")

        assert (await browser.get(back)).headers["location"] == "/"


class TestSomebodyOfTheTeam:
    async def test_sees_the_accounts_of_their_channels_and_no_other(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        hidden = await another_account(door)
        await browser.get(await agreed(door, browser))

        page = await browser.get("/accounts")

        assert page.status_code == 200
        assert "support@example.com" in page.text
        assert "secret@example.com" not in page.text
        assert (await browser.get(f"/accounts/{hidden.id}")).status_code == 404
        assert (await browser.get("/team")).status_code == 403

    async def test_changes_and_removes_nothing_that_is_for_every_inbox(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            wanted = {"subject": "", "text": "Thanks.", "html": ""}
            template = await put_template(uow, None, account_id=None, name="Thanks", **wanted)
            signature = await put_signature(
                uow, account_id=None, teammate_id=None, text="Acme", html=""
            )
            account = (await uow.accounts.page(after=None, limit=1))[0]
        await browser.get(await agreed(door, browser))
        csrf = {"csrf": csrf_in((await browser.get("/templates/new")).text)}
        mine = {"name": "Thanks", "text": "Mine.", "account": str(account.id)}

        answers = [
            await browser.post(f"/templates/{template.id}", data={**csrf, **mine}),
            await browser.post(f"/templates/{template.id}/delete", data=csrf),
            await browser.post(f"/signatures/{signature.id}/delete", data=csrf),
        ]

        assert [one.status_code for one in answers] == [403, 403, 403]
        async with door.store.begin(door.feed.workspace.id) as uow:
            kept = await uow.templates.get(template.id)
            assert (kept.account_id, kept.text) == (None, "Thanks.")

    async def test_sees_of_an_account_what_stands_in_their_channels(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        shown, hidden = await two_of_an_account_that_is_routed_here(door)
        await browser.get(await agreed(door, browser))

        listed = (await browser.get("/conversations")).text
        pages = [await browser.get(f"/conversations/{one}") for one in (shown, hidden)]
        overview = (await browser.get("/")).text

        assert ("For all" in listed, "For a few" in listed) == (True, False)
        assert [one.status_code for one in pages] == [200, 404]
        assert str(hidden) not in overview

    async def test_is_told_no_number_of_mail_that_they_do_not_see(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        """An inbox whose mail goes elsewhere as well counts for nobody who is not there too."""
        await door.card("An order")
        await two_of_an_account_that_is_routed_here(door)
        await browser.get(await agreed(door, browser))
        async with door.store.begin(door.feed.workspace.id) as uow:
            accounts = {one.address: one for one in await uow.accounts.page(after=None, limit=9)}
        whole, part = (f"/accounts/{accounts[one].id}" for one in (OURS, "secret@example.com"))
        pages = {path: (await browser.get(path)).text for path in ("/", "/accounts", whole, part)}

        assert "1 inbox of which you see only what comes to your channels is not" in pages["/"]
        assert "1 mail in 24 hours" in pages["/"]
        assert pages["/accounts"].count("not shown: you see a part of its mail") == 1
        assert "mails accounted for" in pages[whole]
        assert "mails accounted for" not in pages[part]
        assert "so its counts are not shown" in pages[part]

    async def test_is_told_none_where_a_rule_sends_mail_elsewhere(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        body = {"actions": [{"do": "channel", "channel": "C0NOBODY"}]}
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.rules.add(Rule(workspace_id=uow.workspace_id, name="Away", body=body))
        await browser.get(await agreed(door, browser))

        overview, rules = [(await browser.get(path)).text for path in ("/", "/rules")]

        assert "mails missing" not in overview
        assert "Mail per hour" not in overview
        assert "not shown: you see a part of that mail" in rules

    async def test_who_is_an_admin_sees_all(
        self, door: SlackDoor, browser: httpx.AsyncClient
    ) -> None:
        await another_account(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            user = SlackUserId(door.slack.users["Ana"])
            (await uow.teammates.by_slack_user(user, "ana")).role = Role.ADMIN
        await browser.get(await agreed(door, browser))

        assert "secret@example.com" in (await browser.get("/accounts")).text


async def two_of_an_account_that_is_routed_here(
    door: SlackDoor,
) -> tuple[ConversationId, ConversationId]:
    """One that a route shows in the channel of everybody, and one that stands elsewhere."""
    account = await another_account(door)
    support = ChannelId(door.slack.channels["support"])
    async with door.store.begin(door.feed.workspace.id) as uow:
        uow.session.add(
            Route(
                workspace_id=uow.workspace_id,
                account_id=account.id,
                channel_id=support,
                kind=RouteKind.ALIAS,
                value="all@example.com",
            )
        )
        shown, hidden = (
            factories.conversation(uow.workspace_id, account.id, subject=subject)
            for subject in ("For all", "For a few")
        )
        await uow.conversations.add_all([shown, hidden])
        card = NewPost(
            workspace_id=uow.workspace_id,
            channel_id=support,
            kind=PostKind.CARD,
            conversation_id=shown.id,
        )
        await uow.posts.add_all([card])
        for one in (shown, hidden):
            uow.emit("note.added", account_id=account.id, conversation_id=one.id)
    return shown.id, hidden.id


async def another_account(door: SlackDoor) -> Account:
    """One whose mail goes where nobody is."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        row = factories.account(
            door.feed.workspace.id, address="secret@example.com", channel_id="C0NOBODY"
        )
        uow.accounts.add(row)
        return row
