"""Merging conversations and splitting mails off, by really signed deliveries."""

import asyncio
from typing import Any

from app.commands.merge import merge
from app.core.access import Actor, Origin
from app.core.errors import Conflict
from app.core.ids import ChannelId, ConversationId, new_id
from app.slack.ids import FieldId, Memory
from app.store.models import Account, CommandState, CommandType, Conversation, Message
from tests import factories
from tests.fixtures.slack_door import SlackDoor, chosen
from tests.fixtures.stack import eventually, text_of


async def window(door: SlackDoor, ts: str, action: str, user: str = "Ana") -> Any:
    """Open an entry of “More actions…”."""
    await door.slack.choose_overflow(user, "support", ts, "More actions…")
    await eventually(lambda: asyncio.sleep(0, door.slack.views(user)))
    return await door.slack.submit_view(user, {"more.action": action})


def option(door: SlackDoor, subject: str) -> dict[str, Any]:
    """As Slack hands back what its select was offered."""
    return {
        "text": {"type": "plain_text", "text": subject},
        "value": str(door.id_of(subject)),
    }


async def merged(door: SlackDoor, ts: str, into: str, user: str = "Ana") -> Any:
    assert (await window(door, ts, "merge", user)).ok
    return await door.slack.submit_view(user, {"merge.into": option(door, into)})


async def two_cards(door: SlackDoor) -> tuple[str, str]:
    return await door.card("Invoice"), await door.card("Invoice again")


async def mails(door: SlackDoor, subject: str) -> list[str]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        found = await uow.messages.of_conversation(door.id_of(subject))
        return [one.subject for one in found]


async def undo(door: SlackDoor, ts: str, user: str = "Ana") -> None:
    assert (await door.slack.click(user, "support", ts, "conversation.undo")).ok


class TestMerging:
    async def test_takes_the_mails_and_says_where_they_are(self, door: SlackDoor) -> None:
        first, second = await two_cards(door)

        assert (await merged(door, second, "Invoice")).ok
        await door.draw()

        assert await mails(door, "Invoice") == ["Invoice", "Invoice again"]
        gone = await door.conversation("Invoice again")
        assert gone.merged_into_id == door.id_of("Invoice")
        shown = text_of(door.slack.message("support", second))
        assert f"🔀 Merged into <{door.slack.api_url.removesuffix('/api/')}/archives/" in shown
        assert f"by <@{door.slack.users['Ana']}>" in shown
        assert "Undo" in shown
        assert "Assign" not in shown
        (line,) = door.slack.replies("support", first)
        assert "🔀 *ana* merged <" in line["text"]
        told = {one.type: one.data for one in await door.events()}
        assert told["conversation.merged"]["into_id"] == str(door.id_of("Invoice"))
        assert told["conversation.grown"]["from_id"] == str(door.id_of("Invoice again"))

    async def test_can_be_undone(self, door: SlackDoor) -> None:
        first, second = await two_cards(door)
        await merged(door, second, "Invoice")
        await door.draw()

        await undo(door, second)
        await door.draw()

        assert await mails(door, "Invoice") == ["Invoice"]
        assert await mails(door, "Invoice again") == ["Invoice again"]
        back = await door.conversation("Invoice again")
        assert (back.merged_into_id, back.status, back.message_count) == (None, "open", 1)
        assert "Assign to me" in text_of(door.slack.message("support", second))
        (line,) = door.slack.replies("support", first)
        assert line["text"].endswith("(undone)")

    async def test_undone_leaves_what_came_since_where_it_is(self, door: SlackDoor) -> None:
        _, second = await two_cards(door)
        await merged(door, second, "Invoice")
        await door.draw()
        await door.feed.mail("And one more", "Invoice")

        await undo(door, second)

        assert await mails(door, "Invoice") == ["Invoice", "And one more"]
        assert (await door.conversation("Invoice")).message_count == 2

    async def test_a_note_in_the_old_thread_is_one_of_the_other(self, door: SlackDoor) -> None:
        _, second = await two_cards(door)
        await merged(door, second, "Invoice")
        await door.draw()

        door.slack.post_as_user("Ben", "support", "She called again.", second)

        async def kept() -> list[str]:
            async with door.store.begin(door.feed.workspace.id) as uow:
                return [one.text for one in await uow.notes.of_conversation(door.id_of("Invoice"))]

        assert await eventually(kept) == ["She called again."]

    async def test_is_found_once(self, door: SlackDoor) -> None:
        _, second = await two_cards(door)
        await merged(door, second, "Invoice")

        offered = await door.interaction(suggestion(door, door.id_of("Invoice"), "invoi ana"))
        others = await door.interaction(suggestion(door, ConversationId(new_id()), "invoi ana"))

        assert offered.json() == {"options": []}
        (option,) = others.json()["options"]
        assert option["value"] == str(door.id_of("Invoice"))
        assert option["text"]["text"].startswith("Invoice")

    async def test_into_itself_or_into_a_merged_one_is_refused_at_the_field(
        self, door: SlackDoor
    ) -> None:
        first, second = await two_cards(door)
        third = await door.card("Third")

        itself = await merged(door, third, "Third")
        await door.slack.close_view("Ana")
        await merged(door, second, "Invoice")
        into_merged = await merged(door, third, "Invoice again")

        assert "into itself" in itself.errors["merge.into"]
        assert "was itself merged into another one" in into_merged.errors["merge.into"]
        assert first

    async def test_one_after_the_other_all_point_at_the_last(self, door: SlackDoor) -> None:
        first, second = await two_cards(door)
        await door.card("Third")
        await merged(door, second, "Invoice")
        await door.draw()

        await merged(door, first, "Third")
        await door.draw()

        assert (await door.conversation("Invoice again")).merged_into_id == door.id_of("Third")
        assert await mails(door, "Third") == ["Invoice", "Invoice again", "Third"]
        await undo(door, second)
        assert "It was merged on meanwhile" in await door.told("Ana")
        await undo(door, first)
        assert (await door.conversation("Invoice again")).merged_into_id == door.id_of("Invoice")

    async def test_across_accounts_keeps_the_channel_and_commands_reach_both(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        other = await conversation_of_another_account(door)
        await merged(door, ts, "Sales question")

        async with door.store.begin(door.feed.workspace.id) as uow:
            (theirs,) = await uow.messages.of_conversation(other.id, limit=1)
            assert theirs.account_id == door.feed.account_id
            conversation = await uow.conversations.get(other.id)
        assert conversation.account_id != door.feed.account_id
        assert (await door.conversation("Invoice")).merged_into_id == other.id


class TestTwoPeople:
    async def test_one_click_apart_one_merges_and_the_other_is_told(self, door: SlackDoor) -> None:
        _, second = await two_cards(door)
        await door.card("Third")
        await window(door, second, "merge", "Ana")
        await window(door, second, "merge", "Ben")

        await door.slack.submit_view("Ana", {"merge.into": option(door, "Invoice")})
        await door.slack.submit_view("Ben", {"merge.into": option(door, "Third")})

        (view,) = door.slack.views("Ben")
        assert view["title"]["text"] == "Not done"
        merged_by = f"<@{door.slack.users['Ana']}> merged this into another conversation"
        assert merged_by in text_of(view)
        assert (await door.conversation("Invoice again")).merged_into_id == door.id_of("Invoice")

    async def test_into_each_other_at_the_very_same_moment(self, door: SlackDoor) -> None:
        await two_cards(door)
        ids = (door.id_of("Invoice"), door.id_of("Invoice again"))

        async def attempt(source: int) -> str:
            actor = Actor(door.feed.workspace.id, Origin.API, name="Script")
            async with door.store.begin(door.feed.workspace.id) as uow:
                now = await uow.outgoing.time()
                await merge(uow, actor, ids[source], ids[1 - source], now=now)
            return "merged"

        outcomes = await asyncio.gather(attempt(0), attempt(1), return_exceptions=True)

        assert sorted(type(one).__name__ for one in outcomes) == [Conflict.__name__, "str"]

    async def test_a_click_on_the_merged_card_changes_nothing_and_says_why(
        self, door: SlackDoor
    ) -> None:
        _, second = await two_cards(door)
        await merged(door, second, "Invoice")

        await door.slack.click("Ben", "support", second, "conversation.done")

        assert "merged this into another conversation" in await door.told("Ben")
        assert (await door.commands("Invoice again"))[-1].type is CommandType.MERGE


class TestSplitting:
    async def test_gives_a_mail_a_card_of_its_own(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        off = await door.feed.mail("Something else", "Invoice", excerpt="A new topic.")
        await door.draw()

        assert (await window(door, ts, "split")).ok
        outcome = await door.slack.submit_view("Ana", {"split.mail": str(off)})
        await door.draw()

        assert outcome.ok
        assert await mails(door, "Invoice") == ["Invoice"]
        card = door.slack.messages("support")[-1]
        assert "*Something else*" in text_of(card)
        assert "A new topic." in text_of(card)
        line = door.slack.replies("support", ts)[-1]
        assert "✂️ *ana* split <" in line["text"]

    async def test_of_the_mail_that_the_card_shows_leaves_the_next_one_on_it(
        self, door: SlackDoor
    ) -> None:
        ts = await door.card("Invoice")
        await door.feed.mail("Re: Invoice", "Invoice", excerpt="The second mail.")
        await door.draw()
        first = (await messages(door, "Invoice"))[0]

        await window(door, ts, "split")
        await door.slack.submit_view("Ana", {"split.mail": str(first.id)})
        await door.draw()

        assert "The second mail." in text_of(door.slack.message("support", ts))

    async def test_can_be_undone(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")
        off = await door.feed.mail("Something else", "Invoice")
        await door.draw()
        await window(door, ts, "split")
        await door.slack.submit_view("Ana", {"split.mail": str(off)})
        await door.draw()
        new = door.slack.messages("support")[-1]["ts"]

        await undo(door, ts)
        await door.draw()

        assert await mails(door, "Invoice") == ["Invoice", "Something else"]
        assert "🔀 Merged into" in text_of(door.slack.message("support", new))
        assert (await door.commands("Invoice"))[-1].state is CommandState.UNDONE

    async def test_the_only_mail_cannot_be_split_off(self, door: SlackDoor) -> None:
        ts = await door.card("Invoice")

        outcome = await window(door, ts, "split")

        assert "the only mail" in outcome.errors["more.action"]

    async def test_a_mail_of_another_conversation_is_refused(self, door: SlackDoor) -> None:
        await two_cards(door)
        await door.feed.mail("Re: Invoice", "Invoice")
        (theirs,) = await messages(door, "Invoice again")
        memory = Memory(conversation_id=door.id_of("Invoice")).model_dump_json()

        answer = await door.interaction(
            door.submission("split", memory, chosen("split.mail", str(theirs.id)))
        )

        assert "no such mail" in answer.json()["errors"]["split.mail"]


async def messages(door: SlackDoor, subject: str) -> list[Message]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.messages.of_conversation(door.id_of(subject)))


async def conversation_of_another_account(door: SlackDoor) -> Conversation:
    workspace_id = door.feed.workspace.id
    async with door.store.begin(workspace_id) as uow:
        account: Account = factories.account(
            workspace_id,
            address="sales@example.com",
            channel_id=ChannelId(door.slack.channels["support"]),
        )
        uow.accounts.add(account)
        await uow.session.flush()
        row = factories.conversation(workspace_id, account.id, subject="Sales question")
        await uow.conversations.add_all([row])
        mail = factories.message(workspace_id, account.id, row.id, subject="Sales question")
        await uow.messages.add_all([mail])
        door.feed.conversations["Sales question"] = row.id
        return await uow.conversations.get(row.id)


def suggestion(door: SlackDoor, source: Any, typed: str) -> dict[str, Any]:
    """What Slack asks while somebody types in the select."""
    who = door.slack.users["Ana"]
    return {
        "type": "block_suggestion",
        "user": {"id": who, "name": "ana", "team_id": door.slack.team_id},
        "team": {"id": door.slack.team_id, "domain": "acme"},
        "api_app_id": door.slack.app_id,
        "action_id": FieldId.MERGE_INTO,
        "block_id": FieldId.MERGE_INTO,
        "value": typed,
        "view": {"private_metadata": Memory(conversation_id=source).model_dump_json()},
    }
