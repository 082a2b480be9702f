"""The HTTP by which identity providers are asked: the one that msal and Authlib both speak through.

Limits on time, no redirects (a token request has nothing to follow), and trust in exactly the
authorities that the settings name: `requests` would let REQUESTS_CA_BUNDLE of the environment
override them.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies

from app.providers.oauth.answers import status_error
from app.providers.oauth.port import ProviderTrouble

_SECONDS: Final = (5, 10)
"""To connect, and for each read. Whoever calls limits the whole."""


class BoundedSession(requests.Session):
    """Raises `ProviderTrouble` for whatever is not an answer."""

    def __init__(self, title: str, ca_file: Path | None = None) -> None:
        super().__init__()
        self.bound(title, ca_file)

    def bound(self, title: str, ca_file: Path | None) -> None:
        self._title = title
        self.trust_env = False
        self.verify = str(ca_file) if ca_file else True
        self.max_redirects = 0

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        kwargs |= {"timeout": _SECONDS, "allow_redirects": False}
        kwargs.setdefault("proxies", get_environ_proxies(str(url), no_proxy=None))
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.exceptions.SSLError:
            raise ProviderTrouble(
                f"The certificate of {self._title} cannot be trusted.",
                fix="Check the address of this provider in SharedBox’s settings, and the file of "
                "authorities where it has its own.",
            ) from None
        except requests.exceptions.Timeout:
            raise ProviderTrouble(
                f"{self._title} did not answer in time.", fix="SharedBox tries again by itself."
            ) from None
        except requests.exceptions.TooManyRedirects as error:
            raise ProviderTrouble(
                f"{self._title} answered with a redirect{_target(error.response)}, which SharedBox "
                "does not follow.",
                fix="Enter the address that it redirects to in SharedBox’s settings, if that is "
                "this provider’s.",
            ) from None
        except requests.exceptions.RequestException as error:
            raise ProviderTrouble(
                f"{self._title} cannot be reached ({type(error).__name__}).",
                fix="SharedBox tries again by itself.",
            ) from None
        if response.status_code >= 500 or response.status_code in {408, 429}:
            raise status_error(self._title, response.status_code)
        return response


def _target(response: requests.Response | None) -> str:
    """Where it redirects to, without what may be secret about it."""
    location = "" if response is None else response.headers.get("Location", "")
    try:
        to = urlsplit(location)
    except ValueError:
        return ""
    return f" to {to.scheme}://{to.hostname}" if to.scheme and to.hostname else ""
