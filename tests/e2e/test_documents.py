"""What the documents promise, done: the examples of the API, and the scopes of the Slack app."""

import json
import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import URL

from app.core.config import PROJECT_ROOT
from app.sandbox.mail.dovecot import DovecotInbox
from app.sandbox.slack.faults import FaultKind
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import AppSeed, Seed
from tests.fixtures.mailservers import mails
from tests.fixtures.sessions import mail
from tests.fixtures.stack import API_KEY, Stack, eventually, text_of

API = (PROJECT_ROOT / "docs" / "api.md").read_text()
MANIFEST: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "slack-manifest.yaml").read_text())


@dataclass(frozen=True, slots=True)
class Example:
    """One curl command of the page."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def examples(text: str, **variables: str) -> list[Example]:
    """The curl commands between the page's fences, as a shell would read them."""
    fenced = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    return [_example(command, variables) for command in _commands(fenced)]


def _commands(script: str) -> list[str]:
    """The commands of a script; one goes on where a quote is open or a backslash says so."""
    commands, lines = [], ""
    for line in script.splitlines():
        lines += f"{line}\n"
        if line.endswith("\\") or lines.count("'") % 2:
            continue
        if lines.startswith("curl "):
            commands.append(lines.replace("\\\n", ""))
        lines = ""
    return commands


def _example(command: str, variables: dict[str, str]) -> Example:
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = iter(shlex.split(command)[1:])
    method, url, headers, body = "GET", "", dict[str, str](), None
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = json.loads(next(words))
            case "-o":
                next(words)
            case _ if not word.startswith("-"):
                url = word
    return Example(method, url, headers, body)


class TestTheExamplesOfTheAPI:
    async def test_do_what_the_page_says(self, stack: Stack) -> None:
        known = {"SHAREDBOX": stack.settings.base_url, "KEY": API_KEY}
        known["CHANNEL"] = stack.account()["channel"]
        first = next(one for one in examples(API, **known) if "imap" in (one.body or {}))
        real = stack.account()
        body = {**first.body, **{name: real[name] for name in ("address", "imap", "channel")}}
        body["smtp"] = real["imap"]  # nothing is sent: it is taken back in its undo window

        async with httpx.AsyncClient(timeout=30) as client:
            made = await client.post(first.path, json=body, headers=first.headers)
            known["ACCOUNT"] = made.json()["id"]
            await stack.inbox.deliver(mail("Old news"))
            await self._until_live(stack, known["ACCOUNT"])
            await stack.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
            await stack.card("Invoice 4471")
            page = (await stack.api.get("/conversations", params={"q": "4471"})).json()
            known["CONVERSATION"] = page["items"][0]["id"]
            detail = (await stack.api.get(f"/conversations/{known['CONVERSATION']}")).json()
            known["MESSAGE"] = detail["messages"][0]["id"]
            asked = {"type": "flag", "conversation_id": known["CONVERSATION"]}
            known["COMMAND"] = (await stack.api.post("/commands", json=asked)).json()["id"]
            reply = {
                "account_id": known["ACCOUNT"],
                "conversation_id": known["CONVERSATION"],
                "mode": "reply",
                "text": "You are right.",
            }
            known["OUTGOING"] = (await stack.api.post("/outgoing", json=reply)).json()["id"]
            await self._until_done(stack, known["COMMAND"])
            answers = [await self._run(client, one) for one in self._in_order(known)]

        assert made.status_code == 201
        refused = [(what, status) for what, status in answers if not 200 <= status < 300]
        assert refused == [
            # Nothing is wrong with the account, so there is nothing to try again.
            (f"POST {stack.api.base_url}accounts/{known['ACCOUNT']}/retry", 409)
        ]
        assert len(answers) == len(examples(API)) - 1

    def _in_order(self, known: dict[str, str]) -> list[Example]:
        """The page's other examples; the one that removes everything comes last."""
        rest = [one for one in examples(API, **known) if "imap" not in (one.body or {})]
        return sorted(
            rest, key=lambda one: one.path.endswith(known["ACCOUNT"]) and one.body is None
        )

    async def _run(self, client: httpx.AsyncClient, one: Example) -> tuple[str, int]:
        body = {"json": one.body} if one.body is not None else {}
        async with client.stream(one.method, one.path, headers=one.headers, **body) as answer:
            if not one.path.partition("?")[0].endswith("/stream"):
                await answer.aread()
        return f"{one.method} {one.path}", answer.status_code

    async def _until_live(self, stack: Stack, account_id: str) -> None:
        async def is_live() -> bool:
            answer = await stack.api.get(f"/accounts/{account_id}")
            return bool(answer.json()["state"] == "live")

        await eventually(is_live)

    async def _until_done(self, stack: Stack, command_id: str) -> None:
        async def is_done() -> bool:
            answer = await stack.api.get(f"/commands/{command_id}")
            return bool(answer.json()["state"] == "done")

        await eventually(is_done)


class TestTheScopesOfTheManifest:
    @pytest.fixture
    async def bounded(
        self, database: URL, tmp_path: Path, mail_user: DovecotInbox
    ) -> AsyncIterator[Stack]:
        """Everything running, in a workspace where the app may do what its manifest says."""
        scopes = frozenset(MANIFEST["oauth_config"]["scopes"]["bot"])
        seed = Seed(app=AppSeed(scopes=scopes))
        async with (
            LocalSlack(seed) as slack,
            Stack(database, tmp_path, mail_user, slack) as running,
        ):
            await running.start_web()
            await running.start_worker()
            yield running

    async def test_are_enough_for_a_mail_and_a_click(self, bounded: Stack) -> None:
        await bounded.connect_account()
        await bounded.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
        ts = (await bounded.card("Invoice 4471"))["ts"]

        await bounded.slack.choose_overflow("Ana", "support", ts, "Delete")
        assert len(await bounded.views("Ana")) == 1
        await bounded.slack.submit_view("Ana", {})

        await bounded.card_says(ts, "🗑 In Trash by")
        assert len(mails(bounded.inbox, "Trash")) == 1

    async def test_are_enough_for_a_look_up(self, bounded: Stack) -> None:
        await bounded.connect_account("billing")
        bounded.slack.fail_next("chat.postMessage", FaultKind.DROP_AFTER)

        await bounded.inbox.deliver(mail("Invoice 4471", "1@acme.example"))
        await bounded.card("Invoice 4471", "billing")
        await bounded.inbox.deliver(mail("The next one", "2@acme.example"))
        await bounded.card("The next one", "billing")

        assert [text_of(one).splitlines()[0] for one in bounded.cards("billing")] == [
            f"Ana Ruiz - {subject} ({bounded.inbox.username})"
            for subject in ("Invoice 4471", "The next one")
        ]

    async def test_are_enough_for_the_original_of_a_mail_that_nobody_can_read(
        self, bounded: Stack
    ) -> None:
        await bounded.connect_account()
        await bounded.inbox.server.save(bounded.inbox.username, "INBOX", b"\r\n")

        post = await bounded.card("could not be read")

        (reply,) = await bounded.replies(post["ts"])
        assert reply["files"][0]["name"].endswith(".eml")
