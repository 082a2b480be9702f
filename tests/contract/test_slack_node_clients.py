"""Our workspace with Slack's own JavaScript: @slack/web-api as a client, @slack/bolt as an app."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from app.core.config import PROJECT_ROOT
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.wire import JSON
from tests.contract.slack_witness.sides import free_port

SCRIPT: Final = Path(__file__).parent / "slack_node" / "app.mjs"
SECONDS: Final = 30


@dataclass
class NodeApp:
    """The running app, and what it says: one line of JSON a time."""

    process: asyncio.subprocess.Process
    url: str

    async def says(self) -> JSON:
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = await self.process.stdout.readline()
        assert line, "the app stopped"
        said: JSON = json.loads(line)
        return said


@asynccontextmanager
async def node_app(slack: LocalSlack, *, socket_mode: bool) -> AsyncIterator[NodeApp]:
    node = shutil.which("node")
    if node is None or not (PROJECT_ROOT / "node_modules" / "@slack" / "bolt").exists():
        pytest.skip("@slack/bolt is not installed: run npm ci (it needs Node 20 or newer)")
    port = free_port()
    arguments = [str(port), slack.api_url, slack.bot_token, slack.signing_secret]
    arguments += [slack.app_token] if socket_mode else []
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield NodeApp(process, f"http://127.0.0.1:{port}/slack/events")
    finally:
        process.terminate()
        await process.wait()


class TestSlackForJavaScript:
    @pytest.mark.parametrize("socket_mode", [False, True])
    async def test_client_and_app_in_one_go(self, *, socket_mode: bool) -> None:
        async with (
            LocalSlack(socket_mode=socket_mode) as slack,
            node_app(slack, socket_mode=socket_mode) as app,
        ):
            ready = await app.says()
            ts = ready["ts"]
            assert (ready["file"], ready["names"]) == ("a.eml", ["support", "sales", "billing"])
            if not socket_mode:
                await slack.connect(app.url)

            assert (await slack.click("Ana", "support", ts, "reply")).ok
            await slack.wait_for(lambda: slack.views("Ana"))
            assert (await slack.submit_view("Ana", {"text": "rude"})).errors == {"body": "Be kind."}
            assert (await slack.submit_view("Ana", {"text": "kind"})).ok
            assert slack.views("Ana") == []

            assert (await slack.click("Ana", "support", ts, "assign")).ok
            await slack.wait_for(lambda: slack.message("support", ts)["text"] == "assigned to ana")

            slack.post_as_user("Ben", "support", "a note", ts)
            assert await app.says() == {"text": "a note", "thread": ts}
