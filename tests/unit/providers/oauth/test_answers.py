"""What the errors of identity providers mean. The words are theirs, shortened."""

import pytest

from app.providers.oauth.answers import plain, sign_in_error, status_error, token_error
from app.providers.oauth.port import GrantRefused, ProviderTrouble, SetupWrong

TRACE = " Trace ID: 0a1b Correlation ID: 2c3d Timestamp: 2026-03-02 09:00:00Z"
DEAD = [
    ("invalid_grant", "Token has been expired or revoked.", "expired or revoked"),
    ("invalid_grant", "AADSTS50173: The provided grant has expired.", "password was changed"),
    ("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.", "90 days"),
    ("invalid_grant", "Bad Request", "Bad Request"),  # an app in testing, after seven days
    ("invalid_grant", "AADSTS50034: The user account does not exist.", "not in this organisation"),
    ("invalid_grant", "AADSTS65001: The user has not consented.", "consent was withdrawn"),
    ("interaction_required", "AADSTS50076: you must use multi-factor.", "second factor"),
    ("invalid_grant", "AADSTS53003: Access has been blocked.", "conditional access"),
]
SETUP = [
    ("invalid_client", "AADSTS7000222: The provided client secret keys are expired.", "expired"),
    ("invalid_client", "AADSTS7000215: Invalid client secret provided.", "secret is wrong"),
    ("unauthorized_client", "AADSTS700016: Application not found.", "does not know"),
    ("invalid_request", "AADSTS90002: Tenant not found.", "no such tenant"),
    ("invalid_client", "Unauthorized", "Unauthorized"),
]
TROUBLE = [
    ("temporarily_unavailable", "AADSTS90033: A transient error has occurred."),
    ("server_error", ""),
    ("slow_down", None),
    (None, None),
    ({"error": "nested"}, ["words"]),
]


class TestTheTokenEndpoint:
    @pytest.mark.parametrize(("code", "words", "expected"), DEAD)
    def test_tells_what_is_over(self, code: str, words: str, expected: str) -> None:
        error = token_error("Microsoft", code, words + TRACE)

        assert isinstance(error, GrantRefused)
        assert error.code == code
        assert expected in str(error)
        assert "Trace" not in error.sentence
        assert error.fix

    @pytest.mark.parametrize(("code", "words", "expected"), SETUP)
    def test_tells_what_the_operator_has_to_do(self, code: str, words: str, expected: str) -> None:
        error = token_error("Microsoft", code, words + TRACE)

        assert isinstance(error, SetupWrong)
        assert expected in str(error)
        assert error.fix

    @pytest.mark.parametrize(("code", "words"), TROUBLE)
    def test_takes_the_rest_for_trouble_that_passes(self, code: object, words: object) -> None:
        error = token_error("Microsoft", code, words)

        assert isinstance(error, ProviderTrouble)
        assert "Microsoft" in str(error)

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
    def test_in_trouble_is_trouble(self, status: int) -> None:
        assert str(status) in str(status_error("Google", status))


class TestASignIn:
    def test_that_was_declined_says_so(self) -> None:
        error = sign_in_error("Google", "access_denied", "The user denied access.")

        assert "told not to give" in str(error)

    def test_that_wants_an_admin_says_so(self) -> None:
        error = sign_in_error("Microsoft", "access_denied", "AADSTS90094: admin consent.")

        assert "an admin has to agree first" in str(error)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("one\r\nSet-Cookie: x", "one Set-Cookie: x"),
            ("a\u2028b", "a b"),
            ("x" * 1000, "x" * 300),
            (None, ""),
            (42, ""),
        ],
    )
    def test_are_short_and_on_one_line(self, text: object, expected: str) -> None:
        assert plain(text) == expected
