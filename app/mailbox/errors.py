"""What can go wrong with a mail server, sorted by who has to act.

`Transient` is ours to retry. `CredentialsRefused` and `ServerForbidden` wait for a person.
`CommandRefused` is about one command, not about the connection.
"""

import imaplib
import re
import socket
import ssl
from typing import Final

from app.core.errors import SharedBoxError
from app.providers.registry import of_host


class MailServerError(SharedBoxError):
    """Anything the mail server or the way to it did to us."""


class Transient(MailServerError):
    """It may well work later: the network, or a server in trouble. The connection is gone."""


class Throttled(Transient):
    """The server wants less of us; calling it again at once would make that worse."""


class CredentialsRefused(MailServerError):
    """The server knows us and says no."""


class SignInNeeded(CredentialsRefused):
    """There is no token to show it, and will be none until a person signs in at the provider."""


class CertificateRefused(Transient):
    """The server's certificate does not prove that it is the server we want."""


class ServerForbidden(MailServerError):
    """We may not connect there at all: an address inside a private network."""


class CommandRefused(MailServerError):
    """NO or BAD to one command; the connection is fine. `code` is the response code, if any."""

    def __init__(self, what: str, *, code: str = "", fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.code = code

    @property
    def is_passing(self) -> bool:
        """Whether the server itself says that the same may work soon (RFC 5530 §3)."""
        return self.code in {"INUSE", "LIMIT", "SERVERBUG"}


class FolderMissing(CommandRefused):
    """There is no such folder, or it cannot be opened."""


class UnsafeArgument(MailServerError):
    """Something derived from a mail or a person would break out of its IMAP argument."""


_WORDS_READ: Final = 2000
"""In bytes."""
_THROTTLING: Final = re.compile(
    rb"\[THROTTLED\b|not connected|throttl|too many|rate.?limit|overload|bandwidth"
    rb"|maximum number|simultaneous|quota exceeded|exceeded .*limit",
    re.IGNORECASE,
)
"""Words by which servers ask for less: connection caps, Gmail's bandwidth limits, Exchange's
"User is authenticated but not connected"."""

_BUSY_CODE: Final = re.compile(rb"\[(LIMIT|INUSE|OVERQUOTA)\b", re.IGNORECASE)
"""To a login these mean the same; to a command they are about that command (RFC 5530 §3)."""

_REFUSAL_CODE: Final = re.compile(
    rb"\[(AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED)\b", re.IGNORECASE
)

_PASSING_TROUBLE: Final = re.compile(
    rb"\[(UNAVAILABLE|INUSE|SERVERBUG|CONTACTADMIN)\b|temporar|try again|timed? ?out|unavailable"
    rb"|internal (server )?error|shutting down|command error: BAD"
    rb"|(access ?)?token ?(has )?expired|session (has )?expired",
    re.IGNORECASE,
)
"""Words by which they refuse a login for now, not for good. A token that expired on the way is no
refusal either: the next try brings a new one."""

_EXPIRED: Final = re.compile(rb"\[EXPIRED\]|(access ?)?token ?(has )?expired", re.IGNORECASE)

_RESPONSE_CODE: Final = re.compile(r"\[([A-Z][A-Z0-9-]*)[^\]]*\]")
_NO_SUCH_FOLDER: Final = re.compile(
    r"NONEXISTENT|TRYCREATE|no such|does not exist|doesn't exist|not found|unknown mailbox",
    re.IGNORECASE,
)


def connection_error(error: BaseException, host: str, port: int) -> MailServerError:
    """Put into words why a connection could not be made or did not last."""
    where = f"{host}:{port}"
    match error:
        case MailServerError():
            return error
        case socket.gaierror():
            return Transient(
                f"The mail server’s name {host} could not be found.",
                fix="Check the spelling of the server’s name.",
            )
        case ssl.SSLCertVerificationError():
            return CertificateRefused(
                f"The certificate of {where} cannot be trusted: {error.verify_message}.",
                fix="Use the name that stands in the server’s certificate, or have the certificate "
                "renewed. A private authority can be named in SHAREDBOX_TLS_CA_FILE.",
            )
        case ssl.SSLError():
            return Transient(
                f"{where} did not answer in TLS ({_plain(error)}).",
                fix="Check the port and the security setting: TLS is usual on 993, "
                "STARTTLS on 143.",
            )
        case TimeoutError():
            return Transient(
                f"{where} did not answer in time.",
                fix="Check the server’s name and port, and that a firewall lets SharedBox out.",
            )
        case ConnectionRefusedError():
            return Transient(
                f"Nothing answers at {where}.", fix="Check the server’s name and port."
            )
        case OSError():
            return Transient(
                f"The connection to {where} failed: {error.strerror or error}.",
                fix="SharedBox tries again by itself.",
            )
        case _:
            kind = Throttled if _THROTTLING.search(_words(error)) else Transient
            return kind(
                f"{where} closed the connection: {_plain(error)}.",
                fix="SharedBox tries again by itself.",
            )


def login_error(error: Exception, host: str, port: int, username: str) -> MailServerError:
    """Tell a refusal of our credentials from trouble that only happened during the login.

    IMAPClient raises `LoginError` for both; what really happened is its context.
    """
    cause = error.__context__ or error
    if isinstance(cause, imaplib.IMAP4.abort | OSError):
        return connection_error(cause, host, port)
    words = _words(cause)
    if kind := _trouble_during_login(words):
        return kind(
            f"{host} does not let {username} in just now: {_plain(cause)}.",
            fix="SharedBox tries again by itself.",
        )
    return CredentialsRefused(
        f"{host} refused the password of {username}: {_plain(cause)}.",
        fix=f"Check the user name and the password. {of_host(host).facts.login_hint}",
    )


def token_error(
    error: Exception, host: str, port: int, username: str, said: str
) -> MailServerError:
    """The same for an access token; `said` is the reason the server gave, in words.

    A token that expired on the way is a refusal here: whoever brought it can bring a new one.
    """
    cause = error.__context__ or error
    if isinstance(cause, imaplib.IMAP4.abort | OSError):
        return connection_error(cause, host, port)
    words = _words(cause)
    kind = None if _EXPIRED.search(words) else _trouble_during_login(words)
    reason = f"{_plain(cause)} ({said})" if said else _plain(cause)
    if kind is not None:
        return kind(
            f"{host} does not let {username} in just now: {reason}.",
            fix="SharedBox tries again by itself.",
        )
    return CredentialsRefused(
        f"{host} refused the sign-in of {username}: {reason}.",
        fix="Check that IMAP is switched on for this mailbox and that whoever signed in may open "
        "it, or connect the account again.",
    )


def _trouble_during_login(words: bytes) -> type[Transient] | None:
    """What kind of trouble that passes these words tell of, if any."""
    if _THROTTLING.search(words) or _BUSY_CODE.search(words):
        return Throttled
    if _PASSING_TROUBLE.search(words) and not _REFUSAL_CODE.search(words):
        return Transient
    return None


def command_error(error: imaplib.IMAP4.error, what: str) -> MailServerError:
    """Put a NO or BAD into words; `what` names the thing we tried.

    Some of them are not about the command at all: no other one would fare better on this
    connection, so nothing of what we tried is to blame.
    """
    text, words = _plain(error), _words(error)
    is_full = b"[OVERQUOTA]" in words.upper()  # whatever its words: there is no room for this mail
    if not is_full and (_THROTTLING.search(words) or b"[UNAVAILABLE]" in words.upper()):
        kind = Throttled if _THROTTLING.search(words) else Transient
        return kind(
            f"The mail server does not {what} just now: {text}.",
            fix="SharedBox tries again by itself.",
        )
    code = _RESPONSE_CODE.search(text)
    refusal = FolderMissing if _NO_SUCH_FOLDER.search(text) else CommandRefused
    return refusal(f"The mail server refused to {what}: {text}.", code=code[1] if code else "")


def _words(error: BaseException) -> bytes:
    """The first of them: a server may say a million, and we look for several things in them."""
    first = error.args[0] if error.args else b""
    return (first if isinstance(first, bytes) else str(first).encode())[:_WORDS_READ]


def _plain(error: BaseException) -> str:
    """The server's own words, short and on one line: they are shown to people."""
    text = _words(error).decode(errors="replace")
    text = re.sub(r"^command: [A-Z ]+ => |^socket error: ", "", text)
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip().rstrip(".")
    return text[:200] or type(error).__name__
