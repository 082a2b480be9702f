"""Telling one webhook's server of events: in order, each until it is taken or refused for good.

An event is delivered at least once: if we die between its delivery and our writing that down, it is
delivered again under the same `webhook-id`. While a server fails, the events that follow wait with
the one it failed at, so it never sees them out of order.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from app.core.clock import Clock
from app.core.crypto import SecretUnreadable, Vault
from app.core.errors import NotFound
from app.core.ids import WebhookId, WorkspaceId
from app.core.logging import get_logger
from app.outside.http import AddressRefused, Answer, OutsideError, OutsideHTTP
from app.store.models import Event, Outcome, Webhook, WebhookDelivery, WebhookState
from app.store.queue import deliver_webhook
from app.store.unit_of_work import Store, UnitOfWork
from app.webhooks import retry
from app.webhooks.payload import body_of, headers_of, wants

_AT_ONCE: Final = 100
_SECONDS: Final = 15.0
_MOST_ANSWER: Final = 2048
_MOST_DETAIL: Final = 300
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivering:
    store: Store
    outside: OutsideHTTP
    vault: Vault
    clock: Clock


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of telling of one event."""

    status: int | None
    detail: str
    milliseconds: int
    asked_for: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def deliver(parts: Delivering, workspace_id: WorkspaceId, webhook_id: WebhookId) -> None:
    """Tell of what is due, up to a hundred events; the rest is left to another job.

    One that is to be left alone for now is: a job may be one that a dead worker had begun.
    """
    try:
        async with parts.store.begin(workspace_id) as uow:
            webhook = await uow.webhooks.get(webhook_id)
            events = await uow.events.after(webhook.cursor, limit=_AT_ONCE)
    except NotFound:
        return
    is_waiting = retry.is_to_wait(webhook, parts.clock.now())
    if webhook.state is not WebhookState.ACTIVE or is_waiting or not events:
        return
    cursor = webhook.cursor
    for event in _wanted(webhook, events):
        attempt = await _tell(parts, webhook, event)
        async with parts.store.begin(workspace_id) as uow:
            go_on = await _note(uow, webhook, cursor, event, attempt, parts.clock.now())
        if not go_on:
            return
        cursor, webhook.attempts, webhook.failing_since = event.seq, 0, None
    async with parts.store.begin(workspace_id) as uow:
        # What it does not want to hear of is passed over.
        await uow.webhooks.move_on(webhook_id, cursor, cursor=events[-1].seq)
        if len(events) == _AT_ONCE:
            uow.leave(deliver_webhook(workspace_id, webhook_id))


def _wanted(webhook: Webhook, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if wants(webhook, event)]


async def _tell(parts: Delivering, webhook: Webhook, event: Event) -> Attempt:
    now, begun = parts.clock.now(), time.monotonic()
    body = body_of(event)
    try:
        headers = headers_of(webhook.workspace_id, event, body, _keys(parts, webhook, now), now)
        answer = await parts.outside.request(
            "POST",
            webhook.url,
            headers=headers,
            body=body,
            seconds=_SECONDS,
            most_bytes=_MOST_ANSWER,
        )
    except (AddressRefused, OutsideError, SecretUnreadable) as error:
        return Attempt(None, error.sentence[:_MOST_DETAIL], _since(begun))
    if answer.is_success:
        return Attempt(answer.status, "", _since(begun))
    detail = f"Its server answered {answer.status}."
    return Attempt(answer.status, detail, _since(begun), _retry_after(answer, now))


def _keys(parts: Delivering, webhook: Webhook, now: datetime) -> list[str]:
    keys = [parts.vault.open(webhook.secret)]
    if webhook.former_secret and webhook.former_until and webhook.former_until > now:
        keys.append(parts.vault.open(webhook.former_secret))
    return keys


async def _note(
    uow: UnitOfWork, webhook: Webhook, seen: int, event: Event, attempt: Attempt, now: datetime
) -> bool:
    """Write down what came of it; whether the next event is to follow."""
    number = webhook.attempts + 1
    if attempt.is_taken:
        outcome, changes = Outcome.DELIVERED, _settled(event, "", last_delivered_at=now)
    elif retry.is_refused_for_good(attempt.status, number):
        outcome, changes = Outcome.REFUSED, _settled(event, attempt.detail)
    else:
        webhook.failing_since = webhook.failing_since or now
        outcome = Outcome.FAILED
        changes = {
            "attempts": number,
            "failing_since": webhook.failing_since,
            "next_try_at": now + retry.wait(number, attempt.asked_for),
            "detail": attempt.detail,
        }
        if retry.is_to_stop(webhook, attempt.status, now):
            changes["state"] = WebhookState.STOPPED
    if not await uow.webhooks.move_on(webhook.id, seen, **changes):
        return False  # Somebody set it back, or removed it: what is next is for another look.
    uow.webhooks.log(
        WebhookDelivery(
            workspace_id=uow.workspace_id,
            webhook_id=webhook.id,
            seq=event.seq,
            event_type=event.type,
            attempt=number,
            outcome=outcome,
            status=attempt.status,
            milliseconds=attempt.milliseconds,
            detail=attempt.detail,
        )
    )
    if changes.get("state") is WebhookState.STOPPED:
        uow.emit("webhook.stopped", webhook_id=str(webhook.id), detail=attempt.detail)
    if outcome is not Outcome.DELIVERED:
        log.warning("webhook.not_taken", webhook=str(webhook.id), why=attempt.detail)
    return outcome is not Outcome.FAILED


def _settled(event: Event, detail: str, **more: datetime) -> dict[str, object]:
    return {
        "cursor": event.seq,
        "attempts": 0,
        "failing_since": None,
        "next_try_at": None,
        "detail": detail,
        **more,
    }


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)


def _retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    text = next((v for k, v in answer.headers.items() if k.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), retry.LONGEST_WAIT.total_seconds()))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta())
    except (ValueError, TypeError):
        return None
