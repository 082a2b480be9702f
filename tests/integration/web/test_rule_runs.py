"""A rule applied to mail that is there already: page by page, once, however often it is begun."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from app.commands import enqueue
from app.core.ids import RuleApplicationId, RuleRunId, first_id_of
from app.jobs.ruling import apply_for_a_while
from app.rules import running
from app.store.models import Command, Conversation, Rule, RuleApplication
from tests.fixtures.web import BOOTSTRAP_KEY, RULE, Web

ACTIONS = [{"do": "tag", "tags": ["acme"]}, {"do": "flag"}, {"do": "done"}, {"do": "mute"}]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_PAGE", 2)


async def made(web: Web, mails: int = 3) -> str:
    """A rule, and mail that it fits but for one."""
    account = await web.account()
    for n in range(mails):
        await web.conversation(account, subject=f"Invoice {n}")
    body = {"name": "Acme", **RULE, "actions": ACTIONS}
    body["conditions"] = [{"field": "subject", "test": "regex", "value": "Invoice [1-9]"}]
    answer = await web.client(BOOTSTRAP_KEY).post("/rules", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def run(web: Web, run_id: str, pages: int = 100) -> None:
    parts = web.container
    for _ in range(pages):
        id_ = RuleRunId(UUID(run_id))
        if not await running.step(parts.store, parts.blobs, parts.clock, web.workspace_id, id_):
            return


class TestApplying:
    async def test_twice_at_once_is_refused(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)

        assert (await client.get(f"/rules/{rule}/apply")).status_code == 404
        assert (await client.delete(f"/rules/{rule}/apply")).status_code == 404
        assert (await client.post(f"/rules/{rule}/apply", json={})).status_code == 202
        assert (await client.post(f"/rules/{rule}/apply", json={})).status_code == 409

    async def test_does_what_it_may_and_tells_how_far_it_is(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)
        begun = (await client.post(f"/rules/{rule}/apply", json={})).json()
        assert (begun["state"], begun["total"], begun["looked_at"]) == ("running", 3, 0)

        await run(web, begun["id"], pages=1)
        half = (await client.get(f"/rules/{rule}/apply")).json()
        await run(web, begun["id"])
        done = (await client.get(f"/rules/{rule}/apply")).json()

        assert (half["state"], half["looked_at"]) == ("running", 2)
        assert (done["state"], done["looked_at"], done["matched"], done["applied"]) == (
            "done", 3, 2, 2,
        )  # fmt: skip
        async with web.store.begin(web.workspace_id) as uow:
            found = (await uow.session.exec(select(Conversation))).all()
            tags = {one.subject: (one.tags, one.status.value) for one in found}
            told = (await uow.session.exec(select(RuleApplication))).all()
        assert tags["Invoice 0"] == ([], "open")
        assert tags["Invoice 1"] == tags["Invoice 2"] == (["acme"], "done")
        assert {one.on_history for one in told} == {True}
        assert [one["outcome"] for one in told[0].done] == [
            "done", "done", "done", "only for new mail",
        ]  # fmt: skip

    async def test_once_more_it_changes_nothing(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)
        for _ in range(2):
            begun = (await client.post(f"/rules/{rule}/apply", json={})).json()
            await run(web, begun["id"])

        told = (await client.get(f"/rules/{rule}/apply")).json()
        assert (told["matched"], told["applied"]) == (2, 0)
        async with web.store.begin(web.workspace_id) as uow:
            assert len((await uow.session.exec(select(RuleApplication))).all()) == 2
            commands = (await uow.session.exec(select(Command))).all()
        assert sorted(one.type.value for one in commands) == [
            "done", "done", "flag", "flag", "tag", "tag",
        ]  # fmt: skip

    async def test_ends_when_it_is_cancelled_changed_or_removed(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)
        first = (await client.post(f"/rules/{rule}/apply", json={})).json()
        cancelled = (await client.delete(f"/rules/{rule}/apply")).json()
        await run(web, first["id"])
        assert (cancelled["state"], cancelled["looked_at"]) == ("cancelled", 0)

        second = (await client.post(f"/rules/{rule}/apply", json={})).json()
        await client.patch(f"/rules/{rule}", json={"actions": [{"do": "flag"}]})
        await run(web, second["id"])
        told = (await client.get(f"/rules/{rule}/apply")).json()
        assert (told["state"], told["detail"]) == ("cancelled", "The rule was changed meanwhile.")

        third = (await client.post(f"/rules/{rule}/apply", json={})).json()
        await client.delete(f"/rules/{rule}")
        await run(web, third["id"])
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.session.exec(select(Rule))).all() == []

    async def test_leaves_mail_alone_that_is_older_than_asked_for(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)

        begun = await client.post(f"/rules/{rule}/apply", json={"since": "2030-01-01T00:00:00Z"})

        assert begun.json()["total"] == 0


class TestWhereTooManyCommandsWait:
    async def test_waits_for_room_and_goes_on_without_doing_anything_twice(
        self, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(enqueue, "MOST_WAITING", 1)
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)
        begun = (await client.post(f"/rules/{rule}/apply", json={})).json()
        run_id, parts = RuleRunId(UUID(begun["id"])), web.container

        first = await apply_for_a_while(parts, web.workspace_id, run_id)
        waits = (await client.get(f"/rules/{rule}/apply")).json()
        monkeypatch.setattr(enqueue, "MOST_WAITING", 10)
        second = await apply_for_a_while(parts, web.workspace_id, run_id)

        assert first is not None
        assert (waits["state"], waits["looked_at"], waits["applied"]) == ("running", 0, 0)
        assert second is None
        async with web.store.begin(web.workspace_id) as uow:
            commands = (await uow.session.exec(select(Command))).all()
        assert [one.type.value for one in commands].count("flag") == 2


class TestWhatRulesDid:
    async def test_is_kept_for_a_year(self, web: Web) -> None:
        client, rule = web.client(BOOTSTRAP_KEY), await made(web)
        begun = (await client.post(f"/rules/{rule}/apply", json={})).json()
        await run(web, begun["id"])
        now = web.container.clock.now()
        async with web.store.begin(web.workspace_id) as uow:
            old, young = (await uow.session.exec(select(RuleApplication))).all()
            kept = young.message_id
            old.id = RuleApplicationId(first_id_of(now - timedelta(days=366)))

        async with web.store.across_workspaces() as fleet:
            await fleet.forget_applications(now - timedelta(days=365))

        async with web.store.begin(web.workspace_id) as uow:
            (left,) = (await uow.session.exec(select(RuleApplication))).all()
        assert left.message_id == kept
