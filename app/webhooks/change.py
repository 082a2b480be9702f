"""Making a webhook, and changing one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.core.crypto import Vault
from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, WebhookId
from app.outside.http import AddressRefused, read_url
from app.store.models import Webhook, WebhookState
from app.store.unit_of_work import UnitOfWork
from app.webhooks.payload import TEST_TYPE, new_secret

FORMER_SECRET_FOR: Final = timedelta(hours=24)


def checked_url(text: str, *, allow_private: bool) -> str:
    """Raises `InvalidInput` for an address that we would not tell anything."""
    try:
        return str(read_url(text, allow_private=allow_private))
    except AddressRefused as error:
        raise InvalidInput(str(error), field="url", fix=error.fix) from None


async def make_webhook(
    uow: UnitOfWork,
    vault: Vault,
    *,
    url: str,
    description: str,
    event_types: Sequence[str],
    account_ids: Sequence[AccountId] | None,
    after: int | None,
) -> tuple[Webhook, str]:
    """The webhook and its secret. It is told of what comes after `after`; None: from now on.

    Raises `NotFound` for an account that is not there, `InvalidInput` for a cursor to come.
    """
    for account_id in account_ids or ():
        await uow.accounts.get(account_id)
    secret = new_secret()
    webhook = Webhook(
        workspace_id=uow.workspace_id,
        url=url,
        description=description,
        event_types=list(event_types),
        account_ids=[UUID(str(one)) for one in account_ids] if account_ids else None,
        secret=vault.seal(secret),
        cursor=await _checked_cursor(uow, after),
    )
    uow.webhooks.add(webhook)
    uow.emit("webhook.created", webhook_id=str(webhook.id))
    return webhook, secret


async def rotate_secret(
    uow: UnitOfWork, vault: Vault, webhook_id: WebhookId, *, now: datetime
) -> str:
    """A new secret. The one before signs as well for a day. Raises `NotFound`."""
    webhook = await uow.webhooks.get(webhook_id, lock=True)
    secret = new_secret()
    webhook.former_secret, webhook.former_until = webhook.secret, now + FORMER_SECRET_FOR
    webhook.secret = vault.seal(secret)
    uow.emit("webhook.secret_rotated", webhook_id=str(webhook_id))
    return secret


async def set_state(uow: UnitOfWork, webhook_id: WebhookId, *, active: bool) -> None:
    """Pause it, or have it go on where it stopped, at once. Raises `NotFound`."""
    webhook = await uow.webhooks.get(webhook_id, lock=True)
    webhook.state = WebhookState.ACTIVE if active else WebhookState.PAUSED
    if active:
        webhook.attempts, webhook.failing_since, webhook.next_try_at = 0, None, None


async def replay(uow: UnitOfWork, webhook_id: WebhookId, *, after: int) -> None:
    """Have it told once more of all that came after this cursor.

    Raises `NotFound`, and `InvalidInput` for a cursor to come.
    """
    webhook = await uow.webhooks.get(webhook_id, lock=True)
    webhook.cursor = await _checked_cursor(uow, after)
    webhook.attempts, webhook.failing_since, webhook.next_try_at = 0, None, None


async def ask_for_test(uow: UnitOfWork, webhook_id: WebhookId) -> None:
    """Have it told of a test, whatever else it wants to hear.

    Raises `NotFound`, and `Conflict` where it is not told anything.
    """
    webhook = await uow.webhooks.get(webhook_id)
    if webhook.state is not WebhookState.ACTIVE:
        raise Conflict(
            f"This webhook is {webhook.state}.", fix="Set its state to active, then test it."
        )
    uow.emit(TEST_TYPE, webhook_id=str(webhook_id))


async def _checked_cursor(uow: UnitOfWork, after: int | None) -> int:
    latest = await uow.events.latest()
    if after is None:
        return latest
    if after > latest:
        raise InvalidInput(
            f"The newest event is {latest}.", field="after", fix="Give that cursor, or an older."
        )
    return after
