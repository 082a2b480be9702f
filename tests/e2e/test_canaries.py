"""Secrets that we plant are found nowhere but where they belong, encrypted.

Everything that can leak is gathered while the whole of SharedBox runs at its most talkative, with
trouble of every kind: logs, HTTP answers, Slack's deliveries and calls, every column of the
database, every file of the data folder, the command line and the environment of processes.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg
from psycopg import sql

from app.sandbox.slack.faults import FaultKind
from tests.fixtures.sessions import mail
from tests.fixtures.stack import API_KEY, Stack, eventually

WRONG_PASSWORD = "wrong-canary-4b1d9e"
SMTP_PASSWORD = "smtp-canary-77aa02"
WITNESSED = ("log of worker", "table accounts", "table events", "calls to Slack", "Slack",
             "answer to POST /api/v1/accounts")  # fmt: skip
"""Where the mailbox's address, which is no secret, has to be found: so everything was looked at."""


@dataclass
class Gathered:
    """Text by where it was found."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, text: str | bytes) -> None:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        self.texts[where] = self.texts.get(where, "") + text


def spellings(secret: str) -> set[str]:
    """A secret as it would look in a log, a URL, JSON, Basic or SASL."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        raw.hex(),
        base64.b64encode(raw).decode().rstrip("="),
        repr(secret)[1:-1],
    }


async def rows(database: str) -> dict[str, str]:
    """Every row of every table of ours and of the queue's, as text."""
    found: dict[str, str] = {}
    connection = await psycopg.AsyncConnection.connect(database)
    async with connection:
        tables = await connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        for (table,) in await tables.fetchall():
            statement = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
            content = await (await connection.execute(statement)).fetchall()
            found[table] = "\n".join(row[0] for row in content)
    return found


class Talkative:
    """Web and worker as an operator would start them, with everything they say kept."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.logs: dict[str, Path] = {}
        self.commands: dict[str, list[str]] = {}

    async def start(self) -> None:
        for process in ("web", "worker"):
            path = self.stack.settings.data_dir / f"{process}.log"
            self.logs[process] = path
            with path.open("wb") as output:
                child = await self.stack.start_child(process, output, SHAREDBOX_LOG_LEVEL="DEBUG")
            self.commands[process] = psutil.Process(child.pid).cmdline()
        await eventually(self.stack._answers, within=60)
        url = f"{self.stack.settings.base_url}/slack/events"
        await self.stack.slack.connect(url)


class TestSecrets:
    async def test_are_nowhere_but_where_they_belong(self, quiet_stack: Stack) -> None:
        stack, gathered = quiet_stack, Gathered()
        talkative = Talkative(stack)
        await talkative.start()
        stack.api.event_hooks["response"].append(keep_in(gathered))

        key = await every_kind_of_trouble(stack)

        for process, path in talkative.logs.items():
            gathered.add(f"log of {process}", path.read_bytes())
            gathered.add(f"command line of {process}", " ".join(talkative.commands[process]))
        for write in stack.slack.writes:
            gathered.add("calls to Slack", json.dumps(write.arguments, default=str))
        for delivery in stack.slack.deliveries:
            gathered.add("answers to Slack", delivery.answer)
        for user in stack.slack.users:
            gathered.add("Slack", json.dumps(stack.slack.ephemerals(user, "support")))
        gathered.add("Slack", json.dumps(stack.slack.messages("support")))
        assert stack.settings.database_url
        for table, text in (await rows(stack.settings.database_url)).items():
            gathered.add(f"table {table}", text)

        for where in WITNESSED:
            assert stack.inbox.username in gathered.texts[where], f"nothing came of the {where}"
        secrets = {
            "IMAP password": stack.inbox.password,
            "wrong IMAP password": WRONG_PASSWORD,
            "SMTP password": SMTP_PASSWORD,
            "bot token": stack.slack.bot_token,
            "signing secret": stack.slack.signing_secret,
            "bootstrap key": API_KEY,
            "API key": key,
            "encryption key": encryption_key(stack),
        }
        leaks = [
            f"the {name} is in the {where}"
            for name, secret in secrets.items()
            for where, text in gathered.texts.items()
            if any(spelling in text for spelling in spellings(secret))
            and (name, where) != ("API key", "answer to POST /api/v1/api-keys")
        ]
        assert leaks == []


async def every_kind_of_trouble(stack: Stack) -> str:
    """Do everything that handles a secret, and have it fail in the ways it can fail."""
    made = await stack.api.post(
        "/api-keys",
        json={"name": "canary", "scopes": ["read"]},
        headers={"Idempotency-Key": "canary"},
    )
    key = str(made.json()["key"])
    smtp = {**stack.account()["imap"], "port": 25, "password": SMTP_PASSWORD}
    account = await stack.connect_account(smtp=smtp)
    await stack.inbox.deliver(mail("Canary", "canary@acme.example"))
    ts = (await stack.card("Canary"))["ts"]
    await stack.slack.choose_overflow("Ana", "support", ts, "Archive")
    await stack.card_says(ts, "Archived by")
    stack.slack.fail_next("chat.update", FaultKind.HTTP)
    await stack.slack.click("Ana", "support", ts, "conversation.undo")
    await stack.card_says(ts, "Unassigned")

    url, wrong = f"/accounts/{account['id']}", {**stack.account()["imap"]}
    await stack.api.patch(url, json={"imap": {**wrong, "password": WRONG_PASSWORD}})
    await reaches(stack, url, "refused")
    for bad in (
        {"imap": {**wrong, "password": WRONG_PASSWORD, "port": 0}},
        {"imap": {**wrong, "password": f"{WRONG_PASSWORD}\n"}},
        {"imap": {**wrong, "password": WRONG_PASSWORD, "host": "x\r\ny"}},
        {"imap": {**wrong, "password": [WRONG_PASSWORD]}},
    ):
        assert (await stack.api.patch(url, json=bad)).status_code in {400, 422}
    await stack.api.patch(url, json={"imap": {**wrong, "host": "mail.invalid"}})
    await stack.api.patch(url, json={"imap": {**wrong, "port": 1}})
    await reaches(stack, url, "retrying")
    async with httpx.AsyncClient(base_url=stack.settings.base_url) as stranger:
        for path in ("/", "/metrics", "/readyz", "/openapi.json", "/api/v1/accounts"):
            await stranger.get(path, headers={"Authorization": f"Basic {key}"})
        await stranger.post("/slack/events", content=b"payload={}")
    stack.slack.revoke_token()
    (conversation,) = (await stack.api.get("/conversations")).json()["items"]
    await stack.api.patch(f"/conversations/{conversation['id']}", json={"tags": ["canary"]})

    async def refused() -> bool:
        """By Slack's notice or by its answer, whichever comes first."""
        return bool(await stack.events("slack.uninstalled") or await stack.events("slack.refused"))

    await eventually(refused, within=30)
    return key


async def reaches(stack: Stack, url: str, state: str) -> None:
    async def look() -> bool:
        return bool((await stack.api.get(url)).json()["state"] == state)

    await eventually(look, within=30)


def keep_in(gathered: Gathered) -> Any:
    async def keep(response: httpx.Response) -> None:
        await response.aread()
        where = f"answer to {response.request.method} {response.request.url.path}"
        gathered.add(where, response.content + str(response.headers).encode())

    return keep


def encryption_key(stack: Stack) -> str:
    return (stack.settings.data_dir / "secret.key").read_text().strip()
