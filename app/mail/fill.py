"""Templates and signatures: text in which `{{ customer.first_name }}` stands for something. Pure.

`{{ customer.first_name | there }}` says what to write where nothing is known. Nothing else is
special, nothing is run, and what is filled in is never filled in again.
"""

import html as html_
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.core.errors import InvalidInput
from app.mail.address import Address

VARIABLES: Final = (
    "customer.name",
    "customer.first_name",
    "customer.address",
    "agent.name",
    "agent.first_name",
    "inbox.address",
    "inbox.name",
    "subject",
    "today",
)
LONGEST: Final = 50_000

_VARIABLE: Final = re.compile(r"\{\{[ \t]*([a-z_.]{1,40})[ \t]*(?:\|([^{}\n]{0,200}))?\}\}")


@dataclass(frozen=True, slots=True)
class Filled:
    text: str
    missing: tuple[str, ...]
    """Variables that nothing is known for and that say no word instead."""


def check(field: str, text: str) -> str:
    """Text that is to be a template. Raises `InvalidInput` for a variable that does not exist."""
    if len(text) > LONGEST:
        raise InvalidInput(f"At most {LONGEST} characters can be kept.", field=field)
    for match in _VARIABLE.finditer(text):
        if match[1] not in VARIABLES:
            raise InvalidInput(
                f"There is no variable “{match[1]}”.",
                field=field,
                fix=f"Use one of {', '.join(VARIABLES)}.",
            )
    return text


def fill(template: str, values: Mapping[str, str], *, html: bool = False) -> Filled:
    """Put the values in. For HTML they are escaped."""
    missing: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], "")
        if not found and match[2] is None:
            missing[match[1]] = None
        text = found or (match[2] or "").strip()
        return html_.escape(text) if html else text

    return Filled(_VARIABLE.sub(value, template), tuple(missing))


def values(
    *,
    customer: Address | None,
    agent: str,
    inbox: Address,
    subject: str,
    today: str,
) -> dict[str, str]:
    """What the variables stand for."""
    name = customer.name if customer else ""
    return {
        "customer.name": name,
        "customer.first_name": _first(name),
        "customer.address": customer.address if customer else "",
        "agent.name": agent,
        "agent.first_name": _first(agent),
        "inbox.address": inbox.address,
        "inbox.name": inbox.name,
        "subject": subject,
        "today": today,
    }


def _first(name: str) -> str:
    """The first word of `Ana Ruiz`, the one behind the comma of `Ruiz, Ana`."""
    last, comma, rest = name.partition(",")
    words = (rest if comma and rest.strip() else last).split()
    return words[0] if words else ""
