"""Mail that is there already, read in portions with only the columns that somebody asks about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, literal, select
from sqlmodel import col

from app.core.ids import AccountId, ConversationId, MessageId
from app.mail.parsed import Automatic
from app.store.bulk import is_any
from app.store.models import Attachment, Direction, Message
from app.store.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class PastMail:
    """A mail that came in. Without text and files where these were not asked for."""

    id: MessageId
    account_id: AccountId
    conversation_id: ConversationId
    subject: str
    from_name: str
    from_address: str
    to: Sequence[Mapping[str, str]]
    cc: Sequence[Mapping[str, str]]
    delivered_to: Sequence[str]
    list_id: str | None
    size: int
    automatic: Automatic | None
    received_at: datetime
    raw_sha256: bytes
    body: str
    files: Sequence[str] = ()


class Past(Repository):
    async def page(
        self,
        *,
        account_ids: frozenset[AccountId] | None,
        before: MessageId | None,
        since: datetime | None,
        with_text: bool,
        with_files: bool,
        limit: int,
    ) -> Sequence[PastMail]:
        """Inbound mails, the last ones first. `before` is the last row of the page before."""
        statement = (
            select(*_COLUMNS, col(Message.body) if with_text else literal(""))
            .where(*self._conditions(account_ids, since))
            .order_by(col(Message.id).desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(col(Message.id) < before)
        rows = (await self._session.exec(statement)).all()  # type: ignore[call-overload]
        files = await self._files([row[0] for row in rows]) if with_files else {}
        return [
            PastMail(**dict(zip(_NAMES, row, strict=True)), files=files.get(row[0], ()))
            for row in rows
        ]

    async def count(self, account_ids: frozenset[AccountId] | None, since: datetime | None) -> int:
        statement = select(func.count()).where(*self._conditions(account_ids, since))
        return int((await self._session.exec(statement)).scalar_one())  # type: ignore[call-overload]

    def _conditions(
        self, account_ids: frozenset[AccountId] | None, since: datetime | None
    ) -> list[Any]:
        found: list[Any] = [
            col(Message.workspace_id) == self._workspace_id,
            col(Message.direction) == Direction.INBOUND,
        ]
        if account_ids is not None:
            found.append(is_any(col(Message.account_id), list(account_ids)))
        if since is not None:
            found.append(col(Message.received_at) >= since)
        return found

    async def _files(self, ids: Sequence[MessageId]) -> dict[MessageId, list[str]]:
        statement = (
            select(col(Attachment.message_id), col(Attachment.filename))
            .where(
                col(Attachment.workspace_id) == self._workspace_id,
                is_any(col(Attachment.message_id), list(ids)),
                ~col(Attachment.inline),
            )
            .order_by(col(Attachment.message_id), col(Attachment.n))
        )
        found: dict[MessageId, list[str]] = {}
        for id_, name in (await self._session.exec(statement)).all():  # type: ignore[call-overload]
            found.setdefault(id_, []).append(name)
        return found


_NAMES: Final = tuple(one.name for one in fields(PastMail) if one.name != "files")
_COLUMNS: Final = tuple(getattr(Message, name) for name in _NAMES if name != "body")
