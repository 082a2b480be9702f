"""`sharedbox demo` as a newcomer uses it: started, looked at in a browser, and ended."""

import asyncio
import imaplib
import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.async_api import Page, async_playwright, expect

from app.core.config import PROJECT_ROOT
from tests.fixtures.stack import eventually

pytestmark = pytest.mark.browser
_START_SECONDS = 60


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files that a Dovecot without root's rights can enter too."""
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class RunningDemo:
    """The command as a child process, started from a folder that is not the project's."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
        self.process = process
        self.told = told

    def family(self) -> list[psutil.Process]:
        """It, its children, and the servers it started that are nobody's children."""
        folder = str(Path(self.told["folder"]).parent)
        own = psutil.Process(self.process.pid)
        others = [
            one
            for one in psutil.process_iter(["cmdline"])
            if any(folder in word for word in one.info["cmdline"] or [])
        ]
        return [own, *own.children(recursive=True), *others]

    def child(self, name: str) -> psutil.Process:
        """SharedBox's process of this name."""
        children = psutil.Process(self.process.pid).children()
        return next(one for one in children if one.cmdline()[-2:] == ["run", name])

    async def says(self, words: str) -> None:
        """Wait until standard error has a line with these words in it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            async for line in self.process.stderr:
                if words in line.decode():
                    return
        pytest.fail(f"It ended without a word of “{words}”.")

    async def until_ready(self) -> None:
        async with httpx.AsyncClient() as client:

            async def look() -> bool:
                try:
                    return (await client.get(f"{self.told['web_url']}readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(look, within=30)

    def mails(self, folder: str) -> str:
        """What a mail client sees of a folder: the headers of all its mails."""
        imap = self.told["imap"]
        trusted = ssl.create_default_context(cafile=imap["ca_file"])
        with imaplib.IMAP4_SSL(
            imap["host"], imap["port"], ssl_context=trusted, timeout=10
        ) as client:
            client.login(imap["username"], imap["password"])
            client.select(folder, readonly=True)
            numbers = client.search(None, "ALL")[1][0].decode().split()
            if not numbers:
                return ""
            return str(client.fetch(",".join(numbers), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1])


@asynccontextmanager
async def demo(temporary: Path) -> AsyncIterator[RunningDemo]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SHAREDBOX_")
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "demo", "--no-browser", "--json"),
        cwd=temporary,
        env={**environment, "TMPDIR": str(temporary), "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_SECONDS):
            line = await process.stdout.readline()
        yield RunningDemo(process, json.loads(line))
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), 30)


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = await browser.new_page()
        page.set_default_timeout(15_000)
        yield page
        await browser.close()


async def write_as_customer(page: Page, subject: str) -> None:
    pane = page.get_by_role("tabpanel", name="Customer")
    await pane.get_by_label("Subject").fill(subject)
    await pane.get_by_label("Text").fill("Please have a look.")
    await pane.get_by_role("button", name="Send mail").click()


def card(page: Page, subject: str) -> Any:
    return page.locator(".feed .message").filter(has_text=subject)


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("sharedbox*"))


def is_alive(process: psutil.Process) -> bool:
    """A process that has ended may be listed until somebody asks what it ended with."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestANewcomer:
    async def test_sees_mails_come_in_acts_on_one_and_leaves_nothing_behind(
        self, temporary: Path
    ) -> None:
        async with demo(temporary) as running, browser_page() as page:
            await page.goto(running.told["slack_url"])
            await expect(page.locator(".feed .message").first).to_be_visible(timeout=15_000)

            await write_as_customer(page, "Where is my parcel")
            mail = card(page, "Where is my parcel")
            await expect(mail).to_be_visible(timeout=15_000)
            await mail.get_by_role("button", name="More actions", exact=True).click()
            await page.get_by_role("menuitem", name="Archive").click()
            await expect(mail).to_contain_text("Archived by", timeout=15_000)
            assert "Where is my parcel" in running.mails("Archive")
            assert "Where is my parcel" not in running.mails("INBOX")

            assert page.context.browser is not None
            admin = await page.context.browser.new_page()
            await admin.goto(running.told["web_url"])
            await admin.get_by_label("E-mail address").fill(running.told["owner"]["email"])
            await admin.get_by_label("Password").fill(running.told["owner"]["password"])
            await admin.get_by_role("button", name="Sign in", exact=True).click()
            await admin.get_by_role("link", name="Accounts").click()
            await expect(admin.get_by_role("row", name="live")).to_be_visible()
            await admin.close()

            running.child("web").kill()
            await running.says("The web process ended with code -9; starting it again.")
            await running.until_ready()
            await mail.get_by_role("button", name="Undo").click()
            await expect(mail).to_contain_text("Unassigned", timeout=15_000)
            assert "Where is my parcel" in running.mails("INBOX")

            family = running.family()
            running.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(20):
                await running.process.communicate()
        assert running.process.returncode == 0
        assert [one for one in family if is_alive(one)] == []
        assert left_in(temporary) == []
