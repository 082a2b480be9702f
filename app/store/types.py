"""Column types that models share."""

from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import DateTime, String, TypeDecorator
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlmodel import Field

EnumT = TypeVar("EnumT", bound=StrEnum)


class EnumText(TypeDecorator[EnumT], Generic[EnumT]):
    """A `StrEnum` kept as text, so that a new member needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, members: type[EnumT]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: EnumT | None, _dialect: Dialect) -> str | None:
        return None if value is None else str(self.members(value))

    def process_result_value(self, value: str | None, _dialect: Dialect) -> EnumT | None:
        return None if value is None else self.members(value)


def enum_text(members: type[StrEnum], **options: Any) -> Any:  # noqa: ANN401 -- as Field itself
    return Field(sa_type=EnumText(members), **options)


def timestamp(**options: Any) -> Any:  # noqa: ANN401 -- as Field itself
    """A moment with time zone. `nullable` follows the annotation."""
    return Field(sa_type=DateTime(timezone=True), **options)


def timestamp_list() -> Any:  # noqa: ANN401 -- as Field itself
    return Field(
        default_factory=list,
        sa_type=ARRAY(DateTime(timezone=True)),
        sa_column_kwargs={"server_default": "{}"},
    )


def json_object(**options: Any) -> Any:  # noqa: ANN401 -- as Field itself
    return Field(sa_type=JSONB, **options)


def text_list(**options: Any) -> Any:  # noqa: ANN401 -- as Field itself
    return Field(default_factory=list, sa_type=ARRAY(String), **options)
