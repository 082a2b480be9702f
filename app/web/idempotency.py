"""`Idempotency-Key`: a creating request that is repeated gets the answer of the first time.

The answer is kept in the transaction of what was created, so it exists exactly if that does.
(draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
import json
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from app.core.access import Actor
from app.core.crypto import Vault, same
from app.core.errors import KeyReused
from app.store.models import IdempotencyRecord
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Caller, Parts

_KEY: Final = r"^[\x20-\x7e]+$"
_SEALED: Final = "sealed"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}


class Idempotency:
    """`claim` first, then do it, then `record`; without a key both do nothing."""

    def __init__(self, vault: Vault, caller: Actor, key: str | None, request_digest: bytes) -> None:
        self._vault = vault
        self._key = f"{caller.key_id or 'bootstrap'}:{key}" if key else None
        self._digest = request_digest

    async def claim(self, uow: UnitOfWork) -> JSONResponse | None:
        """The answer given before, if any. Raises `KeyReused` where the request is another."""
        if self._key is None:
            return None
        record = await uow.idempotency.claim(self._key)
        if record is None:
            return None
        if not same(record.request_digest, self._digest):
            raise KeyReused(
                "This Idempotency-Key was used for another request.",
                field="Idempotency-Key",
                fix="Use a new key for a new request.",
            )
        body = record.body
        if _SEALED in body:
            body = json.loads(self._vault.open(body[_SEALED].encode()))
        headers = {"Idempotent-Replayed": "true", **_NOT_KEPT}
        return JSONResponse(body, status_code=record.status, headers=headers)

    def record(
        self, uow: UnitOfWork, status: int, body: dict[str, Any], *, is_secret: bool = False
    ) -> JSONResponse:
        """Keep the answer, sealed where it tells a secret, and give it."""
        kept = body
        if is_secret:
            kept = {_SEALED: self._vault.seal(json.dumps(body)).decode()}
        if self._key is not None:
            uow.idempotency.record(
                IdempotencyRecord(
                    workspace_id=uow.workspace_id,
                    key=self._key,
                    request_digest=self._digest,
                    status=status,
                    body=kept,
                )
            )
        return JSONResponse(body, status_code=status, headers=_NOT_KEPT)


async def _idempotency(
    request: Request,
    parts: Parts,
    caller: Caller,
    key: Annotated[
        str | None, Header(alias="Idempotency-Key", max_length=255, pattern=_KEY)
    ] = None,
) -> Idempotency:
    what = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Idempotency(parts.vault, caller, key, hashlib.sha256(what).digest())


Idempotent = Annotated[Idempotency, Depends(_idempotency)]
