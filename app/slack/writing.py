"""The fields of the window in which mail is written, as Slack says they stand. Pure.

What a window does not show keeps its value from the draft. Everything comes from outside, so all of
it is parsed, and bounded.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import InvalidInput
from app.core.ids import DraftId, OutgoingId
from app.core.zones import zone_or_utc
from app.mail.address import Address
from app.mail.typed import typed_addresses
from app.sending.guard import Seen
from app.store.models import OutgoingMode

MOST_TEXT: Final = 3_000
"""What a field of one line takes (docs.slack.dev/reference/block-kit/block-elements)."""
MOST_FILES: Final = 10
_MORNING: Final = 9
_NEVER: Final = re.compile("[\x00\ud800-\udfff]")


class Field(StrEnum):
    """`action_id`s; a `block_id` is one of them and the number of the drawing it belongs to."""

    ACCOUNT = "compose.account"
    MODE = "compose.mode"
    SENDER = "compose.from"
    TO = "compose.to"
    CC = "compose.cc"
    BCC = "compose.bcc"
    PERSON = "compose.person"
    SUBJECT = "compose.subject"
    TEMPLATE = "compose.template"
    BODY = "compose.body"
    FILES = "compose.files"
    KEPT = "compose.kept"
    ORIGINALS = "compose.originals"
    OPTIONS = "compose.options"
    WHEN = "compose.when"
    AT = "compose.at"


class Button(StrEnum):
    """`action_id`s of the buttons in the window."""

    TAKE_OVER = "compose.take_over"
    DISCARD = "compose.discard"
    PREVIEW = "compose.preview"


FOLLOW_UP_DAYS: Final = 3


class Option(StrEnum):
    QUOTE = "quote"
    DONE = "done"
    AS_FILE = "as_file"
    """A forward's original goes as an .eml."""
    UNLESS_ANSWERED = "unless_answered"
    FOLLOW_UP = "follow_up"


class When(StrEnum):
    NOW = "now"
    HOUR = "hour"
    TOMORROW = "tomorrow"
    AT = "at"


class ComposeMemory(BaseModel):
    """The `private_metadata` of the window: ids and counts only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draft_id: UUID
    messages: int = 0
    on_the_way: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, draft_id: DraftId, seen: Seen) -> Self:
        return cls(draft_id=draft_id, messages=seen.messages, on_the_way=seen.on_the_way)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise InvalidInput("This window does not belong to a draft of ours.") from None

    @property
    def draft(self) -> DraftId:
        return DraftId(self.draft_id)

    @property
    def seen(self) -> Seen:
        return Seen(self.messages, tuple(OutgoingId(one) for one in self.on_the_way))


class SlackFile(BaseModel):
    """A file that was uploaded to Slack; with a digest its bytes are ours already."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str = "file"
    size: int = 0
    mimetype: str = "application/octet-stream"
    url: str = ""
    digest: str | None = None


class Form(BaseModel):
    """What stands in the window, and what it remembers of itself. A draft's content."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: OutgoingMode = OutgoingMode.REPLY
    sender: str | None = None
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: dict[str, Any] | None = None
    files: tuple[SlackFile, ...] = ()
    originals: tuple[int, ...] | None = None
    options: frozenset[Option] = frozenset({Option.QUOTE})
    when: When = When.NOW
    at: int | None = None
    time_zone: str = "UTC"
    offered_to: str = ""
    offered_cc: str = ""
    """What the window filled in itself: whatever else stands there, somebody typed."""
    accepted: tuple[str, ...] = ()
    """New domains that the writer was warned of."""
    inboxes: tuple[UUID, ...] = ()
    """The accounts a new mail may be written from: those whose channel the writer is in."""
    drawing: int = 0
    body_drawing: int = 0

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """A draft that does not make sense any more is an empty one."""
        try:
            return cls.model_validate(content)
        except ValidationError:
            return cls()

    @property
    def is_empty(self) -> bool:
        return self.body is None and not self.files and not self.subject.strip()

    def but(self, **values: object) -> Self:
        return self.model_copy(update=values)

    def read(self, view: Mapping[str, Any]) -> Self:
        """This form with everything that the window says now."""
        found = dict(_values(view))
        values: dict[str, Any] = {
            name: storable(str(found[field].get("value") or ""))[:MOST_TEXT]
            for field, name in _TEXTS.items()
            if field in found
        }
        if Field.BODY in found:
            values["body"] = storable(found[Field.BODY].get("rich_text_value"))
        values |= _choices(found)
        if Field.OPTIONS in found:
            ticked = {one for one in _options(found[Field.OPTIONS]) if one in set(Option)}
            values["options"] = ticked | (self.options - frozenset(shown_options(self)))
        if Field.FILES in found or Field.KEPT in found:
            values["files"] = self._files(found)
        return self.model_validate({**self.model_dump(), **values})

    def _files(self, found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those of the draft that are still ticked, and those that are chosen now."""
        known = {one.id: one.model_dump() for one in self.files}
        ticked = _options(found[Field.KEPT]) if Field.KEPT in found else []
        kept = {id_: known[id_] for id_ in ticked if id_ in known}
        for one in found.get(Field.FILES, {}).get("files") or ():
            id_ = str(one.get("id", ""))
            kept[id_] = {
                "id": id_,
                "name": storable(str(one.get("name") or "file")),
                "size": int(one.get("size") or 0),
                "mimetype": str(one.get("mimetype") or "application/octet-stream"),
                "url": str(one.get("url_private_download") or one.get("url_private") or ""),
                "digest": (known.get(id_) or {}).get("digest"),
            }
        return list(kept.values())[: 2 * MOST_FILES]

    def send_at(self, now: datetime) -> datetime | None:
        """When it is to go out; None is as soon as it may. Raises `InvalidInput`."""
        match self.when:
            case When.NOW:
                return None
            case When.HOUR:
                return now + timedelta(hours=1)
            case When.TOMORROW:
                here = now.astimezone(zone_or_utc(self.time_zone)) + timedelta(days=1)
                return here.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
            case When.AT:
                if self.at is None:
                    raise InvalidInput("Say when it is to be sent.", field=Field.AT)
                at = datetime.fromtimestamp(self.at, UTC)
                if at <= now:
                    raise InvalidInput("That time has passed.", field=Field.AT)
                return at


def first_options(*, done: bool) -> frozenset[Option]:
    """What is ticked in a window that nobody has written in."""
    return frozenset({Option.QUOTE, Option.DONE}) if done else frozenset({Option.QUOTE})


def shown_options(form: Form) -> tuple[Option, ...]:
    """Which of the options the window shows."""
    match form.mode:
        case OutgoingMode.NEW:
            found = [Option.DONE, Option.FOLLOW_UP]
        case OutgoingMode.FORWARD:
            found = [Option.AS_FILE, Option.DONE]
        case _:
            found = [Option.QUOTE, Option.DONE, Option.FOLLOW_UP]
    if form.when is not When.NOW and form.mode is not OutgoingMode.NEW:
        found.append(Option.UNLESS_ANSWERED)
    return tuple(found)


_TEXTS: Final = {
    Field.TO: "to",
    Field.CC: "cc",
    Field.BCC: "bcc",
    Field.SUBJECT: "subject",
}


def storable(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON can say
    """The same without what no database and no mail takes: NUL, and halves of characters."""
    match value:
        case str():
            return _NEVER.sub("\ufffd", value)
        case list():
            return [storable(one) for one in value]
        case dict():
            return {key: storable(one) for key, one in value.items()}
        case _:
            return value


def people(field: Field, text: str) -> tuple[Address, ...]:
    """Everybody in a field: by commas, semicolons or lines. Raises `InvalidInput`."""
    return typed_addresses(field, ",".join(text.splitlines()))


def block_of(view: Mapping[str, Any], field: Field) -> str | None:
    """The block in which the window shows a field; None where it does not."""
    values = (view.get("state") or {}).get("values") or {}
    return next((block_id for block_id, inside in values.items() if field in inside), None)


def _values(view: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    values = (view.get("state") or {}).get("values") or {}
    for inside in values.values():
        for action_id, value in inside.items():
            if isinstance(value, Mapping):
                yield action_id, value


def _choices(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field, name, kind in (
        (Field.MODE, "mode", OutgoingMode),
        (Field.WHEN, "when", When),
    ):
        if (chosen := _option(found.get(field))) in set(kind):
            values[name] = chosen
    if (sender := _option(found.get(Field.SENDER))) is not None:
        values["sender"] = sender
    if Field.ORIGINALS in found:
        numbers = _options(found[Field.ORIGINALS])
        values["originals"] = [int(one) for one in numbers if one.isdecimal()]
    if Field.AT in found:
        values["at"] = found[Field.AT].get("selected_date_time")
    return values


def _option(value: Mapping[str, Any] | None) -> str | None:
    chosen = (value or {}).get("selected_option")
    return str(chosen.get("value", "")) if isinstance(chosen, Mapping) else None


def _options(value: Mapping[str, Any]) -> list[str]:
    return [str(one.get("value", "")) for one in value.get("selected_options") or ()]
