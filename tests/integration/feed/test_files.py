"""Files that Slack does not take: the mail is posted, and a line says where the file is."""

from typing import Any

import pytest
from sqlmodel import select

from app.commands.show import show_files, show_original
from app.core.errors import Conflict
from app.sandbox.slack.faults import FaultKind
from app.store.models import Post, PostKind, PostState
from app.store.new import NewAttachment
from tests.fixtures.feed import Feed
from tests.fixtures.stack import eventually

RAW = b"From: ana@acme.example\r\nSubject: Invoice\r\n\r\nThe total is wrong.\r\n"
PAGES = "https://inbox.example.com"


@pytest.fixture
async def asked(feed: Feed) -> Feed:
    """A card whose original somebody wants in its thread, and a mail that comes after that."""
    object.__setattr__(feed.feeding, "pages", PAGES)
    digest = await feed.feeding.blobs.put(RAW)
    await feed.mail("Invoice", raw_sha256=digest)
    await feed.drain()
    await ask(feed)
    await feed.mail("Next")
    return feed


async def ask(feed: Feed) -> None:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        await show_original(uow, feed.conversations["Invoice"])


def thread(feed: Feed) -> list[Any]:
    (card, *_) = feed.slack.messages("support")
    return feed.slack.replies("support", card["ts"])


async def files(feed: Feed, count: int = 1) -> list[str]:
    """The names of the files in the thread, once there are so many: Slack shares them later."""

    async def look() -> list[str]:
        found = [file["name"] for line in thread(feed) for file in line.get("files", ())]
        return found if len(found) >= count else []

    return list(await eventually(look))


async def the_post(feed: Feed) -> Post:
    async with feed.workspace.store.begin(feed.workspace.id) as uow:
        return (await uow.session.exec(select(Post).where(Post.kind == PostKind.FILE))).one()


class TestAnUploadThatFails:
    @pytest.mark.parametrize(
        ("method", "kind", "error"),
        [
            ("upload", FaultKind.HTTP, ""),
            ("upload", FaultKind.DROP_BEFORE, ""),
            ("upload", FaultKind.DROP_AFTER, ""),
            ("files.getUploadURLExternal", FaultKind.HALF_BODY, ""),
            ("files.completeUploadExternal", FaultKind.ERROR, "internal_error"),
            ("files.completeUploadExternal", FaultKind.ERROR, "file_not_found"),
            ("files.completeUploadExternal", FaultKind.DROP_AFTER, ""),
            ("files.completeUploadExternal", FaultKind.RATE_LIMITED, ""),
        ],
    )
    async def test_is_begun_again_and_the_file_stands_there_once(
        self, asked: Feed, method: str, kind: FaultKind, error: str
    ) -> None:
        """Its URL has expired, its bytes are lost, or completing it comes to nothing."""
        asked.slack.fail_next(method, kind, error=error, status=410, seconds=1)

        await asked.drain()

        (name,) = await files(asked)
        assert name.endswith(".eml")
        assert len(thread(asked)) == 1
        assert asked.shown() == ["Ana Ruiz - Invoice", "Ana Ruiz - Next"]

    async def test_without_end_does_not_hold_up_the_mail_behind_it(
        self, asked: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.feed.context._PATIENCE", (0,))
        asked.slack.fail_next("upload", FaultKind.HTTP, status=500, times=50)

        await asked.drain()

        (line,) = thread(asked)
        assert "Slack did not take it" in line["text"]
        assert asked.shown() == ["Ana Ruiz - Invoice", "Ana Ruiz - Next"]


class TestAName:
    async def test_that_deceives_is_shown_for_what_it_is(self, feed: Feed) -> None:
        digest = await feed.feeding.blobs.put(RAW)
        message_id = await feed.mail("Invoice", raw_sha256=digest)
        file = NewAttachment(
            workspace_id=feed.workspace.id, message_id=message_id, n=1,
            filename="invoice\u202efdp.exe\u200b <!channel>", content_type="text/plain", size=3,
            content_id=None, inline=False, offset=0, length=3, encoding="7bit",
        )  # fmt: skip
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await uow.messages.add_all([], [file])
        await feed.drain()
        async with feed.workspace.store.begin(feed.workspace.id) as uow:
            await show_files(uow, feed.conversations["Invoice"])

        await feed.drain()

        assert await files(feed) == ["invoicefdp.exe <!channel>"]
        (line,) = thread(feed)
        assert line["files"][0]["title"] == "invoicefdp.exe <!channel>"
        assert "<!channel>" not in line["text"]


class TestAFileThatSlackRefuses:
    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("file_upload_size_restricted", "larger than this workspace allows"),
            ("file_uploads_disabled", "allows no files"),
            ("something_new", "something_new"),
        ],
    )
    async def test_is_said_with_the_way_to_it_and_the_mail_is_there(
        self, asked: Feed, code: str, words: str
    ) -> None:
        asked.slack.fail_next("files.getUploadURLExternal", FaultKind.ERROR, error=code)

        await asked.drain()

        (line,) = thread(asked)
        assert words in line["text"]
        where = f"{PAGES}/conversations/{asked.conversations['Invoice']}"
        assert f"<{where}|Open it in SharedBox>" in line["text"]
        assert asked.shown() == ["Ana Ruiz - Invoice", "Ana Ruiz - Next"]

    async def test_is_said_once_though_the_answer_is_lost(self, asked: Feed) -> None:
        asked.slack.fail_next(
            "files.getUploadURLExternal", FaultKind.ERROR, error="file_uploads_disabled"
        )
        asked.slack.fail_next("chat.postMessage", FaultKind.DROP_AFTER)

        await asked.drain()

        assert len(thread(asked)) == 1
        assert (await the_post(asked)).state is PostState.SENT

    async def test_may_be_asked_for_once_more(self, asked: Feed) -> None:
        asked.slack.fail_next(
            "files.getUploadURLExternal", FaultKind.ERROR, error="file_uploads_disabled"
        )
        await asked.drain()

        await ask(asked)
        await asked.drain()

        assert len(await files(asked)) == 1
        with pytest.raises(Conflict, match="in the thread already"):
            await ask(asked)
