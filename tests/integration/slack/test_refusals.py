"""What is not from Slack, not for us, or not ours is refused, and whoever did it is told."""

import asyncio
import json
from typing import Any

import pytest

from app.commands import enqueue
from app.core.ids import ConversationId, new_id
from app.feed.ids import CardValue, MenuChoice, MenuValue
from app.slack.ids import Memory
from app.store.models import EventCounter, Workspace
from tests import factories
from tests.fixtures.slack_door import SlackDoor, chosen


async def strangers(door: SlackDoor) -> ConversationId:
    """A conversation of another workspace."""
    async with door.store.across_workspaces() as fleet:
        other = Workspace()
        fleet._session.add(other)
        await fleet._session.flush()
        fleet._session.add(EventCounter(workspace_id=other.id))
    async with door.store.begin(other.id) as uow:
        account = factories.account(other.id)
        uow.accounts.add(account)
        await uow.session.flush()
        row = factories.conversation(other.id, account.id)
        await uow.conversations.add_all([row])
    return row.id


class TestWhatIsNotFromSlack:
    async def test_is_refused_before_it_is_read(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"))
        hows: list[dict[str, Any]] = [
            {"secret": "another"},
            {"age": 301},
            {"age": -301},
            {"headers": {"X-Slack-Request-Timestamp": "soon"}},
            {"headers": {"X-Slack-Request-Timestamp": "9" * 400}},
            {"headers": {"X-Slack-Signature": ""}},
            {"headers": {"X-Slack-Signature": "v0="}},
            {"headers": {"X-Slack-Signature": "v0=\u00e9".encode("latin-1")}},
        ]

        for how in hows:
            answer = await door.interaction(payload, **how)
            assert answer.status_code == 401, how
        for body in (b"", b"payload={", b"\xff\xfe", b"[" * 100_000):
            answer = await door.deliver(body, secret="another")
            assert answer.status_code == 401, body[:20]
        assert (await door.client.post(door.url, content=b"{}")).status_code == 401
        assert (await door.client.get(door.url)).status_code == 405
        assert (await door.conversation("Invoice")).status == "open"

    async def test_signed_nonsense_is_no_error_of_ours(self, door: SlackDoor) -> None:
        for body, kind in (
            (b"[]", "application/json"),
            (b"{", "application/json"),
            (b"[" * 100_000, "application/json"),
            (b"payload={", "application/x-www-form-urlencoded"),
            (b"payload=[]", "application/x-www-form-urlencoded"),
            (b"\xff", "application/json"),
            (b"", "text/plain"),
            ('{"type": "event_callback"}'.encode("utf-16"), "application/json"),
            ('{"type": "event_callback"}'.encode("utf-8-sig"), "application/json"),
            (b"payload=%FF%FE%7B", "application/x-www-form-urlencoded"),
            (b"payload={}", "application/x-www-form-urlencoded; charset=utf-7"),
            (b"\x1f\x8b\x08\x00", "application/json"),
        ):
            answer = await door.deliver(body, kind)
            assert answer.status_code < 500, (body[:20], answer.status_code)
        assert await door.events() == []

    async def test_letters_that_no_database_takes_are_left_out(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        said = {
            "type": "message", "channel": door.feed.channel, "user": door.slack.users["Ben"],
            "text": "a\x00b\ud83dc", "ts": "1772442000.000100", "thread_ts": ts,
        }  # fmt: skip

        answer = await door.event(said)

        assert answer.status_code == 200
        async with door.store.begin(door.feed.workspace.id) as uow:
            (note,) = await uow.notes.of_conversation(door.id_of("Invoice"))
        assert note.text == "abc"

    async def test_a_delivery_for_another_app_is_not_for_us(self, door: SlackDoor) -> None:
        """Each app signs with a secret of its own."""
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"), api_app_id="A0OTHER")

        answer = await door.interaction(payload, secret="the secret of another app")

        assert answer.status_code == 401
        assert (await door.conversation("Invoice")).status == "open"

    async def test_a_delivery_that_comes_again_is_acted_on_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        menu = door.choose(ts, str(MenuValue(MenuChoice.ARCHIVE, door.id_of("Invoice"))))
        button = door.click(ts, "conversation.assign_me", door.value("Invoice"))

        for payload in (menu, button):
            answers = await asyncio.gather(*(door.interaction(payload) for _ in range(4)))
            assert {one.status_code for one in answers} == {200}

        assert [one.type for one in await door.commands("Invoice")] == ["archive", "assign"]
        assert door.slack.ephemerals("Ana", "support") == []

    async def test_a_large_one_is_taken_and_a_huge_one_is_not(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"), pad="x" * 1_000_000)

        assert (await door.interaction(payload)).status_code == 200
        assert (await door.conversation("Invoice")).status == "done"
        assert (await door.interaction({**payload, "pad": "x" * 3_000_000})).status_code == 413


class TestAnotherWorkspace:
    async def test_in_which_we_are_not_installed_changes_nothing(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        team = {"id": "T0STRANGER", "domain": "stranger"}

        answer = await door.interaction(
            door.click(ts, "conversation.done", door.value("Invoice"), team=team)
        )

        assert answer.status_code == 200
        assert (await door.conversation("Invoice")).status == "open"

    @pytest.mark.parametrize("action", ["assign_me", "done", "reopen", "undo", "retry"])
    async def test_its_conversations_are_unknown_to_buttons(
        self, door: SlackDoor, action: str
    ) -> None:
        ts, theirs = await door.card("Invoice"), await strangers(door)
        value = str(CardValue(theirs, None if action != "undo" else new_id()))  # type: ignore[arg-type]

        answer = await door.interaction(door.click(ts, f"conversation.{action}", value))

        assert answer.status_code == 200
        words = await door.told("Ana")
        assert "no such" in words or "does not say" in words
        assert [one.type for one in await door.events()] == []

    async def test_its_conversations_are_unknown_to_the_menu_and_to_windows(
        self, door: SlackDoor
    ) -> None:
        ts, theirs = await door.card("Invoice"), await strangers(door)
        memory = Memory(conversation_id=theirs).model_dump_json()

        for choice in MenuChoice:
            before = len(door.slack.ephemerals("Ana", "support"))
            await door.interaction(door.choose(ts, str(MenuValue(choice, theirs))))
            await door.slack.wait_for(
                lambda before=before: len(door.slack.ephemerals("Ana", "support")) > before  # type: ignore[misc]
            )
            assert "no such conversation" in await door.told("Ana")
        for callback, values in (
            ("delete", {}),
            ("spam", {}),
            ("more", chosen("more.action", "flag")),
            ("move", chosen("move.folder", str(door.feed.mailbox_id))),
        ):
            answer = await door.interaction(door.submission(callback, memory, values))
            assert "no such conversation" in answer.text, callback
        assert door.slack.views("Ana") == []
        assert await door.events() == []


class TestWhatIsForged:
    async def test_values_that_are_not_ours(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        for value in ("", "x", "../..", f"{new_id()}/x", "0" * 2000, "'; DROP TABLE posts; --"):
            for action in ("conversation.done", "conversation.undo", "quarantine.process_again"):
                answer = await door.interaction(door.click(ts, action, value))
                assert answer.status_code == 200, (action, value)
            answer = await door.interaction(door.choose(ts, value))
            assert answer.status_code == 200, value
        assert await door.events() == []
        assert (await door.conversation("Invoice")).status == "open"

    async def test_memories_and_choices_that_are_not_ours(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        ours = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()
        more = json.dumps({"conversation_id": str(door.id_of("Invoice")), "workspace_id": "x"})
        for memory in ("", "{}", "[]", "x", more, "null"):
            for callback in ("delete", "spam", "more", "move"):
                answer = await door.interaction(door.submission(callback, memory, {}))
                assert answer.status_code == 200, (callback, memory)
        for values in ({}, chosen("more.action", "expunge"), chosen("move.folder", "INBOX")):
            for callback in ("more", "move"):
                answer = await door.interaction(door.submission(callback, ours, values))
                assert answer.status_code == 200, (callback, values)
        assert await door.commands("Invoice") == []

    async def test_a_folder_of_another_account_is_refused(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            other = factories.account(
                door.feed.workspace.id, address="sales@example.com", channel_id=door.feed.channel
            )
            uow.accounts.add(other)
            await uow.session.flush()
            folder = await uow.mailboxes.named(other.id, "INBOX")
        memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()

        answer = await door.interaction(
            door.submission("move", memory, chosen("move.folder", str(folder.id)))
        )

        assert "no such folder" in answer.json()["errors"]["move.folder"]
        assert await door.commands("Invoice") == []


class TestWhatIsUnknown:
    async def test_a_button_is_acknowledged_and_told(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        answer = await door.interaction(door.click(ts, "conversation.fax", "x"))

        assert answer.status_code == 200
        assert "does not know what this is for" in await door.told("Ana")

    async def test_a_window_a_shortcut_a_command_and_a_select(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        window = door.submission("fax", "{}", {})
        shortcut = {key: window[key] for key in ("user", "team", "api_app_id", "trigger_id")}
        select = {
            **window,
            "type": "block_suggestion",
            "action_id": "x",
            "block_id": "x",
            "value": "",
        }

        for payload in (
            window,
            {**window, "type": "view_closed"},
            {**shortcut, "type": "shortcut", "callback_id": "fax"},
            {**shortcut, "type": "message_action", "callback_id": "fax", "message": {},
             "channel": {"id": "C1"}, "response_url": "http://127.0.0.1:1/"},
            select,
        ):  # fmt: skip
            answer = await door.interaction(payload)
            assert answer.status_code == 200, payload["type"]
        assert "does not know" in await door.told_directly("Ana")
        command = f"command=/fax&text=x&team_id={door.slack.team_id}&user_id=U1&trigger_id=1.2"
        assert (await door.deliver(command.encode())).status_code == 200


class TestWhereTooManyCommandsWait:
    async def test_whoever_asks_for_one_more_is_told_which_mailbox_and_what_to_do(
        self, door: SlackDoor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(enqueue, "MOST_WAITING", 1)
        await door.slack.choose_overflow("Ben", "support", await door.card("First"), "Archive")

        outcome = await door.slack.choose_overflow(
            "Ana", "support", await door.card("Second"), "Archive"
        )

        assert outcome.ok
        words = await door.told("Ana")
        assert "1 changes wait for support@example.com already" in words
        assert "Ask again once some of them are done" in words
        assert await door.commands("Second") == []


class TestWordsOfErrors:
    async def test_never_ping_whatever_they_quote(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        value = door.value("Invoice")

        await door.interaction(door.click(ts, "<!channel>", value))
        await door.interaction(door.choose(ts, f"<!here>/{value}"))

        for shown in door.slack.ephemerals("Ana", "support"):
            assert "<!" not in shown["text"]


class TestEnterpriseGrid:
    async def test_ids_of_an_organisation_beside_those_of_the_workspace_change_nothing(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"))
        payload |= {"enterprise": {"id": "E0ORG", "name": "Org"}, "is_enterprise_install": False}

        assert (await door.interaction(payload)).status_code == 200
        assert (await door.conversation("Invoice")).status == "done"

    async def test_an_installation_for_the_whole_organisation_answers_for_its_workspaces(
        self, door: SlackDoor
    ) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            installation = await uow.installations.lock()
            assert installation is not None
            installation.team_id = installation.enterprise_id = "E0ORG"
        door.feed.installations._forget(door.feed.workspace.id)
        found = door.feed.installations

        assert (await found.of_team("T0MEMBER", "E0ORG")) is not None
        assert (await found.of_team(None, "E0ORG")) is not None
        assert (await found.of_team("T0MEMBER", "E0OTHER")) is None
        assert (await found.of_team(None, None)) is None
        answer = await found.authorize("E0ORG", "T0MEMBER")
        assert answer is not None
        assert answer.bot_token == door.slack.bot_token
