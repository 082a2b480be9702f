"""Which provider it is, by what we know so far: its host's name first, then what it says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.providers.apple import APPLE
from app.providers.base import Clues, Provider
from app.providers.fastmail import FASTMAIL
from app.providers.generic import GENERIC
from app.providers.google import GOOGLE
from app.providers.microsoft import MICROSOFT
from app.providers.netease import NETEASE
from app.providers.software import COURIER, CYRUS, DOVECOT
from app.providers.yahoo import YAHOO

PROVIDERS: Final[tuple[Provider, ...]] = (
    GOOGLE, MICROSOFT, YAHOO, APPLE, FASTMAIL, NETEASE, DOVECOT, CYRUS, COURIER,
)  # fmt: skip
"""Those who host mail before the software they may use."""

_BY_KEY: Final[Mapping[str, Provider]] = MappingProxyType({
    one.key: one for one in (*PROVIDERS, GENERIC)
})  # fmt: skip


def detect(clues: Clues) -> Provider:
    """Whose server this is. Its name counts for more than its words: many hide their software."""
    for provider in PROVIDERS:
        if provider.serves(clues.host):
            return provider
    for provider in PROVIDERS:
        if provider.recognises(clues):
            return provider
    return GENERIC


def of_host(host: str) -> Provider:
    """What can be said before anything was connected to."""
    return detect(Clues(host=host))


def by_key(key: str | None) -> Provider:
    """The provider an account was found to be with; a key nobody knows is nothing special."""
    return _BY_KEY.get(key or "", GENERIC)
