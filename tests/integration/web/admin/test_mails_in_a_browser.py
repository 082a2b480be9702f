"""Hostile mail in a real browser: nothing runs, nothing is asked for, nobody is led away."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from playwright.async_api import Frame, Page, Route, expect
from starlette.responses import Response

from app.core.access import Role
from app.mail.safe_html import make_safe
from app.mail.shown import ShownMail
from app.web.admin.frames import framed
from tests.fixtures.admin import Admin
from tests.fixtures.browser import Window, chromium, serving, window
from tests.fixtures.reading import Talk, html_mail
from tests.unit.mail.corpus import vectors

pytestmark = pytest.mark.browser
OURS = [
    '<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:99">over it all</div>',
    "<style>@import 'https://e.example/x.css'; * { background: url(https://e.example/y) }</style>",
    "<style>input[value^=a] { background: url(https://e.example/a) }</style>",
    '<p style="background:url(https://e.example/z)">x</p>',
    '<p style="width:expression(parent.ran=1)">x</p>',
    '<meta http-equiv="refresh" content="0;url=https://e.example/led">',
    '<base href="https://e.example/"><a href="x" id="led">x</a>',
    '<form action="https://e.example/sent" id="f"><input name="x" autofocus><button>Go</button>',
    '<label for="note">Click</label>',
    '<a id="document"></a><img name="body"><form name="location"></form>',
    "<svg onload=parent.ran=1><script>parent.ran=1</script></svg>",
    '<svg><a xlink:href="javascript:parent.ran=1"><text y="20">x</text></a></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror="parent.ran=1"></style></table></math>',
    '<img src="cid:nobody"><img src="cid:https://e.example/cid">',
    '<iframe src="data:text/html,<script>top.ran=1</script>"></iframe>',
    '<img src=x onerror="parent.ran=1"><body onload="parent.ran=1">',
    '<object data="https://e.example/o"></object><embed src="https://e.example/e">',
    '<link rel="stylesheet" href="https://e.example/l.css"><video src="https://e.example/v"></video>',
    '<img src="https://e.example/i.png"><img srcset="https://e.example/s 2x">',
    '<a href="https://e.example/p" ping="https://e.example/ping">x</a>',
    "<plaintext><script>parent.ran=1</script>",
]
LEAST = "<p>This stays to be read.</p>"


@dataclass
class Watch:
    """What a page and its frames did that they should not have."""

    own: str
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("request", lambda one: self._request(one.url))
        page.on("dialog", lambda one: self.dialogs.append(one.message))

    def _request(self, url: str) -> None:
        if not url.startswith((self.own, "data:")):
            self.asked.append(url)


@asynccontextmanager
async def reading(admin: Admin, raws: list[bytes]) -> AsyncIterator[tuple[Window, Watch, Talk]]:
    now = admin.web.container.clock.now()
    person = await admin.person(Role.AGENT)
    talk = await Talk.begin(admin.web, await admin.web.account(), now - timedelta(hours=1))
    for n, raw in enumerate(raws):
        await talk.mail(raw, now - timedelta(minutes=len(raws) - n))
    async with (
        serving(admin) as base,
        chromium() as browser,
        window(browser, base, person=person) as seen,
    ):
        watch = Watch(base)
        watch.follow(seen.page)
        yield seen, watch, talk


def mail_frame(page: Page) -> Frame:
    (found,) = [one for one in page.frames if "/frame" in one.url]
    return found


class TestAMailAsItWasSent:
    async def test_is_shown_with_the_pictures_it_brought(self, admin: Admin) -> None:
        raw = html_mail('<h1>Hello</h1><img id="x" src="cid:logo@acme" alt="Logo">')
        async with reading(admin, [raw]) as (seen, watch, talk):
            await seen.goto(f"/conversations/{talk.id}")
            frame = seen.page.frame_locator(".mail-frame")

            await expect(frame.get_by_role("heading", name="Hello")).to_be_visible()
            await expect(frame.get_by_role("img", name="Logo")).to_have_js_property(
                "naturalWidth", 1
            )
            assert (watch.asked, watch.dialogs, seen.complaints) == ([], [], [])

    async def test_has_no_origin_of_ours_and_runs_no_script(self, admin: Admin) -> None:
        async with reading(admin, [html_mail("<p>Hello</p>")]) as (seen, _, talk):
            await seen.goto(f"/conversations/{talk.id}")
            frame = seen.page.frame_locator(".mail-frame")
            await expect(frame.get_by_text("Hello")).to_be_visible()

            answer = await seen.page.request.get(mail_frame(seen.page).url)
            sandbox = await seen.page.locator(".mail-frame").get_attribute("sandbox")

            policy = answer.headers["content-security-policy"]
            assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
            assert "default-src 'none'" in policy
            assert "img-src data:;" in policy
            assert "script" not in policy
            assert sandbox == "allow-popups allow-popups-to-escape-sandbox"

    async def test_loads_pictures_from_elsewhere_only_where_somebody_asks(
        self, admin: Admin
    ) -> None:
        raw = html_mail('<p>Hello</p><img src="http://pictures.example/1.png" alt="An offer">')
        async with reading(admin, [raw]) as (seen, watch, talk):
            await seen.page.route(re.compile("pictures.example"), lambda route: route.abort())
            await seen.goto(f"/conversations/{talk.id}")
            frame = seen.page.frame_locator(".mail-frame")
            await expect(frame.get_by_text("1 picture from elsewhere not loaded.")).to_be_visible()
            assert watch.asked == []

            await seen.page.get_by_role("button", name="Show remote images…").click()
            await expect(seen.page.get_by_role("dialog")).to_contain_text("network address")
            assert await seen.violations() == []
            async with seen.page.expect_request(re.compile("pictures.example")) as asked:
                await seen.page.get_by_role("link", name="Show them").click()

            wanted = await asked.value
            assert wanted.url == "https://pictures.example/1.png"
            assert "referer" not in wanted.headers
            assert "cookie" not in wanted.headers

    async def test_opens_links_in_windows_that_cannot_reach_back(self, admin: Admin) -> None:
        raw = html_mail('<a href="https://shop.example/x">The shop</a>')
        async with reading(admin, [raw]) as (seen, _, talk):
            await seen.page.context.route(
                re.compile("shop.example"),
                lambda route: route.fulfill(body="<title>Shop</title>", content_type="text/html"),
            )
            await seen.goto(f"/conversations/{talk.id}")
            frame = seen.page.frame_locator(".mail-frame")
            async with seen.page.expect_popup() as opened:
                await frame.get_by_role("link", name="The shop").click()

            other = await opened.value
            await other.wait_for_load_state()
            assert other.url == "https://shop.example/x"
            assert await other.evaluate("() => window.opener") is None
            assert "/conversations/" in seen.page.url

    async def test_cannot_be_framed_by_others(self, admin: Admin) -> None:
        async with reading(admin, [html_mail("<p>Hello</p>")]) as (seen, _, talk):
            await seen.goto(f"/conversations/{talk.id}")
            await expect(
                seen.page.frame_locator(".mail-frame").get_by_text("Hello")
            ).to_be_visible()
            answer = await seen.page.request.get(mail_frame(seen.page).url)

            assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "SAMEORIGIN"
            assert answer.headers["referrer-policy"] == "no-referrer"


class TestHostileMail:
    async def test_that_we_thought_of_does_nothing(self, admin: Admin) -> None:
        raw = html_mail(LEAST + "<hr>".join(OURS))
        async with reading(admin, [raw]) as (seen, watch, talk):
            await seen.goto(f"/conversations/{talk.id}")
            frame = seen.page.frame_locator(".mail-frame")
            await expect(frame.get_by_text("This stays to be read.")).to_be_visible()

            assert await seen.page.evaluate("() => 'ran' in window") is False
            assert f"/conversations/{talk.id}" in seen.page.url
            assert (watch.asked, watch.dialogs) == ([], [])

    async def test_would_do_much_were_it_shown_as_it_is(self, admin: Admin) -> None:
        """So whoever watches here does see it."""
        async with chromium() as browser, window(browser, "http://127.0.0.1") as seen:
            watch = Watch("http://127.0.0.1")
            watch.follow(seen.page)
            await seen.page.route(re.compile("e.example"), lambda route: route.abort())
            async with seen.page.expect_request(re.compile("e.example/i.png")):
                await seen.page.set_content("<hr>".join(OURS[7:]), wait_until="domcontentloaded")

            await seen.page.wait_for_function("() => window.ran === 1")
            assert watch.asked

    async def test_made_to_pass_sanitisers_does_nothing(self, admin: Admin) -> None:
        """All vectors, in as many frames as one page bears, with images allowed and without."""
        async with vector_page(admin) as (seen, watch):
            frames = seen.page.locator("iframe")

            assert await frames.count() == len(batches())
            await expect(
                frames.last.content_frame.get_by_text("This stays to be read.").last
            ).to_be_visible()
            assert await seen.page.evaluate("() => 'ran' in window") is False
            assert (watch.asked, watch.dialogs) == ([], [])
            assert "alert" not in "".join(seen.complaints)


def batches() -> list[str]:
    found = vectors()
    return ["<hr>".join(found[n : n + 25]) for n in range(0, len(found), 25)]


@asynccontextmanager
async def vector_page(admin: Admin) -> AsyncIterator[tuple[Window, Watch]]:
    """The documents of frames exactly as our routes answer them, and around them a page of ours."""
    answers = {}
    for n, source in enumerate(batches()):
        safe = make_safe(source)
        shown = ShownMail(f"{LEAST}{safe.html}{LEAST}", safe.remote, safe.is_cut)
        answers[f"/frame-{n}"] = framed(shown, load_remote=False)
    async with serving(admin) as base, chromium() as browser, window(browser, base) as seen:
        watch = Watch(base)
        watch.follow(seen.page)
        for path, answer in answers.items():
            await seen.page.route(f"{base}{path}", partial(_fulfil, answer))
        inner = "".join(
            f'<iframe src="{path}" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
            for path in answers
        )
        await seen.page.route(
            f"{base}/around", lambda route: route.fulfill(body=inner, content_type="text/html")
        )
        await seen.goto("/around")
        yield seen, watch


async def _fulfil(answer: Response, route: Route) -> None:
    headers = {**answer.headers, "Content-Type": "text/html; charset=utf-8"}
    await route.fulfill(body=bytes(answer.body), headers=headers)


class TestFiles:
    async def test_are_saved_and_never_shown(self, admin: Admin) -> None:
        async with reading(admin, [html_mail("<p>Hello</p>", files=True)]) as (seen, _, talk):
            await seen.goto(f"/conversations/{talk.id}")
            link = seen.page.get_by_role("link", name=re.compile("offer.html"))
            path = await link.get_attribute("href")
            answer = await seen.page.request.get(f"{seen.base}{path}")

            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["content-disposition"].startswith(
                'attachment; filename="offer.html"'
            )
            async with seen.page.expect_download() as saved:
                await link.click()
            assert (await saved.value).suggested_filename == "offer.html"


class TestTheKeyboard:
    async def test_walks_opens_and_searches(self, admin: Admin) -> None:
        now = admin.web.container.clock.now()
        person, account = await admin.person(Role.AGENT), await admin.web.account()
        for n in range(3):
            await admin.web.conversation(
                account, subject=f"Subject {n}", last_message_at=now - timedelta(minutes=n)
            )
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=person) as seen,
        ):
            await seen.goto("/conversations")
            await seen.page.keyboard.press("j")
            await seen.page.keyboard.press("j")
            await expect(seen.page.get_by_role("link", name="Subject 1")).to_be_focused()
            await seen.page.keyboard.press("k")
            await expect(seen.page.get_by_role("link", name="Subject 0")).to_be_focused()
            await seen.page.keyboard.press("/")
            await expect(seen.page.get_by_role("searchbox")).to_be_focused()
            await seen.page.keyboard.type("jk")
            await expect(seen.page.get_by_role("searchbox")).to_have_value("jk")
            await seen.page.get_by_role("link", name="Subject 2").focus()
            await seen.page.keyboard.press("Enter")

            await expect(
                seen.page.get_by_role("heading", name="Subject 2", level=1)
            ).to_be_visible()
            assert seen.complaints == []
