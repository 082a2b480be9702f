"""What a form remembers of what its writer has seen: counts and ids, in one hidden field. Pure."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from app.core.ids import OutgoingId
from app.sending.guard import Seen

_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SeenField = Annotated[str, Field(pattern=rf"^\d{{1,9}}( {_UUID}){{0,99}}$")]


def in_words(seen: Seen) -> str:
    return " ".join([str(seen.messages), *map(str, seen.on_the_way)])


def seen_in(text: str) -> Seen:
    """Read what `in_words` wrote."""
    messages, *on_the_way = text.split()
    return Seen(int(messages), tuple(OutgoingId(UUID(one)) for one in on_the_way))
