"""The page on which somebody lets an app into their workspace, or signs in to it as themselves.

`/oauth/v2/authorize` asks for the former, `/openid/connect/authorize` for the latter.
Whoever comes chooses the workspace and who they are; a real Slack knows both. What is sent back is
what Slack sends back: a code and the state, or `error=access_denied`.
"""

import html
import secrets
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sandbox.slack.site import Site
from app.sandbox.slack.wire import Refused

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Install {app} · local emulator</title>
<link rel="stylesheet" href="/page/consent.css"></head><body><main>
<p class="local">A local emulator, and not Slack.</p>
<h1>{app} asks to be let in</h1>
<form method="post"><input type="hidden" name="ticket" value="{ticket}">
<label>Workspace <select name="who">{people}</select></label>
<h2>It will be able to use</h2><ul>{scopes}</ul>
<button name="decision" value="allow" class="primary">Allow</button>
<button name="decision" value="deny">Cancel</button></form></main></body></html>"""


class Consent:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._tickets: dict[str, dict[str, str]] = {}
        both = ["GET", "POST"]
        self.routes = [
            Route(path, self._authorize, methods=both)
            for path in ("/oauth/v2/authorize", "/openid/connect/authorize")
        ]

    async def _authorize(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._decide(request)
        query = {name: str(value) for name, value in request.query_params.items()}
        if (problem := self._problem(query)) is not None:
            return PlainTextResponse(problem, 400)
        ticket = secrets.token_urlsafe(24)
        self._tickets = {ticket: query}
        people = "".join(
            f'<option value="{one.workspace.team_id}/{person.id}">'
            f"{html.escape(one.workspace.seed.team)}: {html.escape(person.real_name)}</option>"
            for one in sorted(self._site.emulators, key=lambda one: one.is_installed)
            for person in one.workspace.people.values()
            if not person.bot
        )
        scopes = "".join(f"<li>{html.escape(one)}</li>" for one in sorted(_scopes(query)))
        name = html.escape(self._site.home.workspace.seed.app.name)
        page = _PAGE.format(app=name, people=people, scopes=scopes, ticket=ticket)
        return HTMLResponse(page, headers=dict(_HEADERS))

    def _problem(self, query: dict[str, str]) -> str | None:
        if query.get("client_id") != self._site.client_id:
            return "invalid_client_id"
        if not _scopes(query):
            return "invalid_scope: no scopes were asked for"
        known, wanted = self._site.redirect_uris, query.get("redirect_uri", "")
        if urlsplit(wanted).scheme not in {"http", "https"} or (known and wanted not in known):
            return "bad_redirect_uri"
        return None

    async def _decide(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        query = self._tickets.pop(given.get("ticket", ""), None)
        if query is None:
            return PlainTextResponse("This page was used before.", 400)
        answer = {"state": query["state"]} if "state" in query else {}
        if given.get("decision") != "allow":
            answer |= {"error": "access_denied"}
        else:
            team_id, _, user = given.get("who", "").partition("/")
            try:
                emulator = self._site.of_team(team_id)
                person = emulator.workspace.person(user)
            except Refused as refused:
                return PlainTextResponse(refused.error, 400)
            scopes, redirect_uri = _scopes(query), query["redirect_uri"]
            nonce = query.get("nonce", "")
            answer["code"] = self._site.give_code(emulator, person.id, scopes, redirect_uri, nonce)
        joined = "&" if urlsplit(query["redirect_uri"]).query else "?"
        return RedirectResponse(f"{query['redirect_uri']}{joined}{urlencode(answer)}", 302)


def _scopes(query: dict[str, str]) -> frozenset[str]:
    """Parted by commas, and for OpenID Connect by spaces."""
    return frozenset(query.get("scope", "").replace(",", " ").split())
