"""Finding the servers of a mailbox by its address."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.discovery import Discovery, Source
from app.mailbox.port import Security
from app.outside.dns import DNS
from app.outside.http import open_outside
from app.web.deps import Admin, Parts, check_unbound

router = APIRouter(prefix="/accounts", tags=["accounts"])


class AddressIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=320, examples=["support@example.com"])]


class FoundServerOut(BaseModel):
    host: str
    port: int
    security: Security
    username: str


class DiscoveredOut(BaseModel):
    """A proposal, to be looked at by a person. `source`: who said so.

    `oauth`: the provider to sign in at (`oauth.provider` of `POST /accounts`). `oauth_missing`: the
    one that it would be if SharedBox were set up for it.
    """

    address: str
    source: Source
    title: str
    imap: FoundServerOut | None
    smtp: FoundServerOut | None
    oauth: str | None
    oauth_missing: str | None
    takes_passwords: bool
    hint: str


@router.post("/discover")
async def discover(parts: Parts, caller: Admin, body: AddressIn) -> DiscoveredOut:
    """Look for the mail servers of an address: known providers, its domain, the DNS."""
    check_unbound(caller, "connect another one")
    allow_private = parts.settings.allow_private_mail_hosts
    async with open_outside(allow_private=allow_private) as outside:
        discovery = Discovery(outside, DNS(), parts.oauth, allow_private=allow_private)
        found = await discovery.discover(body.address)
    return DiscoveredOut.model_validate(asdict(found))
