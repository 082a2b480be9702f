"""People the team has had mail with, and finding them by the beginning of what they are called."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col, select

from app.core.ids import AccountId, ChannelId
from app.mail.address import MAX_ADDRESS, MAX_NAME
from app.store.bulk import insert_many, is_any
from app.store.models import Contact, Conversation, Direction
from app.store.new import NewContact, NewMessage
from app.store.repositories.base import Repository
from app.store.repositories.conversations import is_seen_in

_CANDIDATES: Final = 300
"""The latest that fit: among them it is decided who comes first."""
_FADES_IN_SECONDS: Final = 30 * 86_400
_MOST_WORDS: Final = 8
_WORD: Final = re.compile(r"[^\W_]+")
_MET_AGAIN: Final = """ON CONFLICT (workspace_id, account_id, address) DO UPDATE SET
    times = contacts.times + excluded.times,
    last_at = greatest(contacts.last_at, excluded.last_at),
    name = CASE WHEN excluded.name = '' THEN contacts.name
        WHEN contacts.name = '' OR excluded.last_at >= contacts.last_at THEN excluded.name
        ELSE contacts.name END,
    conversation_id = CASE WHEN excluded.last_at >= contacts.last_at
        THEN excluded.conversation_id ELSE contacts.conversation_id END"""


@dataclass(frozen=True, slots=True)
class Met:
    """One person, whatever the number of accounts they wrote to."""

    address: str
    name: str
    times: int
    last_at: datetime


class Contacts(Repository):
    async def note(self, messages: Iterable[NewMessage]) -> None:
        """Whom these mails are from, or to where they are ours; software is nobody."""
        await insert_many(self._session, "contacts", met_in(messages), on_conflict=_MET_AGAIN)

    async def search(
        self,
        typed: str,
        *,
        account_ids: frozenset[AccountId] | None = None,
        seen_in: frozenset[ChannelId] | None = None,
        limit: int,
    ) -> Sequence[Met]:
        """Those of whose name or address a word begins like each that was typed.

        The most frequent come first, and what is long ago counts for less. `seen_in` leaves out
        those of whom one in these channels may know nothing.
        """
        words = _WORD.findall(typed)[:_MOST_WORDS]
        if typed.strip() and not words:
            return []
        fitting = select(Contact).where(Contact.workspace_id == self._workspace_id)
        if account_ids is not None:
            fitting = fitting.where(is_any(col(Contact.account_id), list(account_ids)))
        if words:
            query = func.to_tsquery("simple", " & ".join(f"{one}:*" for one in words))
            fitting = fitting.where(col(Contact.search).op("@@")(query))
        if seen_in is not None:
            seen = select(Conversation.id).where(
                Conversation.workspace_id == Contact.workspace_id,
                Conversation.id == Contact.conversation_id,
                is_seen_in(seen_in),
            )
            fitting = fitting.where(seen.correlate(Contact).exists())
        latest = fitting.order_by(col(Contact.last_at).desc()).limit(_CANDIDATES).subquery()
        return await self._ranked(latest.c, limit)

    async def _ranked(self, one: Any, limit: int) -> Sequence[Met]:  # noqa: ANN401 -- its columns
        newest_first = aggregate_order_by(one.name, one.name == "", one.last_at.desc())
        names = func.array_agg(newest_first)
        times, last_at = func.sum(one.times), func.max(one.last_at)
        age = func.extract("epoch", func.now() - last_at) / _FADES_IN_SECONDS
        statement = (
            select(one.address, names, times, last_at)
            .group_by(one.address)
            .order_by((func.ln(1 + times) - age).desc(), one.address)
            .limit(limit)
        )
        rows = await self._session.exec(statement)
        return [Met(address, found[0], int(count), at) for address, found, count, at in rows]


def met_in(messages: Iterable[NewMessage]) -> list[NewContact]:
    """One row for each person of an account, always in the same order: nobody waits crosswise."""
    met: dict[tuple[str, str], NewContact] = {}
    for message in sorted(messages, key=lambda one: one.received_at):
        for address, name in _people(message).items():
            key = (str(message.account_id), address)
            before = met.get(key)
            met[key] = NewContact(
                workspace_id=message.workspace_id,
                account_id=message.account_id,
                address=address,
                name=name or (before.name if before else ""),
                times=before.times + 1 if before else 1,
                last_at=message.received_at,
                conversation_id=message.conversation_id,
            )
    return [met[key] for key in sorted(met)]


def _people(message: NewMessage) -> dict[str, str]:
    """Names by address."""
    if message.automatic is not None or message.list_id is not None:
        return {}
    if message.direction is Direction.INBOUND:
        named = [(message.from_address, message.from_name)]
    else:
        named = [(one["address"], one["name"]) for one in (*message.to, *message.cc)]
    return {
        address.lower(): name[:MAX_NAME]
        for address, name in named
        if "@" in address and len(address) <= MAX_ADDRESS
    }
