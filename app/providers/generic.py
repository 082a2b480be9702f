"""Any mail server that nothing special is known about."""

from typing import Final

from app.providers.base import KnownProvider

GENERIC: Final = KnownProvider(key="generic", title="Any other server")
