"""What a rule says: conditions and actions, as REST, Slack and the database write them. Pure.

Everything is checked when a rule is written, so that what is kept can be carried out. A rule that
cannot be read all the same (an older SharedBox reads what a newer one wrote) fits nothing.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.rules.patterns import PatternInvalid, compiled

LONGEST_VALUE: Final = 500
MOST_CONDITIONS: Final = 20
LARGEST_SIZE: Final = 1 << 40


class Subject(StrEnum):
    """What of a mail a condition is about."""

    FROM = "from"
    TO = "to"
    """To, Cc, and the addresses that servers on the way noted."""
    SUBJECT = "subject"
    TEXT = "text"
    HEADER = "header"
    LIST = "list"
    SIZE = "size"
    ATTACHMENT = "attachment"
    """The names of its files."""


class Test(StrEnum):
    __test__ = False  # this is none of pytest's

    CONTAINS = "contains"
    IS = "is"
    STARTS = "starts"
    ENDS = "ends"
    DOMAIN = "domain"
    """The address is of this domain, or of one below it."""
    REGEX = "regex"
    """A regular expression in the syntax of RE2, found anywhere."""
    EXISTS = "exists"
    LARGER = "larger"
    SMALLER = "smaller"


_OF_TEXT: Final = frozenset({Test.CONTAINS, Test.IS, Test.STARTS, Test.ENDS, Test.REGEX})
_TESTS: Final = {
    Subject.FROM: _OF_TEXT | {Test.DOMAIN},
    Subject.TO: _OF_TEXT | {Test.DOMAIN},
    Subject.SUBJECT: _OF_TEXT,
    Subject.TEXT: _OF_TEXT,
    Subject.HEADER: _OF_TEXT | {Test.EXISTS},
    Subject.LIST: _OF_TEXT | {Test.EXISTS},
    Subject.SIZE: frozenset({Test.LARGER, Test.SMALLER}),
    Subject.ATTACHMENT: _OF_TEXT | {Test.EXISTS},
}


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _clean(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("it contains a line break or another control character")
    return text


Line = Annotated[str, AfterValidator(_clean)]


class Condition(_Value):
    """One question about a mail. Letters are compared without regard to case."""

    field: Subject
    test: Test
    value: Annotated[Line, Field(max_length=LONGEST_VALUE)] = ""
    header: Annotated[str, Field(max_length=100, pattern=r"^[!-9;-~]*$")] = ""
    """The name of the header field, where it is about one."""
    negated: bool = False
    """Whether it is to be true of no value there is."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.test not in _TESTS[self.field]:
            allowed = ", ".join(sorted(_TESTS[self.field]))
            raise ValueError(f"“{self.field}” can be tested by: {allowed}")
        if (self.field is Subject.HEADER) != bool(self.header):
            raise ValueError("“header” names the field of a condition about a header, and no other")
        if self.test is not Test.EXISTS and not self.value.strip():
            raise ValueError("“value” is what to compare with, and is empty")
        if self.field is Subject.SIZE and not _is_size(self.value):
            raise ValueError("“value” is a number of bytes")
        if self.test is Test.REGEX:
            try:
                compiled(self.value)
            except PatternInvalid as error:
                raise ValueError(str(error)) from None
        return self


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= LARGEST_SIZE


class ToChannel(_Value):
    """Show the conversation in this channel. Decides for new conversations only."""

    do: Literal["channel"] = "channel"
    channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,}$", max_length=30)]


class AssignTo(_Value):
    do: Literal["assign"] = "assign"
    teammate_id: UUID


class AddTags(_Value):
    do: Literal["tag"] = "tag"
    tags: Annotated[
        tuple[Annotated[Line, Field(min_length=1, max_length=60)], ...],
        Field(min_length=1, max_length=10),
    ]


class SetFlag(_Value):
    do: Literal["flag"] = "flag"


class SetRead(_Value):
    do: Literal["mark_read"] = "mark_read"


class ToArchive(_Value):
    do: Literal["archive"] = "archive"


class MoveTo(_Value):
    do: Literal["move"] = "move"
    folder: Annotated[Line, Field(min_length=1, max_length=500)]


class Mute(_Value):
    """Show it nowhere: no card, no line; the conversation counts as done."""

    do: Literal["mute"] = "mute"


class SetDone(_Value):
    do: Literal["done"] = "done"


class ProposeReply(_Value):
    """Offer an answer on the card, made from a template. A person sends it, or does not."""

    do: Literal["reply"] = "reply"
    template_id: UUID


Action: TypeAlias = Annotated[
    ToChannel
    | AssignTo
    | AddTags
    | SetFlag
    | SetRead
    | ToArchive
    | MoveTo
    | Mute
    | SetDone
    | ProposeReply,
    Field(discriminator="do"),
]


class RuleBody(_Value):
    """If `any` or `all` of the conditions are true, then all of the actions."""

    match: Literal["all", "any"] = "all"
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=MOST_CONDITIONS)]
    actions: Annotated[tuple[Action, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        kinds = [what(action) for action in self.actions]
        if len(set(kinds)) < len(kinds):
            raise ValueError("“actions” names the same kind of action twice")
        return self

    def kept(self) -> dict[str, Any]:
        """As the database keeps it."""
        return self.model_dump(mode="json")


def what(action: Action) -> str:
    """What an action decides: of two that decide the same, only the first can be done."""
    return "move" if isinstance(action, ToArchive) else action.do
