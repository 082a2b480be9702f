"""Rules and routes at work on mail that comes in, on a real Dovecot."""

from typing import Any

from app.accounts.routing import set_route
from app.core.access import Actor, Origin
from app.core.ids import ChannelId, SlackUserId
from app.rules.edit import create
from app.rules.types import RuleBody
from app.store.models import (
    Command,
    Conversation,
    ConversationStatus,
    Event,
    Message,
    Post,
    PostKind,
    RouteKind,
    Rule,
    RuleApplication,
    Template,
)
from tests.fixtures.mailservers import log_in
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync

FROM_ACME = {"field": "from", "test": "domain", "value": "acme.example"}
BILLING = ChannelId("C0BILLING")


async def rule(sync: Sync, *actions: dict[str, Any], **values: Any) -> Rule:
    conditions = values.pop("conditions", [FROM_ACME])
    body = RuleBody.model_validate({"conditions": conditions, "actions": actions})
    actor = Actor(sync.workspace.id, Origin.API, name="a key")
    async with sync.rows() as uow:
        return await create(uow, actor, values.pop("name", "From Acme"), body, **values)


async def bring(sync: Sync, subject: str, message_id: str = "1@acme.example", **more: str) -> None:
    """Have a mail come in, with more header fields."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in more.items())
    raw = mail(subject, message_id, "Hello.").decode().replace("Date:", f"{head}Date:", 1)
    await sync.inbox.server.save(sync.inbox.username, "INBOX", raw.encode())
    await sync.look()


async def cards(sync: Sync) -> list[Post]:
    return [post for post in await sync.all(Post) if post.kind is PostKind.CARD]


class TestArrival:
    async def test_does_everything_once_and_tells(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            ana = await uow.teammates.by_slack_user(SlackUserId("U0ANA"), "Ana")
        await rule(
            sync,
            {"do": "channel", "channel": BILLING},
            {"do": "assign", "teammate_id": str(ana.id)},
            {"do": "tag", "tags": ["refund"]},
            {"do": "flag"},
            {"do": "done"},
        )

        await bring(sync, "Invoice 4471")
        await sync.look()

        (card,), (conversation,) = await cards(sync), await sync.all(Conversation)
        assert card.channel_id == BILLING
        assert conversation.assignee_id == ana.id
        assert conversation.tags == ["refund"]
        assert conversation.status is ConversationStatus.DONE
        assert sorted(one.type for one in await sync.all(Command)) == [
            "assign", "done", "flag", "tag",
        ]  # fmt: skip
        assert {one.origin for one in await sync.all(Command)} == {Origin.RULE}
        (told,) = await sync.all(RuleApplication)
        assert (told.rule_name, told.on_history) == ("From Acme", False)
        assert [one["outcome"] for one in told.done] == ["done"] * 5
        (event,) = [one for one in await sync.all(Event) if one.type == "rule.applied"]
        assert event.data["did"] == ["channel", "assign", "tag", "flag", "done"]

    async def test_its_own_move_does_not_bring_the_mail_in_again(self, sync: Sync) -> None:
        with log_in(sync.inbox) as client:
            client.create("Bills")
        await sync.look()
        await rule(sync, {"do": "move", "folder": "Bills"})
        await bring(sync, "Invoice 4471")

        assert await sync.run_commands() == 1
        async with sync.rows() as uow:
            account = await uow.accounts.lock(sync.syncing.account_id)
            account.folders = ["INBOX", "Bills"]
        await sync.look_everywhere()
        await sync.look_everywhere()

        assert len(await sync.all(Message)) == 1
        assert len(await sync.all(RuleApplication)) == 1
        assert [one.state for one in await sync.all(Command)] == ["done"]
        bills = await sync.mailbox("Bills")
        (message,) = await sync.all(Message)
        async with sync.rows() as uow:
            live = await uow.ledger.live_of_messages([message.id])
        assert [folder.id for _, folder in live] == [bills.id]

    async def test_what_cannot_be_done_is_told_and_stops_nothing(self, sync: Sync) -> None:
        await rule(sync, {"do": "move", "folder": "Nowhere"}, {"do": "tag", "tags": ["bill"]})

        await bring(sync, "Invoice 4471")

        (told,) = await sync.all(RuleApplication)
        assert told.done[0]["outcome"] == "The account has no folder “Nowhere”."
        assert told.done[1]["outcome"] == "done"
        assert await sync.announced() == ["Invoice 4471"]

    async def test_a_rule_that_cannot_be_read_stops_nothing(self, sync: Sync) -> None:
        made = await rule(sync, {"do": "flag"})
        async with sync.rows() as uow:
            (await uow.rules.lock(made.id)).body = {"actions": [{"do": "sing"}]}

        await bring(sync, "Invoice 4471")

        assert await sync.announced() == ["Invoice 4471"]
        assert await sync.all(RuleApplication) == []

    async def test_by_header_and_list(self, sync: Sync) -> None:
        await rule(
            sync,
            {"do": "tag", "tags": ["spam"]},
            name="Header",
            conditions=[{"field": "header", "header": "X-Spam", "test": "is", "value": "yes"}],
        )
        await rule(
            sync,
            {"do": "tag", "tags": ["news"]},
            name="List",
            conditions=[{"field": "list", "test": "is", "value": "news.acme.example"}],
        )

        await bring(sync, "One", "1@acme.example", X_Spam="YES")
        await bring(sync, "Two", "2@acme.example", List_Id="News <news.acme.example>")
        await bring(sync, "Three", "3@acme.example", X_Spam="no")

        tags = {one.subject: one.tags for one in await sync.all(Conversation)}
        assert tags == {"One": ["spam"], "Two": ["news"], "Three": []}

    async def test_not_when_disabled_or_for_another_account(self, sync: Sync) -> None:
        await rule(sync, {"do": "done"}, enabled=False)

        await bring(sync, "Invoice 4471")

        (conversation,) = await sync.all(Conversation)
        assert conversation.status is ConversationStatus.OPEN

    async def test_proposes_an_answer_but_not_to_software(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            template = Template(workspace_id=uow.workspace_id, name="Thanks", text="Thank you.")
            await uow.templates.add(template)
        await rule(sync, {"do": "reply", "template_id": str(template.id)})

        await bring(sync, "A question", "1@acme.example")
        await bring(sync, "Away", "2@acme.example", Auto_Submitted="auto-replied")

        proposals = {one.subject: one.proposal for one in await sync.all(Conversation)}
        assert proposals["A question"]["template_id"] == str(template.id)
        assert proposals["Away"] is None


class TestMute:
    async def test_shows_nothing_and_counts_as_done(self, sync: Sync) -> None:
        await rule(sync, {"do": "mute"})

        await bring(sync, "Newsletter", "1@acme.example")
        await bring(sync, "Re: Newsletter", "2@acme.example", In_Reply_To="<1@acme.example>")

        assert await sync.announced() == []
        (conversation,) = await sync.all(Conversation)
        assert conversation.message_count == 2
        assert conversation.status is ConversationStatus.DONE

    async def test_leaves_a_conversation_that_has_a_card_as_it_is(self, sync: Sync) -> None:
        await bring(sync, "Invoice 4471", "1@acme.example")
        await rule(sync, {"do": "mute"})

        await bring(sync, "Re: Invoice 4471", "2@acme.example", In_Reply_To="<1@acme.example>")

        assert await sync.announced() == ["Invoice 4471"]
        (conversation,) = await sync.all(Conversation)
        assert conversation.status is ConversationStatus.OPEN


class TestRoutes:
    async def test_the_address_before_the_folder_before_the_account(self, sync: Sync) -> None:
        account_id = sync.syncing.account_id
        async with sync.rows() as uow:
            await set_route(uow, account_id, RouteKind.FOLDER, "inbox", "C0FOLDER")
            await set_route(uow, account_id, RouteKind.ALIAS, "Billing@example.com", BILLING)

        await bring(sync, "One", "1@acme.example")
        await bring(sync, "Two", "2@acme.example", Delivered_To="billing@EXAMPLE.com")

        found = {one.id: one.subject for one in await sync.all(Conversation)}
        where = {found[card.conversation_id]: card.channel_id for card in await cards(sync)}
        assert where == {"One": "C0FOLDER", "Two": BILLING}

    async def test_a_card_stays_where_it_is(self, sync: Sync) -> None:
        await bring(sync, "Invoice 4471", "1@acme.example")
        before = (await cards(sync))[0].channel_id
        async with sync.rows() as uow:
            account = await uow.accounts.lock(sync.syncing.account_id)
            account.channel_id = BILLING

        await bring(sync, "Re: Invoice 4471", "2@acme.example", In_Reply_To="<1@acme.example>")
        await bring(sync, "Something else", "3@acme.example")

        posts = sorted(await sync.all(Post), key=lambda post: post.seq)
        assert [(one.kind, one.channel_id) for one in posts] == [
            (PostKind.CARD, before),
            (PostKind.MAIL, before),
            (PostKind.CARD, BILLING),
        ]

    async def test_the_first_rule_before_any_route(self, sync: Sync) -> None:
        async with sync.rows() as uow:
            await set_route(uow, sync.syncing.account_id, RouteKind.FOLDER, "INBOX", "C0FOLDER")
        await rule(sync, {"do": "channel", "channel": "C0FIRST"})
        await rule(sync, {"do": "channel", "channel": "C0SECOND"}, name="Second")

        await bring(sync, "Invoice 4471")

        assert [card.channel_id for card in await cards(sync)] == ["C0FIRST"]
