"""Leaving a list from “More actions…”, by really signed deliveries."""

import asyncio
from typing import Any

import pytest

from app.store.models import ListExit, ListExitState, Outgoing, OutgoingState
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of

HEAD = b"From: news@list.example\r\nSubject: News\r\n"
SIGNED = (
    b"Authentication-Results: mx.example.com; dkim=pass header.d=list.example\r\n"
    b"DKIM-Signature: v=1; d=list.example; h=list-unsubscribe:list-unsubscribe-post; b=x\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
PAGE = b"List-Unsubscribe: <https://list.example/leave?id=7>\r\n"
BY_MAIL = b"List-Unsubscribe: <mailto:leave@list.example>\r\n"


@pytest.fixture(autouse=True)
async def can_send(door: SlackDoor) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(door.feed.account_id)
        account.smtp_host, account.smtp_port = "smtp.example.com", 465
        account.smtp_security = "tls"


async def question(door: SlackDoor, header: bytes) -> tuple[str, dict[str, Any]]:
    """The card of a mail with these headers, and the window that asks about leaving its list."""
    digest = await door.feed.feeding.blobs.put(HEAD + header + b"\r\nNews!\r\n")
    await door.feed.mail("News", raw_sha256=digest)
    await door.draw()
    ts = str(door.slack.messages("support")[-1]["ts"])
    await door.slack.choose_overflow("Ana", "support", ts, "More actions…")
    await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))
    assert (await door.slack.submit_view("Ana", {"more.action": "unsubscribe"})).ok

    async def look() -> dict[str, Any] | None:
        views = door.slack.views("Ana")
        found = views[-1] if views and views[-1]["title"]["text"] == "Unsubscribe" else None
        return found if found and "One moment" not in text_of(found) else None

    window: dict[str, Any] = await eventually(look)
    return ts, window


async def latest(door: SlackDoor) -> ListExit | None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return await uow.list_exits.latest(door.id_of("News"))


def card(door: SlackDoor, ts: str) -> str:
    return text_of(next(one for one in door.slack.messages("support") if one["ts"] == ts))


class TestUnsubscribe:
    @pytest.mark.parametrize(
        ("header", "words"),
        [
            (b"", "does not say how"),
            (PAGE, "https://list.example/leave?id=7"),
            (PAGE.replace(b"https", b"http"), "http://list.example/leave?id=7"),
            (SIGNED.replace(b"dkim=pass", b"dkim=fail") + PAGE, "One request is not enough here"),
        ],
    )
    async def test_what_cannot_be_asked_for_is_said(
        self, door: SlackDoor, header: bytes, words: str
    ) -> None:
        _, window = await question(door, header)

        assert words in text_of(window)
        assert window["submit"] is None
        assert await latest(door) is None

    async def test_looking_asks_nobody(self, door: SlackDoor) -> None:
        _, window = await question(door, SIGNED + PAGE)

        assert "*list.example*" in text_of(window)
        assert "*support@example.com*" in text_of(window)
        assert await latest(door) is None

    async def test_one_request_is_asked_for_once_and_shown(self, door: SlackDoor) -> None:
        ts, _ = await question(door, SIGNED + PAGE)

        assert (await door.slack.submit_view("Ana", {})).ok
        await door.draw()

        found = await latest(door)
        assert found is not None
        assert (found.state, found.url) == (
            ListExitState.ASKED, "https://list.example/leave?id=7",
        )  # fmt: skip
        assert "📭 Leaving the list: asking list.example…" in card(door, ts)

    async def test_by_mail_it_stands_in_the_thread_with_undo(self, door: SlackDoor) -> None:
        ts, window = await question(door, BY_MAIL)
        assert window["submit"]["text"] == "Send the mail"

        assert (await door.slack.submit_view("Ana", {})).ok
        await door.draw()

        found = await latest(door)
        assert found is not None
        assert found.outgoing_id is not None
        async with door.store.begin(door.feed.workspace.id) as uow:
            mail: Outgoing = await uow.outgoing.get(found.outgoing_id)
        assert mail.state is OutgoingState.UNDO
        (line,) = door.slack.replies("support", ts)
        assert "leave@list.example" in text_of(line)
        assert "asked leave@list.example by mail" in card(door, ts)

        await door.slack.click("Ana", "support", line["ts"], "outgoing.undo")
        await door.draw()
        assert "by mail" not in card(door, ts)
