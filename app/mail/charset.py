"""Bytes to text, whatever the sender said about them.

A charset label is looked up, never imported by name: some of Python's codecs are no charsets, and
one (idna) is slow on purpose-made input. What nobody knows, and what is wrongly labelled, is read
as UTF-8 if it is valid UTF-8 and as Windows-1252 otherwise, as mail clients do.
"""

import codecs
import re
from encodings.aliases import aliases
from typing import Final

_NOT_CHARSETS: Final = frozenset(
    {
        "base64_codec", "bz2_codec", "hex_codec", "idna", "mbcs", "oem", "punycode", "quopri_codec",
        "raw_unicode_escape", "rot_13", "undefined", "unicode_escape", "uu_codec", "zlib_codec",
    }
)  # fmt: skip

_KNOWN: Final[dict[str, str]] = {
    label: codec
    for label, codec in {**{codec: codec for codec in aliases.values()}, **aliases}.items()
    if codec not in _NOT_CHARSETS
} | {
    # What is meant by a label, as web browsers read it: the superset that senders really use.
    "ascii": "cp1252",
    "us_ascii": "cp1252",
    "ansi_x3_4_1968": "cp1252",
    "iso_8859_1": "cp1252",
    "iso8859_1": "cp1252",
    "latin1": "cp1252",
    "latin_1": "cp1252",
    "l1": "cp1252",
    "iso_8859_9": "cp1254",
    "iso8859_9": "cp1254",
    "iso_8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gb_2312_80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x_sjis": "cp932",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601_1989": "cp949",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    # Labels that Python does not know, and codecs of which its table of aliases does not.
    **{name: name for name in ("cp720", "cp737", "cp856", "cp874", "koi8_t", "koi8_u")},
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "iso_8859_6_e": "iso8859_6",
    "unicode_1_1_utf_7": "utf_7",
    "x_unicode_2_0_utf_7": "utf_7",
    "unicode_1_1_utf_8": "utf_8",
    "iso_utf_8": "utf_8",
    "uft_8": "utf_8",
    "x_utf_8": "utf_8",
    "utf8mb4": "utf_8",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_gbk": "gb18030",
    "x_euc_jp": "euc_jp",
    "iso_2022_jp_ms": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp51932": "euc_jp",
    "cp51949": "cp949",
    "dos_874": "cp874",
    "ansi": "cp1252",
}
_WINDOWS: Final = re.compile(r"(?:x_)?(?:win|windows|cp|ms|microsoft_cp)_?(125\d|874|949|932|1361)")
_LABEL_NOISE: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_LABEL: Final = 40

_UTF_8: Final = "utf_8"
_WESTERN: Final = "cp1252"
_SURELY_UTF_8: Final = 12
"""Continuation bytes that nobody has by chance."""
_REAL_CHARACTERS: Final = re.compile("[\x80-\ufffc\U00010000-\U0010ffff]")
_CLEAN: Final = re.compile("[\t\n\r -~\xa0-\ud7ff\ue000-\U0010ffff]*+")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_JAPANESE_ESCAPES: Final = (b"\x1b$B", b"\x1b$@", b"\x1b(J")


def codec_for(label: str) -> str | None:
    """Python's codec for a charset label, or None for a label that nobody knows."""
    if len(label) > _LONGEST_LABEL:
        return None
    name = _LABEL_NOISE.sub("_", label.lower()).strip("_")
    if (codec := _KNOWN.get(name)) is not None:
        return codec
    if windows := _WINDOWS.fullmatch(name):
        return _KNOWN.get(f"cp{windows[1]}")
    return _KNOWN.get(name.replace("_", ""))


def decode(data: bytes, label: str = "") -> str:
    """The text of these bytes. Never raises; holds no NUL, no control, no lone surrogate."""
    codec = codec_for(label) if label else None
    text = _guessed(data) if codec is None else _decoded(data, codec)
    return without_controls(text.removeprefix("\ufeff"))


def without_controls(text: str) -> str:
    """The text without what no text should hold; tabs, line feeds and carriage returns stay."""
    return text if _CLEAN.fullmatch(text) else _CONTROLS.sub("", text)


def _decoded(data: bytes, codec: str) -> str:
    if codec == _UTF_8:
        return _utf_8(data)
    if not data.isascii():
        enough = 1 if codec == _WESTERN else _SURELY_UTF_8
        if (text := _if_utf_8(data, enough)) is not None:
            return text
    return _windows_1252(data) if codec == _WESTERN else data.decode(codec, "replace")


def _if_utf_8(data: bytes, enough: int) -> str | None:
    """The text if this is UTF-8, whatever the label says: too many senders never ask.

    A few characters may be valid UTF-8 by chance, but for Latin-1, which would look absurd.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if len(data) - len(text) >= enough else None


def _guessed(data: bytes) -> str:
    if any(escape in data for escape in _JAPANESE_ESCAPES) and data.isascii():
        return data.decode("iso2022_jp", "replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf_16", "replace")
    return _utf_8(data)


def _utf_8(data: bytes) -> str:
    """UTF-8 with its broken places marked, unless nothing but ASCII in it is valid UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="replace")
    return text if _REAL_CHARACTERS.search(text) else _windows_1252(data)


def _windows_1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")
