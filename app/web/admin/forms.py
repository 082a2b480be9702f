"""Forms: what somebody typed, whether it can be used, and what is wrong at which field."""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.core.errors import InvalidInput, SharedBoxError

_MOST_FIELDS: Final = 200
_WORDS: Final = {
    "missing": "This is needed.",
    "string_too_short": "This is needed.",
    "string_too_long": "This is too long.",
    "int_parsing": "Write a number.",
    "enum": "Choose one of these.",
    "literal_error": "Choose one of these.",
    "greater_than_equal": "This is too small.",
    "less_than_equal": "This is too large.",
    "too_short": "Choose at least one.",
}
Model = TypeVar("Model", bound=BaseModel)


class Form(Generic[Model]):
    """`values` are what the fields show, `errors` what stands below them."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.errors: dict[str, str] = {}
        self.problem = ""
        """What is wrong with all of it."""
        self._data: Model | None = None

    @property
    def is_good(self) -> bool:
        return not self.errors and not self.problem

    @property
    def data(self) -> Model:
        assert self._data is not None, "ask is_good first"
        return self._data

    def refuse(self, error: SharedBoxError) -> None:
        """Show what a use case refused, at its field where it names one that is shown."""
        field = error.field if isinstance(error, InvalidInput) else None
        if field is not None and field in self.values:
            self.errors[field] = error.sentence
        else:
            self.problem = error.sentence

    def check(self, model: type[Model]) -> None:
        try:
            self._data = model.model_validate(self.values)
        except ValidationError as error:
            for one in error.errors():
                field = str(one["loc"][0]) if one["loc"] else ""
                words = _WORDS.get(one["type"], one["msg"].removeprefix("Value error, "))
                if field:
                    self.errors.setdefault(field, words)
                else:
                    self.problem = words


async def read(request: Request, model: type[Model], *, lists: tuple[str, ...] = ()) -> Form[Model]:
    """What was sent, checked by a model. `lists` are the fields that can come several times."""
    sent = await request.form(max_fields=_MOST_FIELDS)
    values: dict[str, Any] = {
        name: str(sent.get(name, "")).replace("\x00", "")
        for name in model.model_fields
        if name not in lists and name in sent
    }
    values.update({name: [str(one) for one in sent.getlist(name)] for name in lists})
    form: Form[Model] = Form(values)
    form.check(model)
    for name in model.model_fields:
        form.values.setdefault(name, "")
    return form


def checked(form: Form[Model]) -> Model:
    """What a form says, where its fields have nothing to show. Raises `InvalidInput`."""
    if form.is_good:
        return form.data
    field = next(iter(form.errors), None)
    raise InvalidInput(form.errors[field] if field else form.problem, field=field)
