"""What a webhook is told, and in which form (Standard Webhooks 1.0). Pure.

The body is `{"type", "timestamp", "data"}`; `data` is the event as `GET /api/v1/events` tells it.
`webhook-id` stays the same however often an event is delivered, so a receiver knows it again.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from standardwebhooks import Webhook as Signer

from app.core.ids import WorkspaceId
from app.store.models import Event, Webhook

TEST_TYPE: Final = "webhook.test"
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """With the prefix by which libraries know it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def wants(webhook: Webhook, event: Event) -> bool:
    """Whether it is to be told. One that is bound to accounts hears nothing of the others."""
    if event.type == TEST_TYPE:
        return event.data.get("webhook_id") == str(webhook.id)
    if webhook.account_ids is not None and event.account_id not in webhook.account_ids:
        return False
    return not webhook.event_types or any(
        event.type == wanted or (wanted.endswith(".*") and event.type.startswith(wanted[:-1]))
        for wanted in webhook.event_types
    )


def event_as_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.seq,
        "type": event.type,
        "at": event.at.isoformat(),
        "account_id": str(event.account_id) if event.account_id else None,
        "conversation_id": str(event.conversation_id) if event.conversation_id else None,
        "data": event.data,
    }


def body_of(event: Event) -> bytes:
    told = {"type": event.type, "timestamp": event.at.isoformat(), "data": event_as_json(event)}
    return json.dumps(told, separators=(",", ":")).encode()


def headers_of(
    workspace_id: WorkspaceId, event: Event, body: bytes, keys: Sequence[str], now: datetime
) -> dict[str, str]:
    """Signed with each of the keys: a receiver holds one of them."""
    # A database restored from its backup counts on from there: other events get the same numbers.
    milliseconds = int(event.at.timestamp() * 1000)
    id_ = f"evt_{workspace_id.hex}_{milliseconds}_{event.seq}"
    signatures = [Signer(key).sign(id_, now, body.decode()) for key in keys]
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
