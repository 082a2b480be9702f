"""Names for files that strangers sent, safe to save and to show anywhere."""

import re
from typing import Final

LONGEST: Final = 150
"""In characters, extension and all."""
_LONGEST_EXTENSION: Final = 20

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls
    '<>:"|?*'  # not allowed on Windows
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, or turns text round
    "\ud800-\udfff\ufff9-\ufffb]"
)
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "clock$"}
    | {f"{device}{n}" for device in ("com", "lpt") for n in "0123456789¹²³"}
)
_EXTENSIONS: Final = {
    "application/gzip": "gz",
    "application/json": "json",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-pkcs7-signature": "p7s",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "image/jpeg": "jpg",
    "image/svg+xml": "svg",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/global": "eml",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/html": "html",
    "text/plain": "txt",
    "text/rfc822-headers": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}
_SUBTYPE: Final = re.compile(r"(?:image|audio|video|text)/(?:x-)?([a-z0-9]{2,5})")


def safe(name: str) -> str:
    """The last part of a path, without anything that a file system or a reader could trip over.

    Empty where nothing is left of it.
    """
    base = re.split(r"[/\\]", name)[-1]
    base = " ".join(_UNSAFE.sub(" ", base).split()).strip(" .")
    stem, dot, extension = base.partition(".")
    if stem.strip().lower() in _RESERVED:
        base = f"_{base}"
    if len(base) <= LONGEST:
        return base
    stem, dot, extension = base.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        return base[:LONGEST].strip(" .")
    return f"{stem[: LONGEST - len(extension) - 1].strip(' .')}.{extension}"


def made_up(n: int, content_type: str, title: str = "") -> str:
    """A name for the n-th attachment, which came without one."""
    stem = safe(title.replace("/", " ").replace("\\", " ")) or f"attachment-{n}"
    return safe(f"{stem}.{_extension(content_type)}")


def _extension(content_type: str) -> str:
    if known := _EXTENSIONS.get(content_type):
        return known
    if subtype := _SUBTYPE.fullmatch(content_type):
        return subtype[1]
    return "bin"
