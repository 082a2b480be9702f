"""`sharedbox demo` as a newcomer uses it: started, looked at in a browser, and ended."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import expect

from tests.fixtures.browser import chromium
from tests.fixtures.demo import card, demo, demo_folder, write_as_customer

pytestmark = pytest.mark.browser


@pytest.fixture
def temporary() -> Iterator[Path]:
    with demo_folder() as folder:
        yield folder


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
        async with demo(temporary) as running, chromium() as browser:
            page = await browser.new_page()
            page.set_default_timeout(15_000)
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

            admin = await browser.new_page()
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
