"""Logging in at a server for sending: by password, or by an access token."""

import base64
import re
from typing import Final

import aiosmtplib

from app.mailbox.port import Sasl, ServerSpec
from app.mailbox.token_login import TokenLogin, choose
from app.sending.port import Answer, Deferred, LoginRefused, Refused

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def answer_of(said: aiosmtplib.SMTPResponse) -> Answer:
    """What a server said, short and on one line: it is shown to people."""
    words = _CONTROLS.sub(" ", said.message).strip().rstrip(".")
    return Answer(said.code, words[:300])


async def log_in(client: aiosmtplib.SMTP, server: ServerSpec) -> None:
    """Raises `Deferred`, `Refused`, `LoginRefused`, and what tells of a broken connection."""
    if not server.username:
        return
    try:
        if server.sasl is Sasl.TOKEN:
            await _log_in_by_token(client, server)
        else:
            await client.login(server.username, server.password)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(server, error) from None
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
        raise
    except aiosmtplib.SMTPException:
        raise Refused(
            f"{server.host}:{server.port} offers no login that we know over this connection.",
            fix="Check the port and the security setting: TLS is usual on 465, STARTTLS on 587.",
        ) from None


async def _log_in_by_token(client: aiosmtplib.SMTP, server: ServerSpec) -> None:
    """By OAUTHBEARER or XOAUTH2, whichever the server offers."""
    mechanism = choose(client.esmtp_extensions.get("auth", "").split())
    if mechanism is None:
        raise Refused(
            f"{server.host}:{server.port} takes no sign-in by a token over this connection.",
            fix="Check the port and the security setting, and that the provider allows sending by "
            "SMTP for this mailbox.",
        )
    login = TokenLogin(
        mechanism,
        user=server.username,
        token=server.password,
        host=server.host,
        port=server.port,
    )
    said = await client.execute_command(b"AUTH", mechanism.encode(), base64.b64encode(login.first))
    if said.code == aiosmtplib.SMTPStatus.auth_continue:
        # The reason of a refusal, which itself comes once we have answered.
        answer = login(_decoded(said.message) or b"{}")
        said = await client.execute_command(base64.b64encode(answer))
    if said.code != aiosmtplib.SMTPStatus.auth_successful:
        words = f"{said.message} ({login.said})" if login.said else said.message
        raise aiosmtplib.SMTPAuthenticationError(said.code, words)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except ValueError:
        return b""


def _refusal(server: ServerSpec, error: aiosmtplib.SMTPResponseException) -> Exception:
    answer = answer_of(aiosmtplib.SMTPResponse(error.code, error.message))
    if not answer.is_for_good:
        return Deferred(f"{server.host} does not let {server.username} in just now: {answer}.")
    if server.sasl is Sasl.TOKEN:
        return LoginRefused(
            f"{server.host} refused the sign-in of {server.username}: {answer}.",
            fix="Check that the provider allows sending by SMTP for this mailbox (Microsoft: "
            "“Authenticated SMTP” of the user), or connect the account again.",
        )
    return LoginRefused(
        f"{server.host} refused the password of {server.username}: {answer}.",
        fix="Check the user name and the password for sending; many providers want an app "
        "password here, or have sending by password switched off.",
    )
