"""Figures over time, counted by the database."""

from datetime import UTC, datetime, timedelta

from app.store.models import Direction
from tests import factories
from tests.fixtures.database import Workspace


class TestCharts:
    async def test_count_mail_by_the_hour_and_no_history(self, workspace: Workspace) -> None:
        async with workspace.store.begin(workspace.id) as uow:
            account = factories.account(workspace.id)
            uow.accounts.add(account)
            await uow.session.flush()
            talk = factories.conversation(workspace.id, account.id)
            await uow.conversations.add_all([talk])
            mails = [
                factories.message(
                    workspace.id, account.id, talk.id, raw_sha256=bytes([n]), imported=n == 0
                )
                for n in range(4)
            ]
            await uow.messages.add_all(mails)

        now = datetime.now(UTC)
        async with workspace.store.begin(workspace.id) as uow:
            hours = await uow.charts.mails_per_hour(24, now=now)
            nobodys = await uow.charts.mails_per_hour(24, now=now, only=frozenset())

        assert len(hours) == 24
        assert sum(count for _, count in hours) == 3
        assert sum(count for _, count in nobodys) == 0

    async def test_tell_the_median_until_the_first_answer(self, workspace: Workspace) -> None:
        now = datetime.now(UTC)
        began = now - timedelta(hours=1)
        async with workspace.store.begin(workspace.id) as uow:
            account = factories.account(workspace.id)
            uow.accounts.add(account)
            await uow.session.flush()
            for n, minutes in enumerate((2, 10, 30, None)):
                talk = factories.conversation(
                    workspace.id, account.id, first_message_at=began, last_message_at=began
                )
                await uow.conversations.add_all([talk])
                if minutes is None:
                    continue
                for later in (minutes, minutes + 5):
                    answer = factories.message(
                        workspace.id, account.id, talk.id, direction=Direction.OUTBOUND,
                        received_at=began + timedelta(minutes=later),
                        raw_sha256=bytes([n, later]),
                    )  # fmt: skip
                    await uow.messages.add_all([answer])

        async with workspace.store.begin(workspace.id) as uow:
            days = await uow.charts.first_answers(14, now=now)

        (told,) = [one for one in days if one.answered]
        assert len(days) == 14
        assert (told.answered, told.median_seconds) == (3, 600.0)
