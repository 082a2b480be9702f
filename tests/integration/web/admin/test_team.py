"""Roles, invitations and what people do with their own sign-in."""

import re

import pyotp

from app.core.access import Role
from tests.fixtures.admin import PASSWORD, Admin, Person, csrf_in
from tests.fixtures.web import Web


async def role_of(web: Web, person: Person) -> Role | None:
    async with web.store.begin(person.workspace_id) as uow:
        return (await uow.members.lock(person.teammate_id)).role


class TestRoles:
    async def test_above_ones_own_cannot_be_given_or_taken(self, admin: Admin, web: Web) -> None:
        owner, boss = await admin.person(Role.OWNER), await admin.person(Role.ADMIN)
        agent = await admin.person(Role.AGENT)

        await boss.post(f"/team/{agent.teammate_id}/role", role="owner")
        await boss.post(f"/team/{boss.teammate_id}/role", role="owner")
        await boss.post(f"/team/{owner.teammate_id}/role", role="viewer")
        await boss.post(f"/team/{owner.teammate_id}/bar")

        assert await role_of(web, agent) is Role.AGENT
        assert await role_of(web, boss) is Role.ADMIN
        assert await role_of(web, owner) is Role.OWNER
        assert (await owner.get("/")).status_code == 200
        assert (await boss.post("/team/invite", role="owner", note="")).status_code == 422

    async def test_of_the_last_owner_stays(self, admin: Admin, web: Web) -> None:
        owner = await admin.person(Role.OWNER)

        await owner.post(f"/team/{owner.teammate_id}/role", role="viewer")
        await owner.post(f"/team/{owner.teammate_id}/bar")

        assert await role_of(web, owner) is Role.OWNER
        assert (await owner.get("/")).status_code == 200

    async def test_can_be_handed_on(self, admin: Admin, web: Web) -> None:
        owner, agent = await admin.person(Role.OWNER), await admin.person(Role.AGENT)

        await owner.post(f"/team/{agent.teammate_id}/role", role="owner")
        await agent.post(f"/team/{owner.teammate_id}/role", role="viewer")

        assert await role_of(web, owner) is Role.VIEWER
        assert (await owner.get("/team")).status_code == 403

    async def test_of_somebody_who_is_shut_out_end_their_sessions(
        self, admin: Admin, web: Web
    ) -> None:
        owner, agent = await admin.person(Role.OWNER), await admin.person(Role.AGENT)

        await owner.post(f"/team/{agent.teammate_id}/bar")

        assert (await agent.get("/")).status_code == 303
        await owner.post(f"/team/{agent.teammate_id}/let-back")
        assert (await agent.get("/")).status_code == 303
        async with web.store.begin(web.workspace_id) as uow:
            acts = [one.act for one in await uow.audit.page(before=None, limit=9)]
        assert acts == ["team.let_back", "team.barred"]


class TestAnInvitation:
    async def test_lets_one_person_in_as_what_it_says(self, admin: Admin) -> None:
        owner = await admin.person(Role.OWNER)
        page = (await owner.post("/team/invite", role="viewer", note="Cleo")).text
        (path,) = set(re.findall(r"/join/[\w-]{43}", page))
        browser = admin.browser()
        fields = {"name": "Cleo", "email": "cleo@example.com", "password": PASSWORD}
        csrf = csrf_in((await browser.get(path)).text)

        answer = await browser.post(path, data={"csrf": csrf, **fields})

        assert answer.headers["location"] == "/"
        assert (await browser.get("/accounts")).status_code == 200
        assert (await browser.get("/team")).status_code == 403
        assert (await admin.browser().get(path)).status_code == 404

    async def test_that_was_withdrawn_lets_nobody_in(self, admin: Admin, web: Web) -> None:
        owner = await admin.person(Role.OWNER)
        page = (await owner.post("/team/invite", role="viewer", note="Cleo")).text
        (path,) = set(re.findall(r"/join/[\w-]{43}", page))
        async with web.store.begin(web.workspace_id) as uow:
            (row,) = await uow.members.open_invitations(now=web.container.clock.now())

        await owner.post(f"/team/invitations/{row.id}/withdraw")

        assert (await admin.browser().get(path)).status_code == 404
        assert "Cleo" not in (await owner.get("/team")).text


class TestAPassword:
    async def test_is_changed_by_who_knows_it_and_ends_other_sessions(self, admin: Admin) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        here, there = await admin.enter(teammate), await admin.enter(teammate)
        new = "another four words"

        wrong = await here.post("/profile/password", current="not it at all", password=new)
        assert wrong.status_code == 422
        assert 'id="f-current-error"' in wrong.text
        weak = await here.post("/profile/password", current=PASSWORD, password="aaaaaaaaaaaaaa")
        assert 'id="f-password-error"' in weak.text
        good = await here.post("/profile/password", current=PASSWORD, password=new)

        assert good.status_code == 303
        assert (await here.get("/")).status_code == 200
        assert (await there.get("/")).status_code == 303


class TestASecondFactor:
    async def test_is_turned_on_used_recovered_and_turned_off(self, admin: Admin, web: Web) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        ana = await admin.enter(teammate)
        page = (await ana.get("/profile/second-factor")).text
        (secret,) = re.findall(r"<code>([A-Z2-7 ]{32,})</code>", page)
        assert "<svg" in page
        now = web.container.clock.now()
        code = pyotp.TOTP(secret.replace(" ", "")).at(now)
        for given in ({"current": PASSWORD, "code": "abc"}, {"current": "not it", "code": code}):
            wrong = await ana.post("/profile/second-factor", **given)
            assert wrong.status_code == 422
        assert "off: whoever learns your password" in (await ana.get("/profile")).text

        shown = await ana.post("/profile/second-factor", current=PASSWORD, code=code)

        codes = re.findall(r"<li>([a-z2-9]{5}(?:-[a-z2-9]{5}){2})</li>", shown.text)
        assert len(codes) == len(set(codes)) == 10
        tries = []
        for code in (codes[0].upper().replace("-", " "), codes[0]):
            browser = admin.browser()
            csrf = csrf_in((await browser.get("/sign-in")).text)
            fields = {"csrf": csrf, "email": "ana@example.com", "password": PASSWORD}
            await browser.post("/sign-in", data=fields)
            answer = await browser.post("/sign-in/code", data={"csrf": csrf, "code": code})
            tries.append(answer.status_code)
        assert tries == [303, 422]
        await ana.post("/profile/second-factor/remove", current="not it at all")
        assert "9 recovery codes left" in (await ana.get("/profile")).text
        await ana.post("/profile/second-factor/remove", current=PASSWORD)
        assert "off: whoever learns your password" in (await ana.get("/profile")).text


class TestSessions:
    async def test_are_listed_and_can_be_ended(self, admin: Admin, web: Web) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        here, there = await admin.enter(teammate), await admin.enter(teammate)
        async with web.store.begin(web.workspace_id) as uow:
            found = await uow.members.sessions(
                teammate.id, seen_after=teammate.created_at, now=web.container.clock.now()
            )
        assert len(found) == 2

        page = (await here.get("/profile")).text
        assert page.count("from 192.0.2.1") + page.count("from 127.0.0.1") == 2
        (other,) = re.findall(r"/profile/sessions/([0-9a-f-]{36})/end", page)
        await here.post(f"/profile/sessions/{other}/end")

        assert (await there.get("/")).status_code == 303
        assert (await here.get("/")).status_code == 200
