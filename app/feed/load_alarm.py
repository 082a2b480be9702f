"""From an alarm's row to what its message shows."""

from uuid import UUID

from app.core.ids import AlarmId
from app.feed.view import AlarmView
from app.store.models import AlarmKind, Post
from app.store.unit_of_work import UnitOfWork


async def load_alarm(uow: UnitOfWork, post: Post) -> AlarmView:
    """Raises `NotFound` where the account was removed meanwhile."""
    alarm = await uow.alarms.get(AlarmId(UUID(post.payload["alarm_id"])))
    account = await uow.accounts.get(alarm.account_id)
    needs_sign_in = alarm.kind is AlarmKind.SIGN_IN
    detail = account.detail
    if needs_sign_in and account.grant_id is not None:
        detail = (await uow.grants.get(account.grant_id)).detail or detail
    is_shut, is_let_be = alarm.kind is AlarmKind.SHUT, False
    if is_shut:
        folders = await uow.mailboxes.of_account(account.id)
        named = [one for one in folders if one.name == alarm.folder and one.watched]
        detail, is_let_be = " ".join(one.detail for one in named), not named
    return AlarmView(
        address=account.address,
        folders=tuple(alarm.folders),
        since=alarm.silent_since,
        detail=detail,
        resolved_at=alarm.resolved_at,
        needs_sign_in=needs_sign_in,
        is_shut=is_shut,
        is_let_be=is_let_be,
        link=post.payload.get("link", ""),
        paused_by=account.paused_by if account.paused_at is not None else None,
    )
