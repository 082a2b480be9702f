"""What holds for every route of the admin, as the app itself lists them."""

import itertools
import re
from collections.abc import Iterator

from fastapi.routing import APIRoute

from app.core.access import Role
from app.core.ids import new_id
from app.web.admin import live, site
from app.web.admin.visitor import guest
from tests.fixtures.admin import Admin
from tests.fixtures.web import Web

FOR_ANYBODY = {
    "/sign-in", "/sign-in/code", "/join/{secret}", "/sign-in/slack", "/sign-in/slack/callback",
}  # fmt: skip
SAFE = {"GET", "HEAD"}


def routes() -> Iterator[tuple[str, APIRoute]]:
    for module in (*site.PAGES, live):
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                yield method, route


def role_of(route: APIRoute) -> Role | None:
    """The role that a route's signature asks for; None is a route for anybody."""
    calls = [one.call for one in route.dependant.dependencies]
    if guest in calls:
        return None
    (role,) = [getattr(call, "role") for call in calls if hasattr(call, "role")]  # noqa: B009 -- of a function
    return Role(role)


def filled(path: str) -> str:
    """With ids that are nobody's."""
    return re.sub(r"{(\w+)}", lambda found: str(new_id()) if "id" in found[1] else "1", path)


CHANGING = [(method, route.path) for method, route in routes() if method not in SAFE]
READING = [(method, route.path) for method, route in routes() if method == "GET"]


class TestRoles:
    def test_stand_in_every_signature(self) -> None:
        assert {route.path for _, route in routes() if role_of(route) is None} == FOR_ANYBODY

    async def test_below_what_is_needed_are_refused(self, admin: Admin) -> None:
        people = {role: await admin.person(role) for role in Role}

        for method, route in routes():
            needed = role_of(route)
            for role, person in people.items():
                if needed is None or role.includes(needed):
                    continue
                answer = await person.client.request(
                    method, filled(route.path), headers={"X-CSRF-Token": person.csrf}
                )

                assert answer.status_code == 403, (method, route.path, role)
                assert f"you are {'an' if role[0] in 'ao' else 'a'} {role}" in answer.text

    async def test_none_at_all_leads_to_signing_in(self, admin: Admin) -> None:
        browser = admin.browser()

        for method, route in routes():
            if role_of(route) is not None:
                answer = await browser.request(method, filled(route.path))

                assert answer.status_code == 303, (method, route.path)
                assert answer.headers["location"].startswith("/sign-in")

    async def test_taken_away_count_from_the_next_click_on(self, admin: Admin, web: Web) -> None:
        person = await admin.person(Role.ADMIN)
        path = next(
            r.path
            for m, r in routes()
            if m == "GET" and role_of(r) is Role.ADMIN and "{" not in r.path
        )
        assert (await person.get(path)).status_code == 200
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.members.lock(person.teammate_id)).role = Role.VIEWER

        assert (await person.get(path)).status_code == 403


class TestForms:
    async def test_from_elsewhere_change_nothing(self, admin: Admin) -> None:
        person = await admin.person(Role.OWNER)
        stranger = await admin.person(Role.OWNER)
        good = {"X-CSRF-Token": person.csrf}
        wrongs: list[dict[str, str]] = [
            {},
            {"X-CSRF-Token": ""},
            {"X-CSRF-Token": "0" * 64},
            {"X-CSRF-Token": stranger.csrf},
            {**good, "Origin": "https://evil.example"},
            {**good, "Origin": "null"},
            {**good, "Origin": "http://sharedbox.test.evil.example"},
            {**good, "Sec-Fetch-Site": "cross-site"},
            {**good, "Sec-Fetch-Site": "same-site"},
        ]

        assert len(CHANGING) >= 15
        for (method, path), headers in itertools.product(CHANGING, wrongs):
            answer = await person.client.request(method, filled(path), headers=headers)

            assert answer.status_code == 403, (method, path, headers)
            assert "not sent from a page of SharedBox" in answer.text

    async def test_with_the_token_in_the_address_are_refused(self, admin: Admin) -> None:
        person = await admin.person()

        answer = await person.client.post(f"/sign-out?csrf={person.csrf}")

        assert answer.status_code == 403

    async def test_of_ours_are_taken(self, admin: Admin) -> None:
        for origin in ("http://sharedbox.test", "http://127.0.0.1:8000"):
            person = await admin.person()
            headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}

            answer = await person.client.post(
                "/sign-out", data={"csrf": person.csrf}, headers=headers
            )

            assert answer.status_code == 303, origin


class TestHeaders:
    async def test_of_pages_let_nothing_run_and_nobody_frame(self, admin: Admin) -> None:
        person = await admin.person()

        for _, path in READING:
            if path == "/live":
                continue
            answer = await person.get(filled(path))
            policy = answer.headers["content-security-policy"]

            assert "'unsafe" not in policy, path
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            if answer.headers.get("content-type", "").startswith("text/html"):
                # Without a referrer at all, browsers send the Origin “null” with our own forms.
                assert answer.headers["referrer-policy"] == "same-origin"
                assert "HX-Request" in answer.headers["vary"]

    async def test_of_pages_hold_nothing_inline(self, admin: Admin) -> None:
        person = await admin.person()

        for _, path in READING:
            if path == "/live":
                continue
            text = (await person.get(filled(path))).text

            assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), path


class TestErrors:
    async def test_are_pages_in_words(self, admin: Admin) -> None:
        person = await admin.person()

        answer = await person.get("/there/is/no/such/page")

        assert answer.status_code == 404
        assert "<h1>Not found</h1>" in answer.text

    async def test_of_somebody_who_is_signed_in_have_the_menu(self, admin: Admin) -> None:
        person = await admin.person(Role.VIEWER)

        answer = await person.get("/keys")

        assert "<h1>Not allowed</h1>" in answer.text
        assert "Overview" in answer.text

    async def test_of_the_api_stay_problems(self, admin: Admin) -> None:
        answer = await admin.browser().get("/api/v1/accounts")

        assert answer.status_code == 401
        assert answer.json()["status"] == 401
