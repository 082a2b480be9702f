"""The login of an IMAP connection: by password, or by an access token. Blocks, as `imap.py` does.

IMAPClient raises an `imaplib` error for all that can go wrong; `errors.login_error` tells a refusal
from trouble that only happened during the login.
"""

import imaplib
from collections.abc import Callable
from typing import Any, Protocol

from app.mailbox.errors import CredentialsRefused, login_error, token_error
from app.mailbox.port import Sasl, ServerSpec
from app.mailbox.token_login import TokenLogin, choose


class Client(Protocol):
    """What of IMAPClient it takes."""

    def has_capability(self, capability: str) -> bool: ...
    def capabilities(self) -> tuple[bytes, ...]: ...
    def login(self, username: str, password: str) -> Any: ...  # noqa: ANN401 -- IMAPClient's own
    def plain_login(self, identity: str, password: str) -> Any: ...  # noqa: ANN401
    def sasl_login(self, mech_name: str, mech_callable: Callable[[bytes], bytes]) -> Any: ...  # noqa: ANN401


def log_in(client: Client, spec: ServerSpec) -> None:
    """Raises `Transient` or `CredentialsRefused`."""
    if spec.sasl is Sasl.TOKEN:
        _by_token(client, spec)
    else:
        _by_password(client, spec)


def _by_password(client: Client, spec: ServerSpec) -> None:
    needs_sasl = not (spec.username.isascii() and spec.password.isascii())
    by_plain = needs_sasl and client.has_capability("AUTH=PLAIN")
    if needs_sasl and not by_plain:
        raise CredentialsRefused(
            f"{spec.host} cannot take a user name or password with letters beyond ASCII.",
            fix="Use an app password.",
        )
    try:
        if by_plain:
            client.plain_login(spec.username, spec.password)
        else:
            client.login(spec.username, spec.password)
    except imaplib.IMAP4.error as error:
        raise login_error(error, spec.host, spec.port, spec.username) from None


def _by_token(client: Client, spec: ServerSpec) -> None:
    mechanism = choose([one.decode("ascii", "replace") for one in client.capabilities()])
    if mechanism is None:
        raise CredentialsRefused(
            f"{spec.host} takes no sign-in by a token.",
            fix="Connect this account with a password, or check the name of its server.",
        )
    login = TokenLogin(
        mechanism, user=spec.username, token=spec.password, host=spec.host, port=spec.port
    )
    try:
        client.sasl_login(mechanism, login)
    except imaplib.IMAP4.error as error:
        raise token_error(error, spec.host, spec.port, spec.username, login.said) from None
