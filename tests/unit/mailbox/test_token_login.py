"""What is said in OAUTHBEARER and XOAUTH2, and what a refusal means."""

import imaplib

import pytest

from app.mailbox.errors import (
    CredentialsRefused,
    Throttled,
    Transient,
    UnsafeArgument,
    token_error,
)
from app.mailbox.token_login import TokenLogin, choose, in_words

TOKEN = "ya29.token"


def login(
    mechanism: str = "XOAUTH2", user: str = "ana@example.com", token: str = TOKEN
) -> TokenLogin:
    return TokenLogin(mechanism, user=user, token=token, host="imap.example.com", port=993)


class TestChoosing:
    @pytest.mark.parametrize(
        ("offered", "expected"),
        [
            (["IMAP4REV1", "AUTH=PLAIN"], None),
            (["AUTH=XOAUTH2", "AUTH=OAUTHBEARER"], "OAUTHBEARER"),
            (["auth=xoauth2"], "XOAUTH2"),
            (["PLAIN", "XOAUTH2"], "XOAUTH2"),
            (["AUTH=XOAUTH"], None),
            ([], None),
        ],
    )
    def test_takes_the_standard_first(self, offered: list[str], expected: str | None) -> None:
        assert choose(offered) == expected


class TestSaying:
    def test_the_user_cannot_end_its_field(self) -> None:
        said = login("OAUTHBEARER", user="a=b,c@example.com").first

        assert said.startswith(b"n,a=a=3Db=2Cc@example.com,\x01")

    @pytest.mark.parametrize("bad", ["x\x01auth=Bearer y", "x\r\ny", "x\x00", "x\x7f"])
    def test_nothing_with_control_characters_is_said(self, bad: str) -> None:
        with pytest.raises(UnsafeArgument):
            login(user=bad)
        with pytest.raises(UnsafeArgument):
            login(token=bad)

    def test_the_first_line_is_said_once(self) -> None:
        one = login()

        assert one(b"") == one.first
        assert one(b'{"status":"401"}') == b""
        assert TOKEN.encode() not in one(b'{"status":"401"}')

    def test_a_refusal_by_the_standard_is_answered_as_it_says(self) -> None:
        assert login("OAUTHBEARER")(b'{"status":"invalid_token"}') == b"\x01"


class TestWords:
    @pytest.mark.parametrize(
        ("challenge", "expected"),
        [
            (b'{"status":"401","schemes":"Bearer"}', "it does not accept this token (any more)"),
            (b'{"status":"insufficient_scope"}', "the token does not allow mail"),
            (b'{"status":"999"}', "it answered 999"),
            (b'{"scope":"mail"}', "it wants the scope mail"),
            (b'{"status":401}', ""),
            (b"[]", ""),
            (b"no json", ""),
            (b"\xff\xfe", ""),
            (b"[" * 100_000, ""),
            (b'{"status":"a\\r\\nb"}', "it answered a b"),
        ],
    )
    def test_say_what_the_server_meant(self, challenge: bytes, expected: str) -> None:
        assert in_words(challenge) == expected


class TestARefusal:
    @pytest.mark.parametrize(
        ("words", "kind"),
        [
            ("AUTHENTICATE failed.", CredentialsRefused),
            ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", CredentialsRefused),
            ("User is authenticated but not connected.", Throttled),
            ("[UNAVAILABLE] Temporary authentication failure.", Transient),
            ("Too many simultaneous connections.", Throttled),
            ("[EXPIRED] The access token has expired.", CredentialsRefused),
            ("Access token expired", CredentialsRefused),
        ],
    )
    def test_is_told_from_trouble(self, words: str, kind: type[Exception]) -> None:
        error = imaplib.IMAP4.error(words)

        found = token_error(error, "imap.example.com", 993, "ana@example.com", "")

        assert type(found) is kind
        assert "imap.example.com" in str(found)
