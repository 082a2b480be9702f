"""The rules the tables are made of. Each looks at one value and notes what is wrong with it.

The messages and pointers follow what Slack answers, as far as that has been published.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from app.sandbox.slack.wire import JSON


@dataclass(frozen=True, slots=True)
class Finding:
    pointer: str
    message: str
    code: str = "failed_constraint"
    constraint: JSON | None = None

    def as_json(self) -> JSON:
        found: JSON = {"pointer": self.pointer, "code": self.code, "message": self.message}
        return found if self.constraint is None else {**found, "constraint": self.constraint}


class Findings:
    """What is wrong so far, and how many characters of text were seen."""

    def __init__(self) -> None:
        self.list: list[Finding] = []
        self.characters = 0

    def add(self, pointer: str, message: str, **constraint: object) -> None:
        self.list.append(Finding(pointer, message, constraint=constraint or None))

    def is_object(self, value: Any, pointer: str) -> TypeGuard[JSON]:  # noqa: ANN401
        if not isinstance(value, dict):
            self.add(pointer, "must provide an object", type="type", expected=["object"])
        return isinstance(value, dict)

    def length(self, text: str, pointer: str, least: int, most: int) -> None:
        if len(text) < least:
            self.add(pointer, f"must be more than {least - 1} characters", type="min_length")
        if most and len(text) > most:
            self.add(pointer, f"must be less than {most + 1} characters", type="max_length")


class Rule(Protocol):
    def check(self, value: Any, pointer: str, findings: Findings) -> None: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True)
class String:
    most: int = 0
    least: int = 0
    pattern: str = ""
    counts: bool = False
    """Whether its characters count towards those of the whole message."""

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            findings.add(pointer, "must provide a string", type="type", expected=["string"])
            return
        findings.characters += len(value) if self.counts else 0
        findings.length(value, pointer, self.least, self.most)
        if self.pattern and not re.fullmatch(self.pattern, value, re.IGNORECASE):
            findings.add(pointer, "must be in a valid format", type="pattern", got=value[:80])


@dataclass(frozen=True, slots=True)
class Flag:
    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            findings.add(pointer, "must provide a boolean", type="type", expected=["boolean"])


@dataclass(frozen=True, slots=True)
class Whole:
    least: int
    most: int

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self.least <= value <= self.most:
            findings.add(pointer, f"must be a number from {self.least} to {self.most}")


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[str | int, ...]

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not isinstance(value, (str, int)) or value not in self.values:
            expected = list(self.values)
            findings.add(pointer, f"unsupported value: {value}", type="enum", expected=expected)


@dataclass(frozen=True, slots=True)
class Anything:
    def check(self, value: Any, pointer: str, findings: Findings) -> None: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True)
class Items:
    of: Rule
    most: int = 0
    least: int = 1

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            findings.add(pointer, "must provide an array", type="type", expected=["array"])
            return
        if len(value) < self.least:
            findings.add(pointer, f"no fewer than {self.least} items allowed", type="min_items")
        if self.most and len(value) > self.most:
            findings.add(pointer, f"no more than {self.most} items allowed", type="max_items")
        for number, item in enumerate(value):
            self.of.check(item, f"{pointer}/{number}", findings)


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with these keys and no others."""

    keys: Mapping[str, Rule]
    needs: tuple[str, ...] = ()
    needs_one_of: tuple[str, ...] = ()
    only_one_of: tuple[str, ...] = ()
    unique: Mapping[str, str] = field(default_factory=dict)
    """List key → the key in its items that may occur only once."""

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not findings.is_object(value, pointer):
            return
        for key in self.needs:
            if value.get(key) is None:
                findings.add(pointer, f"missing required field: {key}")
        for name, item in value.items():
            if name not in self.keys:
                findings.add(pointer, f"invalid additional property: {name}")
            elif item is not None or name not in self.needs:
                self.keys[name].check(item, f"{pointer}/{name}", findings)
        self._check_alternatives(value, pointer, findings)
        for name, key in self.unique.items():
            _check_unique(value.get(name), key, f"{pointer}/{name}", findings)

    def _check_alternatives(self, value: JSON, pointer: str, findings: Findings) -> None:
        if self.needs_one_of and not any(value.get(key) for key in self.needs_one_of):
            findings.add(pointer, f"must provide one of: {', '.join(self.needs_one_of)}")
        if self.only_one_of and sum(key in value for key in self.only_one_of) != 1:
            findings.add(pointer, f"must provide exactly one of: {', '.join(self.only_one_of)}")


def _check_unique(items: object, key: str, pointer: str, findings: Findings) -> None:
    if not isinstance(items, list):
        return
    found = [item.get(key) for item in items if isinstance(item, dict)]
    for value in {value for value in found if isinstance(value, str) and found.count(value) > 1}:
        findings.add(pointer, f"`{key}` already exists: {value}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text object; `kinds` are the types it may have."""

    most: int = 3_000
    kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
    least: int = 1

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not findings.is_object(value, pointer):
            return
        kind = value.get("type")
        if kind not in self.kinds:
            expected = list(self.kinds)
            message = f"unsupported type: {kind}"
            findings.add(f"{pointer}/type", message, type="enum", expected=expected)
        extra = "verbatim" if kind == "mrkdwn" else "emoji"
        text = String(self.most, self.least, counts=True)
        keys: dict[str, Rule] = {"type": Anything(), "text": text, extra: Flag()}
        Shape(keys, needs=("type", "text")).check(value, pointer, findings)


@dataclass(frozen=True, slots=True)
class Typed:
    """An object whose `type` says which shape of the table it has, out of those allowed here."""

    table: Mapping[str, Rule]
    allowed: frozenset[str]

    def check(self, value: Any, pointer: str, findings: Findings) -> None:  # noqa: ANN401
        if not findings.is_object(value, pointer):
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in self.allowed:
            expected = sorted(self.allowed)
            message = f"unsupported type: {kind}"
            findings.add(f"{pointer}/type", message, type="enum", expected=expected)
            return
        self.table[kind].check(value, pointer, findings)
