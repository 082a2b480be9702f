"""What was read of a mail, on its way between two processes.

MessagePack, by msgspec: it reads straight into our own types and refuses whatever does not fit
them, so it is safe to read what comes from a process that has read hostile mail.
"""

from typing import Final, TypeVar

import msgspec

from app.mail.parsed import ParsedMail
from app.mail.shown import ShownMail

Value = TypeVar("Value")

_ENCODER: Final = msgspec.msgpack.Encoder()
_PARSED: Final = msgspec.msgpack.Decoder(ParsedMail)
_SHOWN: Final = msgspec.msgpack.Decoder(ShownMail)
_WORDS: Final = msgspec.msgpack.Decoder(tuple[str, str])


class NotUnpacked(ValueError):
    """The bytes are nothing that `packed` made of such a value."""


def packed(value: ParsedMail | ShownMail | tuple[str, str]) -> bytes:
    return _ENCODER.encode(value)


def parsed_mail(data: bytes) -> ParsedMail:
    """Raises `NotUnpacked`."""
    return _unpacked(_PARSED, data)


def shown_mail(data: bytes) -> ShownMail:
    """Raises `NotUnpacked`."""
    return _unpacked(_SHOWN, data)


def two_words(data: bytes) -> tuple[str, str]:
    """Raises `NotUnpacked`."""
    return _unpacked(_WORDS, data)


def _unpacked(decoder: msgspec.msgpack.Decoder[Value], data: bytes) -> Value:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUnpacked("it does not fit the type it should have") from error
