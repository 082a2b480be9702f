"""What the redirect of an identity provider is called."""

import pytest
import requests

from app.providers.oauth.http import _target


def redirect(location: str) -> requests.Response:
    response = requests.Response()
    response.status_code, response.headers["Location"] = 302, location
    return response


class TestTheTargetOfARedirect:
    @pytest.mark.parametrize(
        ("location", "words"),
        [
            ("https://login.example.net/x?code=secret", " to https://login.example.net"),
            ("https://ana:secret@login.example.net/", " to https://login.example.net"),
            ("/elsewhere", ""),
            ("http://[", ""),
            ("", ""),
        ],
    )
    def test_is_named_without_what_may_be_secret(self, location: str, words: str) -> None:
        assert _target(redirect(location)) == words

    def test_is_not_named_where_there_was_no_answer(self) -> None:
        assert _target(None) == ""
