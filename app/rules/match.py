"""Whether a rule fits a mail. Pure, and its time is bounded by the length of what it looks at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core.ids import MessageId
from app.rules.patterns import compiled
from app.rules.types import Condition, RuleBody, Subject, Test

MOST_TEXT: Final = 100_000
"""Of a longer text, the beginning is looked at."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions may ask about a mail."""

    message_id: MessageId
    sender: Person
    to: Sequence[Person] = ()
    subject: str = ""
    text: str = ""
    list_id: str | None = None
    size: int = 0
    files: Sequence[str] = ()
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By names in lower case; only those that rules ask for."""


def fits(body: RuleBody, facts: Facts) -> bool:
    answers = (holds(condition, facts) for condition in body.conditions)
    return any(answers) if body.match == "any" else all(answers)


def holds(condition: Condition, facts: Facts) -> bool:
    return _found(condition, facts) != condition.negated


def headers_asked(bodies: Iterable[RuleBody]) -> frozenset[str]:
    """The names, in lower case, of the header fields that these rules look at."""
    return frozenset(
        condition.header.lower()
        for body in bodies
        for condition in body.conditions
        if condition.field is Subject.HEADER
    )


def asks_for(bodies: Iterable[RuleBody], subject: Subject) -> bool:
    return any(one.field is subject for body in bodies for one in body.conditions)


def _found(condition: Condition, facts: Facts) -> bool:
    if condition.field is Subject.SIZE:
        limit = int(condition.value)
        return facts.size > limit if condition.test is Test.LARGER else facts.size < limit
    if condition.test is Test.DOMAIN:
        people = [facts.sender] if condition.field is Subject.FROM else facts.to
        return any(_is_of(person.address, condition.value) for person in people)
    values = _values(condition, facts)
    if condition.test is Test.EXISTS:
        return any(True for _ in values)
    if condition.test is Test.REGEX:
        pattern = compiled(condition.value)
        return any(pattern.found_in(value[:MOST_TEXT]) for value in values)
    wanted = condition.value.casefold()
    return any(_compares(condition.test, value[:MOST_TEXT].casefold(), wanted) for value in values)


def _values(condition: Condition, facts: Facts) -> Iterable[str]:
    match condition.field:
        case Subject.FROM:
            return _spoken([facts.sender])
        case Subject.TO:
            return _spoken(facts.to)
        case Subject.SUBJECT:
            return (facts.subject,)
        case Subject.TEXT:
            return (facts.text,)
        case Subject.LIST:
            return (facts.list_id,) if facts.list_id else ()
        case Subject.ATTACHMENT:
            return facts.files
        case Subject.HEADER:
            return facts.headers.get(condition.header.lower(), ())
        case _:
            return ()


def _spoken(people: Iterable[Person]) -> Iterable[str]:
    """Names and addresses, each for itself: “is” means one of them, whole."""
    for person in people:
        yield person.address
        if person.name:
            yield person.name


def _compares(test: Test, value: str, wanted: str) -> bool:
    match test:
        case Test.IS:
            return value.strip() == wanted.strip()
        case Test.STARTS:
            return value.startswith(wanted)
        case Test.ENDS:
            return value.endswith(wanted)
        case _:
            return wanted in value


def _is_of(address: str, domain: str) -> bool:
    own = address.rpartition("@")[2].casefold().rstrip(".")
    wanted = domain.casefold().strip().lstrip("@").strip(".")
    return bool(own) and (own == wanted or own.endswith(f".{wanted}"))
