"""Where a row is seen when mail of one account goes to several channels."""

from uuid import UUID

import pytest

from app.core.access import Actor, Origin
from app.core.ids import ChannelId, PostId, SlackUserId, new_id
from app.feed.ids import ActionId
from app.sending import drafts
from app.slack.ids import FieldId, Memory
from app.store.models import Account, Channel, PlacementState, PostKind, Route, RouteKind
from app.store.new import NewPost
from app.store.repositories.ledger import Entry, Place
from tests.fixtures.slack_door import SlackDoor, chosen
from tests.fixtures.stack import eventually
from tests.integration.slack.test_permission import REFUSED, until_told


async def route(door: SlackDoor, value: str, channel: str, kind: RouteKind) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        await uow.routes.add(
            Route(
                workspace_id=uow.workspace_id,
                account_id=door.feed.account_id,
                kind=kind,
                value=value,
                channel_id=ChannelId(door.slack.channels[channel]),
            )
        )


async def seen(door: SlackDoor, id_: UUID) -> set[str]:
    """The names of the channels that a row is seen in."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        behind = await uow.sight.channels_behind([id_])
    names = {channel_id: name for name, channel_id in door.slack.channels.items()}
    return {names[one] for one in behind.get(id_, ())}


@pytest.fixture
async def routed(door: SlackDoor) -> SlackDoor:
    """The account's own channel is support; what is written to billing@ goes to billing."""
    await route(door, "billing@example.com", "billing", RouteKind.ALIAS)
    return door


@pytest.fixture
async def account(routed: SlackDoor) -> Account:
    async with routed.store.begin(routed.feed.workspace.id) as uow:
        account = await uow.accounts.get(routed.feed.account_id)
        account.smtp_host, account.smtp_port, account.smtp_security = "smtp.example.com", 465, "tls"
        return account


class TestChannelsBehind:
    async def test_nothing_of_another_workspace_is_known(self, routed: SlackDoor) -> None:
        assert await seen(routed, new_id()) == set()

    async def test_an_account_is_seen_wherever_its_mail_goes(self, routed: SlackDoor) -> None:
        assert await seen(routed, routed.feed.account_id) == {"support", "billing"}
        assert await seen(routed, routed.feed.mailbox_id) == {"support", "billing"}

    async def test_a_new_mail_is_seen_wherever_its_account_is(self, routed: SlackDoor) -> None:
        async with routed.store.begin(routed.feed.workspace.id) as uow:
            ben = await uow.teammates.by_slack_user(SlackUserId(routed.slack.users["Ben"]), "ben")
            actor = Actor(uow.workspace_id, Origin.SLACK, teammate_id=ben.id)
            draft = await drafts.begin(uow, actor, routed.feed.account_id, None, "V1")

        assert await seen(routed, draft.id) == {"support", "billing"}

    async def test_a_mail_is_seen_where_its_card_is_and_nowhere_else(
        self, routed: SlackDoor
    ) -> None:
        await routed.feed.mail("Hello")
        await routed.feed.mail("Invoice", to=[{"name": "", "address": "billing@example.com"}])

        assert await seen(routed, routed.id_of("Hello")) == {"support"}
        assert await seen(routed, routed.id_of("Invoice")) == {"billing"}

    async def test_a_mail_that_cannot_be_read_is_seen_where_it_is_shown(
        self, routed: SlackDoor
    ) -> None:
        await route(routed, "INBOX", "sales", RouteKind.FOLDER)
        async with routed.store.begin(routed.feed.workspace.id) as uow:
            place = Place(routed.feed.mailbox_id, 1, 4000)
            await uow.ledger.record([Entry(place, PlacementState.QUARANTINED, reason="unreadable")])
            placement = (await uow.ledger.at([place]))[place]
        assert await seen(routed, placement.id) == {"support"}

        async with routed.store.begin(routed.feed.workspace.id) as uow:
            account = await uow.accounts.get(routed.feed.account_id)
            await routed.feed.announce(uow, account, placement.id)
        assert await seen(routed, placement.id) == {"sales"}


class TestWhoIsInTheRoutedChannelOnly:
    async def test_writes_from_the_account(self, routed: SlackDoor, account: Account) -> None:
        routed.slack.remove_user("Ben", "support")

        assert (await routed.slack.run_command("Ben", "billing", "/inbox compose")).ok

        async def offered() -> bool:
            views = routed.slack.views("Ben")
            return bool(views) and account.address in str(views[-1])

        await eventually(offered)

    async def test_is_offered_no_tags_of_mail_elsewhere(self, routed: SlackDoor) -> None:
        await routed.feed.mail("Secret")
        await routed.feed.mail("Invoice", to=[{"name": "", "address": "billing@example.com"}])
        async with routed.store.begin(routed.feed.workspace.id) as uow:
            (await uow.conversations.lock(routed.id_of("Secret"))).tags = ["lawsuit"]
            (await uow.conversations.lock(routed.id_of("Invoice"))).tags = ["urgent"]
        routed.slack.remove_user("Ben", "support")
        memory = Memory(conversation_id=routed.id_of("Invoice")).model_dump_json()
        asked = routed.submission("more", memory, chosen(FieldId.ACTION, "tags"), "Ben")

        answer = await routed.interaction(asked)

        assert "urgent" in answer.text
        assert "lawsuit" not in answer.text

    async def test_is_offered_the_folders_of_a_mail_of_theirs(self, routed: SlackDoor) -> None:
        await routed.feed.mail("Invoice", to=[{"name": "", "address": "billing@example.com"}])
        routed.slack.remove_user("Ben", "support")
        memory = Memory(conversation_id=routed.id_of("Invoice")).model_dump_json()
        folder = chosen(FieldId.FOLDER, str(routed.feed.mailbox_id))

        answer = await routed.interaction(routed.submission("move", memory, folder, "Ben"))

        assert REFUSED not in answer.text


def _ts(door: SlackDoor) -> str:
    return str(door.slack.messages("support")[0]["ts"])


class TestADigest:
    @pytest.fixture
    async def digest(self, door: SlackDoor) -> PostId:
        """Stands for a card that is held back in support."""
        await door.card("Invoice")
        await door.feed.mail("Held back")
        async with door.store.begin(door.feed.workspace.id) as uow:
            post = NewPost(
                workspace_id=uow.workspace_id,
                channel_id=door.feed.channel,
                kind=PostKind.DIGEST,
                payload={"first": 0},
            )
            await uow.posts.add_all([post])
            (await uow.channels.get(door.feed.channel)).digest_id = post.id
        return post.id

    async def channel(self, door: SlackDoor) -> Channel:
        async with door.store.begin(door.feed.workspace.id) as uow:
            return await uow.channels.get(door.feed.channel)

    async def test_is_opened_by_nobody_outside_its_channel(
        self, door: SlackDoor, digest: PostId
    ) -> None:
        door.slack.remove_user("Chidi", "support")

        await door.interaction(door.click(_ts(door), ActionId.SHOW_ALL, str(digest), "Chidi"))

        await until_told(door)
        assert (await self.channel(door)).all_through == 0

    async def test_is_opened_by_whoever_is_in_it(self, door: SlackDoor, digest: PostId) -> None:
        await door.interaction(door.click(_ts(door), ActionId.SHOW_ALL, str(digest), "Chidi"))

        assert (await self.channel(door)).all_through > 0


class TestWhoLeaves:
    async def test_acts_no_more_from_that_moment(self, door: SlackDoor) -> None:
        """They acted a second ago, so what Slack said of them then is still remembered."""
        ts = await door.card("Invoice")
        await door.slack.click("Ben", "support", ts, ActionId.ASSIGN_ME)
        assert (await door.conversation("Invoice")).assignee_id is not None

        door.slack.remove_user("Ben", "support")
        await door.event({
            "type": "member_left_channel",
            "user": door.slack.users["Ben"],
            "channel": door.feed.channel,
        })  # fmt: skip
        await door.interaction(door.click(ts, ActionId.DONE, door.value("Invoice"), "Ben"))

        await until_told(door, user="Ben")
        assert (await door.conversation("Invoice")).status == "open"
