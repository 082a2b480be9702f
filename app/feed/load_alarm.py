"""From an alarm's row to what its message shows."""

from uuid import UUID

from app.core.ids import AlarmId
from app.feed.view import AlarmView
from app.store.models import Post
from app.store.unit_of_work import UnitOfWork


async def load_alarm(uow: UnitOfWork, post: Post) -> AlarmView:
    """Raises `NotFound` where the account was removed meanwhile."""
    alarm = await uow.alarms.get(AlarmId(UUID(post.payload["alarm_id"])))
    account = await uow.accounts.get(alarm.account_id)
    return AlarmView(
        address=account.address,
        folders=tuple(alarm.folders),
        since=alarm.silent_since,
        detail=account.detail,
        resolved_at=alarm.resolved_at,
    )
