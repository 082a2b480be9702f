"""What a browser that went to Slack has to bring back: a state, good once and for ten minutes.

The state is random and bound to the browser that began, which has it sealed in a cookie.
"""

import secrets
import time
from typing import Final

from pydantic import BaseModel, ValidationError

from app.core.crypto import SecretUnreadable, Vault, same
from app.core.errors import InvalidInput
from app.store.unit_of_work import Store

STATE_SECONDS: Final = 600


class Kept(BaseModel):
    """What the browser keeps, sealed."""

    state: str
    nonce: str
    at: float
    wanted: str = ""
    """What it carries along: the path it was on its way to, or a permit to install."""


class States:
    """Those of one purpose; one of another is worth nothing."""

    def __init__(self, store: Store, vault: Vault, purpose: str) -> None:
        self._store = store
        self._vault = vault
        self._purpose = purpose

    def begin(self, wanted: str = "") -> tuple[Kept, str]:
        """A new one, and the cookie to keep it in."""
        kept = Kept(
            state=f"{self._purpose}-{secrets.token_urlsafe(32)}",
            nonce=secrets.token_urlsafe(32),
            at=time.time(),
            wanted=wanted,
        )
        return kept, self._vault.seal(kept.model_dump_json()).decode()

    async def use(self, state: str, cookie: str, otherwise: InvalidInput) -> Kept:
        """Raises `otherwise` unless this browser began, lately, and comes for the first time."""
        try:
            kept = Kept.model_validate_json(self._vault.open(cookie.encode()))
        except (SecretUnreadable, ValidationError, UnicodeError):
            raise otherwise from None
        is_ours = state.startswith(f"{self._purpose}-")
        if not is_ours or not same(state.encode(), kept.state.encode()):
            raise otherwise
        if not 0 <= time.time() - kept.at < STATE_SECONDS:
            raise otherwise
        async with self._store.across_workspaces() as fleet:
            workspace_id = await fleet.default_workspace()
        async with self._store.begin(workspace_id) as uow:
            if not await uow.slack_requests.first_time(f"{self._purpose}:{state}"):
                raise otherwise
        return kept
