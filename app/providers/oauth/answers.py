"""What the errors of identity providers mean, for whom, in words. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from app.core.errors import SharedBoxError
from app.providers.oauth.port import GrantRefused, ProviderTrouble, SetupWrong, SignInRefused

_DEAD: Final = frozenset({
    "invalid_grant",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
    "access_denied",
    "unauthorized",
})  # fmt: skip
_SETUP: Final = frozenset({
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_resource",
})  # fmt: skip
_CODES: Final[Mapping[str, tuple[str, str]]] = {
    # learn.microsoft.com, “Microsoft Entra authentication and authorization error codes”.
    "AADSTS50173": ("the password was changed or reset", "Sign in again."),
    "AADSTS70043": ("the sign-in has run out by a rule of your organisation", "Sign in again."),
    "AADSTS70008": ("the permission was not used for too long", "Sign in again."),
    "AADSTS700082": ("the permission was not used for 90 days", "Sign in again."),
    "AADSTS65001": ("the consent was withdrawn", "Sign in again and agree."),
    "AADSTS50076": ("it wants a second factor", "Sign in again."),
    "AADSTS50079": ("it wants a second factor to be set up", "Sign in again."),
    "AADSTS53003": ("a conditional access rule forbids it", "Ask your Microsoft 365 admin."),
    "AADSTS50057": ("the user was disabled", "Ask your Microsoft 365 admin."),
    "AADSTS50034": ("the user is not in this organisation", "Check the tenant."),
    "AADSTS90002": ("there is no such tenant", "Correct SHAREDBOX_MICROSOFT_AUTHORITY."),
    "AADSTS7000222": ("the client secret has expired", "Make a new one, and set it."),
    "AADSTS7000215": ("the client secret is wrong", "Use its value, not its id."),
    "AADSTS700016": ("it does not know the application", "Check the client id and the tenant."),
    "AADSTS90094": ("an admin has to agree first", "Have an admin of the tenant sign in once."),
    "AADSTS65004": ("the consent was declined", "Sign in again and agree."),
}
_CODE: Final = re.compile(r"AADSTS\d+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_TRACE: Final = re.compile(r"\s*(Trace|Correlation) ID:.*$", re.DOTALL)
_SIGN_IN: Final = "Sign in again: the account goes on by itself."


def plain(text: object) -> str:
    """A provider's own words, short and on one line: they are shown to people."""
    words = _TRACE.sub("", text) if isinstance(text, str) else ""
    return _CONTROLS.sub(" ", words).strip().rstrip(".")[:300]


def token_error(title: str, error: object, description: object) -> SharedBoxError:
    """What the token endpoint's refusal of a grant means."""
    code, words = plain(error) or "no reason", plain(description)
    known = _known(words)
    why = known[0] if known else words
    what = (
        f"{title} takes no tokens for this account any more: {why} ({code})."
        if why
        else (f"{title} takes no tokens for this account any more ({code}).")
    )
    if code in _SETUP:
        return SetupWrong(
            f"{title} refused SharedBox itself: {why or code} ({code}).",
            fix=known[1]
            if known
            else "Check the client id, the secret and the authority of this "
            "provider in SharedBox’s settings.",
        )
    if code in _DEAD:
        return GrantRefused(what, code=code, fix=known[1] if known else _SIGN_IN)
    return ProviderTrouble(
        f"{title} gives no token just now: {why or code} ({code}).",
        fix="SharedBox tries again by itself.",
    )


def status_error(title: str, status: int) -> ProviderTrouble:
    what = "is asked too often" if status == 429 else "is in trouble"
    return ProviderTrouble(
        f"{title} {what} (it answered {status}).", fix="SharedBox tries again by itself."
    )


def sign_in_error(title: str, error: object, description: object) -> SignInRefused:
    """What the provider sent the browser back with."""
    code, words = plain(error) or "no reason", plain(description)
    known = _known(words)
    if code == "access_denied" and not known:
        return SignInRefused(
            f"{title} was told not to give SharedBox access to the mailbox.",
            fix="Begin again, and agree when it asks.",
        )
    why = known[0] if known else words or code
    return SignInRefused(
        f"The sign-in with {title} did not work: {why} ({code}).",
        fix=known[1] if known else "Begin again.",
    )


def _known(words: str) -> tuple[str, str] | None:
    found = _CODE.search(words)
    return _CODES.get(found[0]) if found else None
