"""Several workspaces at one address: whose token, file or answer it is decides where a call goes.

An app is registered with the site once, with one client id and one signing secret; it has a bot and
a token of its own in each workspace that it is installed in.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from app.sandbox.slack.emulator import Emulator, Grant
from app.sandbox.slack.wire import Refused

CODE_SECONDS: Final = 600
_CODES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Code:
    """What somebody has agreed to, to be exchanged for a token once."""

    emulator: Emulator
    user: str
    scopes: frozenset[str]
    redirect_uri: str
    expires_at: float
    nonce: str


class Site:
    def __init__(self, home: Emulator) -> None:
        self.emulators = [home]
        self.client_id = f"{secrets.randbelow(10**12):012}.{secrets.randbelow(10**12):012}"
        self.client_secret = secrets.token_hex(16)
        self.redirect_uris: set[str] = set()
        """Where codes may be sent; empty is anywhere, as long as the app names no other."""
        self._codes: dict[str, _Code] = {}

    @property
    def home(self) -> Emulator:
        return self.emulators[0]

    def grant(self, token: str) -> tuple[Emulator, Grant] | None:
        found = ((one, one.grants.get(token)) for one in self.emulators)
        return next(((one, grant) for one, grant in found if grant is not None), None)

    def of_team(self, team_id: str) -> Emulator:
        """Raises `Refused` (team_not_found)."""
        for one in self.emulators:
            if one.workspace.team_id == team_id:
                return one
        raise Refused("team_not_found")

    def give_code(
        self,
        emulator: Emulator,
        user: str,
        scopes: frozenset[str],
        redirect_uri: str,
        nonce: str = "",
    ) -> str:
        code = f"{secrets.randbelow(10**12):012}.{secrets.token_hex(16)}"
        until = emulator.clock.now().timestamp() + CODE_SECONDS
        self._codes[code] = _Code(emulator, user, scopes, redirect_uri, until, nonce)
        if len(self._codes) > _CODES_KEPT:
            del self._codes[next(iter(self._codes))]
        return code

    def exchange(self, code: str, redirect_uri: str) -> tuple[Emulator, str, frozenset[str], str]:
        """The workspace, a new token in it with these scopes, and who agreed.

        Raises `Refused` (invalid_code, code_expired, bad_redirect_uri).
        """
        agreed = self._take(code, redirect_uri)
        token = agreed.emulator.install(agreed.scopes)
        return agreed.emulator, token, agreed.scopes, agreed.user

    def identify(self, code: str, redirect_uri: str) -> tuple[Emulator, str, str]:
        """The workspace, who signed in, and the nonce they came with. Raises `Refused`."""
        agreed = self._take(code, redirect_uri)
        if "openid" not in agreed.scopes:
            raise Refused("invalid_code")
        return agreed.emulator, agreed.user, agreed.nonce

    def _take(self, code: str, redirect_uri: str) -> _Code:
        agreed = self._codes.pop(code, None)
        if agreed is None:
            raise Refused("invalid_code")
        if agreed.emulator.clock.now().timestamp() > agreed.expires_at:
            raise Refused("code_expired")
        if agreed.redirect_uri != redirect_uri:
            raise Refused("bad_redirect_uri")
        return agreed
