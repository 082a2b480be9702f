"""Who may see the channel may act: nobody else, whatever the delivery is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.core.access import Actor, Origin, Role
from app.core.ids import ChannelId, SlackUserId
from app.feed.channels import set_exposure
from app.feed.ids import ActionId, MenuChoice, MenuValue
from app.sandbox.slack.faults import FaultKind
from app.sending import drafts
from app.slack.ids import FieldId, Memory, ViewId
from app.slack.views.more import MoreAction
from app.slack.views.reading import PAGE_ACTION, PageValue, Shown
from app.slack.writing import Button, ComposeMemory, Field
from app.store.models import Exposure, Outgoing, OutgoingMode, OutgoingState, PlacementState
from app.store.repositories.ledger import Entry, Place
from app.store.repositories.outgoing import OutgoingFilter
from tests import factories
from tests.fixtures.slack_door import SlackDoor, chosen
from tests.fixtures.stack import eventually, text_of

REFUSED = "not in the channel"
_SHORTCUTS = {ViewId.NEW_EMAIL, ViewId.REPLY_EMAIL, ViewId.ASSIGN_ME, ViewId.FILE_UNDER}


@dataclass
class Rows:
    """Of everything that a delivery can name, one."""

    conversation: UUID
    message: UUID
    command: UUID
    outgoing: UUID
    placement: UUID
    draft: UUID
    mailbox: UUID
    account: UUID


@pytest.fixture
async def rows(door: SlackDoor) -> Rows:
    """A card in support, from which Chidi has gone; the draft on it is his own, of before."""
    await door.card("Invoice")
    await door.slack.click("Ana", "support", _ts(door), ActionId.ASSIGN_ME)
    conversation_id, account_id = door.id_of("Invoice"), door.feed.account_id
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(account_id)
        account.smtp_host, account.smtp_port, account.smtp_security = "smtp.example.com", 465, "tls"
        (message,) = await uow.messages.newest(conversation_id, limit=1)
        (command,) = await uow.commands.of_conversation(conversation_id)
        outgoing = Outgoing(
            workspace_id=uow.workspace_id, account_id=account_id, mode=OutgoingMode.REPLY,
            conversation_id=conversation_id, internet_message_id="1@example.com",
            origin=Origin.SLACK,
            from_address=account.address, subject="Re: Invoice", text="x", raw_sha256=b"0" * 32,
            size=1,
            state=OutgoingState.FAILED,
            due_at=factories.MOMENT,
        )  # fmt: skip
        uow.session.add(outgoing)
        place = Place(door.feed.mailbox_id, 1, 4000)
        await uow.ledger.record([Entry(place, PlacementState.QUARANTINED, reason="cannot be read")])
        placement = (await uow.ledger.at([place]))[place]
        chidi = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Chidi"]), "chidi")
        actor = Actor(uow.workspace_id, Origin.SLACK, teammate_id=chidi.id)
        draft = await drafts.begin(uow, actor, account_id, conversation_id, "V1")
        found = Rows(
            conversation_id, message.id, command.id, outgoing.id, placement.id, draft.id,
            door.feed.mailbox_id, account_id,
        )  # fmt: skip
    door.slack.remove_user("Chidi", "support")
    return found


def _ts(door: SlackDoor) -> str:
    return str(door.slack.messages("support")[0]["ts"])


async def state(door: SlackDoor) -> dict[str, Any]:
    """All that a listener could have changed."""
    conversation = await door.conversation("Invoice")
    async with door.store.begin(door.feed.workspace.id) as uow:
        mails = await uow.outgoing.page(OutgoingFilter(), before=None, limit=10)
        chidi = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Chidi"]), "chidi")
        draft = await uow.drafts.of_conversation(conversation.id, chidi.id)
    return {
        "conversation": conversation.model_dump(),
        "commands": [one.model_dump() for one in await door.commands("Invoice")],
        "mails": [one.model_dump() for one in mails],
        "draft": draft.model_dump() if draft else None,
        "events": len(await door.events()),
        "views": door.slack.views("Chidi"),
        "thread": door.slack.replies("support", _ts(door)),
    }


def value_for(action: ActionId, rows: Rows) -> str:
    if action.startswith("outgoing."):
        return str(rows.outgoing)
    if action is ActionId.PROCESS_AGAIN:
        return str(rows.placement)
    return f"{rows.conversation}/{rows.command}"


def in_window(door: SlackDoor, memory: str, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """A click in a window."""
    window = door.submission("any", memory, {}, "Chidi")
    return {
        **window,
        "type": "block_actions",
        "container": {"type": "view", "view_id": window["view"]["id"]},
        "actions": actions,
    }


def told(door: SlackDoor, user: str) -> list[str]:
    """What only this person was told: in the channel, or directly."""
    who = door.slack.users[user]
    directly = [
        str(one.arguments["text"])
        for one in door.slack.writes
        if one.method == "chat.postMessage" and one.arguments["channel"] == who
    ]
    return [*(str(one["text"]) for one in door.slack.ephemerals(user, "support")), *directly]


async def until_told(
    door: SlackDoor, words: str = REFUSED, user: str = "Chidi", *, times: int = 1
) -> None:
    async def look() -> bool:
        return sum(words in one for one in told(door, user)) >= times

    await eventually(look)


class TestWhoIsNotInTheChannel:
    async def test_presses_no_button(self, door: SlackDoor, rows: Rows) -> None:
        before = await state(door)
        buttons = [one for one in ActionId if one is not ActionId.MENU]

        for number, action in enumerate(buttons, 1):
            click = door.click(_ts(door), action, value_for(action, rows), "Chidi")
            assert (await door.interaction(click)).status_code == 200
            await until_told(door, times=number)
        assert await state(door) == before

    async def test_chooses_nothing_from_the_menu(self, door: SlackDoor, rows: Rows) -> None:
        before = await state(door)

        for number, choice in enumerate(MenuChoice, 1):
            value = str(MenuValue(choice, door.id_of("Invoice")))
            await door.interaction(door.choose(_ts(door), value, "Chidi"))
            await until_told(door, times=number)
        assert await state(door) == before

    async def test_submits_no_window(self, door: SlackDoor, rows: Rows) -> None:
        before = await state(door)
        values = {
            **chosen(FieldId.ACTION, MoreAction.FULL_MAIL),
            **chosen(FieldId.FOLDER, str(rows.mailbox)),
            **chosen(FieldId.SNOOZE_UNTIL, "reply"),
        }

        for view in set(ViewId) - _SHORTCUTS:
            memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()
            if view in {ViewId.COMPOSE, ViewId.PREVIEW}:
                memory = ComposeMemory(draft_id=rows.draft).model_dump_json()
            answer = await door.interaction(door.submission(view, memory, values, "Chidi"))
            assert REFUSED in text_of(answer.json()["view"]), view
        assert await state(door) == before

    async def test_changes_nothing_in_the_window_of_a_mail(
        self, door: SlackDoor, rows: Rows
    ) -> None:
        before = await state(door)
        memory = ComposeMemory(draft_id=rows.draft).model_dump_json()

        for number, field in enumerate([*Field, *Button], 1):
            action = {"type": "button", "action_id": field, "value": str(rows.draft)}
            assert (await door.interaction(in_window(door, memory, [action]))).status_code == 200
            await until_told(door, times=number)
        assert await state(door) == before

    @pytest.mark.parametrize("field", [FieldId.FOLDER, Field.TEMPLATE])
    async def test_is_offered_nothing(
        self, door: SlackDoor, rows: Rows, field: FieldId | Field
    ) -> None:
        memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()
        if field is Field.TEMPLATE:
            memory = ComposeMemory(draft_id=rows.draft).model_dump_json()
        asked = {
            **door.submission("any", memory, {}, "Chidi"),
            "type": "block_suggestion", "action_id": field, "block_id": field, "value": "",
        }  # fmt: skip

        assert (await door.interaction(asked)).json() == {"options": []}

    async def test_turns_no_page(self, door: SlackDoor, rows: Rows) -> None:
        memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()
        value = PageValue(shown=Shown.TEXT, message_id=rows.message, page=0).model_dump_json()
        action = {"type": "button", "action_id": f"{PAGE_ACTION}.on", "value": value}

        await door.interaction(in_window(door, memory, [action]))

        await until_told(door)

    async def test_writes_from_no_inbox_of_it(self, door: SlackDoor, rows: Rows) -> None:
        """A memory of one's own, and an account of a channel one is not in."""
        async with door.store.begin(door.feed.workspace.id) as uow:
            chidi = await uow.teammates.by_slack_user(
                SlackUserId(door.slack.users["Chidi"]), "chidi"
            )
            sales = factories.account(
                uow.workspace_id,
                address="sales@example.com",
                channel_id=ChannelId(door.slack.channels["sales"]),
            )
            uow.accounts.add(sales)
            await uow.session.flush()
            actor = Actor(uow.workspace_id, Origin.SLACK, teammate_id=chidi.id)
            draft = await drafts.begin(uow, actor, sales.id, None, "V2")
        memory = ComposeMemory(draft_id=draft.id).model_dump_json()
        option = {"selected_option": {"value": str(rows.account)}}

        await door.interaction(
            in_window(door, memory, [{"action_id": Field.ACCOUNT, "block_id": "b", **option}])
        )

        await until_told(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            assert (await uow.drafts.lock(draft.id)).account_id == sales.id

    async def test_is_offered_the_inboxes_of_other_channels_only(
        self, door: SlackDoor, rows: Rows
    ) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            uow.accounts.add(
                factories.account(
                    uow.workspace_id,
                    address="sales@example.com",
                    channel_id=ChannelId(door.slack.channels["sales"]),
                    smtp_host="smtp.example.com",
                    smtp_port=465,
                    smtp_security="tls",
                )
            )

        for user, expected in (("Chidi", {"sales"}), ("Ana", {"sales", "support"})):
            outcome = await door.slack.run_command(user, "sales", "/inbox compose")
            assert outcome.ok

            async def window(user: str = user) -> str:
                views = door.slack.views(user)
                return json.dumps(views[-1]) if views and len(views[-1]["blocks"]) > 1 else ""

            shown = await eventually(window)
            assert {
                one for one in ("sales", "support") if f"{one}@example.com" in shown
            } == expected

    async def test_acts_again_once_invited(self, door: SlackDoor, rows: Rows) -> None:
        door.slack.add_user("Chidi", "support")

        async def done() -> bool:
            await door.slack.click("Chidi", "support", _ts(door), ActionId.DONE)
            return (await door.conversation("Invoice")).status == "done"

        await eventually(done)

    async def test_is_not_told_of_where_the_mail_is(self, door: SlackDoor, rows: Rows) -> None:
        await door.interaction(
            door.click(_ts(door), ActionId.DONE, str(rows.conversation), "Chidi")
        )
        await until_told(door)

        said = door.slack.ephemerals("Chidi", "support")[-1]["text"]
        assert door.slack.channels["support"] not in said
        assert "support" not in said


class TestWhoMayOnlyLook:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"guest": True}, "Guests can read"),
            ({"home": "T0ELSEWHERE"}, "another workspace"),
            ({"deleted": True}, "switched off"),
        ],
    )
    async def test_does_not_act(
        self, door: SlackDoor, change: Mapping[str, Any], words: str
    ) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", **change)

        for action in (ActionId.DONE, ActionId.REPLY):
            await door.slack.click("Ben", "support", ts, action)
        await door.slack.run_command("Ben", "support", "/inbox compose")

        await until_told(door, words, "Ben")
        assert (await door.conversation("Invoice")).status == "open"
        assert door.slack.views("Ben") == []

    async def test_reads(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", guest=True)

        await door.slack.choose_overflow("Ben", "support", ts, "More actions…")
        await eventually(lambda: _views(door, "Ben"))
        assert (await door.slack.submit_view("Ben", {FieldId.ACTION: MoreAction.FULL_MAIL})).ok

        async def shown() -> bool:
            views = door.slack.views("Ben")
            return bool(views) and "The total is wrong." in text_of(views[-1])

        await eventually(shown)

    @pytest.mark.parametrize("entry", [MoreAction.FULL_MAIL, MoreAction.HEADERS])
    async def test_reads_no_more_of_a_mail_than_the_channel_shows(
        self, door: SlackDoor, entry: MoreAction
    ) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", home="T0ELSEWHERE")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await set_exposure(uow, ChannelId(door.slack.channels["support"]), Exposure.HEADERS)

        await door.slack.choose_overflow("Ben", "support", ts, "More actions…")
        await eventually(lambda: _views(door, "Ben"))
        await door.slack.submit_view("Ben", {FieldId.ACTION: entry})

        async def told() -> bool:
            return any("and no more of it" in text_of(view) for view in door.slack.views("Ben"))

        await eventually(told)
        assert all("The total is wrong." not in text_of(view) for view in door.slack.views("Ben"))

    async def test_acts_where_the_workspace_lets_guests(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        door.slack.change_person("Ben", guest=True)
        await _house(door, guests_may_act=True)

        await door.slack.click("Ben", "support", ts, ActionId.DONE)

        assert (await door.conversation("Invoice")).status == "done"

    async def test_is_whoever_was_made_a_viewer(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        async with door.store.begin(door.feed.workspace.id) as uow:
            ben = await uow.teammates.by_slack_user(SlackUserId(door.slack.users["Ben"]), "ben")
            ben.role = Role.VIEWER

        await door.slack.click("Ben", "support", ts, ActionId.DONE)

        assert "made a viewer" in await door.told("Ben")
        assert (await door.conversation("Invoice")).status == "open"


class TestWhereSlackDoesNotSay:
    @pytest.mark.parametrize("method", ["users.conversations", "users.info"])
    async def test_nothing_is_done_on_a_guess(self, door: SlackDoor, method: str) -> None:
        ts = await door.card("Invoice")
        door.slack.fail_next(method, FaultKind.HTTP)

        await door.slack.click("Ana", "support", ts, ActionId.DONE)

        assert "Slack does not say" in await door.told("Ana")
        assert (await door.conversation("Invoice")).status == "open"

        await door.slack.click("Ana", "support", ts, ActionId.DONE)
        assert (await door.conversation("Invoice")).status == "done"


async def _views(door: SlackDoor, user: str) -> list[dict[str, Any]]:
    return door.slack.views(user)


async def _house(door: SlackDoor, **rules: bool) -> None:
    async with door.store.across_workspaces() as fleet:
        workspace = await fleet.workspace(door.feed.workspace.id)
        for name, value in rules.items():
            setattr(workspace, name, value)
