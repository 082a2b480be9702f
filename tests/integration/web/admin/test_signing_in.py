"""Getting in: by the first link, by an invitation, by password and second factor."""

from datetime import timedelta

import pyotp
import pytest

from app.core.access import Role
from app.core.errors import NotFound
from app.team import joining
from app.team.patience import TooSoon, left_of, place_of, wait_after
from app.team.sessions import Place
from app.team.sign_in import NotYou, Person, check_code, check_password
from tests.fixtures.admin import PASSWORD, QUICK, Admin, csrf_in
from tests.fixtures.web import Web

NAME = "sharedbox_session"


class TestNobody:
    async def test_is_sent_to_sign_in_and_back(self, admin: Admin) -> None:
        browser = admin.browser()

        answer = await browser.get("/?a=1")

        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")

    async def test_is_told_by_htmx_to_load_the_page(self, admin: Admin) -> None:
        answer = await admin.browser().get("/", headers={"HX-Request": "true"})

        assert answer.headers["hx-redirect"] == "/sign-in"

    async def test_is_told_where_the_first_link_is(self, admin: Admin) -> None:
        page = await admin.browser().get("/sign-in")

        assert page.status_code == 200
        assert "sharedbox owner" in page.text


class TestTheFirstLink:
    async def test_makes_the_owner_once(self, admin: Admin, web: Web) -> None:
        secret = await joining.first_link(web.store, now=web.container.clock.now())
        other = await joining.first_link(web.store, now=web.container.clock.now())
        assert secret is not None
        browser = admin.browser()
        page = await browser.get(f"/join/{secret}")
        assert "You are the first one here" in page.text
        fields = {
            "csrf": csrf_in(page.text),
            "name": "Ana Ruiz",
            "email": "ana@example.com",
            "password": PASSWORD,
        }

        answer = await browser.post(f"/join/{secret}", data=fields)

        assert (answer.status_code, answer.headers["location"]) == (303, "/start")
        assert (await browser.get("/")).status_code == 200
        assert await joining.first_link(web.store, now=web.container.clock.now()) is None
        for used in (secret, other):
            assert (await admin.browser().get(f"/join/{used}")).status_code == 404

    async def test_is_worth_nothing_once_there_is_an_owner(self, admin: Admin, web: Web) -> None:
        now = web.container.clock.now()
        secret = await joining.first_link(web.store, now=now)
        assert secret is not None
        invitation = await joining.find(web.store, secret, now=now)
        await admin.teammate(Role.OWNER, email="ana@example.com")
        late = joining.Newcomer("Eve", "eve@example.com", "a digest")

        assert (await admin.browser().get(f"/join/{secret}")).status_code == 404
        with pytest.raises(NotFound):
            async with web.store.begin(web.workspace_id) as uow:
                await joining.join(uow, invitation.id, late, now=now)

    async def test_says_what_is_wrong_at_the_field(self, admin: Admin, web: Web) -> None:
        secret = await joining.first_link(web.store, now=web.container.clock.now())
        browser = admin.browser()
        csrf = csrf_in((await browser.get(f"/join/{secret}")).text)
        wrongs = {
            "name": ({"name": " "}, "A name has 1 to"),
            "email": ({"email": "nobody"}, "not a mail address"),
            "password": ({"password": "short"}, "12 to 200"),
        }

        for field, (wrong, words) in wrongs.items():
            good = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
            answer = await browser.post(f"/join/{secret}", data={"csrf": csrf, **good, **wrong})

            assert answer.status_code == 422
            assert f'id="f-{field}-error"' in answer.text
            assert words in answer.text


class TestAPassword:
    async def test_that_is_wrong_and_an_address_that_nobody_has_are_told_the_same(
        self, admin: Admin
    ) -> None:
        await admin.teammate(email="ana@example.com")
        browser = admin.browser()
        csrf = csrf_in((await browser.get("/sign-in")).text)
        said = set()

        for email in ("ana@example.com", "nobody@example.com"):
            fields = {"csrf": csrf, "email": email, "password": "not the right one"}
            answer = await browser.post("/sign-in", data=fields)

            assert answer.status_code == 422
            assert NAME not in answer.headers.get("set-cookie", "")
            said.add(answer.text.replace(email, ""))
        assert len(said) == 1

    async def test_lets_in_with_a_new_secret(self, admin: Admin) -> None:
        await admin.teammate(email="ana@example.com")
        browser = admin.browser()
        csrf = csrf_in((await browser.get("/sign-in")).text)
        planted = "x" * 43
        browser.cookies.set(NAME, planted)
        fields = {"csrf": csrf, "email": "ANA@example.com", "password": PASSWORD, "next": "/?a=1"}

        answer = await browser.post("/sign-in", data=fields)

        assert (answer.status_code, answer.headers["location"]) == (303, "/?a=1")
        (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(NAME)]
        assert planted not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie

    async def test_of_somebody_who_is_barred_does_not(self, admin: Admin, web: Web) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        person = await admin.enter(teammate)
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.members.lock(teammate.id)).barred_at = web.container.clock.now()
        browser = admin.browser()
        csrf = csrf_in((await browser.get("/sign-in")).text)
        fields = {"csrf": csrf, "email": "ana@example.com", "password": PASSWORD}

        assert (await browser.post("/sign-in", data=fields)).status_code == 422
        assert (await person.get("/")).status_code == 303

    async def test_leads_nowhere_but_here(self, admin: Admin) -> None:
        await admin.teammate(email="ana@example.com")
        for wanted in (
            "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example",
            "\\\\evil.example", "javascript:alert(1)", "/\n/evil.example", "",
        ):  # fmt: skip
            browser = admin.browser()
            csrf = csrf_in((await browser.get("/sign-in")).text)
            fields = {"email": "ana@example.com", "password": PASSWORD, "next": wanted}

            answer = await browser.post("/sign-in", data={"csrf": csrf, **fields})

            assert answer.headers["location"] == "/", wanted


class TestPatience:
    async def test_grows_with_each_failure_and_keeps_nobody_else_out(self, admin: Admin) -> None:
        await admin.teammate(email="ana@example.com")
        browser = admin.browser()
        csrf = csrf_in((await browser.get("/sign-in")).text)
        fields = {"csrf": csrf, "email": "ana@example.com"}
        for _ in range(5):
            await browser.post("/sign-in", data={**fields, "password": "not the right one"})

        refused = await browser.post("/sign-in", data={**fields, "password": PASSWORD})

        assert refused.status_code == 429
        assert "Try again in" in refused.text
        await admin.teammate(email="ben@example.com", name="Ben")
        answer = await browser.post(
            "/sign-in", data={"csrf": csrf, "email": "ben@example.com", "password": PASSWORD}
        )
        assert answer.status_code == 303

    async def test_slows_nobody_down_in_a_house_where_all_sign_in_rightly(
        self, admin: Admin, web: Web
    ) -> None:
        emails = [f"one{n}@example.com" for n in range(3)]
        for email in emails:
            await admin.teammate(email=email)
        now, office = web.container.clock.now(), Place("203.0.113.7", "a browser")

        for n in range(60):
            await check_password(web.store, QUICK, emails[n % 3], PASSWORD, office, now=now)

        with pytest.raises(NotYou):
            await check_password(web.store, QUICK, "nobody@x.example", "wrong", office, now=now)

    async def test_counts_the_codes_of_one_person_from_wherever_they_come(
        self, admin: Admin, web: Web
    ) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        person = Person(web.workspace_id, teammate.id, needs_code=True)
        now, refused = web.container.clock.now(), 0

        for n in range(25):
            place = Place(f"2001:db8:0:{n}::1", "a browser")
            try:
                await check_code(web.store, web.container.vault, person, "no code", place, now=now)
            except TooSoon:
                refused += 1
            except NotYou:
                pass

        assert refused == 5

    def test_fades_while_nobody_tries(self) -> None:
        hours = [timedelta(hours=n) for n in (0, 1, 12, 25)]

        assert [left_of(50, quiet) for quiet in hours] == [50, 48, 26, 0]
        assert left_of(3, timedelta(hours=2)) == 0
        assert left_of(3, -timedelta(hours=2)) == 3

    def test_is_none_at_first_and_has_a_limit(self) -> None:
        waits = [wait_after(failures, 5).total_seconds() for failures in (1, 4, 5, 6, 7, 500)]

        assert waits == [0, 0, 2, 4, 8, timedelta(minutes=15).total_seconds()]

    def test_takes_a_network_of_ipv6_for_one_place(self) -> None:
        assert place_of("2001:db8:1:2::a") == place_of("2001:db8:1:2:ffff::b")
        assert place_of("2001:db8:1:2::a") != place_of("2001:db8:1:3::a")
        assert place_of("::ffff:192.0.2.1") == place_of("192.0.2.1")
        assert place_of("fe80::1%eth0") == place_of("fe80::2")
        assert place_of("testclient") == "testclient"


class TestTheSecondFactor:
    async def test_is_asked_for_and_taken_once(self, admin: Admin, web: Web) -> None:
        teammate = await admin.teammate(email="ana@example.com")
        secret = pyotp.random_base32()
        now = web.container.clock.now()
        async with web.store.begin(web.workspace_id) as uow:
            login = await uow.members.lock_login(teammate.id)
            assert login is not None
            login.totp_secret, login.totp_since = web.container.vault.seal(secret), now
        code = pyotp.TOTP(secret).at(now)

        answers = []
        for given in ("000 000" if code != "000000" else "111111", code, code):
            browser = admin.browser()
            csrf = csrf_in((await browser.get("/sign-in")).text)
            fields = {"csrf": csrf, "email": "ana@example.com", "password": PASSWORD}
            asked = await browser.post("/sign-in", data=fields)
            assert asked.headers["location"] == "/sign-in/code"
            assert (await browser.get("/")).status_code == 303
            csrf = csrf_in((await browser.get("/sign-in/code")).text)
            answer = await browser.post("/sign-in/code", data={"csrf": csrf, "code": given})
            answers.append(answer.status_code)

        assert answers == [422, 303, 422]

    async def test_cannot_be_reached_without_the_password(self, admin: Admin) -> None:
        browser = admin.browser()
        csrf = csrf_in((await browser.get("/sign-in")).text)
        browser.cookies.set("sharedbox_pending", "forged")

        answer = await browser.post("/sign-in/code", data={"csrf": csrf, "code": "123456"})

        assert answer.headers["location"] == "/sign-in"


class TestSigningOut:
    async def test_ends_the_session_for_good(self, admin: Admin) -> None:
        person = await admin.person(Role.VIEWER)

        answer = await person.post("/sign-out")

        assert answer.headers["location"] == "/sign-in"
        person.client.cookies.set(NAME, person.secret)
        assert (await person.get("/")).status_code == 303
