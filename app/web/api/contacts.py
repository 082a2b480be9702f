"""People the team has had mail with, to write to."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.web.deps import Limit, Parts, Reader, Words, visible_accounts

router = APIRouter(prefix="/contacts", tags=["conversations"])


class ContactOut(BaseModel):
    """`times`: mails from them and mails to them."""

    address: str
    name: str
    times: int
    last_at: datetime


class ContactPage(BaseModel):
    items: list[ContactOut]
    next_cursor: None = Field(default=None, description="Always null: ask for fewer by more words.")


@router.get("")
async def search(
    parts: Parts,
    caller: Reader,
    query: Annotated[
        Words,
        Query(max_length=320, description="Beginnings of words of a name or an address."),
    ] = "",
    account: UUID | None = None,
    limit: Limit = 20,
) -> ContactPage:
    """Who is meant by a few letters: the most frequent first, where long ago counts for less.

    Software and mailing lists are nobody. Without `query`, those of the last months.
    """
    async with parts.store.begin(caller.workspace_id) as uow:
        found = await uow.contacts.search(
            query, account_ids=visible_accounts(caller, account), limit=limit
        )
    return ContactPage(
        items=[ContactOut.model_validate(one, from_attributes=True) for one in found]
    )
