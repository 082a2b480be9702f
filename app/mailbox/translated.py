"""What imaplib, IMAPClient and the socket raise, as errors of our own."""

import imaplib

from app.mailbox.errors import (
    CommandRefused,
    MailServerError,
    Transient,
    command_error,
    connection_error,
)
from app.mailbox.port import ServerSpec


class Translated:
    """Use as a context manager around one command; `what` says what it is to do."""

    def __init__(self, spec: ServerSpec, what: str) -> None:
        self._spec, self._what = spec, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        match error:
            case None | MailServerError():
                return
            case imaplib.IMAP4.readonly():
                raise CommandRefused(
                    f"The mail server refused to {self._what}: the folder is read-only."
                ) from error
            case imaplib.IMAP4.abort() | OSError():
                raise connection_error(error, self._spec.host, self._spec.port) from error
            case imaplib.IMAP4.error():
                raise command_error(error, self._what) from error
            case ValueError() | TypeError() | KeyError() | IndexError() | AssertionError():
                # IMAPClient's parser on an answer that is none: the rest of it is still to come.
                raise Transient(
                    f"{self._spec.host} sent an answer that makes no sense.",
                    fix="SharedBox tries again by itself.",
                ) from error
