"""People to write to, by REST, and how they come to be known."""

from datetime import timedelta
from typing import Any

from app.core.access import Scope
from app.core.ids import AccountId, ChannelId
from app.mail.parsed import Automatic
from app.store.models import Direction
from tests import factories
from tests.factories import MOMENT
from tests.fixtures.web import BOOTSTRAP_KEY, Web


async def met(web: Web, account_id: AccountId, address: str, name: str = "", **values: Any) -> None:
    """A mail from somebody came in."""
    id_, _ = await web.conversation(account_id)
    values = {"from_address": address, "from_name": name, **values}
    async with web.store.begin(web.workspace_id) as uow:
        mail = factories.message(uow.workspace_id, account_id, id_, **values)
        await uow.contacts.note([mail])


async def found(web: Web, query: str, key: str = BOOTSTRAP_KEY, **more: str) -> list[str]:
    answer = await web.client(key).get("/contacts", params={"query": query, **more})
    assert answer.status_code == 200, answer.text
    return [one["address"] for one in answer.json()["items"]]


class TestSearch:
    async def test_without_a_key_is_refused(self, web: Web) -> None:
        assert (await web.client().get("/contacts")).status_code == 401

    async def test_a_key_sees_the_people_of_its_accounts(self, web: Web) -> None:
        here, there = await web.account(), await web.account(address="sales@example.com")
        await met(web, here, "ana@acme.example")
        await met(web, there, "anton@lead.example")
        _, bound = await web.key(Scope.READ, accounts=[there])

        assert await found(web, "an", bound) == ["anton@lead.example"]
        assert await found(web, "an", account=str(here)) == ["ana@acme.example"]
        hidden = await web.client(bound).get("/contacts", params={"account": str(here)})
        assert hidden.status_code == 404

    async def test_by_the_beginning_of_a_name_or_of_a_part_of_the_address(self, web: Web) -> None:
        account = await web.account()
        await met(web, account, "Harriet.Pike@RowanPike.example", "Harriet Pike")

        for typed in ("har", "pike har", "rowan", "harriet.pike@row", "HARRIET"):
            assert await found(web, typed) == ["harriet.pike@rowanpike.example"], typed
        for typed in ("arriet", "harriet ruiz", "%", "' & !", ":*"):
            assert await found(web, typed) == [], typed

    async def test_the_frequent_first_and_long_ago_counts_for_less(self, web: Web) -> None:
        account = await web.account()
        for _ in range(3):
            await met(web, account, "often@x.example", received_at=MOMENT)
        await met(web, account, "once@x.example", received_at=MOMENT)
        for _ in range(9):
            long_ago = MOMENT - timedelta(days=900)
            await met(web, account, "earlier@x.example", received_at=long_ago)

        assert await found(web, "x") == [f"{one}@x.example" for one in ("often", "once", "earlier")]

    async def test_one_person_of_several_accounts_is_one(self, web: Web) -> None:
        here, there = await web.account(), await web.account(address="sales@example.com")
        await met(web, here, "ana@acme.example", "Ana Ruiz", received_at=MOMENT)
        await met(web, there, "ANA@acme.example", "", received_at=MOMENT + timedelta(days=1))

        (one,) = (await web.client(BOOTSTRAP_KEY).get("/contacts")).json()["items"]

        assert (one["address"], one["name"], one["times"]) == ("ana@acme.example", "Ana Ruiz", 2)

    async def test_those_one_wrote_to_and_no_software(self, web: Web) -> None:
        account = await web.account()
        to = [{"name": "Eva", "address": "eva@other.example"}, {"name": "x", "address": ""}]
        await met(web, account, "support@example.com", direction=Direction.OUTBOUND, to=to)
        await met(web, account, "bot@x.example", automatic=Automatic.GENERATED)
        await met(web, account, "list@x.example", list_id="news.x.example")

        assert await found(web, "") == ["eva@other.example"]

    async def test_where_the_last_mail_cannot_be_seen_nobody_is_known(self, web: Web) -> None:
        account = await web.account()
        await met(web, account, "ana@acme.example")
        async with web.store.begin(web.workspace_id) as uow:
            channel = (await uow.accounts.get(account)).channel_id
            inside = await uow.contacts.search("ana", seen_in=frozenset({channel}), limit=5)
            elsewhere = frozenset({ChannelId("C0ELSEWHERE")})
            outside = await uow.contacts.search("ana", seen_in=elsewhere, limit=5)

        assert [one.address for one in inside] == ["ana@acme.example"]
        assert outside == []
