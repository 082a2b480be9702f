"""Telling a refusal that a person must mend from trouble that passes."""

import imaplib
import socket
import ssl

import pytest
from imapclient.exceptions import LoginError

from app.mailbox.errors import (
    CertificateRefused,
    CommandRefused,
    CredentialsRefused,
    FolderMissing,
    Throttled,
    Transient,
    command_error,
    connection_error,
    login_error,
)

HOST, PORT, USER = "imap.example.com", 993, "support@example.com"


def login_failure(cause: Exception) -> LoginError:
    """As IMAPClient raises it: whatever happened becomes a `LoginError`."""
    error = LoginError(str(cause))
    error.__context__ = cause
    return error


class TestLoginError:
    @pytest.mark.parametrize(
        "said",
        [
            b"[AUTHENTICATIONFAILED] Authentication failed.",
            b"[AUTHORIZATIONFAILED] nope",
            b"LOGIN failed.",
            b"Invalid credentials (Failure)",
            b"[AUTHENTICATIONFAILED] Unknown user, or wrong password: try again.",
            b"[EXPIRED] Your password has expired.",
        ],
    )
    def test_a_refusal_is_for_a_person(self, said: bytes) -> None:
        error = login_error(login_failure(imaplib.IMAP4.error(said)), HOST, PORT, USER)

        assert isinstance(error, CredentialsRefused)
        assert USER in str(error)

    @pytest.mark.parametrize(
        "said",
        [
            b"[UNAVAILABLE] Temporary authentication failure.",
            b"[SERVERBUG] Internal error occurred.",
            b"AccessTokenExpired",
            b"Session has expired, please sign in again.",
            b"Server shutting down.",
        ],
    )
    def test_trouble_that_passes_is_for_us(self, said: bytes) -> None:
        error = login_error(login_failure(imaplib.IMAP4.error(said)), HOST, PORT, USER)

        assert type(error) is Transient

    @pytest.mark.parametrize(
        "said",
        [
            b"[LIMIT] Too many connections",
            b"[OVERQUOTA] Quota exceeded",
            b"[THROTTLED] Request throttled. Suggested Backoff Time: 299961 milliseconds",
            b"[INUSE] Mailbox in use.",
            b"Too many simultaneous connections. (Failure)",
            b"User is authenticated but not connected.",
            b"Maximum number of connections from user+IP exceeded",
            b"System is overloaded, try again later",
            b"Account exceeded command or bandwidth limits. (Failure)",
            b"[AUTHENTICATIONFAILED] Too many failed attempts, try again later.",
        ],
    )
    def test_a_server_that_wants_less_of_us_is_told_apart(self, said: bytes) -> None:
        error = login_error(login_failure(imaplib.IMAP4.error(said)), HOST, PORT, USER)

        assert isinstance(error, Throttled)

    @pytest.mark.parametrize(
        "cause",
        [
            imaplib.IMAP4.abort("socket error: EOF"),
            imaplib.IMAP4.abort("unexpected tagged response: b'XXXX1 OK done'"),
            ConnectionResetError(104, "Connection reset by peer"),
            TimeoutError("timed out"),
            imaplib.IMAP4.error("LOGIN command error: BAD [b'Command unknown']"),
        ],
    )
    def test_a_connection_that_broke_is_no_wrong_password(self, cause: Exception) -> None:
        assert isinstance(login_error(login_failure(cause), HOST, PORT, USER), Transient)


class TestConnectionError:
    def test_a_certificate_is_named_as_the_reason(self) -> None:
        cause = ssl.SSLCertVerificationError(1, "failed")
        cause.verify_message = "certificate has expired"

        error = connection_error(cause, HOST, PORT)

        assert isinstance(error, CertificateRefused)
        assert "certificate has expired" in str(error)

    @pytest.mark.parametrize(
        ("cause", "words"),
        [
            (socket.gaierror(-2, "Name or service not known"), "could not be found"),
            (ConnectionRefusedError(111, "Connection refused"), "Nothing answers"),
            (TimeoutError(), "did not answer in time"),
            (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "did not answer in TLS"),
            (OSError(113, "No route to host"), "No route to host"),
            (imaplib.IMAP4.abort("BYE Session expired\r\n\x1b[0m"), "Session expired"),
        ],
    )
    def test_says_what_happened_on_one_line(self, cause: Exception, words: str) -> None:
        error = connection_error(cause, HOST, PORT)

        assert isinstance(error, Transient)
        assert words in str(error)
        assert error.sentence.isprintable()

    @pytest.mark.parametrize(
        "said",
        ["* BYE [UNAVAILABLE] Too many connections", "* BYE Request throttled", "BYE overloaded"],
    )
    def test_a_goodbye_that_asks_for_less(self, said: str) -> None:
        error = connection_error(imaplib.IMAP4.abort(said), HOST, PORT)

        assert isinstance(error, Throttled)


class TestCommandError:
    def test_a_session_that_never_was_one_is_no_refusal_of_the_command(self) -> None:
        said = "UID command error: BAD [b'User is authenticated but not connected.']"

        error = command_error(imaplib.IMAP4.error(said), "fetch mail")

        assert isinstance(error, Throttled)

    def test_a_store_that_is_out_of_reach_is_no_refusal_of_the_command(self) -> None:
        error = command_error(imaplib.IMAP4.error("[UNAVAILABLE] Backend down"), "fetch mail")

        assert type(error) is Transient

    @pytest.mark.parametrize("code", ["LIMIT", "INUSE", "OVERQUOTA", "NOPERM"])
    def test_a_code_about_the_command_stays_with_the_command(self, code: str) -> None:
        error = command_error(imaplib.IMAP4.error(f"MOVE failed: [{code}] No"), "move mail")

        assert isinstance(error, CommandRefused)
        assert error.code == code

    def test_what_comes_after_thousands_of_words_is_not_looked_at(self) -> None:
        endless = b"exceeded " * 20_000 + b"limit"

        assert type(command_error(imaplib.IMAP4.error(endless), "do this")) is CommandRefused

    def test_keeps_the_response_code(self) -> None:
        error = command_error(
            imaplib.IMAP4.error("MOVE failed: [OVERQUOTA] Quota exceeded"), "move mail"
        )

        assert isinstance(error, CommandRefused)
        assert error.code == "OVERQUOTA"

    @pytest.mark.parametrize(
        "said",
        ["[TRYCREATE] No folder", "[NONEXISTENT] Unknown Mailbox: X", "Mailbox doesn't exist: X"],
    )
    def test_a_folder_that_is_missing_is_told_apart(self, said: str) -> None:
        assert isinstance(command_error(imaplib.IMAP4.error(said), "open X"), FolderMissing)
