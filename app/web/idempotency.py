"""`Idempotency-Key`: a creating request that is repeated gets the answer of the first time.

The answer is kept in the transaction of what was created, so it exists exactly if that does.
(draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from app.core.access import Actor
from app.core.crypto import same
from app.core.errors import InvalidInput
from app.store.models import IdempotencyRecord
from app.store.unit_of_work import UnitOfWork
from app.web.deps import Caller


class Idempotency:
    """`claim` first, then do it, then `record`; without a key both do nothing."""

    def __init__(self, caller: Actor, key: str | None, request_digest: bytes) -> None:
        self._key = f"{caller.name}:{key}" if key else None
        self._digest = request_digest

    async def claim(self, uow: UnitOfWork) -> JSONResponse | None:
        """The answer given before, if any. Raises `InvalidInput` where the request is another."""
        if self._key is None:
            return None
        record = await uow.idempotency.claim(self._key)
        if record is None:
            return None
        if not same(record.request_digest, self._digest):
            raise InvalidInput(
                "This Idempotency-Key was used for another request.",
                field="Idempotency-Key",
                fix="Use a new key for a new request.",
            )
        return JSONResponse(
            record.body, status_code=record.status, headers={"Idempotent-Replayed": "true"}
        )

    def record(self, uow: UnitOfWork, status: int, body: dict[str, Any]) -> JSONResponse:
        """Keep the answer, and give it."""
        if self._key is not None:
            uow.idempotency.record(
                IdempotencyRecord(
                    workspace_id=uow.workspace_id,
                    key=self._key,
                    request_digest=self._digest,
                    status=status,
                    body=body,
                )
            )
        return JSONResponse(body, status_code=status)


async def _idempotency(
    request: Request,
    caller: Caller,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)] = None,
) -> Idempotency:
    what = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Idempotency(caller, key, hashlib.sha256(what).digest())


Idempotent = Annotated[Idempotency, Depends(_idempotency)]
