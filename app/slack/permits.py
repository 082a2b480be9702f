"""Who may connect a Slack workspace that no setting names: a tenant's owners and admins, to it.

Whoever connects the first one gets all that is there already, its mailboxes included, so it is not
for whoever finds the address first. A permit comes from being signed in, or from a link that
`sharedbox slack-link` prints, good for one installation and for an hour.
"""

import secrets
import time
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ValidationError

from app.core.crypto import SecretUnreadable, Vault
from app.core.ids import WorkspaceId
from app.store.unit_of_work import Store

LINK_SECONDS: Final = 3600


class Permit(BaseModel):
    workspace_id: UUID
    """The tenant that it is for."""
    link: str = ""
    """Names the link, which is good once; empty for somebody who is signed in."""


class _Link(Permit):
    until: float


def link_path(vault: Vault, workspace_id: WorkspaceId) -> str:
    """A link that lets whoever opens it connect Slack to this tenant."""
    link = _Link(
        workspace_id=workspace_id,
        link=secrets.token_urlsafe(16),
        until=time.time() + LINK_SECONDS,
    )
    return f"/slack/install?permit={vault.seal(link.model_dump_json()).decode()}"


def permit_of(vault: Vault, sealed: str) -> Permit | None:
    """What a link permits; None where it is none of ours, or too old."""
    try:
        link = _Link.model_validate_json(vault.open(sealed.encode()))
    except (SecretUnreadable, ValidationError, UnicodeError):
        return None
    return Permit(workspace_id=link.workspace_id, link=link.link) if _is_fresh(link) else None


def _is_fresh(link: _Link) -> bool:
    return bool(link.link) and time.time() < link.until


async def use(store: Store, permit: Permit) -> bool:
    """Whether it is still good. A link is used up by that."""
    if not permit.link:
        return True
    async with store.begin(WorkspaceId(permit.workspace_id)) as uow:
        return await uow.slack_requests.first_time(f"permit:{permit.link}")
