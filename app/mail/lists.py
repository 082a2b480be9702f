"""How to leave the list a mail came by, and whether one request may do it. Pure.

One POST is enough (RFC 8058) only where the sender surely asked for it: a signature (DKIM) that
the receiving server found to hold covers both headers, each of which stands there once. Otherwise
anybody could have us knock at an address of theirs by writing it into a header. What is left then
is a mail (RFC 2369 §3.2), or a link for a person to follow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, unquote

from app.mail.authentication import passed_domains
from app.mail.headers import Headers, one_line

ONE_CLICK_BODY: Final = b"List-Unsubscribe=One-Click"
_LIST: Final = b"list-unsubscribe"
_POST: Final = b"list-unsubscribe-post"
_MOST: Final = 2_000
_MOST_FIELDS: Final = 20
_IN_BRACKETS: Final = re.compile(r"<([^<>]{1,2000})>")
_TAG: Final = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9_]{0,19})\s*=([^;]{0,4000})")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


class Way(StrEnum):
    """How a list can be left."""

    ONE_CLICK = "one_click"
    """By one request, which we make."""
    MAIL = "mail"
    """By a mail, which we send."""
    LINK = "link"
    """By a page, which a person has to open."""


@dataclass(frozen=True, slots=True)
class Letter:
    """The mail that leaves a list."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class WayOut:
    way: Way
    url: str = ""
    letter: Letter | None = None
    why_not: str = ""
    """Why one request is not enough, where the mail says that it was."""

    @property
    def whom(self) -> str:
        """Who is asked: a host, or an address."""
        if self.letter is not None and self.way is Way.MAIL:
            return self.letter.to
        return re.sub(r"^https?://", "", self.url, flags=re.IGNORECASE).partition("/")[0][:255]


def way_out(top: Headers) -> WayOut | None:
    """The easiest way that is open; None where the mail names none."""
    targets = ["".join(one.split()) for one in _IN_BRACKETS.findall(top.plain(_LIST))]
    secure = [one for one in targets if one.lower().startswith("https://")]
    plain = [one for one in targets if one.lower().startswith("http://")]
    letter = next((found for one in targets if (found := _letter(one)) is not None), None)
    url = next(iter([*secure, *plain]), "")
    why_not = _why_not(top, secure)
    if why_not == "":
        return WayOut(Way.ONE_CLICK, url=secure[0], letter=letter)
    if letter is not None:
        return WayOut(Way.MAIL, url=url, letter=letter, why_not=why_not or "")
    if url:
        return WayOut(Way.LINK, url=url, why_not=why_not or "")
    return None


def _why_not(top: Headers, secure: list[str]) -> str | None:
    """What is missing for one request to be enough; None where the mail does not claim it is."""
    said = "".join(top.plain(_POST).split()).lower()
    if said != ONE_CLICK_BODY.decode().lower():
        return None
    if any(len(list(top.all_raw(name))) != 1 for name in (_LIST, _POST)):
        return "it says more than once how to leave it"
    if len(secure) != 1:
        return "it does not name one address with https"
    passed = passed_domains(top)
    if not passed:
        return "the mail server does not confirm who signed it"
    if not any(domain in passed and covered for domain, covered in _signatures(top)):
        return "no confirmed signature covers how to leave it"
    return ""


def _signatures(top: Headers) -> Iterator[tuple[str, bool]]:
    """For each signature, who signed, and whether it covers both headers (RFC 6376 §3.5)."""
    for n, raw in enumerate(top.all_raw(b"dkim-signature")):
        if n == _MOST_FIELDS:
            return
        pieces = raw.decode("ascii", "replace").split(";")
        tags = {found[1]: found[2] for one in pieces if (found := _TAG.match(one))}
        signed = "".join(tags.get("h", "").lower().split()).split(":")
        domain = "".join(tags.get("d", "").lower().split())
        yield domain, {_LIST.decode(), _POST.decode()} <= set(signed)


def _letter(target: str) -> Letter | None:
    """The mail that a `mailto:` asks for (RFC 6068). It may not say to whom else it goes."""
    if not target.lower().startswith("mailto:"):
        return None
    address, _, query = target[len("mailto:") :].partition("?")
    to = unquote(address).strip()
    if to.count("@") != 1 or "," in to or _CONTROLS.search(to) or len(to) > 320:
        return None
    values = (
        {
            name.lower(): value
            for name, value in parse_qsl(query.replace("+", "%2B"), max_num_fields=_MOST_FIELDS)
        }
        if query.count("&") < _MOST_FIELDS
        else {}
    )
    subject = one_line(values.get("subject", ""))[:_MOST]
    text = values.get("body", "").replace("\0", "")[:_MOST]
    return Letter(to, subject or "unsubscribe", text or "Please take this address off your list.")
