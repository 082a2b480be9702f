"""Marking mail as read unasked: wished for once, and only while the account wants it."""

import pytest
from sqlalchemy import text

from app.commands.assign import assign
from app.core.access import system
from app.jobs.marking import mark
from app.store.models import CommandType, ReadPolicy
from app.store.repositories.commands import CommandFilter
from tests.factories import MOMENT
from tests.fixtures.web import Tenant, Web


async def want(web: Web, tenant: Tenant, policy: ReadPolicy) -> None:
    async with web.store.begin(web.workspace_id) as uow:
        (await uow.accounts.get(tenant.account_id)).mark_read = policy


async def wishes(web: Web) -> list[CommandType]:
    async with web.store.begin(web.workspace_id) as uow:
        found = await uow.commands.page(CommandFilter(), before=None, limit=9)
    return [one.type for one in found if one.type is CommandType.MARK_READ]


async def jobs(web: Web) -> list[str]:
    async with web.store.begin(web.workspace_id) as uow:
        statement = text(
            "SELECT args ->> 'step' FROM procrastinate_jobs WHERE task_name = 'mail.mark_read'"
        )
        return [step for (step,) in await (await uow.session.connection()).execute(statement)]


class TestAssigning:
    @pytest.mark.parametrize(
        ("policy", "left"),
        [(ReadPolicy.NEVER, []), (ReadPolicy.DONE, []), (ReadPolicy.ASSIGNED, ["assigned"])],
    )
    async def test_leaves_a_job_where_the_account_wants_it(
        self, web: Web, policy: ReadPolicy, left: list[str]
    ) -> None:
        tenant = await web.tenant()
        await want(web, tenant, policy)

        async with web.store.begin(web.workspace_id) as uow:
            us = system(web.workspace_id)
            await assign(uow, us, tenant.conversation_id, tenant.teammate_id, now=MOMENT)

        assert await jobs(web) == left


class TestMarking:
    async def test_is_wished_for_and_counts_as_nobodys_action(self, web: Web) -> None:
        tenant = await web.tenant()
        await want(web, tenant, ReadPolicy.ASSIGNED)
        async with web.store.begin(web.workspace_id) as uow:
            before = (await uow.conversations.get(tenant.conversation_id)).acted_at

        await mark(web.store, web.workspace_id, tenant.conversation_id, ReadPolicy.DONE)

        assert await wishes(web) == [CommandType.MARK_READ]
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.conversations.get(tenant.conversation_id)).acted_at == before

    async def test_of_one_mail_is_about_that_mail(self, web: Web) -> None:
        tenant = await web.tenant()
        await want(web, tenant, ReadPolicy.SHOWN)
        where = (web.store, web.workspace_id, tenant.conversation_id)

        await mark(*where, ReadPolicy.SHOWN, tenant.message_id)

        assert await wishes(web) == [CommandType.MARK_READ]

    async def test_is_not_wished_for_where_that_was_changed_meanwhile(self, web: Web) -> None:
        tenant = await web.tenant()
        await want(web, tenant, ReadPolicy.DONE)

        await mark(web.store, web.workspace_id, tenant.conversation_id, ReadPolicy.SHOWN)

        assert await wishes(web) == []
