"""Each listener, by really signed deliveries."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from app.core.ids import PlacementId, new_id
from app.feed.ids import MenuChoice, MenuValue
from app.slack.ids import Memory
from app.store.models import CommandState, CommandType, PlacementState
from app.store.repositories.ledger import Entry, Place
from tests.fixtures.slack_door import IMPATIENT_SECONDS, SlackDoor
from tests.fixtures.stack import eventually, text_of


class TestButtons:
    @pytest.mark.both_ways
    async def test_assign_to_me_done_and_reopen(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        for action in ("assign_me", "done", "reopen"):
            outcome = await door.slack.click("Ana", "support", ts, f"conversation.{action}")
            assert outcome.ok, outcome
            await door.draw()

        commands = await door.commands("Invoice")
        assert [one.type for one in commands] == ["assign", "done", "reopen"]
        assert {one.state for one in commands} == {CommandState.DONE}
        assert door.slack.ephemerals("Ana", "support") == []

    async def test_undo_takes_an_assignment_back(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.click("Ana", "support", ts, "conversation.assign_me")
        await door.draw()

        await door.slack.click("Ana", "support", ts, "conversation.undo")

        assert (await door.conversation("Invoice")).assignee_id is None

    @pytest.mark.both_ways
    async def test_retry_brings_a_failed_command_back(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.choose_overflow("Ana", "support", ts, "Archive")
        (command,) = await door.commands("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            failed = await uow.commands.lock(command.id)
            failed.state, failed.detail = CommandState.FAILED, "The mailbox is full."
            await uow.cards_are_stale([door.id_of("Invoice")])
        await door.draw()

        await door.slack.click("Ana", "support", ts, "conversation.retry")

        (command,) = await door.commands("Invoice")
        assert (command.state, command.detail) == (CommandState.QUEUED, "")

    @pytest.mark.both_ways
    async def test_process_again_takes_a_mail_out_of_quarantine(self, door: SlackDoor) -> None:
        ts, placement_id = await quarantined(door)

        await door.slack.click("Ana", "support", ts, "quarantine.process_again")

        async with door.store.begin(door.feed.workspace.id) as uow:
            placement = await uow.ledger.get(placement_id)
        assert placement.state is PlacementState.PENDING
        await door.draw()
        assert "Reading it once more" in text_of(door.slack.message("support", ts))


async def quarantined(door: SlackDoor) -> tuple[str, PlacementId]:
    """The ts of a mail that could not be read."""
    place = Place(door.feed.mailbox_id, 1, 900)
    async with door.store.begin(door.feed.workspace.id) as uow:
        inbox = await uow.mailboxes.get(door.feed.mailbox_id)
        inbox.watermark, inbox.first_uid = 901, 1
        entry = Entry(place, PlacementState.QUARANTINED, reason="The mail is empty")
        await uow.ledger.record([entry])
    async with door.store.begin(door.feed.workspace.id) as uow:
        placement = (await uow.ledger.at([place]))[place]
        account = await uow.accounts.get(door.feed.account_id)
        await door.feed.announce(uow, account, placement.id)
    await door.draw()
    return str(door.slack.messages("support")[-1]["ts"]), placement.id


class TestTheMenu:
    @pytest.mark.both_ways
    async def test_archives_at_once(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        outcome = await door.slack.choose_overflow("Ana", "support", ts, "Archive")

        assert outcome.ok
        (command,) = await door.commands("Invoice")
        assert (command.type, command.state) == (CommandType.ARCHIVE, CommandState.QUEUED)
        assert door.slack.views("Ana") == []

    async def test_opens_a_window_for_the_rest_while_slack_waits(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        for label, title in (
            ("Move to…", "Move to…"),
            ("Delete", "Delete"),
            ("Mark as spam", "Mark as spam"),
            ("More actions…", "More actions"),
        ):
            outcome = await door.slack.choose_overflow("Ana", "support", ts, label)

            async def opened(title: str = title) -> bool:
                return any(one["title"]["text"] == title for one in door.slack.views("Ana"))

            await eventually(opened)
            assert outcome.milliseconds < 3000
            await door.slack.close_view("Ana")
        assert await door.commands("Invoice") == []

    async def test_that_was_too_slow_for_a_window_says_so(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        payload = door.choose(ts, str(MenuValue(MenuChoice.DELETE, door.id_of("Invoice"))))
        payload["trigger_id"] = "1.2.expired"

        answer = await door.interaction(payload)

        assert answer.status_code == 200
        assert "try again" in await door.told("Ana")


class TestWindows:
    @pytest.mark.both_ways
    async def test_move_offers_the_folders_and_moves(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await folders(door, "Projects/Größe", "Sent", ":rage: \u202egpj")
        await door.slack.choose_overflow("Ana", "support", ts, "Move to…")
        await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))

        offered = await door.slack.suggest("Ana", "move.folder", "")
        names = [one["text"]["text"] for group in offered.groups for one in group["options"]]
        assert names == ["INBOX", ":rage: gpj", "Projects/Größe"]
        assert (await door.slack.suggest("Ana", "move.folder", "nowhere")).groups == []
        option = offered.groups[1]["options"][1]
        assert (await door.slack.submit_view("Ana", {"move.folder": option})).ok

        (command,) = await door.commands("Invoice")
        assert command.params == {"folder": "Projects/Größe"}

    @pytest.mark.both_ways
    async def test_delete_and_spam_ask_first(self, door: SlackDoor) -> None:
        for subject, label, type_ in (
            ("One", "Delete", CommandType.DELETE),
            ("Two", "Mark as spam", CommandType.SPAM),
        ):
            ts = await door.card(subject)
            await door.slack.choose_overflow("Ana", "support", ts, label)
            await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))

            assert (await door.slack.submit_view("Ana")).ok

            (command,) = await door.commands(subject)
            assert command.type is type_

    @pytest.mark.both_ways
    async def test_more_actions(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        for action, type_ in (("flag", "flag"), ("mark_read", "mark_read"), ("assign_me", "assign"),
                              ("unassign", "assign")):  # fmt: skip
            await door.slack.choose_overflow("Ana", "support", ts, "More actions…")
            await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))
            assert (await door.slack.submit_view("Ana", {"more.action": action})).ok
            assert (await door.commands("Invoice"))[-1].type == type_

    async def test_what_is_not_possible_stands_in_the_window(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        await door.slack.choose_overflow("Ana", "support", ts, "More actions…")
        await eventually(lambda: asyncio.sleep(0, door.slack.views("Ana")))

        outcome = await door.slack.submit_view("Ana", {"more.action": "unflag"})

        assert "nothing to change" in outcome.errors["more.action"]

    async def test_about_what_is_gone_say_so(self, door: SlackDoor) -> None:
        await door.card("Invoice")
        memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.accounts.delete(await uow.accounts.get(door.feed.account_id))

        answer = await door.interaction(door.submission("delete", memory, {}))

        told = answer.json()
        assert told["response_action"] == "update"
        assert "no such conversation" in text_of(told["view"])


async def folders(door: SlackDoor, *names: str) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        for name in names:
            folder = await uow.mailboxes.named(door.feed.account_id, name)
            folder.role = "sent" if name == "Sent" else None


class TestASlowDatabase:
    async def test_does_not_cost_the_acknowledgement_of_a_click(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        value = door.value("Invoice")
        door.be_impatient()
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.conversations.lock(door.id_of("Invoice"))
            async with asyncio.timeout(2.9):
                answer = await door.interaction(door.click(ts, "conversation.done", value))
            assert answer.status_code == 200
            assert answer.elapsed.total_seconds() >= IMPATIENT_SECONDS * 0.9

        async def is_done() -> bool:
            return (await door.conversation("Invoice")).status == "done"

        await eventually(is_done)

    async def test_leaves_an_event_to_slack_which_brings_it_again(self, door: SlackDoor) -> None:
        door.be_impatient()
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.session.exec(lock_installations())  # type: ignore[call-overload]
            door.feed.installations._teams.clear()

            answer = await door.event({"type": "message", "text": "x", "channel": "C1"})

        assert answer.status_code == 503

    async def test_that_fails_late_is_told(self, door: SlackDoor) -> None:
        """Somebody else was first, and we heard of it only after the acknowledgement."""
        ts = await door.card("Invoice")
        payload = door.click(ts, "conversation.done", door.value("Invoice"), "Ben")
        door.be_impatient()
        async with door.store.begin(door.feed.workspace.id) as uow:
            ana = await uow.teammates.by_slack_user(door.slack.users["Ana"], "ana")  # type: ignore[arg-type]
            conversation = await uow.conversations.lock(door.id_of("Invoice"))
            assert (await door.interaction(payload)).status_code == 200
            conversation.status = "done"  # type: ignore[assignment]
            conversation.done_by_id, conversation.done_at = ana.id, datetime.now(UTC)

        assert f"<@{door.slack.users['Ana']}> marked this as done" in await door.told("Ben")


def lock_installations() -> object:
    from sqlalchemy import text  # noqa: PLC0415

    return text("LOCK TABLE installations IN ACCESS EXCLUSIVE MODE")


class TestEvents:
    async def test_of_every_kind_are_acknowledged(self, door: SlackDoor) -> None:
        kinds = sorted(door.slack.emulator.workspace.seed.app.events | {"app_mention", "nonsense"})
        for kind in set(kinds) - {"app_uninstalled", "tokens_revoked"}:
            name, _, kind_of_channel = kind.partition(".")
            event = {"type": name, "user": "U1", "channel": "C1", "ts": "1.2", "text": "x"}
            if kind_of_channel:
                event["channel_type"] = kind_of_channel
            for subtype in ({}, {"subtype": "message_changed", "message": {"text": "y"}}):
                answer = await door.event({**event, **subtype})

                assert answer.status_code == 200, kind

    async def test_url_verification_answers_the_challenge(self, door: SlackDoor) -> None:
        body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode()

        signed = await door.deliver(body, "application/json")
        unsigned = await door.deliver(body, "application/json", secret=new_id().hex)

        assert (signed.status_code, "abc" in signed.text) == (200, True)
        assert (unsigned.status_code, "abc" in unsigned.text) == (401, False)
