"""The sample mails in tests/data/eml, and mails built in a line."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "data" / "eml"
SAMPLES: Final = sorted(path.stem for path in FOLDER.glob("*.eml"))


def sample(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes()


def mail(*header_lines: str, body: str | bytes = "Hello") -> bytes:
    """A mail of these header lines, with CRLF."""
    content = body.encode() if isinstance(body, str) else body
    return "".join(f"{line}\r\n" for line in header_lines).encode() + b"\r\n" + content


def multipart(
    *parts: str, kind: str = "mixed", boundary: str = "b", end: str = "--b--\r\n"
) -> bytes:
    """A multipart of these parts, each with its header; line feeds become CRLF."""
    between = f"--{boundary}\r\n"
    content = "".join(between + part.replace("\n", "\r\n") + "\r\n" for part in parts)
    return mail(f'Content-Type: multipart/{kind}; boundary="{boundary}"', body=content + end)
