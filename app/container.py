"""The ports that are handed round. `bootstrap` fills it; nobody else knows what is inside."""

from dataclasses import dataclass, field

import procrastinate
from sqlalchemy import URL

from app.core.clock import Clock
from app.core.config import Settings
from app.core.crypto import Vault
from app.providers.oauth.registry import OAuthProviders
from app.store.blobs import Blobs
from app.store.notify import NotificationHub
from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Container:
    """What every process of SharedBox has."""

    settings: Settings
    url: URL
    store: Store
    queue: procrastinate.App
    blobs: Blobs
    hub: NotificationHub
    vault: Vault
    clock: Clock
    oauth: OAuthProviders = field(default_factory=OAuthProviders)
    """The providers that accounts can be signed in at."""
